/** What a conn says beside its ends: how it negotiates, and what for. */
import { defaultProposals, type ParsedProposals, type Proposal, parseProposals } from '../ike/crypto/proposal.ts';
import type { Address } from '../net/address.ts';
import { DEFAULT_AUTHBY, DEFAULT_AUTHBY_V1, parseAuthby } from './authby.ts';
import { knownClasses } from './build-debug.ts';
import { type Complaints, wordsOf } from './build-end.ts';
import { familyOf } from './build-families.ts';
import { keyexchangeOf } from './build-keyexchange.ts';
import { parseAddresses, parseIpsecInterface, parseMark } from './build-text.ts';
import { V1_IKE_LIFETIME_MS, V1_MAX_IKE_LIFETIME_MS, v1Of } from './build-v1.ts';
import type { Authby, Conn, Mark } from './conn.ts';
import { gateways } from './gateway-list.ts';
import type { Value } from './keyword.ts';
import { CONN_KEYWORDS } from './keywords-conn.ts';
import { harmless, shown } from './printable.ts';
import type { Setting, Settings } from './sections.ts';
import { laterOf, Taken } from './taken.ts';
import { isFault, type ValueFault } from './values.ts';

/** Longest lifetime of an SA, as libreswan has it. */
const MAX_LIFETIME_MS = 24 * 3600_000;

/** Characters of a proposal parser's complaint. */
const MAX_ERROR = 300;

/** What is in a conn beside its name and its ends. */
type Policy = Omit<Conn, 'name' | 'file' | 'line' | 'left' | 'right'>;

/** Conns that say the same have it looked at once; beyond so many ways to say it, again. */
const MAX_KNOWN = 1_000;

/** Conns that name the same proposals share them. */
export class PolicyBuilder {
  readonly #proposals = new Map<string, ParsedProposals>();
  readonly #known = new Map<string, Policy>();

