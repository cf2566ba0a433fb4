import { createECDH, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Method } from './dh.ts';

/**
 * RFC 5903 §7 and RFC 6954 §3: a public value is x | y without SEC 1's leading 4, a secret is x alone. OpenSSL
 * refuses points that are not on the curve (RFC 6989 §2.3); all these curves have cofactor 1.
 */
export function ecp(curve: string): Method {
  return {
    make() {
      const pair = createECDH(curve);
      return { public: withoutFour(pair.generateKeys()), private: pair.getPrivateKey() };
    },
    mix(mine, theirs) {
      const pair = createECDH(curve);
      pair.setPrivateKey(mine);
      return unlessRefused(() => pair.computeSecret(withFour(theirs)));
    },
    // ECDH objects validate the peer's point a second time, which costs more than KeyObjects do except on P-256.
    meet: curve === 'prime256v1' ? (theirs) => meetByEcdh(curve, theirs) : (theirs) => meetByKeyObject(curve, theirs),
  };
}

function meetByEcdh(curve: string, theirs: Uint8Array) {
  const pair = createECDH(curve);
  const ours = withoutFour(pair.generateKeys());
  const shared = unlessRefused(() => pair.computeSecret(withFour(theirs)));
  return shared && { public: ours, shared };
}

function meetByKeyObject(curve: string, theirs: Uint8Array) {
  const pair = generateKeyPairSync('ec', { namedCurve: curve, ...SPKI_OUT } as never) as unknown as {
    publicKey: Buffer;
    privateKey: KeyObject;
  };
  // SubjectPublicKeyInfo ends with the point (RFC 5480 §2): theirs is ours with another end.
  const spki = Buffer.from(pair.publicKey);
  const ours = Uint8Array.from(spki.subarray(-theirs.length));
  spki.set(theirs, spki.length - theirs.length);
  const shared = unlessRefused(() => {
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    return diffieHellman({ privateKey: pair.privateKey, publicKey });
  });
  return shared && { public: ours, shared };
}

const SPKI_OUT = { publicKeyEncoding: { format: 'der', type: 'spki' } };

function withFour(theirs: Uint8Array): Uint8Array {
  const point = new Uint8Array(1 + theirs.length);
  point[0] = 4;
  point.set(theirs, 1);
  return point;
}

const withoutFour = (point: Uint8Array): Uint8Array => Uint8Array.from(point.subarray(1));

/** OpenSSL throws at a point off the curve, and at infinity. */
function unlessRefused(mix: () => Uint8Array): Uint8Array | undefined {
  try {
    return mix();
  } catch {
    return undefined;
  }
}
