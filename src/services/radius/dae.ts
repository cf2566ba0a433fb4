/**
 * Servers that have sessions ended: Disconnect-Request, RFC 5176. Heard from those alone that are configured and know
 * the secret, and that say when it was: what is too old, or has been answered, ends nothing.
 */
import { Address } from '../../net/address.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { type Attribute, attribute, every, first, typeOf } from './attributes.ts';
import { checkMessage, isSignedRequest, signMessage, signResponse, unsigned } from './authenticator.ts';
import { classText } from './class-text.ts';
import { CODES, type CodeName, decodePacket, encodePacket, type Packet } from './packet.ts';
import type { Ports } from './ports.ts';

/** What a request says of the sessions that it means; all of it must fit. */
export interface Wanted {
  readonly id: string | undefined;
  readonly user: string | undefined;
  readonly peer: Address | undefined;
  readonly conn: string | undefined;
  /** Our address. */
  readonly local: Address | undefined;
  /** For the accounting of those that are ended, as `EapReply` has them; none: as it was. RFC 5176 §3.6, note 4. */
  readonly classes: readonly string[];
}

export interface DaeOptions {
  readonly clients: readonly Address[];
  readonly nasIdentifier: string;
  /** Ends the sessions that fit; how many there are. */
  readonly disconnect: (wanted: Wanted) => number;
}

export interface DaeCounters {
  received: number;
  /** From nobody we know, or not signed with the secret. */
  refused: number;
  malformed: number;
  /** Too old, or from the future. */
  stale: number;
  repeated: number;
  acknowledged: number;
  rejected: number;
}

/** Error-Cause, RFC 5176 §3.5. */
const ERROR = {
  unsupportedAttribute: 401,
  missingAttribute: 402,
  nasMismatch: 403,
  unsupportedExtension: 406,
  invalidValue: 407,
  sessionNotFound: 503,
  resources: 506,
} as const;

/** s between Event-Timestamp and our clock, either way. RFC 5176 §6.3. */
const FRESH = 300;
/** Answers that are kept for as long as their requests are fresh; with more, further requests are put off. */
const MOST_ANSWERS = 1_024;

/** All that may be in a request: to ignore another one would end more than was meant. RFC 5176 §3.6. */
const KNOWN: ReadonlySet<number> = new Set(
  (
    [
      'User-Name',
      'NAS-IP-Address',
      'NAS-IPv6-Address',
      'NAS-Identifier',
      'Calling-Station-Id',
      'Called-Station-Id',
      'Acct-Session-Id',
      'Event-Timestamp',
      'Message-Authenticator',
      'Proxy-State',
      'NAS-Port-Id',
      // These name no session.
      'Class',
      'Reply-Message',
      'Acct-Terminate-Cause',
    ] as const
  ).map(typeOf),
);

export class DynamicAuthorization {
  readonly counters: DaeCounters = {
    received: 0,
    refused: 0,
    malformed: 0,
    stale: 0,
    repeated: 0,
    acknowledged: 0,
    rejected: 0,
  };
  readonly #options: DaeOptions;
  readonly #ports: Pick<Ports, 'clock' | 'log' | 'secret'>;
  /** By who asked and what, in the order that they go. */
  readonly #answers = new Map<string, { readonly octets: Uint8Array; readonly until: number }>();

  constructor(options: DaeOptions, ports: Pick<Ports, 'clock' | 'log' | 'secret'>) {
    this.#options = options;
    this.#ports = ports;
  }

  hear(octets: Uint8Array, from: Endpoint, reply: (octets: Uint8Array) => void): void {
    this.counters.received++;
    const secret = this.#options.clients.some((client) => client.equals(from.address))
      ? this.#ports.secret(from.address)
      : undefined;
    const packet = decodePacket(octets);
    if ('malformed' in packet) this.counters.malformed++;
    else if (!secret || !isAuthentic(packet, secret)) this.counters.refused++;
    else this.#answer(packet, from, secret, reply);
  }

