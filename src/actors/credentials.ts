/**
 * Keys and certificates as the protocol looks them up: the part of its `Directory` that is no connections. All of it is
 * at hand: private keys on the ring, certificates in the store, PPKs in the secrets, the peers' raw keys by identity and
 * by connection.
 */
import type { End, RawKey } from '../conf/conn.ts';
import type { SecretStore } from '../conf/secret-store.ts';
import type { Setup } from '../conf/setup.ts';
import type { ChainRules, Credential, Directory } from '../ike/effects.ts';
import type { Policy } from '../ike/policy.ts';
import type { Id } from '../net/id.ts';
import type { CertificateStore, StoredCertificate } from '../services/store/certificate-store.ts';
import type { Entry } from './entry.ts';
import { chooseKey } from './key-choice.ts';
import type { KeyRing, OurKey } from './key-ring.ts';
import type { PublicKeys } from './public-keys.ts';

export type Credentials = Pick<
  Directory,
  'credential' | 'publicKeys' | 'authorities' | 'authorityNames' | 'issuers' | 'chainRules' | 'ppk'
>;

export interface CredentialsPorts {
  readonly keys: KeyRing;
  readonly certificates: CertificateStore;
  readonly secrets: () => SecretStore;
  /** whack's. */
  readonly publicKeys: () => PublicKeys;
  /** What a connection says of our end, and of the peer's; undefined for a policy that belongs to none any more. */
  readonly endsOf: (policy: Policy) => { readonly ours: End; readonly theirs: End } | undefined;
  readonly rules: Omit<ChainRules, 'at'>;
  /** ms since 1970. */
  readonly wall: () => number;
}

export class KeptCredentials implements Credentials {
  readonly #ports: CredentialsPorts;
  /** Of each round, as long as nothing has changed that it was chosen by: peers come by the thousand, and keys do not. */
  readonly #chosen = new WeakMap<Policy, Chosen[]>();
  readonly #named = new WeakMap<Policy, Named>();

  constructor(ports: CredentialsPorts) {
    this.#ports = ports;
  }

  credential(policy: Policy, round: number): Credential | { readonly wrong: string } {
    const { keys, certificates, wall, endsOf } = this.#ports;
    const said = round === 0 ? (endsOf(policy)?.ours.keys.publicKeys ?? NONE) : NONE;
    const now = Math.floor(wall() / 1000);
    const by = { said, now, keys: keys.list(), edition: certificates.edition };
    const rounds = this.#chosen.get(policy) ?? [];
    const known = rounds[round];
    if (known && isSame(known.by, by)) return known.credential;
    const credential = this.#choose(policy, round, by);
    rounds[round] = { by, credential };
    this.#chosen.set(policy, rounds);
    return credential;
  }

