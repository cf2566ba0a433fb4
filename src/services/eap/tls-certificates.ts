/** Whether the other end of a TLS tunnel is who it must be: by the rules that hold for IKE's own certificates. */
import { type Certificate, parseCertificate } from '../../ike/auth/x509/certificate.ts';
import { misfitOf } from '../../ike/auth/x509/identity.ts';
import { findChain, told } from '../../ike/auth/x509/path.ts';
import type { Trust } from '../../ike/auth/x509/trust-reader.ts';
import { Id } from '../../net/id.ts';
import type { Judging } from './tls-port.ts';

/** Of the other end's; more are refused. */
export const MOST_CERTIFICATES = 10;

/** `chain` in DER, the other end's own first. Undefined: nothing is. */
export function wrongWith(chain: readonly Uint8Array[], { id, at }: Judging, trust: Trust): string | undefined {
  if (chain.length > MOST_CERTIFICATES) return `${chain.length} certificates, and ${MOST_CERTIFICATES} are the most`;
  const read = chain.map((der) => parseCertificate(der));
  const leaf = read[0];
  if (leaf === undefined) return 'there is no certificate';
  if ('wrong' in leaf) return `the certificate cannot be read: ${leaf.wrong}`;
  const misfit = id && misfitOf(new Id(id[0], id.subarray(1)), leaf);
  if (misfit !== undefined) return told(leaf, misfit);
  const sent = read.slice(1).filter((certificate): certificate is Certificate => !('wrong' in certificate));
  const path = findChain(leaf, sent, trust, at);
  return 'wrong' in path ? path.wrong : undefined;
}
