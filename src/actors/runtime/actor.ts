import type { TimerId } from './timers.ts';

/** What an actor does. A class with flat fields, one instance per actor. No method may be async or call back later. */
export interface Behavior<M> {
  /** One message, one step. A throw ends this actor and its children, nothing else. */
  receive(message: M, self: Context<M>): void;
  /** It has its turns after all others that have something to read. Asked whenever it gets in line. */
  readonly standsBack?: boolean;
  /** The first step, before any message. */
  started?(self: Context<M>): void;
  /**
   * Asked to stop: children are gone, earlier messages are read. An actor with work left (a delete to send) goes on
   * receiving and calls `self.stop()` when done. Without this method it ends at once.
   */
  stopping?(self: Context<M>): void;
  /** The end, after the children's: let go of sockets, wipe secrets. No more steps follow. */
  stopped?(why: EndReason): void;
}

/** `stopped` also covers children that ended with their parent, whatever ended that. */
export type EndReason = 'stopped' | 'crashed';

/** A number is a state's serial: `#7` in paths, and nothing in memory. */
export type ActorName = string | number;

/** An actor's address. Telling is all one may do with another actor; it never throws and never runs a step. */
export interface ActorRef<M> {
  /** A command: never dropped, however long the mailbox. One that comes after the end is a dead letter. */
  readonly tell: (message: M) => void;
  /** A packet: false, and counted as dropped, if the mailbox is full or the actor has ended. */
  readonly offer: (message: M) => boolean;
  readonly name: string;
  /** Built when asked for: `/connections/west-east/#2`. Kept after the end. */
  readonly path: string;
  readonly hasEnded: boolean;
}

/** What a step may do besides telling: the actor's own address and its means. Not for use outside its steps. */
export interface Context<M> extends ActorRef<M> {
  /** ms, monotonic. */
  readonly now: () => number;
  /** ms since the epoch: for showing, not for measuring. */
  readonly wall: () => number;
  /** A child. It starts in its own turn, ends before this actor does, and must be `watch`ed to hear of its end. */
  readonly spawn: <C>(name: ActorName, behavior: Behavior<C>) => ActorRef<C>;
  /** Ends this actor after the current step: children first, the rest of the mailbox unread. */
  readonly stop: () => void;
  /** Tells this actor `message` once `ms` have passed, never early, at most a tick (1 ms) and a slice late. */
  readonly after: (ms: number, message: M) => TimerId;
  /** Tells this actor `message` once the loop has looked at its sockets: between two parts of long work. */
  readonly soon: (message: M) => void;
  /** The timer's message will not be received, even if it waits in the mailbox already. */
  readonly cancel: (timer: TimerId) => void;
  /** The same of those timers of this actor whose message is this very one (`===`): it need not remember their ids. */
  readonly forget: (message: M) => void;
  /** Its timers in the order of arming, and in how many ms they fire; not positive once one has fired. */
  readonly timers: () => readonly { readonly message: unknown; readonly in: number }[];
  /** When `target` ends (or if it has ended), this actor is told what `build` makes of it. Share one `build`. */
  readonly watch: (target: ActorRef<never>, build: (end: Ended) => M) => void;
  readonly unwatch: (target: ActorRef<never>) => void;
}

export interface Ended {
  readonly ref: ActorRef<never>;
  readonly why: EndReason;
}

/** A throw, as handed to the system's `report` port. `message` is what was being read, if anything. */
export interface Crash {
  readonly path: string;
  readonly during: 'started' | 'receive' | 'stopping' | 'stopped' | 'watch';
  readonly message: unknown;
  readonly error: unknown;
}

/** The whole system's, since its start unless said otherwise. */
export interface SystemCounters {
  /** Steps taken. */
  messages: number;
  /** Refused by `offer` because a mailbox was full. */
  dropped: number;
  /** Messages that came after their actor's end, or waited in its mailbox then. */
  deadLetters: number;
  crashes: number;
  /** Crashes whose report threw in its turn. */
  reportsLost: number;
  /** Alive now. */
  actors: number;
  /** Waiting in all mailboxes now. */
  waiting: number;
  /** Armed now. */
  timers: number;
  /** Turns of the event loop that were used. */
  slices: number;
  /** The longest a step has held the thread, ms, and whose it was. */
  longestStepMs: number;
  longestStepPath: string;
}
