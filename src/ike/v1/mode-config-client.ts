/** Mode Config as client: asking for an inner address, and what of the answer we take. draft-dukes-ike-mode-cfg-02 §3.3. */
import { Selector } from '../../net/selector.ts';
import type { Subnet } from '../../net/subnet.ts';
import {
  type CpAttribute,
  type CpClient,
  OF_FAMILY,
  serversIn,
  subnetsIn,
  takeLeases,
  textsIn,
  UNITY_BANNER,
} from '../cp.ts';
import type { Told } from '../effects.ts';
import type { Turn } from './turn.ts';
import { splitsIn } from './unity.ts';
import { type Attribute, CFG_ATTRIBUTE } from './wire/index.ts';

/** An IPv6 subnet has no number in Mode Config. */
export function toAsk({ families }: CpClient): readonly Attribute[] {
  const types = families.flatMap((family) =>
    family === 4
      ? [...Object.values(OF_FAMILY[4]), CFG_ATTRIBUTE.INTERNAL_IP4_NETMASK]
      : [OF_FAMILY[6].address, OF_FAMILY[6].dns],
  );
  return [
    ...types,
    ...[UNITY_BANNER, CFG_ATTRIBUTE.UNITY_DEF_DOMAIN],
    ...[CFG_ATTRIBUTE.UNITY_SPLITDNS_NAME, CFG_ATTRIBUTE.UNITY_SPLIT_INCLUDE],
  ].map((type) => ({ type, value: new Uint8Array() }));
}

/** Takes what the peer leases us into the SA; why not, if it leases nothing that we could use. */
export function take(turn: Turn, cp: CpClient, said: readonly Attribute[]): string | undefined {
  const { sa } = turn;
  const attributes = said.flatMap(octetsOf);
  const told = takeLeases(turn, cp, { peer: sa.peer.address, attributes }, toldBy);
  if ('wrong' in told) return told.wrong;
  sa.behindPeer = told.subnets.filter(({ family }) => cp.families.includes(family)).map((s) => Selector.ofSubnet(s));
  return undefined;
}

/** Some say the same in both ways. */
const unique = (subnets: readonly Subnet[]): readonly Subnet[] => [
  ...new Map(subnets.map((subnet) => [`${subnet}`, subnet])).values(),
];

const octetsOf = ({ type, value }: Attribute): CpAttribute[] => (typeof value === 'number' ? [] : [{ type, value }]);

function toldBy(attributes: readonly CpAttribute[]): Told {
  const names = textsIn(attributes, CFG_ATTRIBUTE.UNITY_SPLITDNS_NAME).flatMap((list) => list.split(/[, ]+/));
  const domains = [...textsIn(attributes, CFG_ATTRIBUTE.UNITY_DEF_DOMAIN), ...names];
  return {
    dns: serversIn(attributes),
    domains: [...new Set(domains)].filter((name) => name !== ''),
    subnets: unique([...subnetsIn(attributes), ...splitsIn(attributes)]),
    banner: textsIn(attributes, UNITY_BANNER)[0],
  };
}
