/** What is negotiated with whom: every cipher, hash and group that both ends have, phase 1 and phase 2. */
import type { PeerName } from '../peers/prefix.ts';
import { conns, type Wish } from './conn.ts';

/** What the kernel is told of an `esp=`: names as in Linux, and the octets of each key. */
export interface Keyed {
  readonly esp: string;
  readonly keys: string;
}

const CIPHERS = ['3des', 'aes128', 'aes192', 'aes256', 'camellia128', 'camellia192', 'camellia256'];
const HASHES = ['md5', 'sha1', 'sha2_256', 'sha2_384', 'sha2_512'];
/** libreswan's build has none below 5, and none of RFC 5114. */
const GROUPS: Readonly<Record<PeerName, readonly string[]>> = {
  libreswan: ['modp1536', 'modp2048', 'modp3072', 'modp4096', 'modp6144', 'modp8192', 'dh19', 'dh20', 'dh21'],
  strongswan: [
    ...['modp1024', 'modp1536', 'modp2048', 'modp3072', 'modp4096', 'modp6144', 'modp8192'],
    ...['dh19', 'dh20', 'dh21', 'dh22', 'dh23', 'dh24'],
  ],
};

/** Every cipher with some hash, and every hash with some cipher: all pairs would say no more of either. */
const PAIRS = CIPHERS.map((cipher, i) => `${cipher}-${HASHES[i % HASHES.length]}`);
const AEADS = ['aes_gcm128-none', 'aes_gcm256-none'];

const phaseOne = (ike: string): Wish => ({ name: ike, ike });
const phaseTwo = (esp: string, i: number): Wish => ({
  name: `${esp}${i % 2 ? '-pfs' : ''}`,
  esp,
  ...(i % 2 ? { pfs: 'modp2048' } : {}),
});

export const suites = (peer: PeerName) =>
  conns([
    ...PAIRS.map((pair) => phaseOne(`${pair}-modp2048`)),
    ...GROUPS[peer].map((group) => phaseOne(`aes192-sha1-${group}`)),
    ...GROUPS[peer]
      .filter((_, i) => i % 3 === 0)
      .map((group) => ({
        ...phaseOne(`aes256-sha2_256-${group}`),
        isAggressive: true,
      })),
    ...[...PAIRS, ...AEADS].map(phaseTwo),
    { name: 'ah-sha1', protocol: 'ah', esp: 'sha1' },
    { name: 'ah-sha2_256-pfs', protocol: 'ah', esp: 'sha2_256', pfs: 'modp2048' },
    { name: 'transport', isTransport: true },
    { name: 'transport-aggressive', isTransport: true, isAggressive: true },
  ]);

const KERNEL: Readonly<Record<string, readonly [name: string, octets: number]>> = {
  '3des': ['enc=cbc(des3_ede)', 24],
  aes: ['enc=cbc(aes)', 0],
  camellia: ['enc=cbc(camellia)', 0],
  aes_gcm: ['aead=rfc4106(gcm(aes))', 4],
  md5: ['auth=hmac(md5)', 16],
  sha1: ['auth=hmac(sha1)', 20],
  sha2_256: ['auth=hmac(sha256)', 32],
  sha2_384: ['auth=hmac(sha384)', 48],
  sha2_512: ['auth=hmac(sha512)', 64],
};

/** Names and key lengths that an SA of `esp` has, in one order. */
export function expectedKeys(esp: string): readonly string[] {
  return esp
    .split('-')
    .filter((word) => word !== 'none')
    .map((word) => {
      const [, name, bits] = /^(3des|sha\w+|md5|[a-z_]+?)(\d*)$/.exec(word) ?? [];
      const [kernel, octets] = KERNEL[name];
      return `${kernel} ${octets + Number(bits) / 8}`;
    })
    .sort();
}

/** The same, of what was installed: `enc=cbc(aes):00ff… auth=hmac(sha1)/96:…`. */
export const installedKeys = (keys: string): readonly string[] =>
  keys
    .split(' ')
    .map((word) => {
      const [, name, key] = /^((?:enc|auth|aead)=[^/:]+)[^:]*:(\w+)$/.exec(word) ?? [];
      return `${name} ${key.length / 2}`;
    })
    .sort();
