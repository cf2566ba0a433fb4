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
/** ms of work before a pause, and the pause: a listing takes half of the thread's time at most. */
const BURST = 1;
const PAUSE = 1;
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

/** `rested`: go on after a pause. */
type Prompt = 'go' | 'rested' | 'gone';

export class Reporter implements Behavior<Prompt> {
  readonly #making: Making;
  readonly #answer: Answer;
  /** When it began to work after its last pause. */
  #since = 0;

  constructor(making: Making, answer: Answer) {
    this.#making = making;
    this.#answer = answer;
  }

  started(self: Context<Prompt>): void {
    this.#answer.onGone(() => self.tell('gone'));
    self.tell('rested');
  }

  receive(message: Prompt, self: Context<Prompt>): void {
    if (message === 'gone' || !this.#answer.isOpen) return self.stop();
    if (message === 'rested') this.#since = self.now();
    const { value, done } = this.#making.next();
    if (done) return self.stop();
    if (value && value.rows.length > 0) {
      this.#answer.rows(value);
      if (this.#answer.isCongested) return this.#answer.onRoom(() => self.tell('rested'));
    }
    this.#goOn(self);
  }

  #goOn(self: Context<Prompt>): void {
    if (self.now() < this.#since + BURST) return self.tell('go');
    self.after(PAUSE, 'rested');
  }

  /** Whatever the reason: nobody may wait for more. */
  stopped(why: 'stopped' | 'crashed'): void {
    this.#making.return();
    if (why === 'crashed') this.#answer.line(RC.INTERNAL_ERROR, 'internal error');
    this.#answer.end();
  }
}
