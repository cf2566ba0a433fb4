/** Public keys as operators pass them on: in ipsec.conf, in the DNS, in PEM. Private halves are not within reach here. */

import { kindRow } from '../../ike/crypto/signature/key-kind.ts';
import { encodeSpki, ipseckeyOf, type PublicKey, parseEcdsaKey } from '../../ike/crypto/signature/public-key.ts';
import { Address } from '../../net/address.ts';
import type { HostKey } from './read.ts';

/** `leftrsasigkey=` and `leftecdsakey=` as they have always been; `leftpubkey=`, SubjectPublicKeyInfo, for the rest. */
export function confLines({ key, keyId }: HostKey, side: 'left' | 'right', asPubkey: boolean): readonly string[] {
  const { type } = kindRow(key.kind);
  const isPlain = type === 'RSA' || (type === 'ECDSA' && !('wrong' in parseEcdsaKey(key.body)));
  if (asPubkey || !isPlain)
    return [...(isPlain ? [] : [`\t# ${key.kind} ${keyId}`]), `\t${side}pubkey=0s${base64(encodeSpki(key))}`];
  const [comment, keyword] = type === 'RSA' ? ['rsakey', 'rsasigkey'] : ['ecdsakey', 'ecdsakey'];
  return [`\t# ${comment} ${keyId}`, `\t${side}${keyword}=0s${base64(ipseckeyOf(key).octets)}`];
}

export interface ZoneLine {
  readonly host: string;
  /** 0 to 255, the least first. */
  readonly precedence: number;
  readonly gateway: string | undefined;
}

/** A line of a zone file, RFC 4025 §3.1; undefined if the gateway is neither an address nor a name. */
export function ipseckeyLine(key: PublicKey, { host, precedence, gateway }: ZoneLine): string | undefined {
  const type = gatewayType(gateway);
  if (type === undefined) return undefined;
  const { algorithm, octets } = ipseckeyOf(key);
  return `${host}.    IN    IPSECKEY  ${precedence} ${type} ${algorithm} ${gateway ?? '.'} ${base64(octets)}`;
}

/** libreswan's: its users cut the CKAID off the end. */
export const listLine = ({ key, keyId, ckaid }: HostKey, number: number): string =>
  `<${String(number).padStart(2)}> ${kindRow(key.kind).type} keyid: ${keyId} ckaid: ${ckaid}`;

/** The same and all else there is to know. */
export function dumpLines(hostKey: HostKey, number: number): readonly string[] {
  const { key, path, entry, certificates } = hostKey;
  const weak = key.isWeak ? ', which is weak' : '';
  return [
    listLine(hostKey, number),
    `     ${kindRow(key.kind).name}, ${key.bits} bits${weak}`,
    `     private key: ${path ?? 'in braces'}${entry ? `, named at ${entry.file}:${entry.line}` : ''}`,
    ...certificates.map((nickname) => `     certificate: ${nickname}`),
    `     public key: 0s${base64(encodeSpki(key))}`,
  ];
}

export const pemText = (key: PublicKey): string =>
  `-----BEGIN PUBLIC KEY-----\n${base64(encodeSpki(key)).replace(/.{64}(?!$)/g, '$&\n')}\n-----END PUBLIC KEY-----\n`;

/** For programs. */
export function jsonOf({ key, keyId, ckaid, path, entry, certificates }: HostKey): object {
  const { type, name } = kindRow(key.kind);
  const place = { path: path ?? null, file: entry?.file ?? null, line: entry?.line ?? null, certificates };
  return { type, name, bits: key.bits, weak: key.isWeak, keyid: keyId, ckaid, ...place, spki: base64(encodeSpki(key)) };
}

function gatewayType(gateway: string | undefined): number | undefined {
  if (gateway === undefined) return 0;
  const address = Address.parse(gateway);
  if (address) return address.family === 4 ? 1 : 2;
  return gateway.length <= 255 && /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.?)+$/i.test(gateway) ? 3 : undefined;
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