  #choose(policy: Policy, round: number, { said, now }: Grounds): Chosen['credential'] {
    const { keys, certificates } = this.#ports;
    const own = policy.ours[round];
    if (own === undefined) return { wrong: `there is no proof ${round + 1} of ours` };
    const chosen = chooseKey({ round: own, id: own.id ?? policy.localId, said, keys, certificates, now });
    if ('wrong' in chosen) return chosen;
    const { key, certificate } = chosen;
    return {
      key: key.number,
      kind: key.kind,
      bits: key.bits,
      certificate: certificate?.der,
      subject: certificate?.subject,
      authorities: certificate ? certificates.issuersOf(certificate).map(({ keyHash }) => keyHash) : [],
    };
  }

  /** A key that is pinned is the only one. */
  publicKeys(id: Id, policy: Policy, round: number): readonly Uint8Array[] {
    const { publicKeys, certificates, endsOf } = this.#ports;
    const pin = policy.theirs[round]?.key;
    const pinned = pin?.t === 'cert' ? certificates.named(pin.name) : undefined;
    if (pin?.t === 'cert') return pinned ? [pinned.spki] : NONE;
    const said = round === 0 ? (endsOf(policy)?.theirs.keys.publicKeys ?? NONE) : NONE;
    const all: readonly Pick<RawKey, 'spki' | 'ckaid'>[] = [...said, ...publicKeys().of(id)];
    if (pin === undefined) return all.map(({ spki }) => spki);
    const known = all.filter(({ ckaid }) => Buffer.compare(ckaid, pin.ckaid) === 0);
    const certified = certificates.withCkaid(Buffer.from(pin.ckaid).toString('hex'));
    return [...known, ...certified].map(({ spki }) => spki);
  }

  authorities(policy: Policy): Uint8Array {
    const named = this.#authoritiesOf(policy);
    named.hashes ??= Buffer.concat(named.wanted.map(({ keyHash }) => keyHash));
    return named.hashes;
  }

  authorityNames(policy: Policy): readonly Uint8Array[] {
    const named = this.#authoritiesOf(policy);
    named.names ??= named.wanted.map(({ subject }) => subject.data);
    return named.names;
  }

  /** Those that the peer's chain may end with: all, or those below the one that `policy` names. */
  #authoritiesOf(policy: Policy): Named {
    const { certificates } = this.#ports;
    const { edition } = certificates;
    const known = this.#named.get(policy);
    if (known?.edition === edition) return known;
    const { ca } = policy.theirs[0];
    const all = certificates.authorities();
    const wanted = ca ? all.filter((authority) => certificates.isBelow(authority, ca)) : all;
    const named: Named = { edition, wanted: wanted.slice(0, MOST_AUTHORITIES), hashes: undefined, names: undefined };
    this.#named.set(policy, named);
    return named;
  }

  /** From the issuer of ours upwards, without what signs itself: whoever trusts that has it. */
  issuers({ certificate }: Credential, which: Policy['sendCa']): readonly Uint8Array[] {
    const { certificates } = this.#ports;
    const own = certificate && which !== 'none' ? certificates.holding(certificate) : undefined;
    if (own === undefined) return NONE;
    const chain = certificates.issuersOf(own).filter(({ isSelfIssued }) => !isSelfIssued);
    return (which === 'issuer' ? chain.slice(0, 1) : chain).map(({ der }) => der);
  }

  get chainRules(): ChainRules {
    const { rules, wall } = this.#ports;
    return { ...rules, at: Math.floor(wall() / 1000) };
  }

  ppk({ localId, remoteId, ppkIds }: Policy, id?: Uint8Array) {
    const store = this.#ports.secrets();
    if (id !== undefined) {
      if (ppkIds.length > 0 && !ppkIds.some((known) => Buffer.compare(Buffer.from(known), id) === 0)) return undefined;
      const secret = store.findPpk(id);
      return secret && { id, secret: secret.reveal() };
    }
    for (const known of ppkIds) {
      const octets = Buffer.from(known);
      const secret = store.findPpk(octets);
      if (secret) return { id: octets, secret: secret.reveal() };
    }
    const found = ppkIds.length === 0 ? store.ppkFor(localId, remoteId) : undefined;
    return found && { id: found.id, secret: found.secret.reveal() };
  }
}

/** What a key and its certificate are chosen by, beside the policy. */
interface Grounds {
  readonly said: readonly RawKey[];
  /** s since 1970: certificates expire. */
  readonly now: number;
  readonly keys: readonly OurKey[];
  readonly edition: object;
}

/** What the peer is asked to have a certificate of, as either version says it. */
interface Named {
  readonly edition: object;
  readonly wanted: readonly StoredCertificate[];
  hashes: Uint8Array | undefined;
  names: readonly Uint8Array[] | undefined;
}

interface Chosen {
  readonly by: Grounds;
  readonly credential: Credential | { readonly wrong: string };
}

const isSame = (a: Grounds, b: Grounds): boolean =>
  a.said === b.said && a.now === b.now && a.keys === b.keys && a.edition === b.edition;

/** 20 octets each, in one CERTREQ. */
const MOST_AUTHORITIES = 100;

const NONE: readonly never[] = Object.freeze([]);

/** As `config setup` has it. */
export function rulesOf({ lookups }: Setup): CredentialsPorts['rules'] {
  const { crlStrict, crlcheckintervalMs, ocspEnable, ocspStrict, ocspUri } = lookups;
  return { crlStrict, crlFetch: crlcheckintervalMs > 0, ocsp: ocspEnable, ocspStrict, ocspUri };
}

/** Of `CredentialsPorts`. */
export function endsOf(entry: Entry | undefined): { readonly ours: End; readonly theirs: End } | undefined {
  if (!entry?.side) return undefined;
  const { left, right } = entry.conn;
  return entry.side === 'left' ? { ours: left, theirs: right } : { ours: right, theirs: left };
}

/** There are none. */
export const NO_CREDENTIALS: Credentials = {
  credential: () => ({ wrong: 'there are no private keys' }),
  publicKeys: () => NONE,
  authorities: () => new Uint8Array(),
  authorityNames: () => NONE,
  issuers: () => NONE,
  chainRules: {
    crlStrict: false,
    crlFetch: false,
    ocsp: false,
    ocspStrict: false,
    ocspUri: undefined,
    at: 0,
  },
  ppk: () => undefined,
};
