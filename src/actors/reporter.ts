/**
 * A report in the making: a generator that yields rows to send, or nothing where others should have their turn. An
 * actor of its own draws it out, so that a listing of any length takes its turns like everybody else, and no more
 * than its client reads.
 */
import type { Answer } from '../control/answer.ts';
import { RC } from '../control/reply-codes.ts';
import type { Rows } from '../control/status/rows.ts';
import type { ActorRef, Behavior, Context } from './runtime/index.ts';

export type Making<T = void> = Generator<Rows | undefined, T, void>;

/** Rows to a frame: some 200 µs of work. */
export const SLICE = 20;
/** ms of work before a pause; more in the midst of a slice, for what is held over a pause grows old as garbage. */
const BURST = 1;
const MOST = 4;
/** Turns that an actor may take to answer; one that lives reads 16 messages in each. */
const PATIENCE = 1_000;

/** What every actor that reports understands. */
interface Question<R> {
  readonly t: 'report';
  readonly to: (answer: R) => void;
}

/** Asks all of them; who has ended says nothing. */
export function* asked<R>(refs: readonly ActorRef<Question<R>>[]): Making<readonly (R | undefined)[]> {
  const answers = new Array<R | undefined>(refs.length).fill(undefined);
  refs.forEach((ref, i) => {
    const to = (answer: R) => {
      answers[i] = answer;
    };
    ref.tell({ t: 'report', to });
  });
  for (let turn = 0; turn < PATIENCE; turn++) {
    yield undefined;
    if (refs.every((ref, i) => answers[i] !== undefined || ref.hasEnded)) break;
  }
  return answers;
}

/** Arrays of up to `SLICE`, in order; what is added meanwhile comes too, where `items` lets it. */
export function* slices<T>(items: Iterable<T>): Generator<readonly T[], void, void> {
  let slice: T[] = [];
  for (const item of items) {
    slice.push(item);
    if (slice.length < SLICE) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

/**
 * Shared by all reports of a daemon. Between two bursts one that is alone lets the loop look at its sockets: whoever has sent
 * something is served. Where there are several, each pauses as long as it takes all of them to take half of the thread's time.
 */
export class Pace {
  /** Reports under way that wait for nobody. */
  working = 0;

  /** ms; 0: a turn of the loop. */
  get pause(): number {
    return this.working > 1 ? (2 * this.working - 1) * BURST : 0;
  }
}

/** `rested`: go on after a pause. `room`: the client has read. */
type Prompt = 'go' | 'rested' | 'room' | 'gone';

export class Reporter implements Behavior<Prompt> {
  readonly #making: Making;
  readonly #answer: Answer;
  readonly #pace: Pace;
  #isWaiting = false;
  /** When it began to work after its last pause. */
  #since = 0;

  constructor(making: Making, answer: Answer, pace: Pace) {
    this.#making = making;
    this.#answer = answer;
    this.#pace = pace;
  }

  started(self: Context<Prompt>): void {
    this.#pace.working++;
    this.#answer.onGone(() => self.tell('gone'));
    self.tell('rested');
  }

  receive(message: Prompt, self: Context<Prompt>): void {
    if (message === 'gone' || !this.#answer.isOpen) return self.stop();
    if (message === 'room') this.#setWaiting(false);
    if (message !== 'go') this.#since = self.now();
    const { value, done } = this.#making.next();
    if (done) return self.stop();
    const isSlice = value !== undefined && value.rows.length > 0;
    if (isSlice) {
      this.#answer.rows(value);
      if (this.#answer.isCongested) {
        this.#setWaiting(true);
        return this.#answer.onRoom(() => self.tell('room'));
      }
    }
    this.#goOn(self, isSlice ? BURST : MOST);
  }

  #goOn(self: Context<Prompt>, burst: number): void {
    if (self.now() < this.#since + burst) return self.tell('go');
    const { pause } = this.#pace;
    if (pause === 0) self.soon('rested');
    else self.after(pause, 'rested');
  }

  #setWaiting(isWaiting: boolean): void {
    this.#isWaiting = isWaiting;
    this.#pace.working += isWaiting ? -1 : 1;
  }

  /** Whatever the reason: nobody may wait for more. */
  stopped(why: 'stopped' | 'crashed'): void {
    if (!this.#isWaiting) this.#pace.working--;
    this.#making.return();
    if (why === 'crashed') this.#answer.line(RC.INTERNAL_ERROR, 'internal error');
    this.#answer.end();
  }
}
