/** Long work of the daemon in steps that hold up nobody: a generator, driven for a moment, then packets, then again. */
import type { Answer } from '../control/answer.ts';
import { RC } from '../control/reply-codes.ts';
import type { ActorRef, Behavior, Context, EndReason } from './runtime/index.ts';
import type { World } from './world.ts';

/**
 * Steps of at most some 50 µs each. One that has yielded `room` goes on when its client has read what it was sent, or
 * has gone.
 */
export type Work = Generator<'room' | undefined, void>;

/** ms at a time. */
const SLICE = 1;
/** Steps at a time, whatever the clock says, and between two looks at it. */
const STEPS = 256;
const LOOK_EVERY = 8;

export interface Interest {
  /** Ended when the work is. */
  readonly answer?: Answer;
  /** Called when the work is over, however it ended. */
  readonly over?: () => void;
}

export function inSlices(world: World, name: string, work: Work, interest: Interest = {}): ActorRef<'more'> {
  return world.spawn('connections', name, new Slices(work, interest));
}

class Slices implements Behavior<'more'> {
  readonly #work: Work;
  readonly #answer: Answer | undefined;
  readonly #over: (() => void) | undefined;
  #isDone = false;

  constructor(work: Work, { answer, over }: Interest) {
    this.#work = work;
    this.#answer = answer;
    this.#over = over;
  }

  started(self: Context<'more'>): void {
    self.soon('more');
  }

  receive(_: 'more', self: Context<'more'>): void {
    const until = self.now() + SLICE;
    for (let steps = 1; ; steps++) {
      const { done, value } = this.#work.next();
      if (done) {
        this.#isDone = true;
        return self.stop();
      }
      if (value === 'room' && this.#answer) return waitForRoom(this.#answer, self);
      if (steps >= STEPS || (steps % LOOK_EVERY === 0 && self.now() >= until)) break;
    }
    self.soon('more');
  }

  /** Also after a throw: whoever asked is not left waiting. */
  stopped(why: EndReason): void {
    if (why === 'crashed') this.#answer?.line(RC.INTERNAL_ERROR, 'internal error');
    else if (!this.#isDone) this.#answer?.line(RC.FATAL, 'not done to the end: pluto is shutting down');
    this.#answer?.end();
    this.#over?.();
  }
}

function waitForRoom(answer: Answer, self: Context<'more'>): void {
  let isOver = false;
  const resume = () => {
    if (isOver) return;
    isOver = true;
    self.tell('more');
  };
  answer.onRoom(resume);
  answer.onGone(resume);
  if (!answer.isOpen) resume();
}
