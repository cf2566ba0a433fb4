/** How the daemon answers one request of one client. */
import type { RC, ReplyCode } from './reply-codes.ts';
import type { Rows } from './status/rows.ts';

/** Who is asking, as the kernel told it (SO_PEERCRED). */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** `ENTERSECRET` is typed without showing. */
export type PromptCode = (typeof RC)['ENTERSECRET' | 'USERPROMPT'];

/** What was typed, in UTF-8, for whoever gets it to wipe; undefined: nothing, and there will be nothing. */
export type Typed = (octets: Uint8Array | undefined) => void;

/**
 * A stream of lines and rows that ends once. Every method may be called after the client has gone or the
 * answer has ended: it then does nothing, so that a slow negotiation need not know who still watches it.
 */
export interface Answer {
  readonly peer: PeerCredentials;
  /** False once ended, or once the client has gone. */
  readonly isOpen: boolean;
  /** What this is a part of: who has a line for several parts of it tells it once. */
  readonly whole?: Answer;
  /** One line of text without its newline. */
  line(code: ReplyCode, text: string): void;
  /** A slice of a report: some 200 rows, so that neither side holds its breath. */
  rows(rows: Rows): void;
  /** The client reads slower than we write: stop producing rows until `onRoom`. Past a bound the client is dropped. */
  readonly isCongested: boolean;
  /** Calls `resume` once, from the event loop, when the client has caught up. Never if it goes. */
  onRoom(resume: () => void): void;
  /**
   * Asks whoever sits there to type something; one question after the other. `typed` is called exactly once, on a later
   * turn of the event loop: also when the client goes, or the answer ends, before. Absent: there is nobody to ask.
   */
  prompt?(code: PromptCode, text: string, typed: Typed): void;
  /** Calls `gone` once if the client goes before the end. */
  onGone(gone: () => void): void;
  /** No more. The exit status follows from the codes said (reply-codes.ts); a report's is always 0. */
  end(): void;
}
