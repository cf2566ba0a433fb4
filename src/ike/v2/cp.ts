/**
 * Inner addresses, RFC 7296 §2.19: what both ends of them have in common. cp-server.ts leases, cp-client.ts asks; cp-news.ts
 * answers questions later on.
 *
 *     IDi, AUTH, CP(CFG_REQUEST), SA, TSi, TSr  ──►
 *                                               ◄──  IDr, AUTH, CP(CFG_REPLY), SA, TSi, TSr
 *
 * A lease is the IKE SA's: its children take it into their selectors, and it lasts over rekeys until the SA ends.
 */
import { Address, type Family } from '../../net/address.ts';
import { Selector } from '../../net/selector.ts';
import { Subnet } from '../../net/subnet.ts';
import type { DownReason } from '../effects.ts';
import type { ChildPolicy, Policy } from '../policy.ts';
import { CFG_ATTRIBUTE, type Payload } from '../wire/index.ts';
import { type IkeSa, NONE } from './ike-sa.ts';
import type { Turn } from './turn.ts';

export type Configuration = Extract<Payload, { type: 'CP' }>;
export type Attribute = Configuration['attributes'][number];

/** Not in IANA's registry, from the days of IKEv1; strongSwan and Cisco ask for it. */
export const UNITY_BANNER = 28672;

/** Attribute types by family. */
export const OF_FAMILY = {
  4: {
    address: CFG_ATTRIBUTE.INTERNAL_IP4_ADDRESS,
    dns: CFG_ATTRIBUTE.INTERNAL_IP4_DNS,
    subnet: CFG_ATTRIBUTE.INTERNAL_IP4_SUBNET,
  },
  6: {
    address: CFG_ATTRIBUTE.INTERNAL_IP6_ADDRESS,
    dns: CFG_ATTRIBUTE.INTERNAL_IP6_DNS,
    subnet: CFG_ATTRIBUTE.INTERNAL_IP6_SUBNET,
  },
} as const;

export const FAMILIES: readonly Family[] = [4, 6];

export const configuration = (cfgType: number, attributes: readonly Attribute[]): Payload => ({
  type: 'CP',
  critical: false,
  cfgType,
  attributes,
});

/** What of its traffic a connection allows to children of this SA: where an address is leased, that one. */
export function allowed(
  sa: Pick<IkeSa, 'leases'>,
  { cp, child }: Policy,
): Pick<ChildPolicy, 'local' | 'remote' | 'narrowing'> {
  if (!cp) return child;
  const leased = sa.leases.map(({ address }) => Selector.ofAddress(address));
  const { local, remote } = child;
  return cp.role === 'server' ? { local, remote: leased, narrowing: true } : { local: leased, remote, narrowing: true };
}

/** What we ask for: before an address is leased, anything that one might be. RFC 7296 §2.19. */
export function wanted(sa: Pick<IkeSa, 'leases'>, policy: Policy): Pick<ChildPolicy, 'local' | 'remote'> {
  const { cp, child } = policy;
  if (!cp || (cp.role === 'server' && sa.leases.length === 0)) return child;
  if (sa.leases.length > 0) return allowed(sa, policy);
  const anything = cp.role === 'client' ? cp.families : NONE;
  return { local: anything.map((family) => Selector.ofSubnet(Subnet.all(family))), remote: child.remote };
}

/** What the peer may answer to that: who has been leased nothing is granted nothing. */
export const expected = (sa: Pick<IkeSa, 'leases'>, policy: Policy): Pick<ChildPolicy, 'local' | 'remote'> =>
  policy.cp?.role === 'client' ? allowed(sa, policy) : wanted(sa, policy);

/** With the IKE SA its leases end; `why` tells whether the peer knows. */
export function endLeases(turn: Turn, why: DownReason): void {
  const { sa, env } = turn;
  const { leases } = sa;
  if (leases.length === 0) return;
  sa.leases = NONE;
  if (sa.policy.cp?.role === 'client') return void turn.outs.push({ t: 'unassigned', leases });
  const isKnown = why === 'peer' || turn.answered?.kind === 'deleteIke';
  for (const lease of leases) env.release(lease, isKnown);
}

/** An IPv4 or IPv6 address in an attribute; with IPv6, as many octets may follow as the attribute has for a prefix. */
export function addressIn(value: Uint8Array, family: Family): Address | undefined {
  const octets = family === 4 ? 4 : 16;
  return value.length === octets || (family === 6 && value.length === 17)
    ? Address.fromBytes(value, 0, octets)
    : undefined;
}
