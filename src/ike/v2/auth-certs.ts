/** Our CERT payloads and both ends' CERTREQ, RFC 7296 §3.6, §3.7, with OCSP responses, RFC 4806. */

import { isSignature } from '../auth-ways.ts';
import { ourChain } from '../certificates.ts';
import type { Credential } from '../effects.ts';
import type { AuthRound, Policy } from '../policy.ts';
import { CERT_ENCODING, type Payload } from '../wire/index.ts';
import { handshakeOf } from './handshake.ts';
import type { ChildOffer, Handshake } from './ike-sa.ts';
import type { Turn } from './turn.ts';

/** Authorities that a peer may name: what is more is as good as naming none. */
const MAX_NAMED = 512;
/** IKE_SA_INIT is never fragmented: of more authorities than this we name none there, which asks for any. */
const MAX_NAMED_IN_CLEAR = 24;
const HASH_OCTETS = 20;

/** Ours, as `sendcert=` and `sendca=` want. */
export function certPayloads(turn: Turn, policy: Policy, round: AuthRound, credential: Credential): Payload[] {
  const { certRequest } = handshakeOf(turn.sa);
  const chain = ourChain(turn.env.directory, policy, round, credential, certRequest !== undefined);
  // It may know another way to trust us, and will say if it does not.
  if (chain.length > 0 && certRequest && !isAmong(certRequest, credential.authorities))
    turn.debug(() => 'none of the authorities that the peer names has issued our certificate; sent all the same');
  return chain.map((data) => ({ type: 'CERT', critical: false, encoding: CERT_ENCODING.X509_SIGNATURE, data }));
}

/** With what their authority says of ours, if the peer asks for that and there is an answer in time. RFC 4806 §4.2. */
export function withOcsp(
  turn: Turn,
  certs: Payload[],
  { certificate }: Credential,
  offer: ChildOffer | undefined,
  go: (turn: Turn, certs: Payload[]) => void,
): void {
  const { sa, env } = turn;
  if (certs.length === 0 || !certificate || !handshakeOf(sa).wantsOcsp || !env.directory.chainRules.ocsp)
    return go(turn, certs);
  turn.ask(
    { t: 'ownOcsp', certificate },
    (later, reply) => {
      const data = reply.t === 'ownOcsp' ? reply.response : undefined;
      if (data)
        return go(later, [...certs, { type: 'CERT', critical: false, encoding: CERT_ENCODING.OCSP_CONTENT, data }]);
      later.debug(() => 'the peer asks for an OCSP response about our certificate, and there is none');
      go(later, certs);
    },
    offer,
  );
}

function isAmong(hashes: Uint8Array, authorities: readonly Uint8Array[]): boolean {
  if (hashes.length === 0 || authorities.length === 0) return true;
  for (let at = 0; at < hashes.length; at += HASH_OCTETS) {
    const hash = hashes.subarray(at, at + HASH_OCTETS);
    if (authorities.some((authority) => Buffer.compare(authority, hash) === 0)) return true;
  }
  return false;
}

/** Asks for the peer's certificate where one would do. `inClear`: in IKE_SA_INIT. */
export function certRequests(turn: Turn, policy: Policy, { inClear }: { readonly inClear: boolean }): Payload[] {
  if (!policy.theirs.some(({ ways }) => ways.some(isSignature))) return [];
  const data = turn.env.directory.authorities(policy);
  if (data.length === 0) return [];
  const isLong = inClear && data.length > MAX_NAMED_IN_CLEAR * HASH_OCTETS;
  const { X509_SIGNATURE: encoding } = CERT_ENCODING;
  const wanted: Payload = { type: 'CERTREQ', critical: false, encoding, data: isLong ? new Uint8Array() : data };
  return turn.env.directory.chainRules.ocsp ? [wanted, OCSP_REQUEST] : [wanted];
}

/** Names no responder: that of the authority will do, or one that it has appointed. RFC 4806 §3.1. */
const OCSP_REQUEST: Payload = {
  ...{ type: 'CERTREQ', critical: false, encoding: CERT_ENCODING.OCSP_CONTENT, data: new Uint8Array() },
};

/** Remembers what the peer asks for. */
export function noteCertRequests(handshake: Handshake, payloads: readonly Payload[]): void {
  if (payloads.some((p) => p.type === 'CERTREQ' && p.encoding === CERT_ENCODING.OCSP_CONTENT))
    handshake.wantsOcsp = true;
  const asked: Uint8Array[] = [];
  for (const p of payloads) if (p.type === 'CERTREQ' && p.encoding === CERT_ENCODING.X509_SIGNATURE) asked.push(p.data);
  if (asked.length === 0) return;
  const hashes = Buffer.concat(asked);
  const isList = hashes.length % HASH_OCTETS === 0 && hashes.length <= MAX_NAMED * HASH_OCTETS;
  handshake.certRequest = isList ? new Uint8Array(hashes) : new Uint8Array();
}