  #answer(packet: Packet, from: Endpoint, secret: Uint8Array, reply: (octets: Uint8Array) => void): void {
    const { clock } = this.#ports;
    const now = clock.now();
    for (const [key, { until }] of this.#answers) {
      if (until > now) break;
      this.#answers.delete(key);
    }
    // Not by the port: whoever has overheard a request can send it again from another one.
    const key = `${from.address} ${Buffer.from(packet.authenticator).toString('latin1')} ${packet.identifier}`;
    const known = this.#answers.get(key);
    if (known) {
      this.counters.repeated++;
      return reply(known.octets);
    }
    const at = first(packet.attributes, 'Event-Timestamp');
    if (at !== undefined && Math.abs(clock.wall() / 1000 - at) > FRESH) {
      this.counters.stale++;
      return;
    }
    const error = this.#answers.size >= MOST_ANSWERS ? ERROR.resources : this.#carryOut(packet, from.address);
    if (error === undefined) this.counters.acknowledged++;
    else this.counters.rejected++;
    const octets = answer(packet, error, secret);
    // Later it would be stale anyhow.
    if (error !== ERROR.resources) this.#answers.set(key, { octets, until: now + 2 * FRESH * 1000 });
    reply(octets);
  }

  /** An error, or undefined if it has been done. */
  #carryOut(packet: Packet, from: Address): number | undefined {
    const { attributes } = packet;
    if (packet.code === CODES['CoA-Request']) return ERROR.unsupportedExtension;
    if (attributes.some(({ type }) => !KNOWN.has(type))) return ERROR.unsupportedAttribute;
    if (first(attributes, 'Event-Timestamp') === undefined) return ERROR.missingAttribute;
    const nas = first(attributes, 'NAS-Identifier');
    if (nas !== undefined && nas !== this.#options.nasIdentifier) return ERROR.nasMismatch;
    const [calling, called] = [first(attributes, 'Calling-Station-Id'), first(attributes, 'Called-Station-Id')];
    const [peer, station] = [calling, called].map((text) => (text === undefined ? undefined : Address.parse(text)));
    if ((calling !== undefined && !peer) || (called !== undefined && !station)) return ERROR.invalidValue;
    const local = first(attributes, 'NAS-IP-Address') ?? first(attributes, 'NAS-IPv6-Address') ?? station;
    if (local && station && !local.equals(station)) return ERROR.sessionNotFound;
    const wanted: Wanted = {
      id: first(attributes, 'Acct-Session-Id'),
      user: first(attributes, 'User-Name'),
      peer,
      conn: first(attributes, 'NAS-Port-Id'),
      local,
      classes: every(attributes, 'Class').map(classText),
    };
    // All users of a gateway at once is nothing that anybody means.
    if (wanted.id === undefined && wanted.user === undefined && !peer) return ERROR.missingAttribute;
    const ended = this.#options.disconnect(wanted);
    this.#ports.log('info', `RADIUS client ${from} has ${ended === 0 ? 'no' : ended} sessions ended (${text(wanted)})`);
    return ended === 0 ? ERROR.sessionNotFound : undefined;
  }
}

/** Message-Authenticator is not needed here, where all is signed; if it is there it must be right. */
function isAuthentic(packet: Packet, secret: Uint8Array): boolean {
  const isRequest = packet.code === CODES['Disconnect-Request'] || packet.code === CODES['CoA-Request'];
  // RFC 5176 §3.6: made with zeros for the authenticator, which is made after it.
  return isRequest && isSignedRequest(packet, secret) && checkMessage(packet, ZEROS, secret) !== 'wrong';
}

const ZEROS = new Uint8Array(16);

function answer(packet: Packet, error: number | undefined, secret: Uint8Array): Uint8Array {
  const isCoA = packet.code === CODES['CoA-Request'];
  const code: CodeName = error === undefined ? 'Disconnect-ACK' : isCoA ? 'CoA-NAK' : 'Disconnect-NAK';
  const attributes: readonly Attribute[] = [
    unsigned(),
    ...every(packet.attributes, 'Proxy-State').map((state) => attribute('Proxy-State', state)),
    ...(error === undefined ? [] : [attribute('Error-Cause', error)]),
  ];
  // What came fits back: it is at most as much and a few octets, of which a request without them has room.
  const octets =
    encodePacket(code, packet.identifier, packet.authenticator, attributes) ??
    encodePacket(code, packet.identifier, packet.authenticator, [unsigned()])!;
  signMessage(octets, secret);
  signResponse(octets, secret);
  return octets;
}

const text = ({ id, user, peer }: Wanted): string =>
  [id && `session ${id}`, user && `user ${user}`, peer && `peer ${peer}`].filter(Boolean).join(', ');
