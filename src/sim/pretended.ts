/**
 * Keys for hosts whose keys are not at hand: each house has what its connection asks for, and knows the other's. Whether
 * two configurations fit can be told without them; whether a certificate is any good cannot, and is taken for granted.
 */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Credentials, NO_CREDENTIALS } from '../actors/credentials.ts';
import type { Conn, End, EndKeys } from '../conf/conn.ts';
import type { SecretStore } from '../conf/secret-store.ts';
import { type KeyKind, kindRow } from '../ike/crypto/signature/key-kind.ts';
import { KeyShelf } from '../ike/crypto/signature/key-shelf.ts';
import type { Credential } from '../ike/effects.ts';
import type { AuthWay, Policy } from '../ike/policy.ts';
import { isV1 } from '../ike/v1/policy.ts';
import { Id } from '../net/id.ts';
import type { Name } from './report.ts';

/** What the two files say of the keys of one host: its own, and the other. */
export interface SaidKeys {
  readonly own: EndKeys;
  readonly expected: EndKeys;
}

/** Both know the key, or one of them does not say. */
export const isSameKey = ({ own: { publicKeys: own }, expected: { publicKeys: expected } }: SaidKeys): boolean =>
  own.length === 0 ||
  expected.length === 0 ||
  own.some(({ spki }) => expected.some((other) => Buffer.compare(spki, other.spki) === 0));

/** Both name an authority for its certificate, and not the same. */
export function otherAuthority({ own, expected }: SaidKeys): { readonly has: Id; readonly wanted: Id } | undefined {
  const [has, wanted] = [own.ca, expected.ca];
  if (!has || !wanted || has === 'same' || wanted === 'same' || wanted.matches(has.key) !== undefined) return undefined;
  return { has, wanted };
}

interface Made {
  readonly number: number;
  readonly kind: KeyKind;
  readonly bits: number;
  readonly spki: Uint8Array;
}

export class PretendedKeys {
  readonly shelf = new KeyShelf();
  readonly #said: Readonly<Record<Name, SaidKeys>>;
  readonly #made: Readonly<Record<Name, Map<KeyKind, Made>>> = { A: new Map(), B: new Map() };

  constructor(said: Readonly<Record<Name, SaidKeys>>) {
    this.#said = said;
  }

  /** `theirs`: how the other end lets itself be convinced. `secrets`: where PPKs are; without it there is any. */
  of(name: Name, theirs: () => Policy['theirs'] | undefined, secrets: SecretStore | undefined): Credentials {
    const other = name === 'A' ? 'B' : 'A';
    return {
      ...NO_CREDENTIALS,
      credential: (policy, round) => {
        const wanted = theirs()?.[round]?.ways ?? [];
        const ways = isV1(policy) ? RSA_WAYS : policy.ours[round].ways;
        const { number, kind, bits } = this.#keyOf(name, kindFor(ways, wanted, this.#said[name]));
        return {
          key: number,
          kind,
          bits,
          certificate: undefined,
          subject: undefined,
          authorities: [],
        } satisfies Credential;
      },
      publicKeys: () => (isBelieved(this.#said[other]) ? [...this.#made[other].values()].map(({ spki }) => spki) : []),
      ppk: (policy, id) => ppkOf(policy, id, secrets),
    };
  }

  #keyOf(name: Name, kind: KeyKind): Made {
    const known = this.#made[name].get(kind);
    if (known) return known;
    const { privateKey, publicKey } = pair(kind);
    const number = this.shelf.put(privateKey.export({ type: 'pkcs8', format: 'der' }));
    if (number === undefined) throw new Error('no room for a pretended key');
    const bits = kind === 'rsa' ? RSA_BITS : kindRow(kind).bits;
    const made = { number, kind, bits, spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) };
    this.#made[name].set(kind, made);
    return made;
  }
}

const isBelieved = (said: SaidKeys) => isSameKey(said) && !otherAuthority(said);

/** As its file says it, else the other's; else the quickest to make that both ends allow, or that we do. */
export function kindFor(ours: readonly AuthWay[], theirs: readonly AuthWay[], { own, expected }: SaidKeys): KeyKind {
  const said = own.publicKeys.at(0) ?? expected.publicKeys.at(0);
  if (said) return said.kind;
  const of = (ways: readonly AuthWay[]) => ways.flatMap((way) => KINDS[way] ?? []);
  const common = of(ours.filter((way) => theirs.includes(way)));
  const kinds = common.length > 0 ? common : of(ours);
  return kinds.find((kind) => kind !== 'rsa') ?? kinds.at(0) ?? 'ed25519';
}

