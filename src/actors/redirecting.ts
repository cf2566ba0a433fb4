/**
 * `whack --redirect-to`, `ipsec redirect`: established peers are sent to other gateways, RFC 5685 §5. Thousands of them
 * in slices, with a bound on those that have yet to hear of it: a gateway is emptied as fast as its peers answer, and the
 * other one meets no more of them at a time.
 */
import type { Answer } from '../control/answer.ts';
import type { RequestOf } from '../control/protocol.ts';
import { RC } from '../control/reply-codes.ts';
import type { Policy } from '../ike/policy.ts';
import { parseGateways } from '../net/gateways.ts';
import type { IkeSaMessage } from './ike-sa.ts';
import { end } from './orders.ts';
import type { ActorRef, Behavior, Context, EndReason } from './runtime/index.ts';
import type { World } from './world.ts';

/**
 * What became of one: the peer has heard of it; it cannot be sent anywhere (it has not said so, or we began); its SA has
 * ended; it is not meant.
 */
export type Fate = 'told' | 'unable' | 'gone' | 'other';

export interface RedirectOrder {
  readonly t: 'redirect';
  readonly of: (policy: Policy) => boolean;
  /** The next gateway. */
  readonly to: () => string;
  /** Called once, unless the SA ends before. */
  readonly over: (fate: Exclude<Fate, 'gone'>) => void;
}

/** Peers that have been told and have not answered. */
const MOST_AT_ONCE = 256;
/** ms at a time. */
const SLICE = 1;

export function redirect(
  world: World,
  { name, to }: RequestOf<'redirect'>,
  answer: Answer,
  atOnce = MOST_AT_ONCE,
): void {
  const parsed = parseGateways(to);
  if ('bad' in parsed)
    return end(answer, RC.WHACK_PROBLEM, `cannot redirect to "${parsed.bad}": neither an address nor a host name`);
  if (parsed.to.length === 0) return end(answer, RC.WHACK_PROBLEM, '--redirect-to needs a gateway');
  const of = name === undefined ? () => true : named(world, name);
  if (!of) return end(answer, RC.UNKNOWN_NAME, `no connection or alias named "${name}"`);
  const gateways = parsed.to;
  world.spawn('connections', `redirect ${gateways}`, new Redirecting(world, { of, gateways, answer, atOnce }));
}

/** Connections of that name or alias, with their instances; `road[7]` is one of those. */
function named({ registry }: World, name: string): ((policy: Policy) => boolean) | undefined {
  const entries = registry.namedOrAliased(name);
  if (entries.length === 0) return undefined;
  const [{ template, policy }] = entries;
  if (template) return (one) => one === policy;
  const names = new Set(entries.map(({ conn }) => conn.name));
  return (one) => names.has(one.name);
}

interface Redirection {
  readonly of: (policy: Policy) => boolean;
  readonly gateways: readonly string[];
  readonly answer: Answer;
  readonly atOnce: number;
}

type Message =
  | 'more'
  | { readonly t: 'over'; readonly ike: ActorRef<IkeSaMessage>; readonly fate: Fate }
  | { readonly t: 'ended'; readonly ref: ActorRef<never> };

class Redirecting implements Behavior<Message> {
  readonly #world: World;
  readonly #what: Redirection;
  readonly #left: ActorRef<IkeSaMessage>[];
  readonly #waiting = new Set<ActorRef<never>>();
  readonly #fates: Record<Fate, number> = { told: 0, unable: 0, gone: 0, other: 0 };
  #turns = 0;
  #isResting = false;

  constructor(world: World, what: Redirection) {
    this.#world = world;
    this.#what = what;
    this.#left = [...world.switchboard.sas()];
  }

  started(self: Context<Message>): void {
    self.soon('more');
  }

  receive(message: Message, self: Context<Message>): void {
    if (message === 'more') return this.#goOn(self);
    const ref = message.t === 'over' ? message.ike : message.ref;
    if (!this.#waiting.delete(ref)) return;
    this.#fates[message.t === 'over' ? message.fate : 'gone']++;
    if (message.t === 'over') self.unwatch(ref);
    if (this.#isResting) this.#goOn(self);
  }

  /** Also after a throw: whoever asked is not left waiting. */
  stopped(why: EndReason): void {
    const { told, unable, gone } = this.#fates;
    const rest = [
      ...(unable > 0 ? [`${unable} cannot follow (no accept-redirect= there, or begun here)`] : []),
      ...(gone > 0 ? [`${gone} went before they had heard of it`] : []),
      ...(why === 'crashed'
        ? ['internal error']
        : this.#left.length + this.#waiting.size > 0
          ? ['not done to the end']
          : []),
    ];
    const peers = told === 1 ? '1 peer' : `${told} peers`;
    const text = [`sent ${peers} to ${this.#what.gateways.join(', ')}`, ...rest].join('; ');
    end(this.#what.answer, RC.LOG, this.#world.log('info', text));
  }

  #goOn(self: Context<Message>): void {
    this.#isResting = false;
    const until = self.now() + SLICE;
    const { of, gateways, atOnce } = this.#what;
    const to = () => gateways[this.#turns++ % gateways.length];
    while (this.#left.length > 0 && this.#waiting.size < atOnce && self.now() < until) {
      const ike = this.#left.pop()!;
      if (ike.hasEnded) continue;
      this.#waiting.add(ike);
      self.watch(ike, ended);
      ike.tell({ t: 'redirect', of, to, over: (fate) => self.tell({ t: 'over', ike, fate }) });
    }
    if (this.#left.length === 0 && this.#waiting.size === 0) return self.stop();
    this.#isResting = this.#left.length === 0 || this.#waiting.size >= atOnce;
    if (!this.#isResting) self.soon('more');
  }
}

const ended = ({ ref }: { readonly ref: ActorRef<never> }): Message => ({ t: 'ended', ref });
