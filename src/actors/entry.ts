/** A connection as the registry holds it: what it says, and whom to tell. Replaced as a whole, but for its `auto=`. */
import type { Conn } from '../conf/conn.ts';
import type { Policy } from '../ike/policy.ts';
import { ID_TYPES, type Id } from '../net/id.ts';
import { proofKey } from './auth-rounds.ts';
import type { ConnectionMessage } from './connection.ts';
import type { ActorRef } from './runtime/index.ts';

export interface EntryParts {
  readonly serial: number;
  readonly conn: Conn;
  /** Which end we are; undefined while neither is. */
  readonly side: 'left' | 'right' | undefined;
  /** What may be negotiated; undefined while neither end is ours, and with a `hindrance`. */
  readonly policy: Policy | undefined;
  /** What it asks for that is not built (`authby=rsasig`). */
  readonly hindrance: string | undefined;
  /** Of a template's instance: the template. */
  readonly template: Entry | undefined;
  /** Of an instance: another one, whose IKE SA it shares. */
  readonly beside?: Entry | undefined;
  /** Makes its actor. */
  readonly spawn: (entry: Entry) => ActorRef<ConnectionMessage>;
}

export class Entry implements Omit<EntryParts, 'spawn' | 'beside'> {
  readonly serial: number;
  readonly side: 'left' | 'right' | undefined;
  readonly policy: Policy | undefined;
  readonly hindrance: string | undefined;
  readonly template: Entry | undefined;
  #conn: Conn;
  readonly #spawn: (entry: Entry) => ActorRef<ConnectionMessage>;
  #ref: ActorRef<ConnectionMessage> | undefined = undefined;
  #peer: string | undefined;

  constructor(parts: EntryParts) {
    this.serial = parts.serial;
    this.#conn = parts.conn;
    this.side = parts.side;
    this.policy = parts.policy;
    this.hindrance = parts.hindrance;
    this.template = parts.template;
    this.#spawn = parts.spawn;
    this.#peer = parts.beside?.peer;
  }

  get conn(): Conn {
    return this.#conn;
  }

  /** `conn` differs in when it is to begin, and in nothing that it is. */
  restate(conn: Conn): void {
    this.#conn = conn;
  }

  /** Its actor, made when somebody first wants something of it: most of ten thousand connections are never used. */
  get ref(): ActorRef<ConnectionMessage> {
    this.#ref ??= this.#spawn(this);
    return this.#ref;
  }

  /** Somebody has wanted something: there is an actor, and there may be SAs. */
  get isUsed(): boolean {
    return this.#ref !== undefined;
  }

  /** The policy's `peerKey`: asked for six times a handshake, and made once. */
  get peer(): string {
    this.#peer ??= this.policy ? peerKey(this.policy) : '';
    return this.#peer;
  }
}

/**
 * Two peers at one address who call themselves the same need not be one: nobody in particular (RFC 7619), and users of
 * EAP, whose IDi is not what they prove. Behind one NAT they differ by their ports.
 */
export const mayBeMany = ({ theirs, v1 }: Policy, peerId: Id | undefined): boolean =>
  peerId?.type === ID_TYPES.ID_NULL ||
  v1?.xauth?.role === 'server' ||
  theirs.some(({ ways }) => ways.some((way) => way === 'null' || way.startsWith('eap')));

/**
 * The same for all that may share an IKE SA. A key made by `join` is one flat string; one made by a template stays a
 * tree of its parts for as long as it lives.
 */
export const peerKey = (p: Policy): string =>
  [
    ...[p.localHost, p.remoteHost, p.localId.key, p.remoteId?.key ?? '*', proofKey(p)],
    ...(p.instance !== undefined && mayBeMany(p, p.remoteId) ? [p.instance] : []),
    ...(p.v1 ? ['ikev1'] : []),
  ].join(' ');
