/**
 * Key exchange: RFC 3526 and RFC 5114 (MODP), RFC 5903 and RFC 6954 (elliptic curves mod P), RFC 8031 (curve25519,
 * curve448), FIPS 203 (ML-KEM). Public values and secrets have the fixed lengths of their group, big-endian for MODP and ECP; a peer's
 * public value is checked as RFC 6989 §2 and RFC 8031 §5 ask before it is used.
 */
import type { Group } from './algorithms.ts';
import { ecp } from './dh-ecp.ts';
import { mlKem } from './dh-ml-kem.ts';
import { modp } from './dh-modp.ts';
import { montgomery } from './dh-montgomery.ts';
import { wipe } from './misc.ts';

/** `private` is opaque: for `sharedSecret` with the same group, and for nobody else. */
export interface KeyPair {
  readonly public: Uint8Array;
  readonly private: Uint8Array;
}

export type SharedSecret =
  | { readonly ok: true; readonly shared: Uint8Array }
  | { readonly ok: false; readonly why: 'bad-public-value' | 'unsupported'; readonly detail: string };

/** One family of groups. `meet` is `make` and `mix` in one, which spares a responder the way by `private`. */
export interface Method {
  make(): KeyPair;
  /** Undefined if `theirs`, which has the right length, is no public value of the group. */
  mix(mine: Uint8Array, theirs: Uint8Array): Uint8Array | undefined;
  meet?(theirs: Uint8Array): { public: Uint8Array; shared: Uint8Array } | undefined;
}

/** A fresh pair; NONE has none, and throws. */
export function makeKey(group: Group): KeyPair {
  const method = METHODS[group.id];
  if (!method) throw new RangeError(`${group.name} is no key exchange`);
  return method.make();
}

/** g^ir, of an initiator's key and the responder's answer. `mine` is left as it is. */
export function sharedSecret(group: Group, mine: Uint8Array, theirs: Uint8Array): SharedSecret {
  const method = METHODS[group.id];
  const refused = refusal(group, theirs, group.answerOctets);
  if (!method || refused) return refused ?? noSuchGroup(group.id);
  const shared = method.mix(mine, theirs);
  return shared ? { ok: true, shared } : badValue(group);
}

/** A responder's half: a pair made and used at once, its private part gone. */
export function meet(
  group: Group,
  theirs: Uint8Array,
): (SharedSecret & { ok: false }) | { ok: true; public: Uint8Array; shared: Uint8Array } {
  const method = METHODS[group.id];
  const refused = refusal(group, theirs, group.publicOctets);
  if (!method || refused) return refused ?? noSuchGroup(group.id);
  if (method.meet) {
    const met = method.meet(theirs);
    return met ? { ok: true, ...met } : badValue(group);
  }
  const mine = method.make();
  const shared = method.mix(mine.private, theirs);
  wipe(mine.private);
  return shared ? { ok: true, public: mine.public, shared } : badValue(group);
}

type Refused = SharedSecret & { ok: false };

const METHODS: Readonly<Record<number, Method | undefined>> = {
  2: modp(2),
  5: modp(5),
  14: modp(14),
  15: modp(15),
  16: modp(16),
  17: modp(17),
  18: modp(18),
  19: ecp('prime256v1'),
  20: ecp('secp384r1'),
  21: ecp('secp521r1'),
  22: modp(22),
  23: modp(23),
  24: modp(24),
  28: ecp('brainpoolP256r1'),
  29: ecp('brainpoolP384r1'),
  30: ecp('brainpoolP512r1'),
  31: montgomery('X25519'),
  32: montgomery('X448'),
  35: mlKem(512),
  36: mlKem(768),
  37: mlKem(1024),
};

function refusal(group: Group, theirs: Uint8Array, octets: number): Refused | undefined {
  if (theirs.length === octets) return undefined;
  const detail = `${group.name} has public values of ${octets} octets, got ${theirs.length}`;
  return { ok: false, why: 'bad-public-value', detail };
}

const badValue = (group: Group): Refused => ({
  ok: false,
  why: 'bad-public-value',
  detail: `the peer's public value is not one of ${group.name}`,
});

const noSuchGroup = (id: number): Refused => ({ ok: false, why: 'unsupported', detail: `key exchange method ${id}` });
