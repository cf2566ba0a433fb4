/**
 * The ways to sign IKE_AUTH: what an AUTH payload's method and AlgorithmIdentifier stand for, a row each.
 *
 *     method   1  RSASSA-PKCS1-v1_5 with SHA-1         RFC 7296 §3.8
 *        9 to 11  ECDSA, r | s                         RFC 4754
 *             14  with an AlgorithmIdentifier          RFC 7427, RFC 8420
 *              0  IKEv1's alone: a PKCS#1 v1.5 block that holds the hash and no name of one, RFC 2409 §5.1
 *
 * A row knows every spelling of its AlgorithmIdentifier that RFC 4055 §2 to §5 lets an encoder choose, so that octets
 * are compared and nothing is parsed: what is not here octet for octet is refused.
 */
import type { HASH } from '../../wire/registry.ts';
import { der, derInteger, TAG } from './der.ts';
import type { KeyKind, KindRow } from './key-kind.ts';

export type Hash = keyof typeof HASH;

export interface Scheme {
  /** Its place in `SCHEMES`, by which a job names it. */
  readonly code: number;
  readonly name: string;
  readonly method: number;
  readonly type: KindRow['type'];
  /** RSA: `pkcs1` or `pss`. ECDSA: the signature as ECDSA-Sig-Value in DER, or as `r | s`. */
  readonly form: 'pkcs1' | 'pss' | 'der' | 'raw' | 'eddsa' | 'bare';
  readonly hash: Hash;
  /** As `node:crypto` calls it; null for EdDSA, and where what is signed is a hash already. */
  readonly digest: string | null;
  /** Of the digest; a PSS salt is as long. */
  readonly digestOctets: number;
  /** The only kind of key that may; any of the type, if absent. */
  readonly kind?: KeyKind;
  /** AlgorithmIdentifiers in DER, the one that we send first; none but for method 14. */
  readonly identifiers: readonly Uint8Array[];
}

/** Digests by strength; libreswan takes the strongest that both know. */
export const SHA2 = ['SHA2_512', 'SHA2_384', 'SHA2_256'] as const;

export function schemeAt(code: number): Scheme | undefined {
  return SCHEMES[code];
}

/** The scheme with this `method` and, for method 14, this AlgorithmIdentifier. */
export function schemeOf(method: number, identifier?: Uint8Array): Scheme | undefined {
  return BY_WIRE.get(wireKey(method, identifier));
}

/** Method 14 in one of its forms. */
export const digitalSignature = (form: Scheme['form'], hash: Hash): Scheme | undefined =>
  SCHEMES.find((scheme) => scheme.method === 14 && scheme.form === form && scheme.hash === hash);

/** RSASSA-PSS's OBJECT IDENTIFIER is at the front: a refusal can say what is wrong with the rest. */
export const isPss = (identifier: Uint8Array): boolean =>
  Buffer.from(identifier).indexOf(PSS_OID) === (identifier[1] < 0x80 ? 2 : identifier[1] === 0x81 ? 3 : 4);

interface Digest {
  readonly digest: string;
  readonly octets: number;
  readonly oid: Uint8Array;
  /** The last arc of `shaNNNWithRSAEncryption` below pkcs-1, and the OID of `ecdsa-with-SHAnnn`. */
  readonly pkcs1: number;
  readonly ecdsa: Uint8Array;
}

const DIGESTS: Readonly<Record<Exclude<Hash, 'IDENTITY'>, Digest>> = {
  SHA1: row('sha1', 20, '06052b0e03021a', 5, '06072a8648ce3d0401'),
  SHA2_256: row('sha256', 32, '0609608648016503040201', 11, '06082a8648ce3d040302'),
  SHA2_384: row('sha384', 48, '0609608648016503040202', 12, '06082a8648ce3d040303'),
  SHA2_512: row('sha512', 64, '0609608648016503040203', 13, '06082a8648ce3d040304'),
};

function row(digest: string, octets: number, oid: string, pkcs1: number, ecdsa: string): Digest {
  return { digest, octets, oid: hex(oid), pkcs1, ecdsa: hex(ecdsa) };
}

const NULL = hex('0500');
const PSS_OID = hex('06092a864886f70d01010a');
const MGF1_OID = hex('06092a864886f70d010108');
const pkcs1Oid = (arc: number) => hex(`06092a864886f70d0101${arc.toString(16).padStart(2, '0')}`);

