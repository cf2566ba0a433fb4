/**
 * What has happened since the start: counted once, by whoever knows of it, and shown under two names: libreswan's in
 * `--globalstatus`, and Prometheus' (src/ops/metrics.ts).
 */
import type { ChildSuite, IkeSuite } from '../ike/crypto/keys.ts';
import type { DownReason } from '../ike/effects.ts';
import { DISTRUST } from '../ike/v2/distrust.ts';
import type { IkeState } from '../ike/v2/ike-sa.ts';
import { PEER_LIMITS } from '../ike/v2/peer-limits.ts';
import { NOTIFY_NAMES } from '../ike/wire/index.ts';
import { type Family, Registry } from '../ops/registry.ts';
import { Durations } from '../workers/durations.ts';

type Role = 'initiator' | 'responder';

const ROLES = [['initiator'], ['responder']];
const DIRECTIONS = [['in'], ['out']];
const REASONS: readonly DownReason[] = ['asked', 'peer', 'timeout', 'refused', 'expired', 'replaced', 'local'];
const STATES: readonly IkeState[] = [
  ...(['idle', 'initSent', 'initAnswered', 'intermediateSent', 'intermediateAwaited', 'proving', 'authSent'] as const),
  ...(['established', 'replaced', 'deleting', 'dead'] as const),
];

export class Stats {
  readonly registry = new Registry();
  /** How long peers took to prove who they are. */
  readonly handshakes: Readonly<Record<Role, Durations>> = { initiator: new Durations(), responder: new Durations() };
  /** REDIRECT, RFC 5685: sent after IKE_SA_INIT (in that the switchboard counts them); obeyed, or not. */
  readonly redirects = { sent: 0, obeyed: 0, refused: 0 };
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

