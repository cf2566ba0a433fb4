import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Method } from './dh.ts';
import { shortcuts } from './shortcuts.ts';

/**
 * RFC 7748 functions as key exchanges, RFC 8031. Keys travel as JWK: OpenSSL 3 takes 70 µs and more to decode DER,
 * 5 µs for this. A private scalar thereby is a string for a moment, which nobody can wipe; only initiators do that.
 */
export function montgomery(crv: 'X25519' | 'X448'): Method {
  const generate = () =>
    generateKeyPairSync(crv.toLowerCase() as 'x25519', JWK_OUT as never) as unknown as {
      publicKey: Jwk;
      privateKey: Jwk;
    };
  const generateObject = () =>
    generateKeyPairSync(crv.toLowerCase() as 'x25519', JWK_PUBLIC_OUT as never) as unknown as {
      publicKey: Jwk;
      privateKey: KeyObject;
    };
  const mix = (privateKey: KeyObject, theirs: Uint8Array) => {
    try {
      const x = Buffer.from(theirs).toString('base64url');
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv, x }, format: 'jwk' });
      const shared = diffieHellman({ privateKey, publicKey });
      return isZero(shared) ? undefined : shared;
    } catch {
      return undefined;
    }
  };
  return {
    make() {
      const { publicKey, privateKey } = generate();
      return { public: raw(publicKey.x), private: raw(privateKey.d!) };
    },
    mix(mine, theirs) {
      // `x` must be there, and is not looked at.
      const d = Buffer.from(mine).toString('base64url');
      return mix(createPrivateKey({ key: { kty: 'OKP', crv, d, x: 'AAAA' }, format: 'jwk' }), theirs);
    },
    meet(theirs) {
      const met = shortcuts?.meet(crv, theirs);
      if (met) return met === 'refused' || isZero(met.shared) ? undefined : met;
      const { publicKey, privateKey } = generateObject();
      const shared = mix(privateKey, theirs);
      return shared && { public: raw(publicKey.x), shared };
    },
  };
}

/** RFC 8031 §5: what a point of small order gives. OpenSSL refuses it too; the MUST is ours. */
const isZero = (shared: Uint8Array): boolean => shared.every((octet) => octet === 0);

interface Jwk {
  readonly x: string;
  readonly d?: string;
}

// Node's types know only DER and PEM here. Exporting afterwards is no way out: it can deadlock Node 20.
const JWK_PUBLIC_OUT = { publicKeyEncoding: { format: 'jwk' } };
const JWK_OUT = { ...JWK_PUBLIC_OUT, privateKeyEncoding: { format: 'jwk' } };

const raw = (base64url: string): Uint8Array => new Uint8Array(Buffer.from(base64url, 'base64url'));
