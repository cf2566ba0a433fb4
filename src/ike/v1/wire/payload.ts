/** Every payload this codec knows, and the union of their types. */
import type { Body, Definition } from '../../wire/field.ts';
import {
  ATTRIBUTES,
  CERT,
  CERTREQ,
  D,
  FRAGMENT,
  HASH,
  ID,
  KE,
  N,
  NAT_D,
  NAT_D_DRAFT,
  NAT_OA,
  NAT_OA_DRAFT,
  NONCE,
  SIG,
  VID,
} from './payloads.ts';
import { SA } from './sa.ts';

const DEFINITIONS = [
  ...[SA, KE, ID, CERT, CERTREQ, HASH, SIG, NONCE, N, D, VID, ATTRIBUTES],
  ...[NAT_D, NAT_OA, NAT_D_DRAFT, NAT_OA_DRAFT, FRAGMENT],
] as const;

type PayloadOf<D> = D extends Definition<infer N, infer S> ? { readonly type: N } & Body<S> : never;

export interface UnknownPayload {
  readonly type: 'unknown';
  readonly number: number;
  readonly data: Uint8Array;
}

type KnownPayload = PayloadOf<(typeof DEFINITIONS)[number]>;
export type Payload = KnownPayload | UnknownPayload;
export type PayloadName = Payload['type'];
export type PayloadNamed<T extends PayloadName> = Extract<Payload, { type: T }>;

const BY_NUMBER = new Map<number, Definition>(DEFINITIONS.map((definition) => [definition.number, definition]));
const BY_NAME = new Map<string, Definition>(DEFINITIONS.map((definition) => [definition.name, definition]));

export const definitionOf = (number: number): Definition | undefined => BY_NUMBER.get(number);

export function definitionNamed(name: KnownPayload['type']): Definition {
  const definition = BY_NAME.get(name);
  if (!definition) throw new RangeError(`no payload is called ${name}`);
  return definition;
}

export const numberOf = (p: Payload): number => (p.type === 'unknown' ? p.number : definitionNamed(p.type).number);

/** The first payload of that type. */
export const find = <T extends PayloadName>(payloads: readonly Payload[], type: T): PayloadNamed<T> | undefined =>
  payloads.find((p): p is PayloadNamed<T> => p.type === type);

/** All of that type, in order. */
export const all = <T extends PayloadName>(payloads: readonly Payload[], type: T): PayloadNamed<T>[] =>
  payloads.filter((p): p is PayloadNamed<T> => p.type === type);
