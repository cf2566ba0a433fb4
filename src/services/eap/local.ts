/** EAP as authenticator by methods of our own: users have their passwords in ipsec.secrets, or certificates. */
import { idOfName, nameOf, shown, spelled } from '../../ike/auth/eap/identity.ts';
import { Md5Authenticator } from '../../ike/auth/eap/md5-challenge.ts';
import { METHODS, type Method, type MethodWay, methodOf } from '../../ike/auth/eap/methods.ts';
import { MsChapAuthenticator } from '../../ike/auth/eap/mschapv2.ts';
import type { AuthenticatorMethod } from '../../ike/auth/eap/roles.ts';
import type { EapWay } from '../../ike/policy.ts';
import { ID_TYPES, type Id } from '../../net/id.ts';
import { sourceOf } from '../../net/sources.ts';
import { Authenticator, type AuthenticatorTurn, type Choice } from './authenticator.ts';
import type { EapBackend, EapConversation, EapQuestion, EapReply } from './backend.ts';
import { CertificatePhase, PeapPhase, TtlsPhase } from './phases.ts';
import type { EapPorts } from './ports.ts';
import { type Phase2, TlsAuthenticator } from './tls-authenticator.ts';
import { wrongWith } from './tls-certificates.ts';

/** Of a conversation: EAP-TLS with a long chain takes some thirty. */
export const MOST_ROUNDS = 100;
/** Octets of all its packets together, both ways. */
export const MOST_OCTETS = 262_144;

/** What is asked for inside of TTLS and PEAP. */
const INNER: readonly MethodWay[] = ['eap-mschapv2', 'eap-md5'];

export class LocalEap implements EapBackend {
  readonly #ports: EapPorts;

  constructor(ports: EapPorts) {
    this.#ports = ports;
  }

  open(question: EapQuestion): EapConversation {
    return new Conversation(this.#ports, question);
  }
}

class Conversation implements EapConversation {
  readonly #authenticator: Authenticator;
  readonly #conn: string;
  #rounds = 0;
  #octets = 0;

  constructor(ports: EapPorts, question: EapQuestion) {
    const methods = new Methods(ports, question);
    this.#conn = question.conn;
    const ways = waysOf(question.ways);
    this.#authenticator = new Authenticator({
      choices: () => ways.map((way) => methods.choice(way)),
      firstId: ports.random(1)[0],
    });
  }

  async next(packet: Uint8Array | undefined): Promise<EapReply> {
    if (packet === undefined) return { t: 'eap', packet: this.#authenticator.begin(), outcome: 'continue' };
    const excess = this.#count(packet);
    if (excess !== undefined) return this.#fail(excess);
    const turn = await this.#authenticator.next(packet);
    this.#octets += turn.packet.length;
    return replyOf(turn);
  }

  get underWay(): string | undefined {
    const { underWay } = this.#authenticator;
    return underWay && `"${this.#conn}": ${underWay}`;
  }

  close(): void {
    this.#authenticator.end();
  }

  #count({ length }: Uint8Array): string | undefined {
    this.#rounds++;
    this.#octets += length;
    if (this.#rounds > MOST_ROUNDS) return `more than ${MOST_ROUNDS} rounds`;
    return this.#octets > MOST_OCTETS ? `more than ${MOST_OCTETS} octets` : undefined;
  }

  #fail(why: string): EapReply {
    const packet = Uint8Array.of(4, this.#authenticator.id, 0, 4);
    this.#authenticator.end();
    return { t: 'eap', packet, outcome: 'failure', why: `EAP: ${why}` };
  }
}

function replyOf(turn: AuthenticatorTurn): EapReply {
  const { packet } = turn;
  switch (turn.t) {
    case 'ask':
      return { t: 'eap', packet, outcome: 'continue' };
    case 'succeed': {
      const { msk, method } = turn;
      const user = spelled(turn.user);
      return { t: 'eap', packet, outcome: 'success', ...(msk && { msk }), method: method.name, user };
    }
    case 'fail':
      return { t: 'eap', packet, outcome: 'failure', why: turn.why };
  }
}

/**
 * `eap` is every method that makes a key, the same for all users: an order that depended on who has a password would tell
 * strangers who has one.
 */
export function waysOf(ways: readonly EapWay[]): readonly MethodWay[] {
  const all = METHODS.filter(({ makesKey }) => makesKey).map(({ way }) => way);
  const named = ways.flatMap((way) => (way === 'eap' ? all : way === 'eap-radius' ? [] : [way]));
  return [...new Set(named)];
}

/** The methods of one conversation. */
class Methods {
  readonly #ports: EapPorts;
  readonly #question: EapQuestion;

  constructor(ports: EapPorts, question: EapQuestion) {
    this.#ports = ports;
    this.#question = question;
  }

  choice(way: MethodWay): Choice {
    const method = methodOf(way);
    return { method, make: (user) => this.#make(method, user) };
  }

  #make(method: Method, user: string): AuthenticatorMethod | { readonly wrong: string } {
    const { password, random, tls } = this.#ports;
    const { localId, conn, ca, spkis } = this.#question;
    switch (method.way) {
      case 'eap-md5':
        return new Md5Authenticator({ password: () => password(user), random });
      case 'eap-mschapv2':
        return new MsChapAuthenticator({
          ...{ password, user, name: Buffer.from(nameOf(localId)), random },
          onRefused: (why) => this.#ports.onRefused(`"${conn}": ${method.name} of ${shown(user)}: ${why}`),
        });
      case 'eap-tls': {
        const who = this.#whom(user);
        const judge = (tunnel: number) => wrongWith(this.#ports, tunnel, { id: who, ca, spkis });
        return this.#tls(method, true, new CertificatePhase(judge, nameOf(who)));
      }
      case 'eap-ttls':
        return this.#tls(method, false, new TtlsPhase({ port: tls, passwords: password, inner: this.#inner() }));
      case 'eap-peap':
        return this.#tls(method, false, new PeapPhase(this.#inner()));
    }
  }

  #tls(method: Method, wantsCertificate: boolean, phase: Phase2): AuthenticatorMethod | { readonly wrong: string } {
    const { identity, tls } = this.#ports;
    const own = identity(this.#question.localId, this.#question.conn);
    if ('wrong' in own) return own;
    const terms = { role: 'server', ...own, wantsCertificate, source: sourceOf(this.#question.peer) } as const;
    return new TlsAuthenticator({ method, port: tls, terms, phase });
  }

  #inner(): Authenticator {
    const choices = INNER.map((way) => this.choice(way));
    return new Authenticator({ choices: () => choices, firstId: this.#ports.random(1)[0] });
  }

  /** Who the certificate must name: whom IDi does. An address says nothing of who somebody is: then whom Identity does. */
  #whom(user: string): Id {
    const { peerId } = this.#question;
    const isAddress = peerId.type === ID_TYPES.ID_IPV4_ADDR || peerId.type === ID_TYPES.ID_IPV6_ADDR;
    return isAddress ? idOfName(user) : peerId;
  }
}
