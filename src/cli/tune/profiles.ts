/** What the connections of a file ask of this machine: key exchanges and proofs, the most frequent first. */
import type { Conn } from '../../conf/conn.ts';
import { type Group, groupById } from '../../ike/crypto/algorithms.ts';
import type { KeyKind } from '../../ike/crypto/signature/key-kind.ts';

/** `psk`: nothing that a helper would be asked for. */
export type Proof = 'psk' | Extract<KeyKind, 'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519'>;

export interface Profile {
  readonly name: string;
  readonly group: Group;
  readonly proof: Proof;
  /** Connections that have it; 0 of those that nobody asked for. */
  readonly conns: number;
}

/** More take longer to measure than they tell. */
const MOST = 6;

const profile = (group: number, proof: Proof, conns: number): Profile => {
  const found = groupById(group);
  if (!found) throw new Error(`no group ${group}`);
  return { name: `${found.name} ${PROOFS[proof]}`, group: found, proof, conns };
};

const PROOFS: Readonly<Record<Proof, string>> = {
  psk: 'PSK',
  rsa: 'RSA-2048',
  p256: 'ECDSA P-256',
  p384: 'ECDSA P-384',
  p521: 'ECDSA P-521',
  ed25519: 'Ed25519',
};

/** x25519, MODP2048 and P-256 with what goes with them most often. */
export const USUAL: readonly Profile[] = [
  profile(31, 'psk', 0),
  profile(14, 'psk', 0),
  profile(31, 'rsa', 0),
  profile(19, 'p256', 0),
];

/** Of IKEv2; a peer is taken to choose what we like best. */
export function profilesOf(conns: readonly Conn[]): readonly Profile[] {
  const counts = new Map<string, Profile>();
  for (const { keyexchange, ike, authby } of conns) {
    const group = ike[0]?.dh[0]?.id;
    if (keyexchange === 'ikev1' || group === undefined || group === 0) continue;
    const next = profile(group, proofOf(authby[0]), 1);
    counts.set(next.name, { ...next, conns: (counts.get(next.name)?.conns ?? 0) + 1 });
  }
  const found = [...counts.values()].sort((a, b) => b.conns - a.conns).slice(0, MOST);
  return found.length > 0 ? found : USUAL;
}

function proofOf(authby: Conn['authby'][number] | undefined): Proof {
  if (authby === undefined || authby === 'secret' || authby === 'null' || authby === 'never') return 'psk';
  if (authby === 'eddsa') return 'ed25519';
  if (authby === 'ecdsa-sha2_384') return 'p384';
  if (authby === 'ecdsa-sha2_512') return 'p521';
  return authby.startsWith('ecdsa') ? 'p256' : 'rsa';
}
