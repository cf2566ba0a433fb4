/** Connections as reports show them, with what there is of their SAs. */
import type { ConnRow } from '../control/status/rows.ts';
import type { Child } from '../ike/child.ts';
import type { ChildSuite, IkeSuite } from '../ike/crypto/keys.ts';
import type { Policy } from '../ike/policy.ts';
import type { ConnectionReport } from './connection.ts';
import type { IkeSaReport } from './ike-sa.ts';
import type { Entry, Registry } from './registry.ts';
import { ends } from './report-ends.ts';
import { SettingsPool } from './report-settings.ts';
import { asked, type Making, slices } from './reporter.ts';
import { isReady } from './state-names.ts';
import type { World } from './world.ts';

export interface ConnsOptions {
  readonly world: World;
  /** The name of the interface that has an address. */
  readonly interfaceOf: (address: string) => string | undefined;
  readonly keepAliveMs: number;
}

export interface Counted {
  loaded: number;
  active: number;
}

/** Rows of all of them, each followed by its instances. */
export function* connections(entries: Iterable<Entry>, options: ConnsOptions): Making<Counted> {
  const { world } = options;
  const pool = new SettingsPool(options.keepAliveMs);
  const counted: Counted = { loaded: 0, active: 0 };
  for (const slice of slices(entries)) {
    const reports = yield* reportsOf(slice);
    const busy = slice.filter((_, i) => (reports[i]?.ike.length ?? 0) > 0);
    const ikeSas = busy.length === 0 ? NO_SAS : yield* newestIkeSas(busy, world.registry);
    const rows = slice.flatMap((entry, i) => {
      const report = reports[i];
      if (!report) return [];
      counted.loaded++;
      if (report.routing === 'routed-tunnel') counted.active++;
      return [connRow(entry, report, ikeSas.get(entry), pool, options)];
    });
    yield { of: 'connections', rows };
  }
  return counted;
}

/** Of one that nobody has used yet there is no actor to ask. */
function* reportsOf(entries: readonly Entry[]): Making<readonly (ConnectionReport | undefined)[]> {
  const refs = entries.map((entry) => (entry.isUsed ? entry.ref : undefined));
  const told = (yield* asked<ConnectionReport>(refs.filter((ref) => ref !== undefined))).values();
  return refs.map((ref) => (ref ? told.next().value : UNUSED));
}

const UNUSED: ConnectionReport = Object.freeze({ routing: 'unrouted', isUp: false, ike: [], children: [] });

const NO_SAS: ReadonlyMap<Entry, IkeSaReport> = new Map();

function* newestIkeSas(entries: readonly Entry[], registry: Registry): Making<ReadonlyMap<Entry, IkeSaReport>> {
  const known = entries.flatMap((entry) => {
    const ref = entry.policy && registry.ikeSa(entry.policy);
    return ref ? [{ entry, ref }] : [];
  });
  const reports = yield* asked<IkeSaReport>(known.map(({ ref }) => ref));
  return new Map(known.flatMap(({ entry }, i) => (reports[i] ? [[entry, reports[i]] as const] : [])));
}

/** Each with its instances: of those that are named, or of all. */
export function* entriesOf(registry: Registry, name: string | undefined): Generator<Entry, void, void> {
  yield* withInstances(registry, name === undefined ? registry.entries() : registry.namedOrAliased(name));
}

export function* withInstances(registry: Registry, entries: Iterable<Entry>): Generator<Entry, void, void> {
  for (const entry of entries) {
    yield entry;
    yield* registry.instancesOf(entry);
  }
}

function connRow(
  entry: Entry,
  report: ConnectionReport,
  ike: IkeSaReport | undefined,
  pool: SettingsPool,
  { interfaceOf }: ConnsOptions,
): ConnRow {
  const { conn, policy, side, serial, template, hindrance } = entry;
  const child = ike?.sa.children.find((c) => c.serial === report.children.at(-1));
  const chosen = policy?.child.peerChooses && child?.selectorsRemote;
  const { local, remote } = withLeases(ends(entry, chosen), ike, policy);
  const isUnderWay = ike !== undefined && !isReady(ike.sa) && ike.sa.state !== 'replaced' && ike.sa.state !== 'lapsed';
  const routing =
    isUnderWay && report.children.length === 0 ? (NEGOTIATING[report.routing] ?? report.routing) : report.routing;
  const device = deviceOf(entry, interfaceOf(local.host));
  return {
    conn: conn.name,
    ...(policy?.instance === undefined ? undefined : { instance: instanceOf(policy.instance, policy.remoteHost) }),
    serial,
    ...(template ? { template: template.serial } : undefined),
    kind: kindOf(entry),
    isOriented: side !== undefined,
    ...(hindrance === undefined ? undefined : { hindrance }),
    local,
    remote,
    routing,
    owners: ownersOf(report, isUnderWay),
    ...(device === undefined ? undefined : { interface: device }),
    ...(policy ? { reqid: policy.child.reqid } : undefined),
    aliases: conn.aliases,
    ...(ike?.sa.suite ? { newestIke: ikeText(ike.sa.suite) } : undefined),
    ...(child ? { newestChild: { algorithms: childText(child.suite), pfsGroup: pfsText(child) } } : undefined),
    settings: pool.of(conn, {
      isUp: report.isUp,
      isRouted: conn.auto === 'ondemand' || report.routing === 'routed-ondemand',
      isInstance: template !== undefined,
    }),
  };
}

