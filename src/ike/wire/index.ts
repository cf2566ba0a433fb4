/**
 * The IKEv2 wire format: octets to values and back.
 *
 *     datagram ─ decodeMessage ─► Message { header, payloads } ─ SK opened by its owner ─ decodeChain ─► Payload[]
 *     Payload[] ─ encodeChain ─► sealed by its owner behind encodeProtectedPrefix ─► datagram
 *     Payload[] ─ encodeMessage ─► datagram (in the clear)
 *
 * A payload is a table of fields (field.ts); only the SA's tree and the chain itself are written by hand.
 */
export type { ConfigurationAttribute } from './configuration.ts';
export { describe, dump } from './describe.ts';
export type { Malformed, Result } from './fault.ts';
export {
  decodeHeader,
  HEADER_AT,
  HEADER_OCTETS,
  type Header,
  type HeaderFields,
  isZero,
  SPI_OCTETS,
} from './header.ts';
export * from './limits.ts';
export {
  decodeChain,
  decodeMessage,
  encodeChain,
  encodeMessage,
  encodeProtectedPrefix,
  type Message,
} from './message.ts';
export { nameOf } from './names.ts';
export { find, type KnownPayload, notifies, type Payload, type PayloadName, type UnknownPayload } from './payload.ts';
export * from './registry.ts';
export * from './registry-notify.ts';
export * from './registry-transform.ts';
export type { Proposal, Transform, TransformAttribute } from './sa.ts';
export type { OtherSelector } from './traffic-selector.ts';
