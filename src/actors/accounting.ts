/**
 * The sessions of RADIUS users: begun when the user's IKE SA comes up, carried on when that is rekeyed, over with the last
 * of them. What the data plane has counted is told when a session ends, and now and then before.
 *
 *     ike-sa ─up, moved, down─► session ◄─childUp, childDown─ ike-sa, child-sa
 *                                  │
 *                                  └─► RADIUS, if it is to be told
 */
import type { DownReason } from '../ike/effects.ts';
import type { SaCounters } from '../kernel/port.ts';
import type { Wanted } from '../services/radius/dae.ts';
import type { Cause, Event, SessionName, Traffic } from '../services/radius/record.ts';
import type { ChildSaMessage, ChildTraffic } from './child-sa.ts';
import type { IkeSaMessage } from './ike-sa.ts';
import type { Machine } from './protocol.ts';
import type { ActorRef, Clock } from './runtime/index.ts';

/** What the actors of SAs tell; nothing of it means anything for those of other users. */
export interface Accounting {
  /** The peer has proven who it is. */
  up(sa: Machine, ike: ActorRef<IkeSaMessage>): void;
  /** The IKE SA with this serial has handed over to another. */
  moved(from: number, to: number, ike: ActorRef<IkeSaMessage>): void;
  down(serial: number, why: DownReason): void;
  childUp(ike: number, serial: number, child: ActorRef<ChildSaMessage>): void;
  /** Harmless when it is told again. */
  childDown(serial: number, counted?: Pick<ChildTraffic, 'in' | 'out'>): void;
  /** Names and values for `--globalstatus`. */
  figures(): Iterable<readonly [string, number]>;
}

/** Nobody wants to know. */
export const NO_ACCOUNTING: Accounting = {
  up: () => {},
  moved: () => {},
  down: () => {},
  childUp: () => {},
  childDown: () => {},
  figures: () => [],
};

export interface SessionsOptions {
  readonly clock: Clock;
  readonly random: (octets: number) => Uint8Array;
  /** ms between updates; 0: none. */
  readonly interim: number;
  /** Who is told. */
  readonly radius: {
    note(name: SessionName, event: Event): void;
    figures(): Iterable<readonly [string, number]>;
  };
}

interface Session {
  name: SessionName;
  /** ms of the clock. */
  readonly since: number;
  dueAt: number;
  serial: number;
  ike: ActorRef<IkeSaMessage>;
  /** Of the children that are gone. */
  past: Traffic;
  readonly children: Map<number, Child>;
  /** Children that have not yet said what they have carried. */
  awaited: number;
  /** Its IKE SA is gone; its children are about to be. */
  cause: Cause | undefined;
  /** Rings when the user has been there for long enough. */
  limit: { cancel(): void } | undefined;
  hasRungOut: boolean;
}

interface Child {
  readonly ref: ActorRef<ChildSaMessage>;
  now: Traffic;
  /** What was carried in another session. */
  readonly before: Traffic;
  /** Asked for its counters. */
  isAwaited: boolean;
}