/** An end's inner address while it is leased: `my_ip=` of whoever has it, `their_ip=` where it comes from. */
function withLeases(
  both: ReturnType<typeof ends>,
  ike: IkeSaReport | undefined,
  policy: Policy | undefined,
): typeof both {
  if (!policy?.cp || !ike || ike.sa.leases.length === 0) return both;
  const end = policy.cp.role === 'client' ? 'local' : 'remote';
  return { ...both, [end]: { ...both[end], sourceip: ike.sa.leases.map(({ address }) => address).join(',') } };
}

/** `ipsec1@eth0`: the ipsec interface, and the one that our address is on. */
function deviceOf({ conn, side }: Entry, real: string | undefined): string | undefined {
  if (conn.ipsecInterface === undefined) return side && real;
  return `ipsec${conn.ipsecInterface}@${side ? (real ?? '') : ''}`;
}

const NEGOTIATING: Readonly<Record<string, string>> = {
  unrouted: 'unrouted-bare-negotiation',
  'routed-ondemand': 'routed-negotiation',
};

export const instanceOf = (number: number, peer: object | undefined): { number: number; peer?: string } =>
  peer ? { number, peer: `${peer as { toString(): string }}` } : { number };

function kindOf({ conn, policy, template }: Entry): ConnRow['kind'] {
  if (template) return 'instance';
  const hosts = [conn.left.host.t, conn.right.host.t];
  if (hosts.includes('group') || hosts.includes('opportunisticgroup')) return 'group';
  const mayBeAnybody = policy ? !policy.remoteHost : hosts.includes('any') || hosts.includes('opportunistic');
  return mayBeAnybody ? 'template' : 'permanent';
}

function ownersOf({ ike, children }: ConnectionReport, isUnderWay: boolean): ConnRow['owners'] {
  if (ike.length === 0 && children.length === 0) return NOBODY;
  const newest = ike.at(-1);
  return {
    ...(newest === undefined ? undefined : isUnderWay ? { negotiatingIke: newest } : { ike: newest }),
    ...(children.length === 0 ? undefined : { child: children.at(-1)! }),
  };
}

const NOBODY: ConnRow['owners'] = Object.freeze({});

const bits = (suite: Pick<IkeSuite, 'encrBits'>, encr: IkeSuite['encr']) =>
  suite.encrBits > 0 && !encr.fixedKeyLength ? `${encr.name}_${suite.encrBits}` : encr.name;

/** `AES_GCM_16_256-HMAC_SHA2_512-DH19`, further key exchanges after a plus. */
const ikeText = (suite: IkeSuite): string =>
  [bits(suite, suite.encr), suite.prf.name, groupsText(suite.group, suite.additional)].join('-');

/** Of a suite that has one: `DH31+ML_KEM_768`. */
const groupsText = (group: IkeSuite['group'], additional: IkeSuite['additional'] = []): string =>
  [group, ...additional].map(({ name }) => name).join('+');

/** `AES_GCM_16_256-NONE`, `HMAC_SHA2_512_256`. */
function childText(suite: ChildSuite): string {
  const integ = suite.integ?.name ?? 'NONE';
  return suite.encr ? `${bits(suite, suite.encr)}-${integ}` : integ;
}

/** The group of its own key exchange; `<Phase1>` for the IKE SA's. */
function pfsText({ suite, policy }: Child): string {
  if (!policy.child.pfs) return '<N/A>';
  const own = policy.child.proposals.some((p) => p.dh.length > 0);
  return own && suite.group ? groupsText(suite.group, suite.additional) : '<Phase1>';
}
