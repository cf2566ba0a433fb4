/** Which end of a connection leases the other an inner address. */
import type { Conn, End } from '../conf/conn.ts';
import type { CpPolicy } from '../ike/policy.ts';
import type { Address, Family } from '../net/address.ts';

/** `us` on `host`. An end with a pool is the one that gets an address of it. */
export function cpOf(conn: Conn, us: End, them: End, host: Address): CpPolicy | undefined {
  if (us.modecfg === 'client' || us.addresspool.length > 0)
    return Object.freeze({ role: 'client', families: conn.v1 ? IPV4 : familiesOf(us, them, host) });
  if (us.modecfg !== 'server' && them.modecfg !== 'client' && them.addresspool.length === 0) return undefined;
  return Object.freeze({
    role: 'server',
    pools: them.addresspool,
    dns: conn.modecfgdns,
    domains: conn.modecfgdomains,
    banner: conn.modecfgbanner,
  });
}

/** All that Mode Config leases. */
const IPV4: readonly Family[] = Object.freeze([4]);

/** As what we protect; where that is not said, as what the peer does, and then as our host. */
function familiesOf(us: End, them: End, host: Address): readonly Family[] {
  const said = [us.subnets, us.addresspool.map(({ start }) => start), them.subnets].find((list) => list.length > 0);
  return [...new Set((said ?? [host]).map(({ family }) => family))].toSorted();
}
