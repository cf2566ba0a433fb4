/** A network in memory with RADIUS servers on it that do as a test tells them, on a clock that stands still. */
import { createHash } from 'node:crypto';
import { TestClock } from '../../../src/actors/runtime/index.ts';
import { Address } from '../../../src/net/address.ts';
import { type Attribute, typeOf } from '../../../src/services/radius/attributes.ts';
import { checkMessage, signMessage, signResponse, unsigned } from '../../../src/services/radius/authenticator.ts';
import { type ClientSettings, RadiusClient } from '../../../src/services/radius/client.ts';
import { type CodeName, decodePacket, encodePacket, type Packet } from '../../../src/services/radius/packet.ts';
import type { Ports } from '../../../src/services/radius/ports.ts';

export const SECRET = Buffer.from('testing123');

export interface Request {
  readonly packet: Packet;
  /** `192.0.2.10:1812` */
  readonly at: string;
  readonly time: number;
  /** As an honest server answers. */
  reply(code: CodeName, attributes?: readonly Attribute[], how?: Partial<Dishonest>): void;
  /** As anybody might. */
  send(octets: Uint8Array): void;
}

interface Dishonest {
  readonly secret: Uint8Array;
  readonly hasMessageAuthenticator: boolean;
  readonly identifier: number;
}

export class Lan {
  readonly clock = new TestClock();
  readonly requests: Request[] = [];
  readonly log: string[] = [];
  readonly secrets = new Map<string, Uint8Array>();
  /** What a server does with a request; nothing unless told. */
  onRequest: (request: Request) => void = () => {};
  /** Sockets that are open now. */
  sockets = 0;
  readonly ports: Ports;
  #dice = 0;

  constructor() {
    this.ports = {
      clock: this.clock,
      random: (octets) =>
        new Uint8Array(
          createHash('shake256', { outputLength: octets })
            .update(`${this.#dice++}`)
            .digest(),
        ),
      log: (level, text) => void this.log.push(`${level}: ${text}`),
      secret: (address) => this.secrets.get(`${address}`),
      connect: (remote, hear) => {
        this.sockets++;
        let isOpen = true;
        return {
          send: (octets) => {
            if (!isOpen) throw new Error('sent through a closed socket');
            this.#received(octets.slice(), `${remote}`, (answer) =>
              this.clock.soon(() => (isOpen ? hear(answer) : undefined)),
            );
          },
          close: () => {
            if (isOpen) this.sockets--;
            isOpen = false;
          },
        };
      },
    };
  }

  client(
    settings: Partial<ClientSettings> = {},
    addresses: readonly string[] = ['192.0.2.10', '192.0.2.11'],
  ): RadiusClient {
    for (const address of addresses) this.secrets.set(address, SECRET);
    const servers = addresses.map((text) => ({ address: Address.parse(text)!, authPort: 1812, acctPort: 1813 }));
    return new RadiusClient({ servers, timeout: 2000, retries: 2, deadTime: 60_000, ...settings }, this.ports);
  }

  /** The servers that requests came to, in order. */
  get asked(): readonly string[] {
    return this.requests.map(({ at }) => at);
  }

  #received(octets: Uint8Array, at: string, send: (octets: Uint8Array) => void): void {
    const packet = decodePacket(octets);
    if ('malformed' in packet) throw new Error(packet.malformed);
    const reply: Request['reply'] = (code, attributes = [], how = {}) => send(answerTo(packet, code, attributes, how));
    const request = { packet, at, time: this.clock.now(), reply, send };
    this.requests.push(request);
    this.onRequest(request);
  }
}

/** Throws if the request has no sound Message-Authenticator in first place. */
export function demandMessageAuthenticator({ packet }: Request): void {
  if (packet.attributes[0]?.type !== typeOf('Message-Authenticator')) throw new Error('it is not in first place');
  if (checkMessage(packet, packet.authenticator, SECRET) !== 'right') throw new Error('it is wrong');
}

export function answerTo(
  { identifier, authenticator }: Packet,
  code: CodeName,
  attributes: readonly Attribute[],
  how: Partial<Dishonest> = {},
): Uint8Array {
  const { secret = SECRET, hasMessageAuthenticator = !code.startsWith('Accounting') } = how;
  const all = hasMessageAuthenticator ? [unsigned(), ...attributes] : attributes;
  const octets = encodePacket(code, how.identifier ?? identifier, authenticator, all)!;
  if (hasMessageAuthenticator) signMessage(octets, secret);
  signResponse(octets, secret);
  return octets;
}
