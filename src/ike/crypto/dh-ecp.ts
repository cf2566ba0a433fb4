import { createECDH } from 'node:crypto';
import type { Method } from './dh.ts';

/**
 * RFC 5903 §7 and RFC 6954 §3: a public value is x | y without SEC 1's leading 4, a secret is x alone. OpenSSL
 * refuses points that are not on the curve (RFC 6989 §2.3); all these curves have cofactor 1.
 */
export function ecp(curve: string): Method {
  const half = (octets: Buffer) => new Uint8Array(octets.subarray(1));
  const mix = (mine: { computeSecret(theirs: Uint8Array): Buffer }, theirs: Uint8Array) => {
    const point = new Uint8Array(1 + theirs.length);
    point[0] = 4;
    point.set(theirs, 1);
    try {
      return mine.computeSecret(point);
    } catch {
      return undefined;
    }
  };
  return {
    make() {
      const pair = createECDH(curve);
      return { public: half(pair.generateKeys()), private: pair.getPrivateKey() };
    },
    mix(mine, theirs) {
      const pair = createECDH(curve);
      pair.setPrivateKey(mine);
      return mix(pair, theirs);
    },
    meet(theirs) {
      const pair = createECDH(curve);
      const ours = half(pair.generateKeys());
      const shared = mix(pair, theirs);
      return shared && { public: ours, shared };
    },
  };
}
