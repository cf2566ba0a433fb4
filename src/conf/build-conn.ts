/** A conn, or the several that `leftsubnets=` makes of it, from its settings. */
import { defaultProposals, type ParsedProposals, type Proposal, parseProposals } from '../ike/crypto/proposal.ts';
import type { Address } from '../net/address.ts';
import { parseAuthby } from './authby.ts';
import { knownClasses } from './build-debug.ts';
import { buildEnd, type Complaints, wordsOf } from './build-end.ts';
import { familyOf, familyProblem, isOneFamily } from './build-families.ts';
import { keyexchangeOf } from './build-keyexchange.ts';
import { type Choice, type Choices, choices, contradiction, isSamePlace, manyOf } from './build-pair.ts';
import { judge } from './build-rules.ts';
import type { SelectorCache } from './build-subnets.ts';
import { parseAddresses, parseIpsecInterface, parseMark } from './build-text.ts';
import type { Authby, Conn, End, Mark } from './conn.ts';
import type { Value } from './keyword.ts';
import { lookup, type Side } from './keywords.ts';
import { CONN_KEYWORDS } from './keywords-conn.ts';
import { harmless } from './printable.ts';
import { laterWords, type Reporter } from './report.ts';
import type { ConnSection, Setting, Settings } from './sections.ts';
import { laterOf, Taken } from './taken.ts';
import { defaultOf, isFault, type ValueFault } from './values.ts';

/** Longest lifetime of an SA, as libreswan has it. */
const MAX_LIFETIME_MS = 24 * 3600_000;

/** Conns that `subnets=` may add in one file: two lists that a thousand conns share would be ten million. */
const MAX_EXPANDED = 200_000;

export type Built = { readonly conns: readonly Conn[] } | { readonly refused: string };

/** Pairs of subnets; some tens of microseconds. */
const STEP = 32;

/** Characters of a proposal parser's complaint. */
const MAX_ERROR = 300;

type Ends = { readonly left: End; readonly right: End };

/** Builds conns that share what is equal in them. */
export class ConnBuilder {
  readonly #reporter: Reporter;
  readonly #selectors: SelectorCache = new Map();
  readonly #proposals = new Map<string, ParsedProposals>();

  #expanded = 0;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** A section without `left=` or `right=` is no conn, and no error either: others may take it over. */
  build(section: ConnSection): Built {
    const building = this.building(section);
    for (;;) {
      const { done, value } = building.next();
      if (done) return value;
    }
  }

  /** The same in steps: most conns are one, and `subnets=` makes many. */
  *building(section: ConnSection): Generator<undefined, Built> {
    const { settings, name } = section;
    let { refused } = section;
    const missing = ['left', 'right'].find((side) => !settings.has(side));
    // What it lacks, or would contradict, may come from whoever takes it over.
    if (missing !== undefined) return { refused: refused ?? `${missing}= is not set` };
    const complain = (severity: 'error' | 'warning', { file, line, key }: Setting, text: string) =>
      this.#reporter.add({ severity, file, line, section: `conn ${name}`, keyword: key, text: `${key}=: ${text}` });
    const say: Complaints = {
      refuse: (setting, text) => {
        refused ??= `${setting.key}=: ${text}`;
        complain('error', setting, text);
      },
      warn: (setting, text) => complain('warning', setting, text),
    };
    for (const setting of settings.values()) this.#reporter.later(setting);

    const policy = this.#policy(section, say);
    const { type, keyexchange } = policy;
    const isShunt = type !== 'tunnel' && type !== 'transport';
    const version = keyexchange === 'ikev1' ? 1 : 2;
    judge({ settings, version, isShunt, isOpportunistic: isOpportunistic(settings) }, (setting, judgement) => {
      if (typeof judgement === 'string') say.refuse(setting, judgement);
      else say.warn(setting, judgement.warning);
    });
    const [leftChoices, rightChoices] = this.#choices(settings, say);
    const lefts = yield* this.#ends('left', leftChoices, settings, say);
    const rights = yield* this.#ends('right', rightChoices, settings, say);
    const conns: Conn[] = [];
    const isMany = manyOf(settings) !== undefined;
    for (const left of lefts) {
      for (const right of rights) {
        const ends = { left: left.end, right: right.end };
        if (isMany && !isOneFamily(ends.left, ends.right, policy.hostFamily)) continue;
        this.#checkEnds(settings, ends, policy, say);
        const suffix = isMany ? `/${left.number}x${right.number}` : '';
        const aliases = isMany ? Object.freeze([name, ...policy.aliases]) : policy.aliases;
        const { file, line } = section;
        conns.push(Object.freeze({ name: name + suffix, file, line, ...ends, ...policy, aliases }));
        if (conns.length % STEP === 0) yield undefined;
      }
    }
    if (conns.length === 0 && refused === undefined) {
      say.refuse(manyOf(settings)!, 'no pair of subnets is of one family');
    }
    if (refused !== undefined) return { refused };
    this.#reportDefaultAuthby(section, conns);
    return { conns };
  }

