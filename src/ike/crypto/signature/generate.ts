/** Making key pairs. RSA takes seconds, which are spent in libuv's threads. */
import { generateKeyPair } from 'node:crypto';
import { wipe } from '../misc.ts';
import { type KeyKind, kindRow } from './key-kind.ts';
import { type PrivateKey, parsePrivateKey } from './private-key.ts';

/** A pair and its file: PKCS#8 in PEM, octets of the caller's to wipe. */
export interface MadeKey {
  readonly key: PrivateKey;
  readonly pem: Uint8Array;
}

/** `bits` are for RSA, whose exponent is 65537. */
export async function generate(kind: KeyKind, bits = 0): Promise<MadeKey> {
  const pkcs8 = await make(kind, bits);
  const key = parsePrivateKey(pkcs8);
  const lines = Buffer.from(pkcs8)
    .toString('base64')
    .replace(/.{64}(?!$)/g, '$&\n');
  wipe(pkcs8);
  if ('wrong' in key) throw new Error(`a key pair that was just made: ${key.wrong}`);
  return { key, pem: Buffer.from(`-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`) };
}

function make(kind: KeyKind, bits: number): Promise<Uint8Array> {
  // Encoded by the same call: Node 20 may hang over a generated key that is exported later.
  const encoding = {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  } as const;
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _: Buffer, pkcs8: Buffer) => (error ? reject(error) : resolve(pkcs8));
    if (kind === 'rsa') generateKeyPair('rsa', { modulusLength: bits, ...encoding }, done);
    else if (kind === 'ed25519') generateKeyPair('ed25519', encoding, done);
    else if (kind === 'ed448') generateKeyPair('ed448', encoding, done);
    else generateKeyPair('ec', { namedCurve: kindRow(kind).curve, ...encoding }, done);
  });
}
