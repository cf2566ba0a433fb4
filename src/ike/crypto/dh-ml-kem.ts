/**
 * ML-KEM as a key exchange, FIPS 203 and draft-ietf-ipsecme-ikev2-mlkem: the initiator sends its encapsulation key, the
 * responder the ciphertext. A responder therefore can only `meet`, and what an initiator mixes in is no public value.
 * OpenSSL has it from 3.5 on, and Node 20 an older one.
 */
import { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import type { Method } from './dh.ts';

export function mlKem(bits: 512 | 768 | 1024): Method {
  const kem = { 512: ml_kem512, 768: ml_kem768, 1024: ml_kem1024 }[bits];
  return {
    make() {
      const { publicKey, secretKey } = kem.keygen();
      return { public: publicKey, private: secretKey };
    },
    mix(mine, theirs) {
      // A ciphertext of the right length always decapsulates: a wrong one to a secret that nobody else has (FIPS 203 §6.3).
      return kem.decapsulate(theirs, mine);
    },
    meet(theirs) {
      if (!isReduced(theirs)) return undefined;
      const { cipherText, sharedSecret } = kem.encapsulate(theirs);
      return { public: cipherText, shared: sharedSecret };
    },
  };
}

/** FIPS 203 §7.2, the modulus check: 12 bits for each coefficient, all below q; the last 32 octets are a seed. */
function isReduced(key: Uint8Array): boolean {
  for (let i = 0; i < key.length - SEED_OCTETS; i += 3) {
    const [a, b, c] = [key[i], key[i + 1], key[i + 2]];
    if ((a | ((b & 15) << 8)) >= Q || ((b >> 4) | (c << 4)) >= Q) return false;
  }
  return true;
}

const Q = 3329;
const SEED_OCTETS = 32;