  policy(settings: Settings, say: Complaints): Policy {
    const key = bearing(settings);
    const known = this.#known.get(key);
    if (known) return known;
    // What is wrong or odd is said of each conn.
    let isSound = true;
    const noting = (how: 'refuse' | 'warn' | 'remark') => (setting: Setting, text: string) => {
      isSound = false;
      say[how](setting, text);
    };
    const { section } = say;
    const policy = this.#build(settings, {
      section,
      refuse: noting('refuse'),
      warn: noting('warn'),
      remark: noting('remark'),
    });
    if (isSound && this.#known.size < MAX_KNOWN) this.#known.set(key, policy);
    return policy;
  }

  #build(settings: Settings, say: Complaints): Policy {
    const s = new Taken(settings, CONN_DEFAULTS);
    const keyexchange = settledKeyexchange(settings, say);
    const version = keyexchange === 'ikev1' ? 1 : 2;
    const v1 = version === 1 ? v1Of(settings, s) : undefined;
    const type = s.word<Conn['type']>('type')!;
    const isShunt = type !== 'tunnel' && type !== 'transport';
    const protocols = s.word('phase2');
    const phase2 = protocols === 'ah' ? 'ah' : 'esp';
    // libreswan reads ah=, esp= and phase2alg= alike; phase2= tells which protocol they are for.
    const child = phase2 === 'ah' ? (settings.get('ah') ?? settings.get('esp')) : settings.get('esp');
    const pfs = s.flag('pfs');
    const proposals = (protocol: 'ike' | 'esp' | 'ah', setting: Setting | undefined) =>
      this.#proposalsOf(isShunt ? undefined : setting, protocol, version, pfs, say);
    const ike = proposals('ike', settings.get('ike'));
    if (v1?.aggressive && settings.has('ike')) warnOfGroups(settings, ike, say);
    const acceptRedirectTo = gateways(settings.get('accept-redirect-to'), say.refuse);
    const [ikelifetime, ipsecLifetime] = [settings.get('ikelifetime'), settings.get('ipsec-lifetime')];
    const ikeLifetimeMs = v1 && !ikelifetime ? V1_IKE_LIFETIME_MS : s.number('ikelifetime')!;
    const mostIkeLifetimeMs = v1 ? V1_MAX_IKE_LIFETIME_MS : MAX_LIFETIME_MS;
    const ipsecLifetimeMs = lifetime(ipsecLifetime, s.number('ipsec-lifetime')!, MAX_LIFETIME_MS, say);
    return {
      aliases: Object.freeze(s.list('connalias')),
      auto: s.word<Conn['auto']>('auto')!,
      type,
      keyexchange,
      v1,
      authby: isShunt ? NEVER : authbyOf(settings, version, say),
      sha1Signatures: s.flag('sha1-signatures'),
      idOnCertificate: s.flag('require-id-on-certificate'),
      sendCa: s.word<Conn['sendCa']>('sendca')!,
      ppk: v1 ? 'no' : s.word<Conn['ppk']>('ppk')!,
      ppkIds: ppkIds(settings.get('ppk-ids'), say),
      intermediate: s.flag('intermediate'),
      sendRedirect: v1 ? undefined : (settings.get('send-redirect')?.value as Conn['sendRedirect']),
      redirectTo: gateways(settings.get('redirect-to'), say.refuse),
      acceptRedirect: !v1 && s.flag('accept-redirect') ? acceptRedirectTo : undefined,
      hostFamily: familyOf(settings),
      ike,
      child: proposals(phase2, child),
      phase2,
      bundledAh: v1 && protocols === 'esp+ah' ? proposals('ah', settings.get('ah')) : undefined,
      compress: v1 !== undefined && s.flag('compress'),
      pfs,
      // Peers that know of it in IKEv1 (RFC 4304) are few, and others may stumble over the attribute.
      esn: v1 && !settings.has('esn') ? 'no' : s.word<Conn['esn']>('esn')!,
      replayWindow: s.number('replay-window')!,
      ikeLifetimeMs: lifetime(ikelifetime, ikeLifetimeMs, mostIkeLifetimeMs, say),
      ipsecLifetimeMs,
      ipsecMaxBytes: s.number('ipsec-max-bytes'),
      ipsecMaxPackets: s.number('ipsec-max-packets'),
      rekey: s.flag('rekey'),
      rekeyMarginMs: margin(settings, s, ipsecLifetimeMs, say),
      rekeyFuzzPercent: s.number('rekeyfuzz')!,
      keyingtries: s.number('keyingtries')!,
      retransmitIntervalMs: s.number('retransmit-interval')!,
      retransmitTimeoutMs: s.number('retransmit-timeout')!,
      dpddelayMs: v1?.dpdTimeoutMs === 0 ? 0 : s.number('dpddelay')!,
      fragmentation: s.word<Conn['fragmentation']>('fragmentation')!,
      encapsulation: s.word<Conn['encapsulation']>('encapsulation')!,
      natKeepalive: s.flag('nat-keepalive'),
      initialContact: s.flag('initial-contact'),
      narrowing: !v1 && (settings.has('narrowing') ? s.flag('narrowing') : hasPool(settings)),
      negotiationShunt: s.word<Conn['negotiationShunt']>('negotiationshunt')!,
      failureShunt: s.word<Conn['failureShunt']>('failureshunt')!,
      reqid: s.number('reqid'),
      priority: s.number('priority')!,
      mtu: s.number('mtu'),
      metric: s.number('metric'),
      debug: knownClasses(settings.get('plutodebug'), say.warn),
      ...marksOf(settings, say),
      ipsecInterface: parsed(settings.get('ipsec-interface'), parseIpsecInterface, say),
      modecfgdns: nameServers(settings.get('modecfgdns'), version, say),
      modecfgdomains: domains(settings.get('modecfgdomains'), say),
      modecfgbanner: s.word<string>('modecfgbanner'),
      later: laterOf(settings),
    } as const;
  }

  #proposalsOf(
    setting: Setting | undefined,
    protocol: 'ike' | 'esp' | 'ah',
    version: 1 | 2,
    pfs: boolean,
    say: Complaints,
  ): readonly Proposal[] {
    if (!setting) return defaultProposals(protocol, version);
    const key = `${protocol} ${version} ${pfs} ${setting.raw}`;
    let parsed = this.#proposals.get(key);
    if (parsed === undefined) {
      parsed = parseProposals(setting.raw, { protocol, version, pfs });
      this.#proposals.set(key, parsed);
    }
    if (parsed.ok) {
      for (const note of parsed.notes) say.warn(setting, note);
      return parsed.proposals;
    }
    // It quotes what was written.
    say.refuse(setting, harmless(parsed.error.slice(0, MAX_ERROR)));
    return [];
  }
}

/** All that a policy depends on: what is not about one end, the families of the hosts, and whether there are pools. */
function bearing(settings: Settings): string {
  let key = `${familyOf(settings)}`;
  for (const { keyword, key: name, raw } of settings.values()) {
    if (!keyword.sided || keyword.effect === 'later') key += `\n${name}=${raw}`;
    else if (keyword.name === 'addresspool') key += '\npool';
  }
  return key;
}

const CONN_DEFAULTS: ReadonlyMap<string, Value> = Taken.defaults(CONN_KEYWORDS);

const NEVER: readonly Authby[] = Object.freeze(['never']);

