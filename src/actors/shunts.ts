/** `type=passthrough`, `drop`, `reject`: a policy in the data plane that nobody is asked about. */
import { type Conn, selectorsOf } from '../conf/conn.ts';
import type { Answer } from '../control/answer.ts';
import { RC } from '../control/reply-codes.ts';
import type { ConnectionMessage } from './connection.ts';
import { NOTHING_UP, refuse } from './groups-refusal.ts';
import type { Protection } from './policies.ts';
import type { Orientation } from './policy-of.ts';
import type { Behavior, Context } from './runtime/index.ts';
import type { World } from './world.ts';

/**
 * What becomes of the packets; undefined: nobody knows where they go. The narrower of two that overlap is meant, be it a
 * shunt or a tunnel, unless `priority=` says otherwise. No plane answers what it drops, so that `reject` is `drop`.
 */
export function shuntOf(conn: Conn, { side, localHost }: Orientation): Protection | undefined {
  const [us, them] = side === 'left' ? [conn.left, conn.right] : [conn.right, conn.left];
  const peer = them.host.t === 'address' ? them.host.address : undefined;
  if (!peer && them.subnets.length === 0) return undefined;
  return {
    action: conn.type === 'passthrough' ? 'pass' : 'drop',
    protocol: 'esp',
    mode: 'tunnel',
    reqid: 0,
    localHost,
    remoteHost: peer ?? localHost,
    local: selectorsOf(us, localHost),
    remote: peer ? selectorsOf(them, peer) : them.subnets,
    priority: conn.priority,
  };
}

export class ShuntActor implements Behavior<ConnectionMessage> {
  readonly #world: World;
  readonly #conn: Conn;
  readonly #shunt: Protection | undefined;
  #isLaid = false;

  constructor(world: World, conn: Conn, shunt: Protection | undefined) {
    this.#world = world;
    this.#conn = conn;
    this.#shunt = shunt;
  }

  receive(message: ConnectionMessage, self: Context<ConnectionMessage>): void {
    switch (message.t) {
      case 'route':
        return this.#lay(message.answer);
      case 'unroute':
        this.#takeUp();
        return message.answer?.end();
      case 'delete':
        return self.stop();
      case 'report':
        return message.to({
          routing: this.#isLaid ? 'routed-never-negotiate' : 'unrouted',
          ...NOTHING_UP,
        });
      default: {
        const { name, type } = this.#conn;
        return refuse(message, name, `cannot initiate: type=${type} is never negotiated`, RC.INITSHUNT);
      }
    }
  }

  stopped(): void {
    this.#takeUp();
  }

  #lay(answer: Answer | undefined): void {
    const why = this.#isLaid ? undefined : this.#whyNot();
    if (why === undefined) this.#isLaid = true;
    else {
      const text = this.#world.log('warn', `could not route: ${why}`, { policy: { name: this.#conn.name } });
      answer?.line(RC.ROUTE, text);
    }
    answer?.end();
  }

  #whyNot(): string | undefined {
    if (!this.#shunt) return 'the peer may be anybody, and there are no subnets that its packets go to';
    const fault = this.#world.policies.hold(this.#shunt);
    return fault && `${fault.why} (${fault.errno})`;
  }

  #takeUp(): void {
    if (this.#isLaid && this.#shunt) this.#world.policies.release(this.#shunt);
    this.#isLaid = false;
  }
}
