/**
 * Which jobs take so little that the way to a helper is not worth it. That way and back costs 150 to 400 µs of processor
 * time in all: two threads are woken, octets copied, and another engine's garbage collected beside ours. What takes half a
 * millisecond is cheaper here, and holds up nobody for long; what a stranger can make dear is not done here.
 */
import type { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import type { AuthCheck, Job } from '../ike/crypto/job.ts';
import { readElement, TAG } from '../ike/crypto/signature/der.ts';
import type { Keyring } from '../ike/crypto/signature/key-shelf.ts';
import { type Scheme, schemeAt } from '../ike/crypto/signature/scheme.ts';

/** `keys`: those that the job may sign with; `trust`: what it holds certificates against. */
export function isBrief(job: Job, keys: Keyring, trust: TrustShelf | undefined): boolean {
  switch (job.op) {
    case 'sign':
      return signsBriefly(keys, job.key);
    case 'verify':
      return verifiesBriefly(schemeAt(job.scheme), job.signature);
    case 'auth.check':
      return (
        verifiesBriefly(schemeAt(job.scheme), job.signature) &&
        readsBriefly(job, trust) &&
        (job.sign === undefined || signsBriefly(keys, job.sign.key))
      );
    default:
      return GROUPS.has(job.group);
  }
}

/** MODP2048, P-256 and X25519: 50 to 250 µs a half. The next dearer one takes 700. */
const GROUPS: ReadonlySet<number> = new Set([14, 19, 31]);

/** RSA up to so many bits: 250 µs to sign. With 3072 it is 700. */
const RSA_BITS = 2048;

/** A key that is gone is found out at once. */
function signsBriefly(keys: Keyring, number: number): boolean {
  const key = keys.find(number);
  return key === undefined || key.bits <= (key.kind === 'rsa' ? RSA_BITS : 256);
}

/** Octets of a signature on a curve of 256 bits, whatever it is encoded in. */
const CURVE_OCTETS = 72;

/** By the length of what the peer has sent, as its key is not known yet. */
function verifiesBriefly(scheme: Scheme | undefined, { length }: Uint8Array): boolean {
  return scheme === undefined || length <= (scheme.type === 'RSA' ? RSA_BITS / 8 : CURVE_OCTETS);
}

/** A leaf, and one authority between it and ours. */
const CERTIFICATES = 2;
const CERTIFICATE_OCTETS = 4096;
/** Raw keys that are known for the peer. */
const RAW_KEYS = 2;
/** Lists of revoked certificates are hashed and indexed when they are first held against somebody: 4 ms a megabyte. */
const CRL_OCTETS = 262_144;

function readsBriefly({ certs, spkis, ocsps }: AuthCheck, trust: TrustShelf | undefined): boolean {
  if (spkis.length > RAW_KEYS || certs.length > CERTIFICATES || ocsps.length > 0) return false;
  if (certs.length === 0) return true;
  let octets = 0;
  for (const { length } of certs) octets += length;
  return octets <= CERTIFICATE_OCTETS && certs.every(isCheap) && (trust === undefined || trust.crlOctets <= CRL_OCTETS);
}

/** Octets of what an authority signs with: a curve of 384 bits, or RSA of 2048 bits and up to 4096. */
const AUTHORITY = { curve: 104, leastRsa: 256, mostRsa: 512 } as const;

/** To find out who has signed it: a stranger brings the authority as well, whose key may be as long as it likes. */
function isCheap(certificate: Uint8Array): boolean {
  const outer = readElement(certificate, TAG.SEQUENCE);
  const signed = outer && readElement(outer.body, TAG.SEQUENCE);
  const algorithm = signed && readElement(signed.rest, TAG.SEQUENCE);
  const signature = algorithm && readElement(algorithm.rest, TAG.BIT_STRING);
  // What cannot be read is refused at once.
  if (!signature) return true;
  const octets = signature.body.length - 1;
  return octets <= AUTHORITY.curve || (octets >= AUTHORITY.leastRsa && octets <= AUTHORITY.mostRsa);
}
