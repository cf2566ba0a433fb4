/** RADIUS, tied to the daemon: its clock, log and secrets on one side, the sessions of its users on the other. */
import { hostname } from 'node:os';
import type { RadiusSetup } from '../conf/build-radius.ts';
import type { SecretStore } from '../conf/secret-store.ts';
import type { RadiusEap } from '../services/radius/eap.ts';
import { Radius } from '../services/radius/radius.ts';
import { connectUdp } from '../services/radius/udp.ts';
import { Sessions } from './accounting.ts';
import type { Clock } from './runtime/index.ts';
import type { LogLevel } from './world.ts';

export interface RadiusPorts {
  readonly clock: Clock;
  readonly random: (octets: number) => Uint8Array;
  readonly log: (level: LogLevel, text: string) => void;
  readonly secrets: () => SecretStore;
}

export class DaemonRadius {
  readonly sessions: Sessions;
  readonly #radius: Radius;

  constructor(setup: RadiusSetup, { clock, random, log, secrets }: RadiusPorts) {
    this.#radius = new Radius(
      {
        ...setup,
        timeout: setup.timeoutMs,
        deadTime: setup.deadTimeMs,
        nasIdentifier: setup.nasIdentifier ?? hostname(),
      },
      { clock, random, log, connect: connectUdp, secret: (address) => secrets().findRadius(address)?.reveal() },
    );
    this.sessions = new Sessions({ clock, random, interim: setup.interimMs, radius: this.#radius });
  }

  /** For those who are asked who a user is. */
  get eap(): RadiusEap {
    return this.#radius.eap;
  }

  /** Once the secrets are there. */
  start(): void {
    this.#radius.start(this.sessions.ownId, (wanted) => this.sessions.disconnect(wanted));
  }

  /** Once the SAs are gone; what they have carried is told to the end, but not for long. */
  async stop(): Promise<void> {
    this.sessions.close();
    await this.#radius.stop(this.sessions.ownId);
  }
}
