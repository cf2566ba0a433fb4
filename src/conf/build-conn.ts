/** A conn, or the several that `leftsubnets=` makes of it, from its settings. */
import { defaultProposals, type Proposal, parseProposals } from '../ike/crypto/proposal.ts';
import type { Family } from '../net/address.ts';
import { parseAuthby } from './authby.ts';
import { buildEnd, familyOfHost, isVirtual, type Refusal, type SelectorCache } from './build-end.ts';
import type { Authby, Conn, End } from './conn.ts';
import type { Value } from './keyword.ts';
import type { Side } from './keywords.ts';
import { CONN_KEYWORDS } from './keywords-conn.ts';
import type { Reporter } from './report.ts';
import type { ConnSection, Setting, Settings } from './sections.ts';
import { laterOf, Taken } from './taken.ts';
import { isFault } from './values.ts';

/** Longest lifetime of an SA, as libreswan has it. */
const MAX_LIFETIME_MS = 24 * 3600_000;

export type Built = { readonly conns: readonly Conn[] } | { readonly refused: string };

/** Builds conns that share what is equal in them. */
export class ConnBuilder {
  readonly #reporter: Reporter;
  readonly #selectors: SelectorCache = new Map();
  readonly #proposals = new Map<string, readonly Proposal[] | { readonly error: string }>();

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** A section without `left=` or `right=` is no conn, and no error either: others may take it over. */
  build(section: ConnSection): Built {
    const { settings, name } = section;
    let { refused } = section;
    const refuse = ({ setting, text }: Refusal) => {
      refused ??= `${setting.key}=: ${text}`;
      const { file, line, key } = setting;
      this.#reporter.add({
        severity: 'error',
        file,
        line,
        section: `conn ${name}`,
        keyword: key,
        text: `${key}=: ${text}`,
      });
    };
    for (const setting of settings.values()) this.#reportLater(setting);

    checkOdds(settings, refuse);
    const policy = this.#policy(section, refuse);
    const conns: Conn[] = [];
    for (const { suffix, left, right } of expand(settings, refuse)) {
      const ends = {
        left: buildEnd('left', settings, this.#selectors, refuse, left),
        right: buildEnd('right', settings, this.#selectors, refuse, right),
      };
      if (!ends.left || !ends.right) {
        refused ??= `${ends.left ? 'right' : 'left'}= is not set`;
        break;
      }
      if (suffix !== '' && !isOneFamily(ends.left, ends.right)) continue;
      const problem = contradiction(ends.left, ends.right) ?? strayFamily(settings, ends.left, ends.right);
      if (problem) refuse({ setting: settings.get(problem.key) ?? settings.get('left')!, text: problem.text });
      const aliases = suffix === '' ? policy.aliases : Object.freeze([name, ...policy.aliases]);
      const { file, line } = section;
      conns.push(
        Object.freeze({ name: name + suffix, file, line, left: ends.left, right: ends.right, ...policy, aliases }),
      );
    }
    if (refused !== undefined) return { refused };
    this.#reportDefaultAuthby(section, conns);
    return { conns };
  }

  /** Everything but the ends. */
  #policy({ name, settings }: ConnSection, refuse: (refusal: Refusal) => void) {
    const s = new Taken(settings, CONN_DEFAULTS);
    const keyexchange = this.#keyexchange(name, settings, s);
    const version = keyexchange === 'ikev1' ? 1 : 2;
    const phase2 = s.word<Conn['phase2']>('phase2')!;
    // libreswan reads ah=, esp= and phase2alg= alike; phase2= tells which protocol they are for.
    const child = phase2 === 'ah' ? (settings.get('ah') ?? settings.get('esp')) : settings.get('esp');
    const pfs = s.flag('pfs');
    return {
      aliases: Object.freeze([...s.list('connalias')]),
      auto: s.word<Conn['auto']>('auto')!,
      type: s.word<Conn['type']>('type')!,
      keyexchange,
      authby: this.#authby(settings, version, refuse),
      hostFamily: hostFamily(settings, s),
      ike: this.#proposalsOf(settings.get('ike'), 'ike', version, pfs, refuse),
      child: this.#proposalsOf(child, phase2, version, pfs, refuse),
      phase2,
      pfs,
      esn: s.word<Conn['esn']>('esn')!,
      replayWindow: s.number('replay-window')!,
      ikeLifetimeMs: this.#lifetime(name, settings.get('ikelifetime'), s.number('ikelifetime')!),
      ipsecLifetimeMs: this.#lifetime(name, settings.get('ipsec-lifetime'), s.number('ipsec-lifetime')!),
      ipsecMaxBytes: s.number('ipsec-max-bytes'),
      ipsecMaxPackets: s.number('ipsec-max-packets'),
      rekey: s.flag('rekey'),
      rekeyMarginMs: s.number('rekeymargin')!,
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
      debug: s.list('plutodebug'),
      later: laterOf(settings),
    } as const;
  }

  #reportLater(setting: Setting): void {
    this.#reporter.later(setting);
    if (setting.key.endsWith('subnet') && isVirtual(setting.raw)) {
      this.#reporter.laterText(setting, `${setting.key}=${setting.raw.slice(0, setting.raw.indexOf(':') + 1)}`);
    }
  }

  /** Saying nothing asks for signatures, which is news to whoever expects a tunnel. */
  #reportDefaultAuthby({ settings }: ConnSection, [conn]: readonly Conn[]): void {
    const needsPeer = conn?.type === 'tunnel' || conn?.type === 'transport';
    if (!needsPeer || settings.has('authby') || conn.left.auth !== undefined) return;
    const text = `authby=${conn.keyexchange === 'ikev1' ? 'rsasig' : 'rsasig,ecdsa'}, the default,`;
    this.#reporter.laterText({ ...settings.get('left')!, key: 'authby' }, text);
  }

  #warn(name: string, setting: Setting, text: string): void {
    const { file, line, key } = setting;
    this.#reporter.add({ severity: 'warning', file, line, section: `conn ${name}`, keyword: key, text });
  }

  #keyexchange(name: string, settings: Settings, s: Taken): Conn['keyexchange'] {
    const old = settings.get('ikev2');
    if (old) {
      const meant = old.value === 'no' ? 'ikev1' : 'ikev2';
      this.#warn(name, old, `ikev2=${old.raw} has been replaced by keyexchange=${meant}`);
      if (!settings.has('keyexchange')) {
        if (meant === 'ikev1') this.#reporter.laterText(old, 'keyexchange=ikev1');
        return meant;
      }
    }
    return s.word<Conn['keyexchange']>('keyexchange')!;
  }

  #authby(settings: Settings, version: 1 | 2, refuse: (refusal: Refusal) => void): readonly Authby[] {
    const setting = settings.get('authby');
    if (!setting) return version === 1 ? DEFAULT_AUTHBY_V1 : DEFAULT_AUTHBY;
    const authby = parseAuthby(setting.value as readonly string[], version);
    if (isFault(authby)) {
      refuse({ setting, text: authby.fault });
      return DEFAULT_AUTHBY;
    }
    const others = authby.filter((way) => way !== 'secret' && way !== 'never');
    if (others.length > 0) this.#reporter.laterText(setting, `authby=${setting.raw}`);
    return authby;
  }

  #proposalsOf(
    setting: Setting | undefined,
    protocol: 'ike' | 'esp' | 'ah',
    version: 1 | 2,
    pfs: boolean,
    refuse: (refusal: Refusal) => void,
  ): readonly Proposal[] {
    if (!setting) return defaultProposals(protocol, version);
    const key = `${protocol} ${version} ${pfs} ${setting.raw}`;
    let parsed = this.#proposals.get(key);
    if (parsed === undefined) {
      const result = parseProposals(setting.raw, { protocol, version, pfs });
      parsed = result.ok ? result.proposals : { error: result.error };
      this.#proposals.set(key, parsed);
    }
    if (!('error' in parsed)) return parsed;
    refuse({ setting, text: parsed.error });
    return [];
  }

  #lifetime(name: string, setting: Setting | undefined, value: number): number {
    if (value <= MAX_LIFETIME_MS || !setting) return value;
    this.#warn(name, setting, `${setting.key}=${setting.raw} is longer than 24h; 24h it is`);
    return MAX_LIFETIME_MS;
  }
}