  /** What there is to pair at the two ends; nothing where it would be too much. */
  #choices(settings: Settings, say: Complaints): Choices {
    const found = choices(settings, say);
    const many = manyOf(settings);
    if (!many) return found;
    this.#expanded += found[0].length * found[1].length;
    if (this.#expanded <= MAX_EXPANDED) return found;
    say.refuse(many, `the file has more than ${MAX_EXPANDED} pairs of subnets`);
    return [[], []];
  }

  /** Each built once; none where the host is wrong. */
  *#ends(side: Side, from: readonly Choice[], settings: Settings, say: Complaints) {
    const ends: { readonly end: End; readonly number: number }[] = [];
    for (const { number, subnet } of from) {
      const end = buildEnd(side, settings, this.#selectors, say, subnet);
      if (end) ends.push({ end, number });
      if (number % STEP === STEP - 1) yield undefined;
    }
    return ends;
  }

  #checkEnds(settings: Settings, ends: Ends, policy: Pick<Conn, 'keyexchange' | 'hostFamily'>, say: Complaints): void {
    const { left, right } = ends;
    const problem = contradiction(left, right, policy) ?? familyProblem(settings, ends, policy.hostFamily);
    if (problem) say.refuse(settings.get(problem.key) ?? settings.get('left')!, problem.text);
    if (isSamePlace(left, right)) say.warn(settings.get('right')!, 'it is the address of left=');
  }

  /** Everything but the ends. */
  #policy({ name, settings }: ConnSection, say: Complaints) {
    const s = new Taken(settings, CONN_DEFAULTS);
    const keyexchange = this.#keyexchange(name, settings);
    const version = keyexchange === 'ikev1' ? 1 : 2;
    const type = s.word<Conn['type']>('type')!;
    const isShunt = type !== 'tunnel' && type !== 'transport';
    const phase2 = s.word<Conn['phase2']>('phase2')!;
    // libreswan reads ah=, esp= and phase2alg= alike; phase2= tells which protocol they are for.
    const child = phase2 === 'ah' ? (settings.get('ah') ?? settings.get('esp')) : settings.get('esp');
    const pfs = s.flag('pfs');
    const proposals = (protocol: 'ike' | 'esp' | 'ah', setting: Setting | undefined) =>
      this.#proposalsOf(isShunt ? undefined : setting, protocol, version, pfs, say);
    const ipsecLifetimeMs = this.#lifetime(name, settings.get('ipsec-lifetime'), s.number('ipsec-lifetime')!);
    return {
      aliases: Object.freeze(s.list('connalias')),
      auto: s.word<Conn['auto']>('auto')!,
      type,
      keyexchange,
      authby: isShunt ? NEVER : this.#authby(settings, version, say),
      hostFamily: familyOf(settings),
      ike: proposals('ike', settings.get('ike')),
      child: proposals(phase2, child),
      phase2,
      pfs,
      esn: s.word<Conn['esn']>('esn')!,
      replayWindow: s.number('replay-window')!,
      ikeLifetimeMs: this.#lifetime(name, settings.get('ikelifetime'), s.number('ikelifetime')!),
      ipsecLifetimeMs,
      ipsecMaxBytes: s.number('ipsec-max-bytes'),
      ipsecMaxPackets: s.number('ipsec-max-packets'),
      rekey: s.flag('rekey'),
      rekeyMarginMs: this.#margin(settings, s, ipsecLifetimeMs, say),
      rekeyFuzzPercent: s.number('rekeyfuzz')!,
      keyingtries: s.number('keyingtries')!,
      retransmitIntervalMs: s.number('retransmit-interval')!,
      retransmitTimeoutMs: s.number('retransmit-timeout')!,
      dpddelayMs: s.number('dpddelay')!,
      fragmentation: s.word<Conn['fragmentation']>('fragmentation')!,
      encapsulation: s.word<Conn['encapsulation']>('encapsulation')!,
      natKeepalive: s.flag('nat-keepalive'),
      initialContact: s.flag('initial-contact'),
      narrowing: settings.has('narrowing')
        ? s.flag('narrowing')
        : settings.has('leftaddresspool') || settings.has('rightaddresspool'),
      reqid: s.number('reqid'),
      priority: s.number('priority')!,
      mtu: s.number('mtu'),
      metric: s.number('metric'),
      debug: knownClasses(settings.get('plutodebug'), say.warn),
      ...marksOf(settings, say),
      ipsecInterface: parsed(settings.get('ipsec-interface'), parseIpsecInterface, say),
      modecfgdns: nameServers(settings.get('modecfgdns'), version, say),
      later: laterOf(settings),
    } as const;
  }

  /** Saying nothing asks for signatures, which is news to whoever expects a tunnel. */
  #reportDefaultAuthby({ settings }: ConnSection, [conn]: readonly Conn[]): void {
    const needsPeer = conn?.type === 'tunnel' || conn?.type === 'transport';
    if (!needsPeer || settings.has('authby') || conn.left.auth !== undefined) return;
    const words = laterWords(AUTHBY, conn.keyexchange === 'ikev1' ? ['rsasig'] : (defaultOf(AUTHBY) ?? []));
    if (words.length === 0) return;
    this.#reporter.laterText({ ...settings.get('left')!, key: 'authby' }, `authby=${words.join(',')}, the default,`);
  }

  #warn(name: string, setting: Setting, text: string): void {
    const { file, line, key } = setting;
    this.#reporter.add({ severity: 'warning', file, line, section: `conn ${name}`, keyword: key, text });
  }

  #keyexchange(name: string, settings: Settings): Conn['keyexchange'] {
    const { word, keyword, old } = keyexchangeOf(settings);
    if (!old) return word;
    const { setting, isIgnored } = old;
    if (isIgnored) {
      this.#warn(name, setting, `ikev2=${setting.raw} contradicts keyexchange=${word}, ignored`);
      return word;
    }
    this.#warn(name, setting, `ikev2=${setting.raw} has been replaced by keyexchange=${word}`);
    if (settings.get('keyexchange')?.value !== word) {
      for (const later of laterWords(keyword, word)) this.#reporter.laterText(setting, `keyexchange=${later}`);
    }
    return word;
  }

  #authby(settings: Settings, version: 1 | 2, say: Complaints): readonly Authby[] {
    const setting = settings.get('authby');
    if (!setting) return version === 1 ? DEFAULT_AUTHBY_V1 : DEFAULT_AUTHBY;
    const authby = parseAuthby(wordsOf(setting) ?? [], version);
    if (isFault(authby)) {
      say.refuse(setting, authby.fault);
      return DEFAULT_AUTHBY;
    }
    return authby;
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

  /** A margin as long as the lifetime would have a tunnel replaced as soon as it is there. */
  #margin(settings: Settings, s: Taken, ipsecLifetimeMs: number, say: Complaints): number {
    const margin = s.number('rekeymargin')!;
    const setting = settings.get('rekeymargin') ?? settings.get('ipsec-lifetime');
    if (setting && margin * (1 + s.number('rekeyfuzz')! / 100) > MAX_LIFETIME_MS) {
      say.refuse(setting, 'the margin and its fuzz are longer than 24h');
    }
    if (margin < ipsecLifetimeMs || !setting) return margin;
    const less = Math.floor(ipsecLifetimeMs / 2);
    say.warn(setting, `rekeymargin=${margin / 1000}s is no less than the lifetime; ${less / 1000}s it is`);
    return less;
  }

  #lifetime(name: string, setting: Setting | undefined, value: number): number {
    if (value <= MAX_LIFETIME_MS || !setting) return value;
    this.#warn(name, setting, `${setting.key}=${setting.raw} is longer than 24h; 24h it is`);
    return MAX_LIFETIME_MS;
  }
}

const AUTHBY = lookup('conn', 'authby')!.keyword;
const CONN_DEFAULTS: ReadonlyMap<string, Value> = Taken.defaults(CONN_KEYWORDS);
const DEFAULT_AUTHBY = parseAuthby(['rsasig', 'ecdsa'], 2) as readonly Authby[];
const DEFAULT_AUTHBY_V1 = parseAuthby(['rsasig'], 1) as readonly Authby[];

const NEVER: readonly Authby[] = Object.freeze(['never']);

function isOpportunistic(settings: Settings): boolean {
  return ['left', 'right'].some((key) => /^%oppo/i.test(settings.get(key)?.raw ?? ''));
}

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

const NO_ADDRESSES: readonly Address[] = Object.freeze([]);
