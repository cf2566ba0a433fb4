/** A connection's settings as reports show them; what equal connections have in common is one object. */
import type { Conn, ConnV1, Mark } from '../conf/conn.ts';
import type { Value } from '../conf/keyword.ts';
import type { ConnSettings } from '../control/status/rows.ts';
import { defaultProposals, formatProposal, type Proposal } from '../ike/crypto/proposal.ts';
import { authHashes, policyWords, type Wishes } from './report-policy.ts';

const NO_LIMIT = 2n ** 63n;
/** Kinds of settings that are remembered: a file has a few, whoever generates one has them one after another. */
const REMEMBERED = 32;

/** One for each report. */
export class SettingsPool {
  readonly #known: ConnSettings[] = [];
  readonly #keepAliveMs: number;

  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs;
  }

  of(conn: Conn, wishes: Wishes): ConnSettings {
    const settings = settingsOf(conn, wishes, this.#keepAliveMs);
    const at = this.#known.findIndex((known) => areEqual(known, settings));
    if (at >= 0) return this.#known[at];
    this.#known.unshift(settings);
    if (this.#known.length > REMEMBERED) this.#known.pop();
    return settings;
  }
}

function areEqual(a: ConnSettings, b: ConnSettings): boolean {
  for (const key of Object.keys(a) as (keyof ConnSettings)[]) if (!isSame(a[key], b[key])) return false;
  return Object.keys(a).length === Object.keys(b).length;
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((element, i) => element === b[i]);
}

function settingsOf(conn: Conn, wishes: Wishes, keepAliveMs: number): ConnSettings {
  const ikeVersion = conn.keyexchange === 'ikev1' ? 1 : 2;
  return {
    ikeVersion,
    policy: policyWords(conn, wishes),
    authHash: authHashes(conn),
    ikeAlgorithms: algorithms(conn.ike, defaultProposals('ike', ikeVersion)),
    espAlgorithms: algorithms(conn.child, defaultProposals(conn.phase2, ikeVersion)),
    ikeLifetime: seconds(conn.ikeLifetimeMs),
    ipsecLifetime: seconds(conn.ipsecLifetimeMs),
    rekeyMargin: seconds(conn.rekeyMarginMs),
    rekeyFuzz: conn.rekeyFuzzPercent,
    ipsecMaxBytes: conn.ipsecMaxBytes === undefined ? NO_LIMIT : BigInt(conn.ipsecMaxBytes),
    ipsecMaxPackets: conn.ipsecMaxPackets === undefined ? NO_LIMIT : BigInt(conn.ipsecMaxPackets),
    replayWindow: conn.replayWindow,
    retransmitInterval: conn.retransmitIntervalMs,
    retransmitTimeout: seconds(conn.retransmitTimeoutMs),
    ikeTcp: 'no',
    ikeTcpPort: 4500,
    dpdDelay: seconds(conn.dpddelayMs),
    natKeepalive: conn.natKeepalive ? seconds(keepAliveMs) : 0,
    encapsulation: conn.encapsulation,
    initialContact: conn.initialContact,
    ciscoUnity: false,
    fakeStrongswan: false,
    sendVendorid: false,
    sendNoEspTfc: false,
    iptfs: false,
    modecfgPull: false,
    metric: conn.metric ?? 0,
    vtiRouting: false,
    vtiShared: false,
    nicOffload: 'no',
    debug: conn.debug.length === 0 ? NONE : conn.debug.filter((klass) => klass !== 'none'),
    ...(conn.mtu === undefined ? undefined : { mtu: conn.mtu }),
    ...(conn.priority === 0 ? undefined : { priority: conn.priority }),
    ...(conn.modecfgdns.length === 0 ? undefined : { dns: conn.modecfgdns.map(String) }),
    ...(conn.modecfgdomains.length === 0 ? undefined : { domains: conn.modecfgdomains }),
    ...(conn.modecfgbanner === undefined ? undefined : { banner: conn.modecfgbanner }),
    ...(conn.markIn || conn.markOut ? { mark: `${markText(conn.markIn)}, ${markText(conn.markOut)}` } : undefined),
    ...(conn.v1 && ofV1(conn.v1)),
    ...(conn.later === undefined ? undefined : given(conn.later)),
  };
}

const ofV1 = ({ dpdTimeoutMs, nat, xauthby, modecfgPull }: ConnV1): Partial<ConnSettings> => ({
  dpdTimeout: seconds(dpdTimeoutMs),
  natIkev1Method: nat === 'both' ? 'rfc+drafts' : nat,
  xauthby,
  modecfgPull,
});

const NONE: readonly string[] = Object.freeze([]);
const seconds = (ms: number): number => Math.round(ms / 1000);

const texts = new WeakMap<readonly Proposal[], string>();

/** Equal conns share their proposals. */
function algorithms(proposals: readonly Proposal[], defaults: readonly Proposal[]): string {
  if (proposals === defaults) return '';
  let text = texts.get(proposals);
  if (text === undefined) {
    text = proposals.map(formatProposal).join(', ');
    texts.set(proposals, text);
  }
  return text;
}

/** From a keyword without effect yet to the setting that shows it. */
const LATER: Readonly<Record<string, (value: Value) => Partial<ConnSettings>>> = {
  'enable-tcp': (v) => ({ ikeTcp: v === 'fallback' ? 'fallback' : v === 'yes' ? 'yes' : 'no' }),
  'tcp-remoteport': (v) => ({ ikeTcpPort: Number(v) }),
  'cisco-unity': (v) => ({ ciscoUnity: v === true }),
  'fake-strongswan': (v) => ({ fakeStrongswan: v === true }),
  'send-vendorid': (v) => ({ sendVendorid: v === true }),
  'send-no-esp-tfc': (v) => ({ sendNoEspTfc: v === true }),
  iptfs: (v) => ({ iptfs: v === true }),
  'sec-label': (v) => ({ secLabel: `${v}` }),
  tfc: (v) => (Number(v) === 0 ? {} : { tfc: Number(v) }),
  nflog: (v) => ({ nflogGroup: Number(v) }),
  'vti-interface': (v) => ({ vtiInterface: `${v}` }),
  'vti-routing': (v) => ({ vtiRouting: v === true }),
  'vti-shared': (v) => ({ vtiShared: v === true }),
  'nic-offload': (v) => ({ nicOffload: v === 'crypto' ? 'crypto' : v === 'packet' ? 'packet' : 'no' }),
};

function given(later: ReadonlyMap<string, Value>): Partial<ConnSettings> {
  const settings: Partial<ConnSettings> = {};
  for (const [keyword, value] of later) Object.assign(settings, LATER[keyword]?.(value));
  return settings;
}

/** libreswan's text. */
function markText(mark: Mark | undefined): string {
  const { value, mask } = mark ?? { value: 0, mask: 0 };
  return `${value === 'unique' ? 0xffff_ffff : value >>> 0}/0x${(mask >>> 0).toString(16).padStart(6, '0')}`;
}
