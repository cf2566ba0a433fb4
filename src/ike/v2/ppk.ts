/** Post-quantum pre-shared keys: which ones a connection has, and how they are named. RFC 8784 §3, §5.1. */
import type { Env } from '../effects.ts';
import type { Policy } from '../policy.ts';
import { NOTIFY, type Payload } from '../wire/index.ts';
import { notification, type Turn } from './turn.ts';

export interface Ppk {
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
}

/** PPK_ID_FIXED: an id, and its secret, that both ends have been told. */
const FIXED = 2;
/** libreswan's limit; also of how many of its PPKs an initiator names. */
const MOST_ID_OCTETS = 64;
const MOST_NAMED = 8;

/** The PPKs of a connection, in order of preference: those that `ppk-ids=` names and that there are, else the first. */
export function ppksOf(env: Env, policy: Policy): readonly Ppk[] {
  if (policy.ppk === 'no') return [];
  const { directory } = env;
  if (policy.ppkIds.length === 0) return [directory.ppk(policy)].filter(isThere);
  const ids = policy.ppkIds.slice(0, MOST_NAMED);
  return ids.map((id) => directory.ppk(policy, new TextEncoder().encode(id))).filter(isThere);
}

const isThere = (ppk: Ppk | undefined): ppk is Ppk => ppk !== undefined;

export const ppkIdOctets = (id: Uint8Array): Uint8Array => new Uint8Array([FIXED, ...id]);

/** Of either type that RFC 8784 has: what an opaque one means is for those who share it. Undefined: none of ours. */
export function parsePpkId(octets: Uint8Array): Uint8Array | undefined {
  const isKnown = octets[0] === OPAQUE || octets[0] === FIXED;
  return isKnown && octets.length > 1 && octets.length <= 1 + MOST_ID_OCTETS ? octets.slice(1) : undefined;
}

const OPAQUE = 1;

/** For a line: not a secret, but the peer's words. */
export const ppkText = (id: Uint8Array): string =>
  id.every((octet) => octet > 32 && octet < 127)
    ? `'${String.fromCharCode(...id)}'`
    : `0x${Buffer.from(id).toString('hex')}`;

/** What an initiator says of PPKs in IKE_SA_INIT. */
export function usePpk(env: Env, policy: Policy): readonly Payload[] {
  if (ppksOf(env, policy).length === 0) return [];
  return [...(policy.intermediate ? [notification(NOTIFY.USE_PPK_INT)] : []), notification(NOTIFY.USE_PPK)];
}

/** As responder, before the peer says who it is: a connection for its address that has PPKs. */
export function policyWithPpk({ sa, env }: Turn): Policy | undefined {
  if (sa.policy.ppk !== 'no') return sa.policy;
  return env.directory.candidates(sa.local.address, sa.peer.address).find((p) => p.ppk !== 'no');
}