/** Those of `ours` that a key of that kind can go, before a peer that has announced what `theirs` needs; RFC 7427 §4. */
export function signable(kind: KeyKind, ours: readonly AuthWay[], theirs: readonly AuthWay[]): readonly AuthWay[] {
  const { type } = kindRow(kind);
  const family = ours.filter((way) => way.startsWith(type.toLowerCase()));
  const isAnnounced = (way: AuthWay) =>
    theirs.some((other) => other.endsWith(way.slice(-4)) && other.includes('-sha2_'));
  const can = family.some((way) => {
    if (type === 'EdDSA') return theirs.includes('eddsa');
    return way === 'rsasig-v1.5' || (KINDS[way] === kind && type === 'ECDSA') || isAnnounced(way);
  });
  return can ? family : [];
}

const KINDS: Partial<Record<AuthWay, KeyKind>> = {
  eddsa: 'ed25519',
  'ecdsa-sha2_256': 'p256',
  'ecdsa-sha2_384': 'p384',
  'ecdsa-sha2_512': 'p521',
  'rsa-sha2_256': 'rsa',
  'rsa-sha2_384': 'rsa',
  'rsa-sha2_512': 'rsa',
  'rsasig-v1.5': 'rsa',
};

const RSA_BITS = 2048;

/** All that IKEv1 can sign by. */
export const RSA_WAYS: readonly AuthWay[] = ['rsasig-v1.5'];

function pair(kind: KeyKind): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'ed448') return generateKeyPairSync('ed448');
  return generateKeyPairSync('ec', { namedCurve: kindRow(kind).curve });
}

function ppkOf({ ppkIds, localId, remoteId }: Policy, id: Uint8Array | undefined, secrets: SecretStore | undefined) {
  const names = ppkIds.map((name) => new TextEncoder().encode(name));
  const isOurs = (wanted: Uint8Array) => names.length === 0 || names.some((name) => Buffer.compare(name, wanted) === 0);
  const find = (wanted: Uint8Array) => {
    const secret = secrets ? secrets.findPpk(wanted)?.reveal() : createHash('sha256').update(wanted).digest();
    return secret && { id: wanted, secret };
  };
  if (id) return isOurs(id) ? find(id) : undefined;
  for (const name of names) {
    const found = find(name);
    if (found) return found;
  }
  if (names.length > 0) return undefined;
  const entry = secrets?.ppkFor(localId, remoteId);
  if (entry) return { id: entry.id, secret: entry.secret.reveal() };
  return secrets ? undefined : find(new TextEncoder().encode('pretended'));
}

/**
 * `conn` without what only certificates can prove: names of them, authorities, identities to be taken from them.
 * `expected`: whom the other file expects at our end.
 */
export function withoutCertificates(conn: Conn, side: 'left' | 'right', expected: Id | undefined): Conn {
  const bare = (end: End, isOurs: boolean): End => ({
    ...end,
    ...(isOurs && end.idText === '%fromcert' ? { id: subjectOf(end, expected), idText: undefined } : undefined),
    keys: {
      ...end.keys,
      ...{ cert: undefined, ckaid: undefined, publicKeys: [], ca: undefined, fromDns: false },
      second: end.keys.second && { ...end.keys.second, cert: undefined },
    },
  });
  return { ...conn, left: bare(conn.left, side === 'left'), right: bare(conn.right, side === 'right') };
}

/** What a certificate of that name might be for. */
function subjectOf({ keys }: End, expected: Id | undefined): Id {
  if (expected?.typeName === 'ID_DER_ASN1_DN') {
    const text = expected.hasWildcards ? `${expected}`.replace(/=\*(?=,|\+|$)/g, '=pretended') : `${expected}`;
    const subject = Id.parse(text);
    if (subject && !subject.hasWildcards) return subject;
  }
  return Id.parse(`CN=${(keys.cert ?? 'pretended').replace(/[^\w.-]/g, '-')}`)!;
}
