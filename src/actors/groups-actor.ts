/** The actor of a policy group. */
import type { ConnectionMessage } from './connection.ts';
import { NOTHING_UP, refuse } from './groups-refusal.ts';
import type { Behavior, Context } from './runtime/index.ts';

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
        return message.to({ routing: this.#isRouted ? 'routed-ondemand' : 'unrouted', ...NOTHING_UP });
      default:
        return refuse(message, this.#name, 'the packets of a group initiate it, each to its peer');
    }
  }
}
