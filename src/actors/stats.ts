/**
 * What has happened since the start: counted once, by whoever knows of it, and shown under two names: libreswan's in
 * `--globalstatus`, and Prometheus' (src/ops/metrics.ts).
 */

import { DISTRUST } from '../ike/distrust.ts';
import type { ChildInstall, DownReason } from '../ike/effects.ts';
import { PEER_LIMITS } from '../ike/peer-limits.ts';
import { NOTIFY, NOTIFY_NAMES as V1_NOTIFY_NAMES } from '../ike/v1/wire/index.ts';
import { NOTIFY_NAMES as V2_NOTIFY_NAMES } from '../ike/wire/index.ts';
import { type Family, Registry } from '../ops/registry.ts';
import { Durations } from '../workers/durations.ts';
import type { Machine } from './protocol.ts';
import { type ChildName, type StateName, stateNames } from './state-names.ts';

type Role = 'initiator' | 'responder';
/** Of IKE; metrics have it as text. */
type Version = 1 | 2;

const VERSIONS: readonly Version[] = [2, 1];
const ROLES: readonly Role[] = ['initiator', 'responder'];
const PROTOCOLS = ['esp', 'ah'] as const;
const DIRECTIONS = [['in'], ['out']];
const REASONS: readonly DownReason[] = [
  'asked',
  'peer',
  'timeout',
  'refused',
  'denied',
  'expired',
  'replaced',
  'local',
];
/** Series to begin with: a row for each version, with each of the others. */
const ofBoth = (...others: readonly (readonly string[])[]): string[][] =>
  VERSIONS.flatMap((version) =>
    others.reduce<string[][]>(
      (rows, values) => rows.flatMap((row) => values.map((v) => [...row, v])),
      [[`${version}`]],
    ),
  );

export class Stats {
  readonly registry = new Registry();
  /** How long peers took to prove who they are. */
  readonly handshakes: Readonly<Record<Version, Readonly<Record<Role, Durations>>>> = {
    1: { initiator: new Durations(), responder: new Durations() },
    2: { initiator: new Durations(), responder: new Durations() },
  };
  /** REDIRECT, RFC 5685: sent after IKE_SA_INIT (in that the switchboard counts them); obeyed, or not. */
  readonly redirects = { sent: 0, obeyed: 0, refused: 0 };
  /** The state of each Child SA that IKEv1 has made; of IKEv2's all have the same. */
  readonly #quicks = new Map<number, ChildName>();
  /** Child SAs by connection, those of its instances among them; none where there are none. */
  readonly children = new Map<string, number>();

  readonly retransmits = this.registry.family('retransmits');
  readonly liveness = this.registry.family('liveness');
  readonly keepalives = this.registry.family('keepalives');
  readonly jobFailures = this.registry.family('jobFailures');
  readonly kernelErrors = this.registry.family('kernelErrors');
  readonly logLines = this.registry.family('logLines', [['debug'], ['info'], ['warn']]);
  readonly authFailures = this.registry.family(
    'authFailures',
    DISTRUST.map((kind) => [kind]),
  );
  readonly limitHits = this.registry.family(
    'limitHits',
    PEER_LIMITS.map((limit) => [limit]),
  );
  readonly logOmitted = this.registry.family('logOmitted');
  readonly whacks = this.registry.family('whacks');