export class Sessions implements Accounting {
  readonly #options: SessionsOptions;
  /** No other run of the daemon has it. */
  readonly #run: string;
  #count = 0;
  /** By the serial of their IKE SA, the one that is due next in first place. */
  readonly #sessions = new Map<number, Session>();
  readonly #children = new Map<number, Session>();
  #alarm: { cancel(): void } | undefined = undefined;
  #isClosing = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const started = Math.floor(options.clock.wall() / 1000).toString(16);
    this.#run = `${started}${Buffer.from(options.random(4)).toString('hex')}`;
  }

  /** For what is told of no session: the daemon's own coming and going. */
  get ownId(): string {
    return `${this.#run}-0`;
  }

  up(sa: Machine, ike: ActorRef<IkeSaMessage>): void {
    const { eapUser, serial, peer, local, policy } = sa;
    if (!eapUser?.classes || this.#sessions.has(serial)) return;
    const now = this.#options.clock.now();
    const name: SessionName = {
      id: `${this.#run}-${++this.#count}`,
      user: eapUser.name,
      classes: eapUser.classes,
      peer: peer.address,
      local: local.address,
      conn: policy.name,
    };
    const session: Session = {
      name,
      since: now,
      dueAt: now + this.#options.interim,
      serial,
      ike,
      past: NOTHING,
      children: new Map(),
      awaited: 0,
      cause: undefined,
      limit: undefined,
      hasRungOut: false,
    };
    this.#sessions.set(serial, session);
    this.#options.radius.note(name, { t: 'start' });
    this.#arm();
    if (eapUser.lasts !== undefined) this.#limit(session, now + eapUser.lasts);
  }

  moved(from: number, to: number, ike: ActorRef<IkeSaMessage>): void {
    const session = this.#sessions.get(from);
    if (!session) return;
    const heir = this.#sessions.get(to);
    if (heir) return this.#succeed(session, heir);
    this.#sessions.delete(from);
    session.serial = to;
    session.ike = ike;
    // It goes to the end, where those are that are due last.
    session.dueAt = this.#options.clock.now() + this.#options.interim;
    this.#sessions.set(to, session);
  }

  down(serial: number, why: DownReason): void {
    const session = this.#sessions.get(serial);
    if (!session || session.cause !== undefined) return;
    const isOurs = why === 'asked' || why === 'local';
    session.cause = this.#isClosing && isOurs ? 'Admin-Reboot' : CAUSES[session.hasRungOut && isOurs ? 'expired' : why];
    this.#endIfOver(session);
  }

  childUp(ike: number, serial: number, child: ActorRef<ChildSaMessage>): void {
    const session = this.#sessions.get(ike);
    if (!session) return;
    session.children.set(serial, { ref: child, now: NOTHING, before: NOTHING, isAwaited: false });
    this.#children.set(serial, session);
  }

  childDown(serial: number, counted?: Pick<ChildTraffic, 'in' | 'out'>): void {
    const session = this.#children.get(serial);
    const child = session?.children.get(serial);
    if (!session || !child) return;
    this.#children.delete(serial);
    session.children.delete(serial);
    session.past = sum(session.past, without(counted ? trafficOf(counted) : child.now, child.before));
    if (child.isAwaited && --session.awaited === 0) this.#noteInterim(session);
    this.#endIfOver(session);
  }

  /** All that have what is wanted are deleted, with a farewell; how many there are. */
  disconnect({ id, user, peer, conn, local, classes }: Wanted): number {
    const found = [...this.#sessions.values()].filter(
      ({ name, cause }) =>
        cause === undefined &&
        (id === undefined || name.id === id) &&
        (user === undefined || name.user === user) &&
        (conn === undefined || name.conn === conn) &&
        (!peer || name.peer.equals(peer)) &&
        (!local || name.local.equals(local)),
    );
    for (const session of found) {
      if (classes.length > 0) session.name = { ...session.name, classes };
      deleteIke(session, 'asked for by RADIUS');
    }
    return found.length;
  }

  /** What ends from now on ends because the daemon does. */
  closing(): void {
    this.#isClosing = true;
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  /** Those whose IKE SA or children have not come to their end in time. */
  close(): void {
    for (const session of this.#sessions.values()) {
      session.cause ??= 'Admin-Reboot';
      this.#end(session);
    }
  }

  *figures(): Generator<readonly [string, number]> {
    yield ['current.radius.sessions', this.#sessions.size];
    yield ['total.radius.sessions', this.#count];
    yield* this.#options.radius.figures();
  }

  /** IKEv1: the user has logged in once more. What the children carry from now on is of the new session. */
  #succeed(session: Session, heir: Session): void {
    for (const [serial, child] of session.children) {
      child.isAwaited = false;
      session.past = sum(session.past, without(child.now, child.before));
      heir.children.set(serial, { ref: child.ref, now: child.now, before: child.now, isAwaited: false });
      this.#children.set(serial, heir);
    }
    session.children.clear();
    session.cause ??= CAUSES.replaced;
    this.#end(session);
  }

  #endIfOver(session: Session): void {
    if (session.cause !== undefined && session.children.size === 0) this.#end(session);
  }

  /** An alarm that is very far away rings before. */
  #limit(session: Session, at: number): void {
    const { clock } = this.#options;
    session.limit = clock.alarm(at, () => {
      if (clock.now() + EARLY < at) return this.#limit(session, at);
      session.hasRungOut = true;
      deleteIke(session, 'the user has had the time that RADIUS grants');
    });
  }

  #end(session: Session): void {
    session.limit?.cancel();
    this.#sessions.delete(session.serial);
    for (const serial of session.children.keys()) this.#children.delete(serial);
    const { cause = 'NAS-Error' } = session;
    this.#options.radius.note(session.name, { t: 'stop', cause, ...this.#usage(session) });
  }

  // --- updates -----------------------------------------------------------------------------------------------

  #arm(): void {
    const { clock, interim } = this.#options;
    const next = this.#sessions.values().next().value;
    if (this.#alarm || interim === 0 || this.#isClosing || !next) return;
    this.#alarm = clock.alarm(next.dueAt, () => {
      this.#alarm = undefined;
      this.#update();
      this.#arm();
    });
  }

  #update(): void {
    const { clock, interim } = this.#options;
    const now = clock.now();
    for (const [serial, session] of this.#sessions) {
      if (session.dueAt > now + EARLY) break;
      this.#sessions.delete(serial);
      session.dueAt = now + interim;
      this.#sessions.set(serial, session);
      this.#askChildren(session);
    }
  }

  #askChildren(session: Session): void {
    // The last time's answers are still to come: then they do for this time, too.
    if (session.awaited > 0 || session.cause !== undefined) return;
    session.awaited = session.children.size;
    if (session.awaited === 0) return this.#noteInterim(session);
    for (const child of session.children.values()) {
      child.isAwaited = true;
      child.ref.tell({
        t: 'report',
        to: (traffic) => {
          if (!child.isAwaited) return;
          child.isAwaited = false;
          child.now = trafficOf(traffic);
          if (--session.awaited === 0) this.#noteInterim(session);
        },
      });
    }
  }

  #noteInterim(session: Session): void {
    if (session.cause === undefined) this.#options.radius.note(session.name, { t: 'interim', ...this.#usage(session) });
  }

  #usage(session: Session): { readonly seconds: number; readonly traffic: Traffic } {
    let traffic = session.past;
    for (const { now, before } of session.children.values()) traffic = sum(traffic, without(now, before));
    return { seconds: Math.round((this.#options.clock.now() - session.since) / 1000), traffic };
  }
}

const deleteIke = ({ ike }: Session, why: string): void => ike.tell({ t: 'command', command: { t: 'deleteIke', why } });

/** An alarm may ring a little early. */
const EARLY = 5;

const CAUSES: Readonly<Record<DownReason, Cause>> = {
  asked: 'Admin-Reset',
  peer: 'User-Request',
  timeout: 'Lost-Carrier',
  refused: 'Service-Unavailable',
  denied: 'Service-Unavailable',
  expired: 'Session-Timeout',
  replaced: 'Port-Preempted',
  local: 'NAS-Error',
};

const NOTHING: Traffic = Object.freeze({ octetsIn: 0, octetsOut: 0, packetsIn: 0, packetsOut: 0 });

const trafficOf = (counted: {
  readonly in: SaCounters | undefined;
  readonly out: SaCounters | undefined;
}): Traffic => ({
  octetsIn: counted.in?.bytes ?? 0,
  octetsOut: counted.out?.bytes ?? 0,
  packetsIn: counted.in?.packets ?? 0,
  packetsOut: counted.out?.packets ?? 0,
});

const sum = (a: Traffic, b: Traffic): Traffic => ({
  octetsIn: a.octetsIn + b.octetsIn,
  octetsOut: a.octetsOut + b.octetsOut,
  packetsIn: a.packetsIn + b.packetsIn,
  packetsOut: a.packetsOut + b.packetsOut,
});

const without = (a: Traffic, b: Traffic): Traffic => ({
  octetsIn: a.octetsIn - b.octetsIn,
  octetsOut: a.octetsOut - b.octetsOut,
  packetsIn: a.packetsIn - b.packetsIn,
  packetsOut: a.packetsOut - b.packetsOut,
});
