/** The actors of connections whose peers are found one by one: a policy group, and whoever its packets go to. */
import type { Answer } from '../control/answer.ts';
import { RC } from '../control/reply-codes.ts';
import { Address } from '../net/address.ts';
import type { Selector } from '../net/selector.ts';
import type { ConnectionMessage } from './connection.ts';
import type { Entry } from './entry.ts';
import { instanceFor } from './instance-for.ts';
import type { Protection } from './policies.ts';
import type { Behavior, Context } from './runtime/index.ts';
import type { World } from './world.ts';

/** It has no traffic of its own: what is asked of it is asked of its lines, those to come included. */
export class GroupActor implements Behavior<ConnectionMessage> {
  readonly #name: string;
  readonly #route: (isRouted: boolean) => void;
  #isRouted = false;

  constructor(name: string, route: (isRouted: boolean) => void) {
    this.#name = name;
    this.#route = route;
  }

  receive(message: ConnectionMessage, self: Context<ConnectionMessage>): void {
    switch (message.t) {
      case 'route':
      case 'unroute':
        this.#isRouted = message.t === 'route';
        this.#route(this.#isRouted);
        return message.answer?.end();
      case 'delete':
        return self.stop();
      case 'report':
        return message.to({ routing: this.#isRouted ? 'routed-ondemand' : 'unrouted', ...NOTHING });
      default:
        return refuse(message, this.#name, 'the packets of a group initiate it, each to its peer');
    }
  }
}

/** `right=%opportunistic`, and a line of `%opportunisticgroup`: a packet's destination is the peer, and gets an instance. */
export class OpportunityActor implements Behavior<ConnectionMessage> {
  readonly #world: World;
  readonly #entry: Entry;
  /** Where the peers are. */
  readonly #theirs: readonly Selector[];
  #trap: Protection | undefined = undefined;

  constructor(world: World, entry: Entry, theirs: readonly Selector[]) {
    this.#world = world;
    this.#entry = entry;
    this.#theirs = theirs;
  }

  receive(message: ConnectionMessage, self: Context<ConnectionMessage>): void {
    switch (message.t) {
      case 'route':
        return this.#lay(message.answer);
      case 'unroute':
        this.#takeUp();
        return message.answer?.end();
      case 'acquire':
        return this.#acquired(message);
      case 'delete':
        return self.stop();
      case 'report':
        return message.to({ routing: this.#trap ? 'routed-ondemand' : 'unrouted', ...NOTHING });
      default:
        return refuse(message, this.#entry.conn.name, 'cannot initiate connection without knowing peer IP address');
    }
  }

  stopped(): void {
    this.#takeUp();
  }

  #lay(answer: Answer | undefined): void {
    const { policy, conn } = this.#entry;
    if (policy?.localHost && !this.#trap) {
      const { child, localHost } = policy;
      const trap: Protection = {
        protocol: child.proposals[0]?.protocol === 'ah' ? 'ah' : 'esp',
        // There is no outer address yet that a tunnel could have.
        mode: 'transport',
        reqid: child.reqid,
        localHost,
        remoteHost: Address.any(localHost.family),
        local: child.local,
        remote: this.#theirs,
        priority: child.priority,
      };
      const fault = this.#world.policies.hold(trap);
      if (fault) answer?.line(RC.ROUTE, `"${conn.name}": could not route: ${fault.why} (${fault.errno})`);
      else this.#trap = trap;
    }
    answer?.end();
  }

  #takeUp(): void {
    if (this.#trap) this.#world.policies.release(this.#trap);
    this.#trap = undefined;
  }

  #acquired(message: Extract<ConnectionMessage, { t: 'acquire' }>): void {
    const { answer, dst } = message;
    if (!answer && !this.#trap) return;
    const peer = dst.start;
    const isForUs = this.#theirs.some((s) => s.contains(dst)) && !this.#entry.policy?.localHost?.equals(peer);
    const instance = isForUs
      ? instanceFor(this.#world, this.#entry, peer)
      : { why: `"${this.#entry.conn.name}": ${peer} is none of its peers` };
    if (!('why' in instance)) return void instance.ref.tell({ ...message, isPassedOn: true });
    answer?.line(RC.OPPOFAILURE, instance.why);
    answer?.end();
  }
}

const NOTHING = { isUp: false, ike: [], children: [] } as const;

/** Whoever asks for SAs hears why there are none, and whoever asks for their end has it at once. */
function refuse(message: ConnectionMessage, name: string, why: string): void {
  const answer = 'answer' in message ? message.answer : undefined;
  if (message.t === 'initiate' || message.t === 'acquire') answer?.line(RC.NOPEERIP, `"${name}": ${why}`);
  answer?.end();
}