const CONN_DEFAULTS: ReadonlyMap<string, Value> = Taken.defaults(CONN_KEYWORDS);
const DEFAULT_AUTHBY = parseAuthby(['rsasig', 'ecdsa'], 2) as readonly Authby[];
const DEFAULT_AUTHBY_V1 = parseAuthby(['rsasig'], 1) as readonly Authby[];

function hostFamily(settings: Settings, s: Taken): Family | undefined {
  const said = s.text('hostaddrfamily');
  if (said !== undefined) return said === 'ipv6' ? 6 : 4;
  const texts = ['left', 'right', 'leftnexthop', 'rightnexthop'].map((key) => settings.get(key)?.raw);
  const families = texts.map((text) => (text === undefined ? undefined : familyOfHost(text)));
  return families.includes(6) ? 6 : families.find((f) => f !== undefined);
}

/** Refusals that look at more than one keyword, or at one value of many. */
function checkOdds(settings: Settings, refuse: (refusal: Refusal) => void): void {
  const tcp = settings.get('tcp-remoteport');
  if (tcp?.value === 500) refuse({ setting: tcp, text: 'port 500 is not for TCP' });
  const ah = settings.get('ah');
  if (ah && settings.get('phase2')?.value !== 'ah') refuse({ setting: ah, text: 'needs phase2=ah' });
  const aggressive = settings.get('aggressive');
  if (aggressive?.value === true && !settings.has('ike'))
    refuse({ setting: aggressive, text: 'aggressive mode needs ike=, since it cannot negotiate the group' });
}

