/**
 * RADIUS as the daemon has it: who EAP users are, what becomes of their sessions, and who may end them.
 *
 *     EAP ──► RadiusEap ──┐
 *                         ├─► RadiusClient ─► servers        Disconnect-Request ─► DynamicAuthorization
 *     sessions ─► Outbox ─┘                                                               │
 *        ▲──────────────────────────────────────────────────────────────────────────────┘
 */
import type { Address } from '../../net/address.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { type ClientSettings, RadiusClient } from './client.ts';
import { DynamicAuthorization, type Wanted } from './dae.ts';
import { RadiusEap } from './eap.ts';
import { Outbox } from './outbox.ts';
import type { Ports } from './ports.ts';
import { type Event, ownAttributes, type SessionName, sessionAttributes } from './record.ts';
import { listenUdp } from './udp.ts';

export interface RadiusSettings extends ClientSettings {
  readonly nasIdentifier: string;
  readonly accounting: boolean;
  readonly daeListen: readonly Endpoint[];
  readonly daeClients: readonly Address[];
}

/** ms that the last notes may take when the daemon goes. */
const LAST_WORDS = 3_000;

export class Radius {
  readonly eap: RadiusEap;
  readonly #client: RadiusClient;
  readonly #outbox: Outbox;
  readonly #settings: RadiusSettings;
  readonly #ports: Ports;
  #dae: DynamicAuthorization | undefined = undefined;
  #hasBegun = false;
  #listeners: readonly { close(): void }[] = [];

  constructor(settings: RadiusSettings, ports: Ports) {
    this.#settings = settings;
    this.#ports = ports;
    this.#client = new RadiusClient(settings, ports);
    this.#outbox = new Outbox(this.#client, ports);
    this.eap = new RadiusEap({ client: this.#client, nasIdentifier: settings.nasIdentifier });
  }

  /** Once the secrets are there. `id`: a session's that nobody has. */
  start(id: string, disconnect: (wanted: Wanted) => number): void {
    const { accounting, daeListen, daeClients, nasIdentifier } = this.#settings;
    const { log } = this.#ports;
    this.#hasBegun = true;
    if (accounting) this.#outbox.put(ownAttributes('on', id, nasIdentifier, this.#seconds));
    if (daeListen.length === 0) return;
    const dae = new DynamicAuthorization({ clients: daeClients, nasIdentifier, disconnect }, this.#ports);
    this.#dae = dae;
    this.#listeners = daeListen.map((local) =>
      listenUdp(
        local,
        (octets, from, reply) => dae.hear(octets, from, reply),
        (why) => log('warn', `RADIUS: cannot hear requests to end sessions at ${local}: ${why}`),
      ),
    );
    log('info', `RADIUS: requests to end sessions are heard at ${daeListen.join(', ')}`);
  }

  note(name: SessionName, event: Event): void {
    const { accounting, nasIdentifier } = this.#settings;
    if (accounting)
      this.#outbox.put(sessionAttributes(name, event, nasIdentifier, this.#seconds), event.t === 'interim');
  }

  /** All sessions are over. */
  async stop(id: string): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    if (this.#settings.accounting && this.#hasBegun) {
      this.#outbox.put(ownAttributes('off', id, this.#settings.nasIdentifier, this.#seconds));
      await this.#outbox.emptied(LAST_WORDS);
    }
    this.#outbox.close();
    this.#client.close();
  }

  /** Names and values for `--globalstatus`. */
  *figures(): Generator<readonly [string, number]> {
    for (const server of this.#client.servers) {
      for (const service of ['auth', 'acct'] as const) {
        const name = `current.radius.${server.name(service)}`;
        yield [`${name}.up`, server.health(service).isUp ? 1 : 0];
        yield [`${name}.outstanding`, server.channel(service).outstanding];
        yield [`total.radius.${server.name(service)}.unexpected`, server.channel(service).unexpected];
      }
      for (const [name, value] of Object.entries(server.counters))
        yield [`total.radius.${server.settings.address}.${name}`, value];
    }
    yield ['current.radius.accounting.waiting', this.#outbox.size];
    yield ['total.radius.accounting.lost', this.#outbox.lost];
    for (const [name, value] of Object.entries(this.#dae?.counters ?? {})) yield [`total.radius.dae.${name}`, value];
  }

  get #seconds(): number {
    return Math.floor(this.#ports.clock.wall() / 1000);
  }
}
