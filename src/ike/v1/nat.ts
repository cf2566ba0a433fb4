/** NAT detection, RFC 3947 §3 and the drafts before it: each end sends hashes of the addresses as it sees them. */
import { Endpoint } from '../../net/endpoint.ts';
import type { Prf } from '../crypto/algorithms.ts';
import { hash } from './crypto/hash.ts';
import type { V1Policy } from './policy.ts';
import { hasVendor, VENDOR, vendorId } from './vendor-ids.ts';
import { all, type Payload } from './wire/index.ts';

/** Where both ends go when there is a NAT. RFC 3947 §4. */
export const NAT_PORT = 4500;

/** Drafts and RFC have other payload numbers and other encapsulation modes; the drafts' are the same. */
export type NatForm = 'rfc' | 'drafts';

/** In our order; what we announce, and how to take it when the peer announces it too. */
const FORMS = [
  { vendor: VENDOR.NAT_RFC, form: 'rfc' },
  { vendor: VENDOR.NAT_DRAFT_03, form: 'drafts' },
  { vendor: VENDOR.NAT_DRAFT_02_N, form: 'drafts' },
  { vendor: VENDOR.NAT_DRAFT_02, form: 'drafts' },
] as const;

const formsOf = ({ v1, encapsulation }: V1Policy) =>
  v1.nat === 'none' || encapsulation === 'no' ? [] : FORMS.filter(({ form }) => v1.nat === 'both' || v1.nat === form);

/** As initiator. */
export const announceNat = (policy: V1Policy): Payload[] => formsOf(policy).map(({ vendor }) => vendorId(vendor));

/** As responder: the best of what both know. */
export function answerNat(policy: V1Policy, payloads: readonly Payload[]): Payload[] {
  const common = formsOf(policy).find(({ vendor }) => hasVendor(payloads, vendor));
  return common ? [vendorId(common.vendor)] : [];
}

/** What both know; the initiator's first choice among what is announced to it. */
export const natFormOf = (policy: V1Policy, payloads: readonly Payload[]): NatForm | undefined =>
  formsOf(policy).find(({ vendor }) => hasVendor(payloads, vendor))?.form;

interface Cookies {
  readonly cookieI: Uint8Array;
  readonly cookieR: Uint8Array;
}

/**
 * The peer's end first, then ours. `pretend`: a source that cannot match, so that the peer encapsulates
 * (`encapsulation=yes`).
 */
export function natDetection(
  prf: Prf,
  form: NatForm,
  cookies: Cookies,
  ends: { readonly local: Endpoint; readonly peer: Endpoint },
  pretend: boolean,
): Payload[] {
  const type = form === 'rfc' ? 'NAT_D' : 'NAT_D_DRAFT';
  const source = pretend ? new Uint8Array(prf.outOctets) : seenAs(prf, cookies, ends.local);
  return [
    { type, data: seenAs(prf, cookies, ends.peer) },
    { type, data: source },
  ];
}

/** What the peer's payloads say; undefined without any: then there is no NAT traversal. */
export function detectNat(
  prf: Prf,
  form: NatForm,
  cookies: Cookies,
  payloads: readonly Payload[],
  ends: { readonly local: Endpoint; readonly peer: Endpoint },
): { readonly weAreNatted: boolean; readonly peerIsNatted: boolean } | undefined {
  const [destination, ...sources] = all(payloads, form === 'rfc' ? 'NAT_D' : 'NAT_D_DRAFT').map(({ data }) => data);
  if (!destination || sources.length === 0) return undefined;
  const isSeen = (list: readonly Uint8Array[], end: Endpoint) =>
    asSent(end).some((at) => {
      const expected = seenAs(prf, cookies, at);
      return list.some((one) => Buffer.compare(one, expected) === 0);
    });
  return { weAreNatted: !isSeen([destination], ends.local), peerIsNatted: !isSeen(sources, ends.peer) };
}

/** In Aggressive Mode the initiator moves to port 4500 with the very message that has its hashes: some hash the old ports. */
const asSent = (end: Endpoint): readonly Endpoint[] =>
  end.port === NAT_PORT ? [end, new Endpoint(end.address, 500)] : [end];

/** HASH(CKY-I | CKY-R | address | port), by the hash that was agreed. */
const seenAs = (prf: Prf, { cookieI, cookieR }: Cookies, { address, port }: Endpoint): Uint8Array =>
  hash(prf, cookieI, cookieR, address.toBytes(), Uint8Array.of(port >> 8, port));
