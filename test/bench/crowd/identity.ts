/** Who the warriors are: thousands of distinct identities, each with an address and, where it signs, a certificate of its own. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PrivateKey, parsePrivateKey } from '../../../src/ike/crypto/signature/private-key.ts';
import { Address } from '../../../src/net/address.ts';
import { Id } from '../../../src/net/id.ts';
import { integer } from '../../ike/auth/x509/der.ts';
import {
  altNames,
  authorityKeyId,
  basicConstraints,
  ca,
  dns,
  keyUsage,
  leaf,
  type Made,
  name,
  sha1,
  subjectKeyId,
} from '../../ike/auth/x509/make.ts';
import { type Auth, GATEWAY_ID } from './profiles.ts';

/** The warriors' network, where nothing else is said, and the address of the first of them. */
export const WARRIORS = '10.0.0.0/8';
const FIRST = '10.1.0.0';

/** Of warrior `n`: the addresses from `first` on, one each. */
export function addresses(first: string = FIRST): (n: number) => Address {
  const address = Address.parse(first);
  if (address?.family !== 4) throw new Error(`${first} is no IPv4 address`);
  const base = new DataView(address.toBytes().slice().buffer).getUint32(0);
  return (n) => {
    const at = base + n;
    return Address.fromBytes([at >>> 24, (at >>> 16) & 255, (at >>> 8) & 255, at & 255]);
  };
}

export const nameOf = (n: number): string => `w${n}.bench.test`;
export const idOf = (n: number): Id => good(Id.parse(`@${nameOf(n)}`));

/** As many private keys as the identities of a crowd share: to make one of RSA takes 100 ms. */
const SHARED_KEYS = { rsa: 8, p256: 256 } as const;
/** s: no bench takes longer. */
const VALIDITY = 30 * 86_400;

type Kind = Exclude<Auth, 'psk'>;

const SUBJECT = 'C=AT, O=Bench, CN=root';

/** PEM files in a folder that all daemons and the generator read: `root.key`, `root.pem`, `gw.key`, `gw.pem`. */
export function writePki(directory: string, kind: Kind): void {
  const root = ca({ subject: SUBJECT, key: newKey(kind), ...validity(), extensions: CA_EXTENSIONS });
  const gateway = certificateOf(root, newKey(kind), GATEWAY_ID, 2);
  for (const [file, { der, key }] of Object.entries({ root, gw: gateway })) {
    writeFileSync(join(directory, `${file}.pem`), pem('CERTIFICATE', der));
    const pkcs8 = key.handle.export({ type: 'pkcs8', format: 'der' });
    writeFileSync(join(directory, `${file}.key`), pem('PRIVATE KEY', pkcs8), { mode: 0o600 });
  }
}

export interface Credential {
  readonly certificate: Uint8Array;
  readonly key: PrivateKey;
}

/** Makes credentials on demand, once each, with the root in the folder that `writePki` has filled. */
export function issuing(directory: string, kind: Kind): (n: number) => Credential {
  const handle = createPrivateKey(readFileSync(join(directory, 'root.key')));
  const key = good(parsePrivateKey(handle.export({ type: 'pkcs8', format: 'der' }))) as PrivateKey;
  const root: Made = { der: new Uint8Array(), key, subject: name(SUBJECT) };
  const keys: PrivateKey[] = [];
  const issued = new Map<number, Credential>();
  const issue = (n: number): Credential => {
    const at = n % SHARED_KEYS[kind];
    keys[at] ??= newKey(kind);
    return { certificate: certificateOf(root, keys[at], nameOf(n), FIRST_SERIAL + n).der, key: keys[at] };
  };
  return (n) => {
    const credential = issued.get(n) ?? issue(n);
    issued.set(n, credential);
    return credential;
  };
}

const FIRST_SERIAL = 0x10000;
const ROOT_KEY_ID = sha1(Buffer.from(SUBJECT));
const CA_EXTENSIONS = [basicConstraints(true), keyUsage(5, 6), subjectKeyId(ROOT_KEY_ID)];

/** NSS takes no two certificates with the same number. */
function certificateOf(issuer: Made, key: PrivateKey, dnsName: string, serial: number): Made {
  const extensions = [altNames(dns(dnsName)), keyUsage(0), authorityKeyId(ROOT_KEY_ID)];
  return leaf({
    subject: `C=AT, O=Bench, CN=${dnsName}`,
    key,
    issuer,
    serial: integer(serial),
    ...validity(),
    extensions,
  });
}

function validity() {
  const now = Math.floor(Date.now() / 1000);
  return { from: now - 86_400, to: now + VALIDITY };
}

function newKey(kind: Kind): PrivateKey {
  const { privateKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return good(parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'der' }))) as PrivateKey;
}

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END ${label}-----\n`;

function good<T extends object>(value: T | undefined): T {
  if (value === undefined || 'wrong' in value) throw new Error('the bench has made something that it cannot read');
  return value;
}