  readonly #established = this.registry.family('established', ofBoth());
  readonly #states = this.registry.family('ikeSas', [
    ...new Map(stateNames().map(({ version, state }) => [`${version} ${state}`, [`${version}`, state]])).values(),
  ]);
  /** By libreswan's names. */
  readonly #byName = new Map<string, number>();
  readonly #started = this.registry.family('ikeStarted', ofBoth(ROLES));
  readonly #establishedBy = this.registry.family('ikeEstablished', ofBoth(['handshake', 'rekey']));
  readonly #ended = this.registry.family('ikeEnded', ofBoth(['handshake', 'established'], REASONS));
  readonly #ikeEncr = this.registry.family('ikeEncr');
  readonly #ikeInteg = this.registry.family('ikeInteg');
  readonly #ikeGroup = this.registry.family('ikeGroup');
  readonly #childEstablished = this.registry.family('childEstablished', ofBoth(PROTOCOLS));
  readonly #childRekeyed = this.registry.family('childRekeyed', ofBoth());
  readonly #childEnded = this.registry.family('childEnded', ofBoth(REASONS));
  readonly #childFinished = this.registry.family('childFinished', ofBoth());
  readonly #childShape = this.registry.family('childShape', [['esn'], ['encap'], ['non_encap'], ['ah'], ['ipcomp']]);
  readonly #childEncr = this.registry.family('childEncr');
  readonly #childInteg = this.registry.family('childInteg');
  readonly #traffic = this.registry.family(
    'traffic',
    PROTOCOLS.flatMap((protocol) => DIRECTIONS.map(([way]) => [protocol, way])),
  );
  readonly #notifies = this.registry.family('notifies');
  readonly #deletes = this.registry.family('deletes', ofBoth(['in', 'out']));
  /** By version and direction; a number that only one of them has means nothing in the other. */
  readonly #notifyPlaces: Readonly<Record<Version, Readonly<Record<'in' | 'out', Map<number, number>>>>> = {
    1: { in: new Map(), out: new Map() },
    2: { in: new Map(), out: new Map() },
  };
  /** SAs that ended without a reason that the protocol knows are finished all the same. */
  readonly #finished: Record<Version, number> = { 1: 0, 2: 0 };

  /** IKE SAs that are established now. */
  get authenticated(): number {
    return this.#established.of('1') + this.#established.of('2');
  }

  /** `--clearstats`: what is now stays. */
  clear(): void {
    this.registry.clear();
    Object.assign(this.#finished, { 1: 0, 2: 0 });
    Object.assign(this.redirects, { sent: 0, obeyed: 0, refused: 0 });
    for (const version of VERSIONS) for (const role of ROLES) this.handshakes[version][role].clear();
  }

  ikeStarted(version: Version, role: Role): void {
    this.#started.inc(this.#started.place(`${version}`, role));
  }

  /** From `before` to `after`; one that begins has no `before`, one that ends no `after`. */
  ikeState(before: StateName | undefined, after: StateName | undefined): void {
    if (before) this.#inState(before, -1);
    if (after) this.#inState(after, 1);
  }

  #inState({ version, state, name }: StateName, by: 1 | -1): void {
    this.#states.inc(this.#states.place(`${version}`, state), by);
    this.#byName.set(name, (this.#byName.get(name) ?? 0) + by);
  }

  /** How many IKE SAs there are in each state, by libreswan's names. */
  get ikeStates(): ReadonlyMap<string, number> {
    return this.#byName;
  }

  /** How many Child SAs of IKEv1 there are in each. */
  get quickStates(): ReadonlyMap<string, number> {
    const states = new Map<string, number>();
    for (const { name } of this.#quicks.values()) states.set(name, (states.get(name) ?? 0) + 1);
    return states;
  }

  /** The peer is authentic, `ms` after the first message. */
  ikeUp(version: Version, role: Role, suite: Machine['suite'], ms: number): void {
    const label = `${version}`;
    this.#established.count(label);
    this.#establishedBy.inc(this.#establishedBy.place(label, 'handshake'));
    this.handshakes[version][role].note(ms);
    if (!suite) return;
    // IKEv1 has one hash for both.
    const integ = version === 1 ? suite.prf.name : (suite.integ?.name ?? 'NONE');
    this.#ikeEncr.inc(this.#ikeEncr.place(label, suite.encr.name));
    this.#ikeInteg.inc(this.#ikeInteg.place(label, integ));
    this.#ikeGroup.inc(this.#ikeGroup.place(label, suite.group.name));
  }

  /** A successor of one that was up. */
  ikeRekeyed(version: Version): void {
    this.#established.count(`${version}`);
    this.#establishedBy.inc(this.#establishedBy.place(`${version}`, 'rekey'));
  }

  /** It is gone. */
  ikeDown(version: Version, wasUp: boolean): void {
    if (wasUp) this.#established.count(`${version}`, -1);
    this.#finished[version]++;
  }

  ikeEnded(version: Version, wasUp: boolean, why: DownReason): void {
    this.#ended.inc(this.#ended.place(`${version}`, wasUp ? 'established' : 'handshake', why));
  }

  /** The data plane has it. */
  childUp({ serial, policy, suite, ah, ipcomp, encapsulated, replaces }: ChildUp, state: ChildName): void {
    const label = policy.v1 ? '1' : '2';
    if (policy.v1) this.#quicks.set(serial, state);
    this.#childEstablished.inc(this.#childEstablished.place(label, suite.protocol));
    if (replaces !== undefined) this.#childRekeyed.count(label);
    if (suite.esn) this.#childShape.count('esn');
    this.#childShape.count(encapsulated ? 'encap' : 'non_encap');
    if (ah) this.#childShape.count('ah');
    if (ipcomp) this.#childShape.count('ipcomp');
    if (suite.encr) this.#childEncr.inc(this.#childEncr.place(label, suite.encr.name));
    this.#childInteg.inc(this.#childInteg.place(label, suite.integ?.name ?? 'NONE'));
  }

  childEnded(version: Version, why: DownReason): void {
    this.#childEnded.inc(this.#childEnded.place(`${version}`, why));
  }

  /** Octets that a Child SA has carried, at its end. */
  childDown({ serial, policy, suite }: ChildUp, inBytes: number, outBytes: number): void {
    const { protocol } = suite;
    this.#childFinished.count(policy.v1 ? '1' : '2');
    if (policy.v1) this.#quicks.delete(serial);
    this.#traffic.inc(this.#traffic.place(protocol, 'in'), inBytes);
    this.#traffic.inc(this.#traffic.place(protocol, 'out'), outBytes);
  }

  /** A Child SA of the connection of that name, or of an instance of it, begins (1) or ends (-1) to protect traffic. */
  connection(name: string, by: 1 | -1): void {
    const count = (this.children.get(name) ?? 0) + by;
    if (count > 0) this.children.set(name, count);
    else this.children.delete(name);
  }

  /** A notification of ours or the peer's, by its type, or a Delete. */
  noted(version: Version, direction: 'in' | 'out', notify: number | 'delete'): void {
    if (notify === 'delete') return this.#deletes.inc(this.#deletes.place(`${version}`, direction));
    const places = this.#notifyPlaces[version][direction];
    let place = places.get(notify);
    if (place === undefined) {
      const names = version === 1 ? V1_NOTIFY_NAMES : V2_NOTIFY_NAMES;
      place = this.#notifies.place(`${version}`, direction, names.get(notify) ?? 'unknown');
      // Peers may make up 65536 of them.
      if (places.size < 256) places.set(notify, place);
    }
    this.#notifies.inc(place);
  }

  /** Under libreswan's name. */
  of(key: string): number {
    const exact = this.#exact[key];
    if (exact) return exact();
    const at = key.lastIndexOf('.');
    const family = this.#byPrefix[key.slice(0, at)];
    return family ? family(key.slice(at + 1)) : 0;
  }

  readonly #exact: Readonly<Record<string, () => number>> = {
    ...this.#exactOf(1, 'isakmp', 'ipsec'),
    ...this.#exactOf(2, 'ike', 'child'),
    'total.ikev2.ike.finished.refused': () => this.#failed(2, 'refused'),
    'total.ikev2.ike.finished.timeout': () => this.#failed(2, 'timeout'),
    'total.ipsec.type.all': () => this.#children('esp') + this.#children('ah'),
    'total.ipsec.type.esp': () => this.#children('esp'),
    // Around ESP, too.
    'total.ipsec.type.ah': () => this.#children('ah') + this.#childShape.of('ah'),
    'total.ipsec.traffic.in': () => this.#traffic.of('esp', 'in') + this.#traffic.of('ah', 'in'),
    'total.ipsec.traffic.out': () => this.#traffic.of('esp', 'out') + this.#traffic.of('ah', 'out'),
    'total.ike.ikev2.redirect.completed': () => this.redirects.obeyed,
    'total.ike.ikev2.redirect.failed': () => this.redirects.refused,
    'total.ike.dpd.sent': () => this.liveness.value(),
    'total.ike.dpd.recv': () => this.#notifies.of('1', 'in', R_U_THERE),
    'total.ike.dpd.replied': () => this.#notifies.of('1', 'out', R_U_THERE_ACK),
    'total.ike.packets.retransmitted': () => this.retransmits.value(),
  };

  /** libreswan calls the SAs of each version otherwise. */
  #exactOf(version: Version, ike: string, child: string): Record<string, () => number> {
    const label = `${version}`;
    const byHandshake = () => this.#establishedBy.of(label, 'handshake');
    return {
      [`total.ike.ikev${version}.established`]: byHandshake,
      [`total.ike.ikev${version}.completed`]: byHandshake,
      [`total.ike.ikev${version}.failed`]: () => this.#failed(version, 'refused') + this.#failed(version, 'timeout'),
      [`total.ikev${version}.${ike}.started`]: () => sum(this.#started, label, ROLES),
      [`total.ikev${version}.${ike}.established`]: () => byHandshake() + this.#establishedBy.of(label, 'rekey'),
      [`total.ikev${version}.${ike}.finished`]: () => this.#finished[version],
      [`total.ikev${version}.${child}.established`]: () => sum(this.#childEstablished, label, PROTOCOLS),
      [`total.ikev${version}.${child}.finished`]: () => this.#childFinished.of(label),
    };
  }

  readonly #byPrefix: Readonly<Record<string, (name: string) => number>> = {
    ...this.#byPrefixOf(1),
    ...this.#byPrefixOf(2),
    'total.ipsec.type': (shape) => this.#childShape.of(shape),
    'total.ipsec.esp.traffic': (way) => this.#traffic.of('esp', way),
    'total.ipsec.ah.traffic': (way) => this.#traffic.of('ah', way),
  };

  #byPrefixOf(version: Version): Record<string, (name: string) => number> {
    const before = `total.ikev${version}`;
    const of = (family: Family, direction?: string) => (name: string) =>
      direction === undefined ? family.of(`${version}`, name) : family.of(`${version}`, direction, name);
    const [sent, received] = [of(this.#notifies, 'out'), of(this.#notifies, 'in')];
    return {
      [`${before}.encr`]: of(this.#ikeEncr),
      [`${before}.integ`]: of(this.#ikeInteg),
      [`${before}.group`]: of(this.#ikeGroup),
      [`${before}.ipsec.encr`]: of(this.#childEncr),
      [`${before}.ipsec.integ`]: of(this.#childInteg),
      [`${before}.sent.notifies.error`]: sent,
      [`${before}.sent.notifies.status`]: sent,
      [`${before}.recv.notifies.error`]: received,
      [`${before}.recv.notifies.status`]: received,
    };
  }

  #failed(version: Version, why: DownReason): number {
    return this.#ended.of(`${version}`, 'handshake', why) + this.#ended.of(`${version}`, 'established', why);
  }

  #children(protocol: 'esp' | 'ah'): number {
    return this.#childEstablished.of('1', protocol) + this.#childEstablished.of('2', protocol);
  }
}

const nameIn = (notify: number): string => V1_NOTIFY_NAMES.get(notify) ?? 'unknown';
const R_U_THERE = nameIn(NOTIFY.R_U_THERE);
const R_U_THERE_ACK = nameIn(NOTIFY.R_U_THERE_ACK);

type ChildUp = Pick<ChildInstall, 'serial' | 'policy' | 'suite' | 'ah' | 'ipcomp' | 'encapsulated' | 'replaces'>;

const sum = (family: Family, version: string, series: readonly string[]): number =>
  series.reduce((total, label) => total + family.of(version, label), 0);
