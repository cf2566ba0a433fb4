/** Leasing inner addresses to a peer that asks for them. RFC 7296 §2.19, §3.15; RFC 8598 for domains. */
import { ID_TYPES } from '../../net/id.ts';
import type { Selector } from '../../net/selector.ts';
import {
  type CpAttribute,
  type CpServer,
  FAMILIES,
  MOST_NAME,
  OF_FAMILY,
  serverAttributes,
  subnetAttribute,
  subnetsToTell,
  textAttribute,
  UNITY_BANNER,
  userIdentity,
  withPrefix,
} from '../cp.ts';
import type { Lease } from '../effects.ts';
import { clip } from '../explain/words.ts';
import type { Policy } from '../policy.ts';
import { CFG_ATTRIBUTE, CFG_TYPE, find, NOTIFY, type Payload } from '../wire/index.ts';
import type { AuthTalk } from './auth-talk.ts';
import { configuration } from './cp.ts';
import { type IkeSa, NONE } from './ike-sa.ts';
import type { Turn } from './turn.ts';

export type Configured =
  /** `policies`: of those that the peer may have a child of. */
  | { readonly reply: readonly Payload[]; readonly policies: readonly Policy[] }
  /** There is no child to be had: `notify` goes in its place. */
  | { readonly notify: number; readonly wrong: string };

/** `request`: what the peer says of the child that it wants. The peer is authentic. */
export function configure(
  turn: Turn,
  talk: AuthTalk,
  policies: readonly Policy[],
  request: readonly Payload[],
): Configured {
  const leasing = policies.find(({ cp }) => cp?.role === 'server');
  if (leasing?.cp?.role !== 'server') return { reply: NONE, policies };
  const asked = attributesIn(request);
  const families = FAMILIES.filter((family) => asked.some(({ type }) => type === OF_FAMILY[family].address));
  if (families.length === 0) {
    const others = policies.filter(({ cp }) => cp?.role !== 'server');
    if (others.length > 0) return { reply: NONE, policies: others };
    return { notify: NOTIFY.FAILED_CP_REQUIRED, wrong: 'the peer asks for no address, and the connection has a pool' };
  }
  const { sa, env } = turn;
  const { leases, lacks } = env.lease({
    pools: leasing.cp.pools,
    families,
    identity: identityOf(sa, talk),
    fixed: sa.eapUser?.addresses ?? NONE,
  });
  if (leases.length === 0) {
    const none = `the connection has no pool of IPv${families.join(' or IPv')}, which the peer asks for`;
    return { notify: NOTIFY.INTERNAL_ADDRESS_FAILURE, wrong: lacks.join('; ') || none };
  }
  sa.leases = leases;
  for (const lack of lacks) turn.say(lack, { level: 'warn' });
  turn.say(`leased ${leases.map(({ address }) => address).join(' and ')} to the peer`);
  return {
    reply: [configuration(CFG_TYPE.CFG_REPLY, attributesFor(asked, leasing.cp, leases, leasing.child.local))],
    policies,
  };
}

/** No child has come of it, and the peer has not been told. */
export function takeBack({ sa, env }: Turn): void {
  for (const lease of sa.leases) env.release(lease, true);
  sa.leases = NONE;
}

const attributesIn = (request: readonly Payload[]): readonly CpAttribute[] => {
  const cp = find(request, 'CP');
  return cp?.cfgType === CFG_TYPE.CFG_REQUEST ? cp.attributes : NONE;
};

/** By whatever has been proven: a user's name where EAP has asked for it, else the identity. */
function identityOf({ eapUser }: IkeSa, { firstId, isNameless }: AuthTalk): string | undefined {
  if (eapUser && !eapUser.isHearsay) return userIdentity(eapUser.name);
  return isNameless || !firstId || firstId.type === ID_TYPES.ID_NULL ? undefined : clip(firstId.key, MOST_NAME);
}

/** What there is for who has these leases; addresses and name servers, whether it asks for them or not. */
export function attributesFor(
  asked: readonly CpAttribute[],
  server: CpServer,
  leases: readonly Lease[],
  local: readonly Selector[],
): CpAttribute[] {
  const { dns, domains, banner } = server;
  const isAsked = (type: number) => asked.some((attribute) => attribute.type === type);
  // Domains mean nothing without a server, and to a peer that does not ask for them: RFC 8598 §3.
  const hasDomains = dns.length > 0 && isAsked(CFG_ATTRIBUTE.INTERNAL_DNS_DOMAIN);
  return [
    ...leases.map(({ address }) => ({
      type: OF_FAMILY[address.family].address,
      value: address.family === 4 ? address.toBytes() : withPrefix(address.toBytes(), 128),
    })),
    ...serverAttributes(server),
    ...(hasDomains ? domains.map((domain) => textAttribute(CFG_ATTRIBUTE.INTERNAL_DNS_DOMAIN, domain)) : []),
    ...subnetsToTell(local.filter(({ family }) => isAsked(OF_FAMILY[family].subnet))).map(subnetAttribute),
    ...(banner !== undefined && isAsked(UNITY_BANNER) ? [textAttribute(UNITY_BANNER, banner)] : []),
  ];
}
