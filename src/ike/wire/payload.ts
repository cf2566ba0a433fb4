/** Every payload this codec knows, and the union of their types. */
import { CP } from './configuration.ts';
import { SK, SKF } from './encrypted.ts';
import type { Body, Definition } from './field.ts';
import { AUTH, CERT, CERTREQ, EAP, IDI, IDR } from './identity.ts';
import { KE, NONCE, V } from './key-exchange.ts';
import { D, N } from './notify.ts';
import { SA } from './sa.ts';
import { TSI, TSR } from './traffic-selector.ts';

/**
 * Payloads of extensions that pluto does not speak (GSPM, G-IKEv2, PS) are left out on purpose: as long as they
 * are unknown here, a critical one is refused as RFC 7296 §2.5 demands.
 */
const DEFINITIONS = [SA, KE, IDI, IDR, CERT, CERTREQ, AUTH, NONCE, N, D, V, TSI, TSR, SK, CP, EAP, SKF] as const;

/** `critical`: as received; absent is false. Ignored of payloads that are known (RFC 7296 §2.5). */
type Frame<N extends string> = { readonly type: N; readonly critical?: boolean };

type PayloadOf<D> = D extends Definition<infer N, infer S> ? Frame<N> & Body<S> & Envelope<N> : never;

/** What message.ts knows of the two that wrap others. */
type Envelope<N> = N extends 'SK' | 'SKF'
  ? {
      /** Type of the first payload inside; 0 if there is none, and in all fragments but the first. */
      readonly nextPayload: number;
      /** Octets of the datagram before `data`: the associated data (RFC 5282 §5.1). Not written. */
      readonly aadOctets: number;
    }
  : unknown;

export interface UnknownPayload {
  readonly type: 'unknown';
  readonly number: number;
  /** True: the message must be refused, RFC 7296 §2.5. */
  readonly critical: boolean;
  readonly data: Uint8Array;
}

export type KnownPayload = PayloadOf<(typeof DEFINITIONS)[number]>;
export type Payload = KnownPayload | UnknownPayload;
export type PayloadName = Payload['type'];

const BY_NUMBER: (Definition | undefined)[] = [];
for (const definition of DEFINITIONS) BY_NUMBER[definition.number] = definition;
const BY_NAME = new Map<string, Definition>(DEFINITIONS.map((definition) => [definition.name, definition]));

export const definitionOf = (number: number): Definition | undefined => BY_NUMBER[number];

export function definitionNamed(name: KnownPayload['type']): Definition {
  const definition = BY_NAME.get(name);
  if (!definition) throw new RangeError(`no payload is called ${name}`);
  return definition;
}

export const numberOf = (p: Payload): number => (p.type === 'unknown' ? p.number : definitionNamed(p.type).number);

/** The first payload of that type. */
export function find<T extends PayloadName>(
  payloads: readonly Payload[],
  type: T,
): Extract<Payload, { type: T }> | undefined {
  return payloads.find((p): p is Extract<Payload, { type: T }> => p.type === type);
}

/** Every notification of type `notify`, in order. */
export function notifies(payloads: readonly Payload[], notify: number): Extract<Payload, { type: 'N' }>[] {
  return payloads.filter((p): p is Extract<Payload, { type: 'N' }> => p.type === 'N' && p.notify === notify);
}
