import { createDiffieHellman, type DiffieHellman, getDiffieHellman, randomFillSync } from 'node:crypto';
import type { Method } from './dh.ts';
import { RFC5114 } from './modp-subgroups.ts';

/**
 * Groups mod p. The DiffieHellman class, because KeyObjects would cost an exponentiation more per secret. OpenSSL
 * gives the RFC 3526 groups exponents of twice their strength; the others get ours.
 */
export function modp(id: number): Method {
  // On first use: group 2 alone takes 24 ms to set up.
  let made: Parameters | undefined;
  const group = () => {
    made ??= parameters(id);
    return made;
  };
  return {
    make() {
      const { dh, octets, below } = group();
      const pair = dh();
      if (below) pair.setPrivateKey(exponent(below));
      const ours = padded(pair.generateKeys(), octets);
      const mine = pair.getPrivateKey();
      forget(pair);
      return { public: ours, private: mine };
    },
    mix(mine, theirs) {
      const { dh, octets } = group();
      if (!isPublic(group(), theirs)) return undefined;
      const pair = dh();
      pair.setPrivateKey(mine);
      try {
        return padded(pair.computeSecret(theirs), octets);
      } catch {
        return undefined;
      } finally {
        forget(pair);
      }
    },
  };
}

interface Parameters {
  readonly octets: number;
  readonly prime: bigint;
  /** The order of the subgroup, where it is small. */
  readonly q?: bigint;
  /** Bound of the exponents that are ours to draw; undefined: OpenSSL draws them. */
  readonly below?: bigint;
  dh(): DiffieHellman;
}

function parameters(id: number): Parameters {
  const subgroup = RFC5114[id];
  const named = subgroup ? undefined : getDiffieHellman(`modp${id}`);
  const p = named ? named.getPrime() : hex(subgroup!.p);
  const g = named ? named.getGenerator() : hex(subgroup!.g);
  const common = { octets: p.length, prime: number(p) };
  // OpenSSL knows the primes from group 5 on and may draw afresh; it tests any other for primality, each time anew.
  if (named && id !== 2) return { ...common, dh: () => createDiffieHellman(p, g) };
  const kept = createDiffieHellman(p, g);
  const dh = () => kept;
  if (!subgroup) return { ...common, dh, below: 1n << 256n };
  const q = BigInt(`0x${subgroup.q}`);
  return { ...common, dh, q, below: q };
}

/** RFC 6989 §2.1: 1 < y < p-1; §2.2, where the subgroup is small: y^q = 1 too. */
function isPublic({ prime, q, dh }: Parameters, theirs: Uint8Array): boolean {
  const y = number(theirs);
  if (y <= 1n || y >= prime - 1n) return false;
  if (q === undefined) return true;
  // Asked as y^(q-1) * y = 1, because OpenSSL hands out no secret that is 1.
  const pair = dh();
  pair.setPrivateKey(bytes(q - 1n));
  try {
    return (number(pair.computeSecret(theirs)) * y) % prime === 1n;
  } catch {
    return false;
  }
}

/** 0 < x < `below`, evenly. */
function exponent(below: bigint): Uint8Array {
  const x = new Uint8Array(bytes(below - 1n).length);
  for (;;) {
    randomFillSync(x);
    const value = number(x);
    if (value > 0n && value < below) return x;
  }
}

/** A kept object must not keep the key: OpenSSL clears the old one as the new one comes. */
function forget(pair: DiffieHellman): void {
  pair.setPrivateKey(TWO);
}

const TWO = Uint8Array.of(2);

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
