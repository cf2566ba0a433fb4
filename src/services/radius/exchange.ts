/** One request on its way from server to server until there is an answer to it. */
import type { Attribute } from './attributes.ts';
import { checkMessage, isSignedResponse, signMessage, signRequest, unsigned } from './authenticator.ts';
import type { Place } from './channel.ts';
import type { Answer, Asking, ClientSettings } from './client.ts';
import { AUTHENTICATOR_OCTETS, CODES, decodePacket, encodePacket, type Packet } from './packet.ts';
import type { Ports } from './ports.ts';
import type { Server, ServerCounters, Service } from './server.ts';

/** What it wants of the client. */
export interface ExchangePorts extends Ports, Omit<ClientSettings, 'servers'> {
  next(asking: Asking, tried: readonly Server[]): Server | undefined;
  silent(server: Server, service: Service, since: number): void;
  answered(server: Server, service: Service): void;
  /** `text` is one of few. */
  complain(server: Server, service: Service, text: string): void;
}

/** What is under way at one server. */
interface Attempt {
  readonly server: Server;
  readonly place: Place;
  /** The same with every transmission: then the server can tell that it knows them. */
  readonly octets: Uint8Array;
  readonly authenticator: Uint8Array;
  readonly since: number;
  sent: number;
}

export class Exchange {
  readonly #asking: Asking;
  readonly #ports: ExchangePorts;
  readonly #heard: (exchange: Exchange, answer: Answer) => void;
  readonly #tried: Server[] = [];
  #attempt: Attempt | undefined = undefined;
  #alarm: { cancel(): void } | undefined = undefined;
  #giveUpAt = 0;
  /** Why the last server was not asked, if it was not. */
  #why: string | undefined = undefined;

  constructor(asking: Asking, ports: ExchangePorts, heard: (exchange: Exchange, answer: Answer) => void) {
    this.#asking = asking;
    this.#ports = ports;
    this.#heard = heard;
  }

  begin(now: number): void {
    this.#giveUpAt = now + this.#asking.within;
    this.#askNext();
  }

  cancel(): void {
    this.#alarm?.cancel();
    this.#attempt?.place.release();
    this.#attempt = undefined;
  }

  #askNext(): void {
    for (;;) {
      const server = this.#ports.next(this.#asking, this.#tried);
      if (!server) return this.#end({ t: 'none', why: this.#why ?? 'no RADIUS server answers' });
      this.#tried.push(server);
      const attempt = this.#prepare(server);
      if (typeof attempt === 'string') this.#why = `RADIUS server ${server.name(this.#asking.service)}: ${attempt}`;
      else {
        this.#why = undefined;
        this.#attempt = attempt;
        attempt.server.counters.requests++;
        return this.#transmit(attempt);
      }
    }
  }

  #prepare(server: Server): Attempt | string {
    const { secret, clock, complain, random } = this.#ports;
    const { service, attributes } = this.#asking;
    const key = secret(server.settings.address);
    if (!key) {
      complain(server, service, NO_SECRET);
      return NO_SECRET;
    }
    const place = server.channel(service).claim((octets) => this.#hear(octets));
    if (!place) {
      complain(server, service, TOO_MANY);
      return TOO_MANY;
    }
    const octets = request(service, place.identifier, random, attributes(), key);
    if (octets) {
      const authenticator = octets.subarray(4, 4 + AUTHENTICATOR_OCTETS);
      return { server, place, octets, authenticator, since: clock.now(), sent: 0 };
    }
    place.release();
    return 'the request does not fit into a packet';
  }

  #transmit(attempt: Attempt): void {
    const { clock, timeout, random } = this.#ports;
    if (attempt.sent > 0) attempt.server.counters.retransmissions++;
    attempt.sent++;
    attempt.place.send(attempt.octets);
    // Many requests that began together need not go on together. RFC 5080 §2.2.1: by a tenth.
    const jitter = 0.9 + (0.2 * random(1)[0]) / 255;
    const next = Math.min(clock.now() + timeout * jitter, this.#giveUpAt);
    this.#alarm = clock.alarm(next, () => this.#ring(attempt));
  }

  #ring(attempt: Attempt): void {
    const { clock, retries } = this.#ports;
    const isOver = clock.now() >= this.#giveUpAt - EARLY;
    if (attempt.sent <= retries && !isOver) return this.#transmit(attempt);
    attempt.place.release();
    this.#attempt = undefined;
    this.#ports.silent(attempt.server, this.#asking.service, attempt.since);
    if (isOver) return this.#end({ t: 'none', why: 'no RADIUS server has answered in time' });
    this.#askNext();
  }

  #hear(octets: Uint8Array): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    const { server, authenticator } = attempt;
    const { service } = this.#asking;
    const packet = decodePacket(octets);
    if ('malformed' in packet) {
      server.counters.malformed++;
      return this.#ports.complain(server, service, 'a malformed packet is ignored');
    }
    const counter = COUNTED[service].get(packet.code);
    const key = this.#ports.secret(server.settings.address);
    if (!key) return;
    const wrong = counter ? this.#wrong(packet, authenticator, key) : 'an answer of another kind is ignored';
    if (wrong !== undefined || !counter) {
      server.counters.forged++;
      return this.#ports.complain(server, service, wrong ?? '');
    }
    server.counters[counter]++;
    this.#ports.answered(server, service);
    this.#end({ t: 'answer', packet, server, request: authenticator });
  }

  #wrong(packet: Packet, request: Uint8Array, secret: Uint8Array): string | undefined {
    if (!isSignedResponse(packet, request, secret)) return WRONG_SECRET;
    switch (checkMessage(packet, request, secret)) {
      case 'right':
        return undefined;
      case 'wrong':
        return WRONG_SECRET;
      case 'absent':
        // Who can forge the one authenticator cannot forge the other: CVE-2024-3596.
        return this.#asking.service === 'acct' ? undefined : UNSIGNED;
    }
  }

  #end(answer: Answer): void {
    this.cancel();
    this.#heard(this, answer);
  }
}

const NO_SECRET = 'there is no RADIUS secret for it in ipsec.secrets';
const TOO_MANY = 'too many requests wait for it';
const WRONG_SECRET = 'an answer with a wrong authenticator is ignored: the secrets may differ';
const UNSIGNED = 'an answer without Message-Authenticator is ignored: the server needs an update (CVE-2024-3596)';

/** An alarm may ring a little early. */
const EARLY = 5;

/** The answers that there are, and where they are counted. */
const COUNTED: Readonly<Record<Asking['service'], ReadonlyMap<number, keyof ServerCounters>>> = {
  auth: new Map<number, keyof ServerCounters>([
    [CODES['Access-Accept'], 'accepts'],
    [CODES['Access-Reject'], 'rejects'],
    [CODES['Access-Challenge'], 'challenges'],
  ]),
  acct: new Map<number, keyof ServerCounters>([[CODES['Accounting-Response'], 'acknowledgements']]),
};

function request(
  service: Asking['service'],
  identifier: number,
  random: Ports['random'],
  attributes: readonly Attribute[],
  secret: Uint8Array,
): Uint8Array | undefined {
  const [code, all, sign] =
    service === 'auth'
      ? (['Access-Request', [unsigned(), ...attributes], signMessage] as const)
      : (['Accounting-Request', attributes, signRequest] as const);
  const octets = encodePacket(code, identifier, random(AUTHENTICATOR_OCTETS), all);
  if (octets) sign(octets, secret);
  return octets;
}
