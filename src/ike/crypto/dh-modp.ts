import { createDiffieHellman, type DiffieHellman, getDiffieHellman, randomFillSync } from 'node:crypto';
import type { Method } from './dh.ts';
import { RFC5114 } from './modp-subgroups.ts';

/**
 * Groups mod p. The DiffieHellman class, because KeyObjects would cost an exponentiation more per secret. OpenSSL
 * gives the RFC 3526 groups exponents of twice their strength; those of RFC 5114 get ours, below q.
 */
export function modp(id: number): Method {
  const { p, g, q } = parameters(id);
  const octets = p.length;
  const prime = number(p);
  const dh = () => createDiffieHellman(p, g);

  /** RFC 6989 §2.1: 1 < y < p-1; §2.2, where the subgroup is small: y^q = 1 too. */
  const isPublic = (theirs: Uint8Array): boolean => {
    const y = number(theirs);
    if (y <= 1n || y >= prime - 1n) return false;
    return q === undefined || isInSubgroup(dh(), theirs, y, prime, q);
  };
  return {
    make() {
      const pair = dh();
      if (q) pair.setPrivateKey(exponent(q));
      const ours = padded(pair.generateKeys(), octets);
      return { public: ours, private: pair.getPrivateKey() };
    },
    mix(mine, theirs) {
      if (!isPublic(theirs)) return undefined;
      const pair = dh();
      pair.setPrivateKey(mine);
      try {
        return padded(pair.computeSecret(theirs), octets);
      } catch {
        return undefined;
      }
    },
  };
}

/** y^q = 1, asked as y^(q-1) * y = 1 because OpenSSL hands out no secret that is 1. */
function isInSubgroup(dh: DiffieHellman, theirs: Uint8Array, y: bigint, prime: bigint, q: bigint): boolean {
  dh.setPrivateKey(bytes(q - 1n));
  try {
    return (number(dh.computeSecret(theirs)) * y) % prime === 1n;
  } catch {
    return false;
  }
}

/** 0 < x < q, evenly. */
function exponent(q: bigint): Uint8Array {
  const x = new Uint8Array(Math.ceil(q.toString(16).length / 2));
  for (;;) {
    randomFillSync(x);
    const value = number(x);
    if (value > 0n && value < q) return x;
  }
}

function parameters(id: number): { p: Uint8Array; g: Uint8Array; q?: bigint } {
  const subgroup = RFC5114[id];
  if (subgroup) return { p: hex(subgroup.p), g: hex(subgroup.g), q: BigInt(`0x${subgroup.q}`) };
  const named = getDiffieHellman(`modp${id}`);
  return { p: named.getPrime(), g: named.getGenerator() };
}

function padded(value: Uint8Array, octets: number): Uint8Array {
  const out = new Uint8Array(octets);
  out.set(value, octets - value.length);
  return out;
}

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const number = (octets: Uint8Array): bigint => BigInt(`0x${Buffer.from(octets).toString('hex')}`);
const bytes = (value: bigint): Uint8Array => {
  const text = value.toString(16);
  return hex(text.length % 2 ? `0${text}` : text);
};
