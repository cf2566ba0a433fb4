/** An `auth.check` job as a peer's IKE_AUTH would make it. */

import { TrustReader } from '../../../src/ike/auth/x509/trust-reader.ts';
import { TrustShelf } from '../../../src/ike/auth/x509/trust-shelf.ts';
import { type AuthCheck, CHECK_FLAGS, type JobResult, runJob } from '../../../src/ike/crypto/job.ts';
import type { PrivateKey } from '../../../src/ike/crypto/signature/private-key.ts';
import { type Scheme, SELF_TEST } from '../../../src/ike/crypto/signature/scheme.ts';
import { sign } from '../../../src/ike/crypto/signature/sign.ts';
import { Id } from '../../../src/net/id.ts';
import { good, text } from '../crypto/signature/keys.ts';
import { type Made, NOW } from './x509/make.ts';

export const OCTETS = text('message | nonce | prf');

export interface Peer {
  readonly key: PrivateKey;
  readonly id?: string;
  readonly scheme?: Scheme;
}

export function jobOf(
  { key, id = '@east.example', scheme = SELF_TEST[key.kind] }: Peer,
  more: Partial<AuthCheck>,
): AuthCheck {
  const { type, data } = Id.parse(id)!;
  return {
    op: 'auth.check',
    ...{ scheme: scheme.code, octets: OCTETS, signature: good(sign(key, scheme, OCTETS)) },
    ...{ id: Uint8Array.of(type, ...data), spkis: [], certs: [], ocsps: [] },
    ...{ at: NOW, flags: CHECK_FLAGS.idOnCertificate, ocspUri: undefined, sign: undefined },
    ...more,
  };
}

export interface Shelved {
  readonly anchors?: readonly Made[];
  readonly intermediates?: readonly Made[];
  readonly crls?: readonly Uint8Array[];
  /** Whose answers by OCSP are believed about anybody. */
  readonly responder?: Made;
}

export function shelfOf({ anchors = [], intermediates = [], crls = [], responder }: Shelved): TrustShelf {
  const shelf = new TrustShelf();
  const refused = shelf.replaceCertificates([
    ...anchors.map(({ der }) => ({ der, isAnchor: true })),
    ...intermediates.map(({ der }) => ({ der, isAnchor: false })),
  ]);
  if (refused.length > 0) throw new Error(refused[0].wrong);
  for (const crl of crls) good(shelf.putCrl(crl));
  if (responder && shelf.trustResponder(responder.der)) throw new Error('not trusted');
  return shelf;
}

/** What comes of `chain`, the leaf first, held against `shelved`. */
export function check(
  chain: readonly Made[],
  shelved: Shelved,
  more: Partial<AuthCheck> & { as?: string } = {},
): JobResult {
  const { as, ...fields } = more;
  const peer = as === undefined ? { key: chain[0].key } : { key: chain[0].key, id: as };
  const job = jobOf(peer, { certs: chain.map(({ der }) => der), ...fields });
  return runJob(job, undefined, new TrustReader(shelfOf(shelved).shared));
}

/** Why it is refused. */
export function refusal(...of: Parameters<typeof check>): string {
  const result = check(...of);
  if (result.ok) throw new Error('accepted');
  return `${result.why}: ${result.detail}`;
}

/** Our own bug, when it is refused. */
export function accepted(...of: Parameters<typeof check>): Extract<JobResult, { op: 'auth.check' }> {
  const result = check(...of);
  if (!result.ok) throw new Error(`${result.why}: ${result.detail}`);
  if (result.op !== 'auth.check') throw new Error(result.op);
  return result;
}
