/** What an initiator can make of a refusal: it knows what it asked for, and its own configuration. RFC 7296 §3.10.1. */
import type { Address } from '../../net/address.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import type { Group } from '../crypto/algorithms.ts';
import type { Policy } from '../policy.ts';
import { offerChild, offerIke } from '../v2/proposals.ts';
import { NOTIFY } from '../wire/index.ts';
import { proposalsText } from './proposals.ts';
import { clip, some } from './words.ts';

/** After IKE_SA_INIT; or after a rekey of the IKE SA, and then without `us`. */
export function explainIkeRefusal(notify: number | undefined, policy: Policy, us?: Address): readonly string[] {
  if (notify !== NOTIFY.NO_PROPOSAL_CHOSEN) return [];
  const ours = proposalsText(offerIke(policy.ike, new Uint8Array()));
  const nobody = us ? `, or has no connection for a peer at ${us}; its log knows which` : '';
  return [`ike=: we offer ${ours}; the peer accepts none of it${nobody}`];
}

/** After IKE_AUTH, where the peer says nothing of who it is. */
export function explainAuthRefusal(notify: number | undefined, policy: Policy, us: Address): readonly string[] {
  if (notify !== NOTIFY.AUTHENTICATION_FAILED) return [];
  const asked = policy.remoteId ? ` and asked for '${policy.remoteId}'` : '';
  const proof =
    policy.ours[0].ways[0] === 'secret' ? 'another secret for them' : 'does not take what we have to prove it';
  return [
    `we are '${policy.localId}' (${policy.localId.typeName}) at ${us}${asked}: the peer has no connection for these identities, or ${proof}; its log knows which`,
  ];
}

/** Nobody answers a first or a second message; `octets`: the largest datagram that was sent, and `us` whom it was from. */
export function explainSilence(what: 'init' | 'auth', us: Address, peer: Endpoint, octets: number): readonly string[] {
  if (what === 'init')
    return [
      `nobody at ${peer} answers: no daemon is there, or it has no connection for a peer at ${us}, or UDP port ${peer.port} is blocked on the way`,
    ];
  const size =
    octets > SURE_TO_PASS ? `, or packets of ${octets} octets are too large for the way (fragmentation=yes)` : '';
  return [`${peer} answered the first message and not the second: UDP port ${peer.port} may be blocked${size}`];
}

/** The smallest MTU of IPv6 passes everywhere; less IP and UDP headers. */
const SURE_TO_PASS = 1232;

/** A Child SA that the peer does not grant. `groups`: those that we offered. */
export function explainChildRefusal(
  notify: number | undefined,
  { child }: Policy,
  groups: readonly Group[],
): readonly string[] {
  const { local, remote, mode, esn } = child;
  const list = (selectors: typeof local) => clip(some(selectors.slice(0, 16).map(String), 4), 200);
  switch (notify) {
    case NOTIFY.TS_UNACCEPTABLE:
      return [
        `we asked for ${list(local)} at our end and ${list(remote)} at the peer's: its connection must have the same, the other way round, protocols and ports included`,
      ];
    case NOTIFY.NO_PROPOSAL_CHOSEN: {
      const keyword = child.proposals[0]?.protocol === 'ah' ? 'ah=' : 'esp=';
      const ours = proposalsText(offerChild(child.proposals, 0, { esn, groups }));
      const pfs = groups.length > 0 ? '' : ' without PFS';
      return [`${keyword}: we offer ${ours}${pfs} in ${mode} mode; the peer accepts none of it`];
    }
    case NOTIFY.NO_ADDITIONAL_SAS:
      return ['the peer takes no more SAs on this IKE SA'];
    case NOTIFY.SINGLE_PAIR_REQUIRED:
      return ['the peer wants one pair of addresses in a Child SA: subnets are nothing to it'];
    case NOTIFY.INTERNAL_ADDRESS_FAILURE:
    case NOTIFY.FAILED_CP_REQUIRED:
      return ['the peer wants to lease us an address, or has none left: its connection has an address pool'];
    default:
      return [];
  }
}
