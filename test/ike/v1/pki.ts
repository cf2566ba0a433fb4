/**
 * One authority, one below it, and certificates of west and east with RSA keys, all made here.
 *
 *     root ──► issuer ──► west, east
 */
import { TrustReader } from '../../../src/ike/auth/x509/trust-reader.ts';
import { open, seal } from '../../../src/ike/v1/crypto/protect.ts';
import {
  decodeChain,
  decodeMessage,
  encodeChain,
  encodeMessage,
  encodeWith,
  firstOf,
  type Payload,
} from '../../../src/ike/v1/wire/index.ts';
import { CERT_ENCODING } from '../../../src/ike/wire/registry.ts';
import { type Shelved, shelfOf } from '../auth/checking.ts';
import { altNames, another, ca, dns, leaf, type Made, NOW, type Wish } from '../auth/x509/make.ts';
import { both } from '../v2/proofs.ts';
import type { InFlight } from '../v2/wire.ts';
import type { Host } from './host.ts';
import type { Change, EndOptions, PairOptions } from './pair.ts';
import type { Proofs } from './proofs.ts';

export const ROOT = ca({ subject: 'CN=root' });
export const ISSUER = ca({ subject: 'CN=issuer', issuer: ROOT, key: another('p256', 1) });
/** Nobody's. */
export const STRANGER = ca({ subject: 'CN=stranger', key: another('p256', 2) });

/** A certificate for `@name`, `CN=name`. */
export const certFor = (name: 'west' | 'east' | 'mallory', wish: Wish = {}): Made =>
  leaf({
    ...{ subject: `CN=${name}`, issuer: ISSUER, key: another('rsa', name === 'west' ? 0 : 8) },
    extensions: [altNames(dns(name))],
    ...wish,
  });

export const WEST_CERT = certFor('west');
export const EAST_CERT = certFor('east');

export const trusting = (shelved: Shelved): Pick<Proofs, 'trust' | 'authorityNames'> => ({
  trust: new TrustReader(shelfOf(shelved).shared),
  authorityNames: (shelved.anchors ?? []).map(({ subject }) => subject),
});

const TRUST = trusting({ anchors: [ROOT] });

export const proofsOf = ({ der, key }: Made, change: Proofs = {}): Proofs => ({
  ...{ key, certificate: der, issuers: [ISSUER.der], rules: { at: NOW }, ...TRUST },
  ...change,
});

export const RSA: Change = { ...both(['rsasig-v1.5']), sendCa: 'all', fragmentation: false };

/** Both ends with certificates. */
export function withCerts(change: { west?: EndOptions; east?: EndOptions; policy?: Change } = {}): PairOptions {
  return {
    policy: { ...RSA, ...change.policy },
    west: { proofs: proofsOf(WEST_CERT), ...change.west },
    east: { proofs: proofsOf(EAST_CERT), ...change.east },
  };
}

/** `flight`, which is for `target`, with other payloads, protected as it was. */
export function altered(target: Host, flight: InFlight, change: (payload: Payload) => readonly Payload[]): InFlight {
  const decoded = decodeMessage(flight.bytes);
  if (!decoded.ok) throw new Error('sent what does not parse');
  const { header, chain, sealed } = decoded.value;
  if (!sealed) return { ...flight, bytes: encodeMessage(header, chain.payloads.flatMap(change)) };
  const { suite, keys, phaseOne } = target.sa;
  const plain = suite && keys && phaseOne?.iv && open(suite, keys, phaseOne.iv, sealed);
  const inner = plain && decodeChain(header.nextPayload, plain);
  if (!inner?.ok || !suite || !keys || !phaseOne?.iv) throw new Error('sent what nobody can open');
  const payloads = inner.value.payloads.flatMap(change);
  return {
    ...flight,
    bytes: encodeWith(header, firstOf(payloads), seal(suite, keys, phaseOne.iv, encodeChain(payloads))),
  };
}

/** One octet in the middle is another. */
export function spoilt(octets: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(octets);
  copy[copy.length >> 1] ^= 1;
  return copy;
}

export const certPayload = (data: Uint8Array, encoding: number = CERT_ENCODING.X509_SIGNATURE): Payload => ({
  ...{ type: 'CERT', encoding, data },
});
