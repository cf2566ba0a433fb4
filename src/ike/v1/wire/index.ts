/**
 * The wire format of IKEv1: octets to values and back, with the table engine of `src/ike/wire`.
 *
 *     datagram ─ decodeMessage ─► Message { header, chain } or { header, sealed } ─ opened ─ decodeChain ─► Chain
 *     Payload[] ─ encodeMessage ─► datagram (in the clear)
 *     Payload[] ─ encodeChain ─► padded and encrypted by their owner ─ encodeWith ─► datagram
 */

export { nameOf } from '../../wire/names.ts';
export {
  type Attribute,
  attribute,
  decodeAttributes,
  encodeAttributes,
  MAX_ATTRIBUTES,
  numberIn,
} from './attributes.ts';
export { describe, dump, exchangeName } from './describe.ts';
export {
  type Chain,
  decodeChain,
  decodeMessage,
  encodeBody,
  encodeChain,
  encodeMessage,
  encodeWith,
  firstOf,
  type Header,
  type HeaderFields,
  type Message,
} from './message.ts';
export { all, find, type Payload, type PayloadName, type PayloadNamed } from './payload.ts';
export * from './registry.ts';
export * from './registry-sa.ts';
export type { Proposal, Transform } from './sa.ts';