interface Pair {
  readonly suffix: string;
  readonly left: Setting | undefined;
  readonly right: Setting | undefined;
}

/** `leftsubnets=` and `rightsubnets=`: a conn for each pair, `NAME/1x2`; 0 stands for a side without a list. */
function expand(settings: Settings, refuse: (refusal: Refusal) => void): readonly Pair[] {
  const choices = (side: Side): readonly (Setting | undefined)[] => {
    const single = settings.get(`${side}subnet`);
    const many = settings.get(`${side}subnets`);
    if (!many) return [single];
    if (single) refuse({ setting: many, text: `cannot stand beside ${side}subnet=` });
    if (!Array.isArray(many.value) || many.value.length === 0) {
      refuse({ setting: many, text: 'the list is empty' });
      return [undefined];
    }
    return (many.value as readonly string[]).map((subnet) => ({ ...many, value: [subnet], raw: subnet }));
  };
  const [lefts, rights] = [choices('left'), choices('right')];
  const [isLeft, isRight] = [settings.has('leftsubnets'), settings.has('rightsubnets')];
  if (lefts.length * rights.length > MAX_PAIRS) {
    refuse({ setting: settings.get('leftsubnets')!, text: `more than ${MAX_PAIRS} pairs of subnets` });
    return [];
  }
  return lefts.flatMap((left, i) =>
    rights.map((right, j) => ({
      suffix: isLeft || isRight ? `/${isLeft ? i + 1 : 0}x${isRight ? j + 1 : 0}` : '',
      left,
      right,
    })),
  );
}

/** Two long lists make a conn for each pair: beyond this it is a slip. */
const MAX_PAIRS = 10_000;

/** What the two ends cannot be together. */
function contradiction(left: End, right: End): { key: string; text: string } | undefined {
  const [lh, rh] = [left.host, right.host];
  if (lh.t === 'any' && rh.t === 'any') return { key: 'left', text: 'one of left= and right= must not be %any' };
  if (lh.t === 'address' && rh.t === 'address') {
    if (lh.address.family !== rh.address.family) return { key: 'right', text: 'left= and right= differ in family' };
    if (lh.address.equals(rh.address) && left.ikeport === right.ikeport)
      return { key: 'right', text: 'left= and right= are the same address' };
  }
  if ((left.auth === undefined) !== (right.auth === undefined))
    return { key: left.auth ? 'leftauth' : 'rightauth', text: 'leftauth= and rightauth= go together' };
  if (!isOneFamily(left, right)) return { key: 'rightsubnet', text: 'leftsubnet= and rightsubnet= differ in family' };
  return undefined;
}

function strayFamily(settings: Settings, left: End, right: End): { key: string; text: string } | undefined {
  const family = settings.get('clientaddrfamily')?.value;
  const isStray = [...left.subnets, ...right.subnets].some((s) => `ipv${s.family}` !== family);
  return family !== undefined && isStray
    ? { key: 'clientaddrfamily', text: 'a subnet is of the other family' }
    : undefined;
}

/** Every family on one side has its like on the other. */
function isOneFamily(left: End, right: End): boolean {
  if (left.subnets.length === 0 || right.subnets.length === 0) return true;
  const isIn = (a: End, b: End) => a.subnets.every((s) => b.subnets.some((other) => other.family === s.family));
  return isIn(left, right) && isIn(right, left);
}