  readonly #established = this.registry.family('established');
  readonly #states = this.registry.family(
    'ikeSas',
    STATES.map((state) => [state]),
  );
  readonly #started = this.registry.family('ikeStarted', ROLES);
  readonly #establishedBy = this.registry.family('ikeEstablished', [['handshake'], ['rekey']]);
  readonly #ended = this.registry.family(
    'ikeEnded',
    ['handshake', 'established'].flatMap((stage) => REASONS.map((reason) => [stage, reason])),
  );
  readonly #ikeEncr = this.registry.family('ikeEncr');
  readonly #ikeInteg = this.registry.family('ikeInteg');
  readonly #ikeGroup = this.registry.family('ikeGroup');
  readonly #childEstablished = this.registry.family('childEstablished', [['esp'], ['ah']]);
  readonly #childRekeyed = this.registry.family('childRekeyed');
  readonly #childEnded = this.registry.family(
    'childEnded',
    REASONS.map((reason) => [reason]),
  );
  readonly #childFinished = this.registry.family('childFinished');
  readonly #childShape = this.registry.family('childShape', [['esn'], ['encap'], ['non_encap']]);
  readonly #childEncr = this.registry.family('childEncr');
  readonly #childInteg = this.registry.family('childInteg');
  readonly #traffic = this.registry.family(
    'traffic',
    ['esp', 'ah'].flatMap((protocol) => DIRECTIONS.map(([way]) => [protocol, way])),
  );
  readonly #notifies = this.registry.family('notifies');
  readonly #deletes = this.registry.family('deletes', DIRECTIONS);
  readonly #notifyPlaces = [new Map<number, number>(), new Map<number, number>()];
  /** SAs that ended without a reason that the protocol knows are finished all the same. */
  #finished = 0;

  /** IKE SAs that are established now. */
  get authenticated(): number {
    return this.#established.value();
  }

  /** `--clearstats`: what is now stays. */
  clear(): void {
    this.registry.clear();
    this.#finished = 0;
    Object.assign(this.redirects, { sent: 0, obeyed: 0, refused: 0 });
    for (const durations of Object.values(this.handshakes)) durations.clear();
  }

  ikeStarted(role: Role): void {
    this.#started.count(role);
  }

  /** From `before` to `after`; one that begins has no `before`, one that ends no `after`. */
  ikeState(before: IkeState | undefined, after: IkeState | undefined): void {
    if (before !== undefined) this.#states.count(before, -1);
    if (after !== undefined) this.#states.count(after);
  }

  ikeStates(): Iterable<readonly [IkeState, number]> {
    return STATES.map((state) => [state, this.#states.of(state)] as const);
  }

  /** The peer is authentic, `ms` after the first message. */
  ikeUp(role: Role, suite: IkeSuite | undefined, ms: number): void {
    this.#established.inc();
    this.#establishedBy.count('handshake');
    this.handshakes[role].note(ms);
    if (!suite) return;
    this.#ikeEncr.count(suite.encr.name);
    this.#ikeInteg.count(suite.integ?.name ?? 'NONE');
    this.#ikeGroup.count(suite.group.name);
  }

  /** A successor of one that was up. */
  ikeRekeyed(): void {
    this.#established.inc();
    this.#establishedBy.count('rekey');
  }

  /** It is gone. */
  ikeDown(wasUp: boolean): void {
    if (wasUp) this.#established.inc(0, -1);
    this.#finished++;
  }

  ikeEnded(wasUp: boolean, why: DownReason): void {
    this.#ended.inc(this.#ended.place(wasUp ? 'established' : 'handshake', why));
  }

  /** The data plane has it. */
  childUp({ suite, encapsulated, replaces }: ChildUp): void {
    this.#childEstablished.count(suite.protocol);
    if (replaces !== undefined) this.#childRekeyed.inc();
    if (suite.esn) this.#childShape.count('esn');
    this.#childShape.count(encapsulated ? 'encap' : 'non_encap');
    if (suite.encr) this.#childEncr.count(suite.encr.name);
    this.#childInteg.count(suite.integ?.name ?? 'NONE');
  }

  childEnded(why: DownReason): void {
    this.#childEnded.count(why);
  }

  /** Octets that a Child SA has carried, at its end. */
  childDown(protocol: 'esp' | 'ah', inBytes: number, outBytes: number): void {
    this.#childFinished.inc();
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
  noted(direction: 'in' | 'out', notify: number | 'delete'): void {
    if (notify === 'delete') return this.#deletes.count(direction);
    const places = this.#notifyPlaces[direction === 'in' ? 0 : 1];
    let place = places.get(notify);
    if (place === undefined) {
      place = this.#notifies.place(direction, NOTIFY_NAMES.get(notify) ?? 'unknown');
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
    'total.ike.ikev2.established': () => this.#establishedBy.of('handshake'),
    'total.ike.ikev2.completed': () => this.#establishedBy.of('handshake'),
    'total.ike.ikev2.failed': () => this.#failed('refused') + this.#failed('timeout'),
    'total.ikev2.ike.started': () => sum(this.#started, ROLES),
    'total.ikev2.ike.established': () => this.#establishedBy.of('handshake') + this.#establishedBy.of('rekey'),
    'total.ikev2.ike.finished': () => this.#finished,
    'total.ikev2.ike.finished.refused': () => this.#failed('refused'),
    'total.ikev2.ike.finished.timeout': () => this.#failed('timeout'),
    'total.ikev2.child.established': () => sum(this.#childEstablished, [['esp'], ['ah']]),
    'total.ikev2.child.finished': () => this.#childFinished.value(),
    'total.ipsec.type.all': () => sum(this.#childEstablished, [['esp'], ['ah']]),
    'total.ipsec.type.esp': () => this.#childEstablished.of('esp'),
    'total.ipsec.type.ah': () => this.#childEstablished.of('ah'),
    'total.ipsec.traffic.in': () => this.#traffic.of('esp', 'in') + this.#traffic.of('ah', 'in'),
    'total.ipsec.traffic.out': () => this.#traffic.of('esp', 'out') + this.#traffic.of('ah', 'out'),
    'total.ike.ikev2.redirect.completed': () => this.redirects.obeyed,
    'total.ike.ikev2.redirect.failed': () => this.redirects.refused,
    'total.ike.dpd.sent': () => this.liveness.value(),
    'total.ike.packets.retransmitted': () => this.retransmits.value(),
  };

  readonly #byPrefix: Readonly<Record<string, (name: string) => number>> = {
    'total.ikev2.encr': (name) => this.#ikeEncr.of(name),
    'total.ikev2.integ': (name) => this.#ikeInteg.of(name),
    'total.ikev2.group': (name) => this.#ikeGroup.of(name),
    'total.ikev2.ipsec.encr': (name) => this.#childEncr.of(name),
    'total.ikev2.ipsec.integ': (name) => this.#childInteg.of(name),
    'total.ipsec.type': (shape) => this.#childShape.of(shape),
    'total.ipsec.esp.traffic': (way) => this.#traffic.of('esp', way),
    'total.ipsec.ah.traffic': (way) => this.#traffic.of('ah', way),
    'total.ikev2.sent.notifies.error': (name) => this.#notifies.of('out', name),
    'total.ikev2.sent.notifies.status': (name) => this.#notifies.of('out', name),
    'total.ikev2.recv.notifies.error': (name) => this.#notifies.of('in', name),
    'total.ikev2.recv.notifies.status': (name) => this.#notifies.of('in', name),
  };

  #failed(why: DownReason): number {
    return this.#ended.of('handshake', why) + this.#ended.of('established', why);
  }
}

interface ChildUp {
  readonly suite: ChildSuite;
  readonly encapsulated: boolean;
  readonly replaces?: number | undefined;
}

const sum = (family: Family, series: readonly (readonly string[])[]): number =>
  series.reduce((total, labels) => total + family.of(...labels), 0);
