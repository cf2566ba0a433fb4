/** What Cisco has added to Mode Config under the name of Unity: which nets are behind the server, and its domains. */

import type { Subnet } from '../../net/subnet.ts';
import type { CpAttribute } from '../cp.ts';
import { MOST_TOLD, maskOf, subnetIn } from '../cp.ts';
import { CFG_ATTRIBUTE } from './wire/index.ts';

/** Address, mask, protocol and two ports: the last three nobody uses. */
const SPLIT_OCTETS = 14;

/** One attribute for all of them; IPv4 alone. */
export function splitInclude(subnets: readonly Subnet[]): CpAttribute[] {
  const four = subnets.filter(({ family }) => family === 4);
  if (four.length === 0) return [];
  const value = new Uint8Array(SPLIT_OCTETS * four.length);
  for (const [i, { address, prefix }] of four.entries()) {
    value.set(address.toBytes(), SPLIT_OCTETS * i);
    value.set(maskOf(prefix), SPLIT_OCTETS * i + 4);
  }
  return [{ type: CFG_ATTRIBUTE.UNITY_SPLIT_INCLUDE, value }];
}

/** What makes no sense among them is left out. */
export function splitsIn(attributes: readonly CpAttribute[]): readonly Subnet[] {
  const found: Subnet[] = [];
  for (const { type, value } of attributes) {
    if (type !== CFG_ATTRIBUTE.UNITY_SPLIT_INCLUDE) continue;
    for (let at = 0; at + SPLIT_OCTETS <= value.length && found.length < MOST_TOLD; at += SPLIT_OCTETS) {
      const subnet = subnetIn(value.subarray(at, at + 8), 4);
      if (subnet) found.push(subnet);
    }
  }
  return found;
}
