/** Mode Config as server: leasing an inner address, and telling what goes with it. draft-dukes-ike-mode-cfg-02 §3.3. */
import type { Family } from '../../net/address.ts';
import {
  type CpAttribute,
  type CpServer,
  FAMILIES,
  MOST_NAME,
  maskOf,
  OF_FAMILY,
  serverAttributes,
  subnetAttribute,
  subnetsToTell,
  textAttribute,
  UNITY_BANNER,
  userIdentity,
} from '../cp.ts';
import { clip } from '../explain/words.ts';
import { type IsakmpSa, NONE } from './isakmp-sa.ts';
import type { Turn } from './turn.ts';
import { splitInclude } from './unity.ts';
import { type Attribute, CFG_ATTRIBUTE } from './wire/index.ts';

/** All that there is, for a peer that is to be told without asking; undefined if there is no address for it. */
export function toPush(turn: Turn, cp: CpServer): readonly Attribute[] | undefined {
  const { sa } = turn;
  const own = [...cp.pools.map(({ start }) => start.family), ...fixedOf(sa).map(({ family }) => family)];
  lease(
    turn,
    cp,
    FAMILIES.filter((family) => own.includes(family)),
  );
  return sa.leases.length === 0 ? undefined : about(sa, cp, PUSHED);
}

/** What a peer asks for, as far as there is any: a value of no octets is for questions, and unknown types are passed over. */
export function toAnswer(turn: Turn, cp: CpServer | undefined, asked: ReadonlySet<number>): readonly Attribute[] {
  const version = asked.has(CFG_ATTRIBUTE.APPLICATION_VERSION)
    ? [textAttribute(CFG_ATTRIBUTE.APPLICATION_VERSION, 'pluto')]
    : NONE;
  if (!cp) return version;
  const { sa } = turn;
  lease(
    turn,
    cp,
    FAMILIES.filter((family) => asked.has(OF_FAMILY[family].address)),
  );
  // Who has been leased nothing is told nothing.
  return sa.leases.length === 0 ? version : [...about(sa, cp, asked), ...version];
}

const PUSHED: ReadonlySet<number> = new Set([CFG_ATTRIBUTE.INTERNAL_IP4_NETMASK]);

/** The lease is the SA's: who asks again is told of the same. */
function lease(turn: Turn, { pools }: CpServer, families: readonly Family[]): void {
  const { sa, env } = turn;
  const missing = families.filter((family) => sa.leases.every(({ address }) => address.family !== family));
  if (missing.length === 0) return;
  const { leases, lacks } = env.lease({ pools, families: missing, identity: identityOf(sa), fixed: fixedOf(sa) });
  for (const lack of lacks) turn.say(lack, { level: 'warn' });
  if (leases.length > 0) {
    sa.leases = [...sa.leases, ...leases];
    turn.say(`leased ${leases.map(({ address }) => address).join(' and ')} to the peer`);
  } else if (lacks.length === 0) {
    const text = `the connection has no pool of IPv${missing.join(' or IPv')}, which the peer asks for`;
    turn.say(text, { level: 'warn', event: 'rejected' });
  }
}

const fixedOf = ({ eapUser }: IsakmpSa) => (eapUser?.isHearsay ? NONE : (eapUser?.addresses ?? NONE));

/** With one secret for a group they all have one identity: whoever XAUTH has asked goes by the name of the user. */
function identityOf({ eapUser, peerId, policy }: IsakmpSa): string | undefined {
  if (eapUser && !eapUser.isHearsay) return userIdentity(eapUser.name);
  return policy.v1.xauth || !peerId ? undefined : clip(peerId.key, MOST_NAME);
}

/** `asked`: types; addresses and name servers go without being asked for, and Unity's to a peer of Unity. */
function about(sa: IsakmpSa, cp: CpServer, asked: ReadonlySet<number>): readonly Attribute[] {
  const { leases, isUnity, policy } = sa;
  const { domains, banner } = cp;
  const families = leases.map(({ address }) => address.family);
  const subnets = subnetsToTell(policy.child.local);
  const isWanted = (type: number) => isUnity || asked.has(type);
  const when = <T>(type: number, make: () => readonly T[]): readonly T[] => (isWanted(type) ? make() : NONE);
  return [
    ...leases.flatMap(({ address }) => [
      { type: OF_FAMILY[address.family].address, value: address.toBytes() },
      ...netmask(address.family, asked),
    ]),
    ...serverAttributes({ ...cp, dns: cp.dns.filter(({ family }) => families.includes(family)) }),
    ...subnets.filter(({ family }) => asked.has(OF_FAMILY[family].subnet)).map(subnetAttribute),
    ...when(UNITY_BANNER, () => (banner === undefined ? NONE : [textAttribute(UNITY_BANNER, banner)])),
    ...when(CFG_ATTRIBUTE.UNITY_DEF_DOMAIN, () =>
      domains.slice(0, 1).map((domain) => textAttribute(CFG_ATTRIBUTE.UNITY_DEF_DOMAIN, domain)),
    ),
    ...when(CFG_ATTRIBUTE.UNITY_SPLIT_INCLUDE, () => splitInclude(subnets)),
    // Only where there is other traffic does it matter which names go this way.
    ...when(CFG_ATTRIBUTE.UNITY_SPLITDNS_NAME, () =>
      domains.length > 0 && subnets.length > 0
        ? [textAttribute(CFG_ATTRIBUTE.UNITY_SPLITDNS_NAME, domains.join(','))]
        : NONE,
    ),
    ...(asked.has(CFG_ATTRIBUTE.UNITY_PFS)
      ? [{ type: CFG_ATTRIBUTE.UNITY_PFS, value: policy.child.pfs ? 1 : 0 }]
      : NONE),
  ];
}

/** The address is one alone, whatever pool it is of. */
function netmask(family: Family, asked: ReadonlySet<number>): CpAttribute[] {
  const type = family === 4 ? CFG_ATTRIBUTE.INTERNAL_IP4_NETMASK : CFG_ATTRIBUTE.INTERNAL_IP6_NETMASK;
  if (!asked.has(type)) return [];
  return [{ type, value: family === 4 ? maskOf(32) : new Uint8Array(16).fill(0xff) }];
}
