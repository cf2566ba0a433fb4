/** The names that keys go by. */
import { sha1 } from '../misc.ts';
import { rsaKeyId } from '../rsa-public-key.ts';
import type { PublicKey } from './public-key.ts';

/** NSS's CKA_ID, as `leftckaid=` and `--ckaid` have it: SHA-1 of the modulus, or of the point or octets. 20 octets. */
export const ckaid = ({ rsa, body }: PublicKey): Uint8Array => sha1(rsa ? rsa.modulus : body);

/** Nine characters: FreeS/WAN's of an RSA key, libreswan's of the CKAID for others. */
export const keyId = (key: PublicKey): string =>
  key.rsa ? rsaKeyId(key.rsa) : Buffer.from(ckaid(key)).toString('base64').slice(0, 9);
