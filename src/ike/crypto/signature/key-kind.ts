/** The kinds of keys that sign, and what is fixed for each. Its rows are all that any key can be. */
import type { KeyObject } from 'node:crypto';

export type KeyKind = 'rsa' | 'p256' | 'p384' | 'p521' | 'bp256' | 'bp384' | 'bp512' | 'ed25519' | 'ed448';

export interface KindRow {
  readonly kind: KeyKind;
  /** As people know it. */
  readonly name: string;
  readonly type: 'RSA' | 'ECDSA' | 'EdDSA';
  /** AlgorithmIdentifier of the key, DER. */
  readonly algorithm: Uint8Array;
  /** 0 for RSA, whose keys differ. */
  readonly bits: number;
  /** ECDSA: of a coordinate, of `r` and of `s`. EdDSA: of the key. 0 for RSA. */
  readonly octets: number;
  /** As OpenSSL calls it. */
  readonly curve: string;
  /** JWK's `crv`; brainpool curves have none. */
  readonly crv?: string;
}

const rsa: KindRow = {
  ...{ kind: 'rsa', name: 'RSA', type: 'RSA', curve: '', bits: 0, octets: 0 },
  algorithm: hex('300d06092a864886f70d0101010500'),
};

/** RFC 5480 §2.1.1; brainpool RFC 5639 §3. */
const ec = (kind: KeyKind, name: string, bits: number, curve: string, oid: string, crv?: string): KindRow => {
  const body = `06072a8648ce3d0201${oid}`;
  const algorithm = hex(`30${(body.length / 2).toString(16).padStart(2, '0')}${body}`);
  const row = { kind, name, type: 'ECDSA', bits, octets: Math.ceil(bits / 8), curve, algorithm } as const;
  return crv === undefined ? row : { ...row, crv };
};

/** RFC 8410 §3. */
const ed = (kind: KeyKind, crv: string, octets: number, bits: number, algorithm: string): KindRow => ({
  ...{ kind, name: crv, type: 'EdDSA', bits, octets, curve: kind, crv, algorithm: hex(algorithm) },
});

export const KINDS: readonly KindRow[] = [
  rsa,
  ec('p256', 'ECDSA P-256', 256, 'prime256v1', '06082a8648ce3d030107', 'P-256'),
  ec('p384', 'ECDSA P-384', 384, 'secp384r1', '06052b81040022', 'P-384'),
  ec('p521', 'ECDSA P-521', 521, 'secp521r1', '06052b81040023', 'P-521'),
  ec('bp256', 'ECDSA brainpoolP256r1', 256, 'brainpoolP256r1', '06092b2403030208010107'),
  ec('bp384', 'ECDSA brainpoolP384r1', 384, 'brainpoolP384r1', '06092b240303020801010b'),
  ec('bp512', 'ECDSA brainpoolP512r1', 512, 'brainpoolP512r1', '06092b240303020801010d'),
  ed('ed25519', 'Ed25519', 32, 256, '300506032b6570'),
  ed('ed448', 'Ed448', 57, 456, '300506032b6571'),
];

const BY_KIND = new Map(KINDS.map((row) => [row.kind, row]));
export const kindRow = (kind: KeyKind): KindRow => BY_KIND.get(kind)!;

/** What OpenSSL has read; undefined for what we do not sign with. */
export function kindOf(handle: KeyObject): KindRow | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = handle;
  if (type === 'rsa') return rsa;
  const curve = type === 'ec' ? details?.namedCurve : type;
  return KINDS.find((row) => row.curve !== '' && row.curve === curve);
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
