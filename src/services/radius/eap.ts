/**
 * EAP as far as RADIUS carries it: the peer's packets go to a server in Access-Requests, the server's come back in
 * Access-Challenges, and at the end there is an Access-Accept with keys or an Access-Reject. RFC 3579.
 *
 *     peer                     pluto                                   server
 *       ◄── Request/Identity ──┤
 *       ── Response/Identity ──►── Access-Request { EAP-Message } ────►
 *       ◄── Request/… ─────────┤◄── Access-Challenge { State } ────────     (as often as the method takes)
 *       ── Response/… ─────────►── Access-Request { State } ──────────►
 *       ◄── Success ───────────┤◄── Access-Accept { MS-MPPE-… } ───────
 */
import { shown } from '../../ike/auth/eap/identity.ts';
import type { Address } from '../../net/address.ts';
import type { EapBackend, EapConversation, EapQuestion, EapReply } from '../eap/backend.ts';
import { type Attribute, attribute, every, first, MOST_OCTETS, nasAddress } from './attributes.ts';
import { classText } from './class-text.ts';
import type { Answer, RadiusClient } from './client.ts';
import { CODES } from './packet.ts';
import type { Server } from './server.ts';

export interface RadiusEapOptions {
  readonly client: RadiusClient;
  /** How the servers know us. */
  readonly nasIdentifier: string;
}

/** ms for one request, all servers together: half of what a half-open IKE SA lives. */
const DEADLINE = 30_000;
/** Requests of one conversation. EAP-TLS with a long chain takes some twenty. */
const MOST_ROUNDS = 100;
/** Octets; with the other attributes it fits into a packet of RADIUS. */
const LARGEST_EAP = 3_500;
/** What a server's fragments of TLS should fit into, RFC 3579 §2.4; IKE and EAP have their headers before them. */
const FRAMED_MTU = 1_200;
const MOST_CLASSES = 32;
const MOST_WORDS = 200;

const FRAMED = 2;
const VIRTUAL = 5;

export class RadiusEap implements EapBackend {
  readonly #options: RadiusEapOptions;

  constructor(options: RadiusEapOptions) {
    this.#options = options;
  }

  open(question: EapQuestion): EapConversation {
    return new Conversation(this.#options, question);
  }
}

class Conversation implements EapConversation {
  readonly #options: RadiusEapOptions;
  readonly #about: readonly Attribute[];
  readonly #conn: string;
  #asking: { cancel(): void } | undefined = undefined;
  /** The server that has begun it: nobody else knows what `#state` is. */
  #server: Server | undefined = undefined;
  #state: Uint8Array | undefined = undefined;
  #user: Uint8Array | undefined = undefined;
  /** Of the request that the peer answers now. */
  #identifier = 0;
  #rounds = 0;
  #method: string | undefined = undefined;
  /** The method proves somebody inside of TLS, who need not be whom the identity names. */
  #isInTls = false;

  constructor(options: RadiusEapOptions, { peer, local, conn }: EapQuestion) {
    this.#options = options;
    this.#conn = conn;
    this.#about = [
      nasAddress(local),
      attribute('NAS-Identifier', options.nasIdentifier),
      attribute('NAS-Port-Type', VIRTUAL),
      attribute('NAS-Port-Id', conn),
      attribute('Service-Type', FRAMED),
      attribute('Framed-MTU', FRAMED_MTU),
      attribute('Calling-Station-Id', `${peer}`),
      attribute('Called-Station-Id', `${local}`),
    ];
  }

