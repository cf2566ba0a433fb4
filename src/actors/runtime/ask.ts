import type { ActorRef, Behavior, Context } from './actor.ts';

/** Put into the message that asks; the first call answers, later ones and late ones do nothing. */
export type Reply<R> = (value: R) => void;

/** `deadline`: no answer in time; `stopped`: the actor ended without answering, or had ended before. */
export type AskResult<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly why: 'deadline' | 'stopped' };

/** An actor that lives for one question, so that deadline, watch and shutdown work as for all others. */
export class Asking<R> implements Behavior<AskResult<R>> {
  readonly #target: ActorRef<never>;
  readonly #within: number;
  readonly #resolve: (result: AskResult<R>) => void;

  constructor(target: ActorRef<never>, within: number, resolve: (result: AskResult<R>) => void) {
    this.#target = target;
    this.#within = within;
    this.#resolve = resolve;
  }

  started(self: Context<AskResult<R>>): void {
    self.after(this.#within, DEADLINE);
    self.watch(this.#target, unanswered);
  }

  receive(result: AskResult<R>, self: Context<AskResult<R>>): void {
    this.#resolve(result);
    self.stop();
  }

  stopped(): void {
    this.#resolve(STOPPED);
  }
}

const DEADLINE = { ok: false, why: 'deadline' } as const;
const STOPPED = { ok: false, why: 'stopped' } as const;
const unanswered = () => STOPPED;