function settledKeyexchange(settings: Settings, say: Complaints): Conn['keyexchange'] {
  const { word, old } = keyexchangeOf(settings);
  if (!old) return word;
  const { setting, isIgnored } = old;
  const verdict = isIgnored ? `contradicts keyexchange=${word}, ignored` : `has been replaced by keyexchange=${word}`;
  say.remark(setting, `ikev2=${setting.raw} ${verdict}`);
  return word;
}

function authbyOf(settings: Settings, version: 1 | 2, say: Complaints): readonly Authby[] {
  const setting = settings.get('authby');
  if (!setting) return version === 1 ? DEFAULT_AUTHBY_V1 : DEFAULT_AUTHBY;
  const authby = parseAuthby(wordsOf(setting) ?? [], version);
  if (isFault(authby)) {
    say.refuse(setting, authby.fault);
    return DEFAULT_AUTHBY;
  }
  return authby;
}

/** RFC 2409 §5: the first message has the public value already. */
function warnOfGroups(settings: Settings, ike: readonly Proposal[], say: Complaints): void {
  const [first, ...others] = new Set(ike.flatMap(({ dh }) => dh.map(({ name }) => name)));
  const setting = settings.get('aggressive');
  if (setting && others.length > 0)
    say.warn(setting, `it cannot negotiate the group: as initiator it offers ${first} alone, not ${others.join(', ')}`);
}

/** A margin as long as the lifetime would have a tunnel replaced as soon as it is there. */
function margin(settings: Settings, s: Taken, ipsecLifetimeMs: number, say: Complaints): number {
  const wanted = s.number('rekeymargin')!;
  const setting = settings.get('rekeymargin') ?? settings.get('ipsec-lifetime');
  if (setting && wanted * (1 + s.number('rekeyfuzz')! / 100) > MAX_LIFETIME_MS) {
    say.refuse(setting, 'the margin and its fuzz are longer than 24h');
  }
  if (wanted < ipsecLifetimeMs || !setting) return wanted;
  const less = Math.floor(ipsecLifetimeMs / 2);
  say.warn(setting, `rekeymargin=${wanted / 1000}s is no less than the lifetime; ${less / 1000}s it is`);
  return less;
}

function lifetime(setting: Setting | undefined, value: number, most: number, say: Complaints): number {
  if (value <= most || !setting) return value;
  const hours = `${most / 3_600_000}h`;
  say.remark(setting, `${setting.key}=${setting.raw} is longer than ${hours}; ${hours} it is`);
  return most;
}

const hasPool = (settings: Settings): boolean => settings.has('leftaddresspool') || settings.has('rightaddresspool');

function parsed<T>(
  setting: Setting | undefined,
  parse: (text: string) => T | ValueFault,
  say: Complaints,
): T | undefined {
  if (setting === undefined || typeof setting.value !== 'string') return undefined;
  const value = parse(setting.value);
  if (!isFault(value)) return value;
  say.refuse(setting, value.fault);
  return undefined;
}

/** `mark=` is for both directions, and the others outrank it. */
function marksOf(settings: Settings, say: Complaints): Pick<Conn, 'markIn' | 'markOut'> {
  const mark = (key: string): Mark | undefined => parsed(settings.get(key), parseMark, say);
  const both = mark('mark');
  return { markIn: mark('mark-in') ?? both, markOut: mark('mark-out') ?? both };
}

function nameServers(setting: Setting | undefined, version: 1 | 2, say: Complaints): readonly Address[] {
  const words = setting && wordsOf(setting);
  if (!words) return NO_ADDRESSES;
  const found = parseAddresses(words, version === 1 ? 4 : undefined);
  if (!isFault(found)) return found;
  say.refuse(setting, found.fault);
  return NO_ADDRESSES;
}

/** As DNS has them, RFC 1035 §2.3.4: they go to peers in full. */
function domains(setting: Setting | undefined, say: Complaints): readonly string[] {
  const words = (setting && wordsOf(setting)) ?? NO_WORDS;
  const odd = words.find((word) => !/^(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(word));
  if (setting && odd !== undefined) say.refuse(setting, `${shown(odd)} is no domain`);
  return words;
}

/** RFC 8784 §5.1 leaves their length open; libreswan takes 64 octets. */
const MAX_PPK_ID = 64;

function ppkIds(setting: Setting | undefined, say: Complaints): readonly string[] {
  const words = (setting && wordsOf(setting)) ?? NO_WORDS;
  const long = words.find((word) => Buffer.byteLength(word) > MAX_PPK_ID);
  if (setting && long !== undefined) say.refuse(setting, `an id has at most ${MAX_PPK_ID} octets, got ${shown(long)}`);
  return words.length === 0 ? NO_WORDS : Object.freeze([...new Set(words)]);
}

const NO_WORDS: readonly string[] = Object.freeze([]);
const NO_ADDRESSES: readonly Address[] = Object.freeze([]);