  next(packet: Uint8Array | undefined): Promise<EapReply> {
    if (!packet) return Promise.resolve(this.#sent(Uint8Array.of(REQUEST, 0, 0, 5, IDENTITY)));
    const wrong = this.#wrong(packet);
    if (wrong !== undefined) return Promise.resolve(this.#failed(wrong));
    return new Promise((resolve) => {
      this.#asking = this.#options.client.ask(
        { service: 'auth', attributes: () => this.#attributes(packet), server: this.#server, within: DEADLINE },
        (answer) => resolve(this.#heard(answer)),
      );
    });
  }

  get underWay(): string | undefined {
    if (this.#user === undefined) return undefined;
    return `"${this.#conn}": ${this.#method ?? 'EAP'} of ${shown(Buffer.from(this.#user).toString('utf8'))} by RADIUS`;
  }

  close(): void {
    this.#asking?.cancel();
  }

  /** What a server must not be bothered with. RFC 3748 §2.3 and §4.1. */
  #wrong(packet: Uint8Array): string | undefined {
    if (packet.length < 5 || packet.length > LARGEST_EAP) return `an EAP packet of ${packet.length} octets`;
    const [code, identifier, high, low, type] = packet;
    if (code !== RESPONSE) return `an EAP packet with code ${code} in place of a Response`;
    if (((high << 8) | low) !== packet.length) return `its length says ${(high << 8) | low}, and ${packet.length} came`;
    if (this.#user && identifier !== this.#identifier) return `a Response to ${identifier}, not ${this.#identifier}`;
    if (++this.#rounds > MOST_ROUNDS) return `more than ${MOST_ROUNDS} rounds`;
    if (this.#user) return undefined;
    if (type !== IDENTITY) return `EAP method ${type} where an identity was expected`;
    if (packet.length === 5 || packet.length > 5 + MOST_OCTETS) return `an identity of ${packet.length - 5} octets`;
    this.#user = packet.slice(5);
    this.#identifier = identifier;
    return undefined;
  }

  #attributes(packet: Uint8Array): readonly Attribute[] {
    const state = this.#state ? [attribute('State', this.#state)] : [];
    return [userName(this.#user!), ...this.#about, ...split(packet), ...state];
  }

  #heard(answer: Answer): EapReply {
    if (answer.t === 'none') return this.#failed(answer.why);
    const { packet, server } = answer;
    const { attributes, code } = packet;
    this.#server = server;
    this.#state = first(attributes, 'State');
    const eap = join(every(attributes, 'EAP-Message'));
    switch (code) {
      case CODES['Access-Challenge']:
        if (eap && eap[0] === REQUEST) return this.#sent(eap);
        return this.#failed('the RADIUS server sent a challenge without an EAP Request');
      case CODES['Access-Accept']:
        return this.#accepted(answer, eap);
      default:
        return this.#failed(refusal(attributes), eap);
    }
  }

  #accepted(answer: Extract<Answer, { t: 'answer' }>, eap: Uint8Array | undefined): EapReply {
    // None is not made up for it: RFC 3579 §2.6.3.
    if (eap?.[0] !== SUCCESS) return this.#failed('the RADIUS server accepts without EAP Success');
    const msk = this.#options.client.msk(answer);
    if (msk && 'wrong' in msk) return this.#failed(`the keys of the RADIUS server: ${msk.wrong}`);
    const { attributes } = answer.packet;
    const own = framedAddresses(attributes);
    const name = first(attributes, 'User-Name');
    return {
      t: 'eap',
      packet: eap,
      outcome: 'success',
      ...(msk && { msk }),
      method: this.#method ?? 'EAP',
      // It may know the user under another name, which is then that of its session. RFC 2865 §5.1.
      user: name ?? Buffer.from(this.#user!).toString('utf8'),
      ...(name === undefined && this.#isInTls && { isHearsay: true }),
      classes: every(attributes, 'Class')
        .filter(({ length }) => length > 0)
        .slice(0, MOST_CLASSES)
        .map(classText),
      ...limit(attributes),
      ...(own.length > 0 && { addresses: own }),
    };
  }

  #sent(request: Uint8Array): EapReply {
    this.#identifier = request[1];
    const type = request[4];
    if (type > NOTIFICATION) {
      this.#method = METHODS.get(type) ?? `EAP method ${type}`;
      this.#isInTls = IN_TLS.has(type);
    }
    return { t: 'eap', packet: request, outcome: 'continue' };
  }

  #failed(why: string, eap?: Uint8Array): EapReply {
    const packet = eap?.[0] === FAILURE ? eap : Uint8Array.of(FAILURE, this.#identifier, 0, 4);
    return { t: 'eap', packet, outcome: 'failure', why };
  }
}

// --- EAP, RFC 3748 §4 -----------------------------------------------------------------------------------------------

const [REQUEST, RESPONSE, SUCCESS, FAILURE] = [1, 2, 3, 4];
const [IDENTITY, NOTIFICATION] = [1, 2];

const METHODS: ReadonlyMap<number, string> = new Map([
  [4, 'EAP-MD5'],
  [6, 'EAP-GTC'],
  [13, 'EAP-TLS'],
  [21, 'EAP-TTLS'],
  [25, 'PEAP'],
  [26, 'EAP-MSCHAPv2'],
  [52, 'EAP-PWD'],
]);

/** EAP-TLS, TTLS, PEAP, FAST and TEAP. */
const IN_TLS: ReadonlySet<number> = new Set([13, 21, 25, 43, 55]);

/** As it came: an identity is what its octets are. */
const userName = (octets: Uint8Array): Attribute => ({ ...attribute('User-Name', ''), value: octets });

function split(packet: Uint8Array): Attribute[] {
  const parts: Attribute[] = [];
  for (let at = 0; at < packet.length; at += MOST_OCTETS)
    parts.push(attribute('EAP-Message', packet.subarray(at, at + MOST_OCTETS)));
  return parts;
}

/** A whole EAP packet of its own, if it is one: there must not be more than one. RFC 3579 §3.1. */
function join(parts: readonly Uint8Array[]): Uint8Array | undefined {
  const eap = new Uint8Array(Buffer.concat(parts));
  return eap.length >= 4 && ((eap[2] << 8) | eap[3]) === eap.length ? eap : undefined;
}

/** Addresses that are the user's own; others mean that it or we may choose. RFC 2865 §5.8, RFC 6911 §2.1. */
function framedAddresses(attributes: readonly Attribute[]): readonly Address[] {
  const framed = [first(attributes, 'Framed-IP-Address'), first(attributes, 'Framed-IPv6-Address')];
  return framed.flatMap((address) => (!address || address.isAny || MEANS_NONE.has(`${address}`) ? [] : [address]));
}

const MEANS_NONE: ReadonlySet<string> = new Set(['255.255.255.255', '255.255.255.254']);

/** RFC 2865 §5.27. No seconds at all is no limit: nobody would be let in for them. */
function limit(attributes: readonly Attribute[]): { readonly lasts?: number } {
  const seconds = first(attributes, 'Session-Timeout');
  return seconds ? { lasts: seconds * 1000 } : {};
}

function refusal(attributes: readonly Attribute[]): string {
  const words = every(attributes, 'Reply-Message').join(' ').trim().slice(0, MOST_WORDS);
  return words === '' ? 'the RADIUS server refuses' : `the RADIUS server refuses: ${words}`;
}