/** RFC 4055 §3.1: hash and MGF1 with or without NULL, the trailer said or left to its default. */
function pssIdentifiers({ oid, octets }: Digest): Uint8Array[] {
  const spellings = [];
  const hashes = [der(TAG.SEQUENCE, oid, NULL), der(TAG.SEQUENCE, oid)];
  // Without: it is the default, and libreswan 4 takes nothing else.
  const trailers = [new Uint8Array(0), context(3, derInteger(Uint8Array.of(1)))];
  for (const hash of hashes)
    for (const mgfHash of hashes)
      for (const trailer of trailers) {
        const mgf = context(1, der(TAG.SEQUENCE, MGF1_OID, mgfHash));
        const salt = context(2, derInteger(Uint8Array.of(octets)));
        spellings.push(der(TAG.SEQUENCE, PSS_OID, der(TAG.SEQUENCE, context(0, hash), mgf, salt, trailer)));
      }
  // SHA-1 with everything else is what absent parameters stand for.
  if (oid === DIGESTS.SHA1.oid) spellings.push(der(TAG.SEQUENCE, PSS_OID, der(TAG.SEQUENCE)));
  return spellings;
}

function context(number: number, inner: Uint8Array): Uint8Array {
  return der(0xa0 | number, inner);
}

type Row = Omit<Scheme, 'code'>;

function of(hash: Exclude<Hash, 'IDENTITY'>): Pick<Scheme, 'hash' | 'digest' | 'digestOctets'> {
  return { hash, digest: DIGESTS[hash].digest, digestOctets: DIGESTS[hash].octets };
}

const ROWS: readonly Row[] = [
  { name: 'RSA PKCS#1 v1.5 with SHA1', method: 1, type: 'RSA', form: 'pkcs1', ...of('SHA1'), identifiers: [] },
  ...(
    [
      [9, 'SHA2_256', 'p256', 'P-256'],
      [10, 'SHA2_384', 'p384', 'P-384'],
      [11, 'SHA2_512', 'p521', 'P-521'],
    ] as const
  ).map(([method, hash, kind, curve]): Row => {
    return {
      name: `ECDSA with ${hash} on ${curve}`,
      method,
      type: 'ECDSA',
      form: 'raw',
      kind,
      ...of(hash),
      identifiers: [],
    };
  }),
  ...(['SHA1', 'SHA2_256', 'SHA2_384', 'SHA2_512'] as const).flatMap((hash): Row[] => {
    const { pkcs1, ecdsa } = DIGESTS[hash];
    const common = { method: 14, ...of(hash) };
    const v15 = [der(TAG.SEQUENCE, pkcs1Oid(pkcs1), NULL), der(TAG.SEQUENCE, pkcs1Oid(pkcs1))];
    const pss = pssIdentifiers(DIGESTS[hash]);
    return [
      { ...common, name: `RSASSA-PSS with ${hash}`, type: 'RSA', form: 'pss', identifiers: pss },
      { ...common, name: `RSASSA-PKCS1-v1_5 with ${hash}`, type: 'RSA', form: 'pkcs1', identifiers: v15 },
      {
        ...{ ...common, name: `ECDSA with ${hash}`, type: 'ECDSA', form: 'der' },
        identifiers: [der(TAG.SEQUENCE, ecdsa)],
      },
    ];
  }),
  ...(
    [
      ['ed25519', 'Ed25519', '300506032b6570'],
      ['ed448', 'Ed448', '300506032b6571'],
    ] as const
  ).map(([kind, name, identifier]): Row => {
    const how = { type: 'EdDSA', form: 'eddsa', hash: 'IDENTITY', digest: null, digestOctets: 0 } as const;
    return { ...how, name, method: 14, kind, identifiers: [hex(identifier)] };
  }),
  {
    ...{ name: 'RSA', method: 0, type: 'RSA', form: 'bare', hash: 'IDENTITY', digest: null, digestOctets: 0 },
    identifiers: [],
  },
];

export const SCHEMES: readonly Scheme[] = ROWS.map((scheme, code) => ({ ...scheme, code }));

const BY_WIRE: ReadonlyMap<string, Scheme> = new Map(
  SCHEMES.filter(({ method }) => method > 0).flatMap((scheme) =>
    scheme.identifiers.length === 0
      ? [[wireKey(scheme.method), scheme]]
      : scheme.identifiers.map((identifier) => [wireKey(scheme.method, identifier), scheme] as const),
  ),
);

/** IKEv1's. */
export const BARE: Scheme = SCHEMES.find(({ form }) => form === 'bare')!;

/** What a key signs with to show that its halves belong together. */
export const SELF_TEST: Readonly<Record<KeyKind, Scheme>> = {
  rsa: digitalSignature('pkcs1', 'SHA2_256')!,
  p256: digitalSignature('der', 'SHA2_256')!,
  p384: digitalSignature('der', 'SHA2_256')!,
  p521: digitalSignature('der', 'SHA2_256')!,
  bp256: digitalSignature('der', 'SHA2_256')!,
  bp384: digitalSignature('der', 'SHA2_256')!,
  bp512: digitalSignature('der', 'SHA2_256')!,
  ed25519: SCHEMES.find(({ kind }) => kind === 'ed25519')!,
  ed448: SCHEMES.find(({ kind }) => kind === 'ed448')!,
};

function wireKey(method: number, identifier?: Uint8Array): string {
  return identifier ? `${method} ${Buffer.from(identifier).toString('latin1')}` : `${method}`;
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
