/** How an end of the tunnel proves who it is, and the files and lines that each implementation wants for that. */
import { createPublicKey } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSpki } from '../../src/ike/crypto/signature/public-key.ts';
import { pki } from './pki.ts';

export type Proof = Secret | Null | Certificate | RawKey | Eap;

/** How both ends of a connection prove themselves, as one of them sees it. */
export interface ProofPair {
  readonly me: Proof;
  readonly peer: Proof;
}

/** A proof that follows the first, of another identity. RFC 4739. */
export interface Second {
  /** Without the `@`. */
  readonly id: string;
  readonly proof: Certificate;
}

interface Secret {
  readonly by: 'secret';
}
interface Null {
  readonly by: 'null';
}
interface Certificate extends Signed {
  readonly by: 'certificate';
}
interface RawKey extends Signed {
  readonly by: 'key';
}
/** A password, `TUNNEL.password`; or with EAP-TLS the certificate of the leaf with this name. */
interface Eap {
  readonly by: 'eap';
  readonly method: 'eap-mschapv2' | 'eap-md5' | 'eap-tls' | 'eap-ttls' | 'eap-peap' | 'eap-radius' | 'eap';
  readonly name?: string;
  /** Its name to EAP, if that is not its identity. */
  readonly user?: string;
  /** Whom we let in at the other end; else anybody. strongSwan would take a name for the user's without asking. */
  readonly users?: string;
}
interface Signed {
  /** Of the leaf or the pair in the test PKI. */
  readonly name: string;
  /** As `authby=` has it. */
  readonly authby: string;
  /** As swanctl.conf's `auth` has it. */
  readonly swanctl: string;
}

const byName = (proof: Proof): string =>
  'authby' in proof ? proof.authby : proof.by === 'eap' ? proof.method : proof.by;

/** As `leftauth=` has it, which knows no hashes. */
const authName = (proof: Proof): string => (proof.by === 'eap' ? proof.method : byName(proof).replace(/-.*/, ''));

/** Lines of a conn, the same for libreswan and for us. `isFirst`: others follow. */
export async function proofLines(me: Proof, peer: Proof, isFirst: boolean): Promise<readonly string[]> {
  const lines = [];
  if (byName(me) === byName(peer) && !isFirst) lines.push(`authby=${byName(me)}`);
  else lines.push(`leftauth=${authName(me)}`, `rightauth=${authName(peer)}`);
  for (const [side, proof] of [
    ['left', me],
    ['right', peer],
  ] as const) {
    if (hasCertificate(proof) && side === 'left') lines.push(`leftcert=${proof.name}`, 'leftsendcert=always');
    if (proof.by === 'certificate') lines.push(`${side}rsasigkey=%cert`);
    const users = proof.by === 'eap' ? (side === 'left' ? proof.user : proof.users) : undefined;
    if (users !== undefined) lines.push(`${side}eapid=${users}`);
    if (proof.by === 'key') lines.push(`${side}${await rawKey(proof.name)}`);
  }
  return lines;
}

/** What our conn says of second proofs; libreswan knows of none. */
export function secondLines(me: Second | undefined, peer: Second | undefined): readonly string[] {
  const lines = (side: 'left' | 'right', second: Second | undefined) =>
    second ? [`${side}auth2=${authName(second.proof)}`, `${side}id2=@${second.id}`] : [];
  return [...lines('left', me), ...lines('right', peer), ...(me ? [`leftcert2=${me.proof.name}`] : [])];
}

/** `rsasigkey=0s…` in the form of RFC 3110; the octets of SubjectPublicKeyInfo for the others. */
async function rawKey(name: string): Promise<string> {
  const made = await pki();
  const key = createPublicKey(await readFile(made.publicKey(name)));
  if (key.asymmetricKeyType !== 'rsa')
    return `pubkey=0s${key.export({ type: 'spki', format: 'der' }).toString('base64')}`;
  const parsed = parseSpki(key.export({ type: 'spki', format: 'der' }));
  if ('wrong' in parsed || !parsed.rsa) throw new Error(`${name} is no RSA key`);
  const { exponent, modulus } = parsed.rsa;
  const octets = Buffer.concat([Buffer.of(exponent.length), exponent, modulus]);
  return `rsasigkey=0s${octets.toString('base64')}`;
}

/** Our `ipsecdir`: the key and certificate of `me`, and the root. */
export async function fillIpsecdir(
  directory: string,
  me: Proof,
  peer: Proof,
  crls: readonly string[] = [],
): Promise<void> {
  for (const folder of ['certs', 'cacerts', 'private', 'crls', 'ocspcerts'])
    await mkdir(join(directory, folder), { recursive: true });
  if (![me, peer].some(isSigned)) return;
  const made = await pki();
  await copyFile(made.certificate('root'), join(directory, 'cacerts/root.pem'));
  for (const crl of crls) await copyFile(crl, join(directory, 'crls/root.pem'));
  if (!isSigned(me)) return;
  await writeFile(join(directory, 'private', `${me.name}.pem`), await readFile(made.key(me.name)), { mode: 0o600 });
  if (hasCertificate(me)) await copyChain(me.name, join(directory, 'certs'), join(directory, 'cacerts'));
}

/** swanctl's folders, and the `local` and `remote` sections without their ids. */
export async function fillSwanctl(
  directory: string,
  me: Proof,
  peer: Proof,
): Promise<{ local: string; remote: string }> {
  for (const folder of ['x509', 'x509ca', 'private', 'pubkey'])
    await mkdir(join(directory, folder), { recursive: true });
  if ([me, peer].some(isSigned)) {
    const made = await pki();
    await copyFile(made.certificate('root'), join(directory, 'x509ca/root.pem'));
    if (isSigned(me)) await copyFile(made.key(me.name), join(directory, 'private', `${me.name}.pem`));
    if (hasCertificate(me)) await copyChain(me.name, join(directory, 'x509'), join(directory, 'x509ca'));
    for (const proof of [me, peer])
      if (proof.by === 'key')
        await copyFile(made.publicKey(proof.name), join(directory, 'pubkey', `${proof.name}.pem`));
  }
  return { local: section(me, true), remote: section(peer, false) };
}

function section(proof: Proof, isLocal: boolean): string {
  if (proof.by === 'eap') {
    const own = hasCertificate(proof) ? `certs = ${proof.name}.pem` : proof.user && `eap_id = ${proof.user}`;
    const more = isLocal ? (own ?? '') : 'eap_id = %any';
    return `auth = ${proof.method}\n      ${more}`;
  }
  if (!isSigned(proof)) return `auth = ${proof.by === 'secret' ? 'psk' : 'null'}`;
  const auth = `auth = ${proof.swanctl}`;
  if (proof.by === 'key') return `${auth}\n      pubkeys = ${proof.name}.pem`;
  return isLocal ? `${auth}\n      certs = ${proof.name}.pem` : auth;
}

async function copyChain(name: string, leaves: string, authorities: string): Promise<void> {
  const made = await pki();
  await copyFile(made.certificate(name), join(leaves, `${name}.pem`));
  for (const issuer of made.issuers(name)) await copyFile(made.certificate(issuer), join(authorities, `${issuer}.pem`));
}

export const isSigned = (proof: Proof): proof is Certificate | RawKey | (Eap & { readonly name: string }) =>
  'name' in proof && proof.name !== undefined;

const hasCertificate = (proof: Proof): proof is Certificate | (Eap & { readonly name: string }) =>
  isSigned(proof) && proof.by !== 'key';
