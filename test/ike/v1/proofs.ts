/** RSA keys for the hosts of a test, raw or with real certificates, and what their helpers trust. */
import { type Credentials, NO_CREDENTIALS } from '../../../src/actors/credentials.ts';
import { NO_TRUST, type Trust } from '../../../src/ike/auth/x509/trust-reader.ts';
import { type Job, type JobResult, runJob } from '../../../src/ike/crypto/job.ts';
import { KeyReader, KeyShelf } from '../../../src/ike/crypto/signature/key-shelf.ts';
import { encodePkcs8, type PrivateKey } from '../../../src/ike/crypto/signature/private-key.ts';
import { spkiOf } from '../v2/proofs.ts';

/** What one host has, and what it knows of others, by identity. */
export interface Proofs {
  readonly key?: PrivateKey;
  /** Of `key`, in DER, and those that lead from it to its anchor. */
  readonly certificate?: Uint8Array;
  readonly issuers?: readonly Uint8Array[];
  readonly known?: Readonly<Record<string, readonly PrivateKey[]>>;
  /** Names in DER of the authorities that it asks for. */
  readonly authorityNames?: readonly Uint8Array[];
  readonly rules?: Partial<Credentials['chainRules']>;
  /** What its helpers hold chains against. */
  readonly trust?: Trust;
}

const shelf = new KeyShelf();
const keyring = new KeyReader(shelf.shared);
const NUMBERS = new Map<PrivateKey, number>();

function numberOf(key: PrivateKey): number {
  const number = NUMBERS.get(key) ?? shelf.put(encodePkcs8(key))!;
  NUMBERS.set(key, number);
  return number;
}

export function credentialsOf({ key, certificate, issuers, known, authorityNames, rules }: Proofs): Credentials {
  return {
    ...NO_CREDENTIALS,
    credential: () => {
      if (!key) return { wrong: 'there is no private key' };
      const { kind, bits } = key;
      return { ...{ kind, bits, key: numberOf(key), certificate }, subject: undefined, authorities: [] };
    },
    publicKeys: (id) => (known?.[`${id}`] ?? []).map(spkiOf),
    issuers: (_, which) => (which === 'none' ? [] : (issuers ?? []).slice(0, which === 'issuer' ? 1 : undefined)),
    authorityNames: () => authorityNames ?? [],
    chainRules: { ...NO_CREDENTIALS.chainRules, ...rules },
  };
}

/** What a helper does. */
export const runWithProofs = (job: Job, { trust }: Proofs): JobResult => runJob(job, keyring, trust ?? NO_TRUST);
