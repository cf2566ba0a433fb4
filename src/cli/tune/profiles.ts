/** What the connections of a file ask of this machine: key exchanges and proofs, the most frequent first. */
import type { Conn } from '../../conf/conn.ts';
import { orient } from '../../conf/orient.ts';
import { type Group, groupById } from '../../ike/crypto/algorithms.ts';
import { type KeyKind, kindRow } from '../../ike/crypto/signature/key-kind.ts';
import type { Address } from '../../net/address.ts';
import type { Key, KeyOf } from './own-keys.ts';

/** `psk`: nothing that a helper would be asked for. */
export type Proof = { readonly kind: 'psk' } | Key;

export interface Profile {
  readonly name: string;
  readonly group: Group;
  readonly proof: Proof;
  /** The key itself was not seen: its kind is the first that `authby=` has, an RSA key has 2048 bits. */
  readonly assumed: boolean;
  /** Connections that have it; 0 of those that nobody asked for. */
  readonly conns: number;
}

/** What this machine is and has. */
export interface Here {
  readonly addresses: readonly Address[];
  readonly keyOf: KeyOf;
}

/** More take longer to measure than they tell. */
const MOST = 6;

const PSK: Proof = { kind: 'psk' };
const RSA_2048: Proof = { kind: 'rsa', bits: 2048 };
const keyOfKind = (kind: Exclude<KeyKind, 'rsa'>): Key => ({ kind, bits: kindRow(kind).bits });

const profile = (group: number, proof: Proof, assumed: boolean, conns: number): Profile => {
  const found = groupById(group);
  if (!found) throw new Error(`no group ${group}`);
  return { name: `${found.name} ${proofText(proof)}`, group: found, proof, assumed, conns };
};

export function proofText(proof: Proof): string {
  if (proof.kind === 'psk') return 'PSK';
  return proof.kind === 'rsa' ? `RSA-${proof.bits}` : kindRow(proof.kind).name;
}

/** x25519, MODP2048 and P-256 with what goes with them most often. */
export const USUAL: readonly Profile[] = [
  profile(31, PSK, false, 0),
  profile(14, PSK, false, 0),
  profile(31, RSA_2048, false, 0),
  profile(19, keyOfKind('p256'), false, 0),
];

/** Of IKEv2; a peer is taken to choose what we like best, and to prove itself as we do. */
export function profilesOf(conns: readonly Conn[], here: Here): readonly Profile[] {
  const counts = new Map<string, Profile>();
  for (const conn of conns) {
    const group = conn.ike[0]?.dh[0]?.id;
    if (conn.keyexchange === 'ikev1' || group === undefined || group === 0) continue;
    const { proof, assumed } = proofOf(conn, here);
    const next = profile(group, proof, assumed, 1);
    const same = `${next.name} ${assumed}`;
    counts.set(same, { ...next, conns: (counts.get(same)?.conns ?? 0) + 1 });
  }
  const found = [...counts.values()].sort((a, b) => b.conns - a.conns).slice(0, MOST);
  return found.length > 0 ? found : USUAL;
}

/** By the key of our end; of either, where neither is this machine. */
function proofOf(conn: Conn, { addresses, keyOf }: Here): Pick<Profile, 'proof' | 'assumed'> {
  const [way] = conn.authby;
  if (way === undefined || way === 'secret' || way === 'null' || way === 'never') return { proof: PSK, assumed: false };
  const side = orient(conn, addresses);
  const key = side ? keyOf(conn[side].keys) : (keyOf(conn.left.keys) ?? keyOf(conn.right.keys));
  return key ? { proof: key, assumed: false } : { proof: usualKey(way), assumed: true };
}

function usualKey(way: Conn['authby'][number]): Proof {
  if (way === 'eddsa') return keyOfKind('ed25519');
  if (way === 'ecdsa-sha2_384') return keyOfKind('p384');
  if (way === 'ecdsa-sha2_512') return keyOfKind('p521');
  return way.startsWith('ecdsa') ? keyOfKind('p256') : RSA_2048;
}
