/** Raw RSA keys for the hosts of a test: IKEv1 has no others. */
import { type Credentials, NO_CREDENTIALS } from '../../../src/actors/credentials.ts';
import { KeyReader, KeyShelf } from '../../../src/ike/crypto/signature/key-shelf.ts';
import { encodePkcs8, type PrivateKey } from '../../../src/ike/crypto/signature/private-key.ts';
import { spkiOf } from '../v2/proofs.ts';

/** What one host has, and what it knows of others, by identity. */
export interface Proofs {
  readonly key?: PrivateKey;
  readonly known?: Readonly<Record<string, readonly PrivateKey[]>>;
}

const shelf = new KeyShelf();
export const keyring = new KeyReader(shelf.shared);

export function credentialsOf({ key, known }: Proofs): Credentials {
  const number = key && shelf.put(encodePkcs8(key));
  return {
    ...NO_CREDENTIALS,
    credential: () =>
      key && number !== undefined
        ? { kind: key.kind, bits: key.bits, key: number, certificate: undefined, subject: undefined, authorities: [] }
        : { wrong: 'there is no private key' },
    publicKeys: (id) => (known?.[`${id}`] ?? []).map(spkiOf),
  };
}
