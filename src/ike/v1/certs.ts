/**
 * CERT and CERTREQ of phase 1, RFC 2408 §3.9 and §3.10. An authority is asked for by its name, in a payload of its own,
 * where IKEv2 has hashes of keys in one. In Main Mode they go with the key exchange as responder, and encrypted as
 * initiator, as libreswan sends them.
 */

import { isSignature } from '../auth-ways.ts';
import { ourChain } from '../certificates.ts';
import type { Credential } from '../effects.ts';
import { CERT_ENCODING } from '../wire/registry.ts';
import { type IsakmpSa, NOTHING } from './isakmp-sa.ts';
import type { V1Policy } from './policy.ts';
import type { Turn } from './turn.ts';
import type { Payload } from './wire/index.ts';

/** Of names in one message, much of which goes unfragmented: of more authorities we name none, which asks for any. */
const MOST_NAMED_OCTETS = 1_024;

/** Our certificate, and those that lead to its anchor, as `sendcert=` and `sendca=` want. */
export function certPayloads({ sa, env }: Turn, policy: V1Policy, credential: Credential): Payload[] {
  const isAsked = sa.handshake?.isCertAsked === true;
  const chain = ourChain(env.directory, policy, policy.ours[0], credential, isAsked);
  return chain.map((data) => ({ type: 'CERT', encoding: CERT_ENCODING.X509_SIGNATURE, data }));
}

/** Asks for the peer's certificate where one would do. */
export function certRequests({ env }: Turn, policy: V1Policy): Payload[] {
  if (!policy.theirs[0].ways.some(isSignature)) return [];
  const names = env.directory.authorityNames(policy);
  const octets = names.reduce((sum, name) => sum + name.length, 0);
  const named = octets > MOST_NAMED_OCTETS ? [NOTHING] : names;
  return named.map((data) => ({ type: 'CERTREQ', encoding: CERT_ENCODING.X509_SIGNATURE, data }));
}

/** Remembers that the peer asks for ours, whichever authority it names: it may know another way to trust us. */
export function noteCertRequests({ handshake }: IsakmpSa, payloads: readonly Payload[]): void {
  if (handshake && payloads.some((p) => p.type === 'CERTREQ' && ASKING.has(p.encoding))) handshake.isCertAsked = true;
}

/** Windows asks for the form in which it sends them. */
const ASKING: ReadonlySet<number> = new Set([CERT_ENCODING.X509_SIGNATURE, CERT_ENCODING.PKCS7_WRAPPED_X509]);
