import type { Address } from '../net/address.ts';
import type { Conn, End, HostSpec } from './conn.ts';
import type { Side } from './keywords.ts';

/**
 * The end that is this machine: the one whose address is ours, else the one that says `%defaultroute`.
 * Undefined when neither is, or both are. `interfaces`: the names of ours, for `left=%eth0`.
 */
export function orient(
  conn: Pick<Conn, 'left' | 'right'>,
  localAddresses: readonly Address[],
  interfaces: ReadonlySet<string> = new Set(),
): Side | undefined {
  const [left, right] = [isOurs(conn.left, localAddresses, interfaces), isOurs(conn.right, localAddresses, interfaces)];
  if (left !== right) return left ? 'left' : 'right';
  if (left) return undefined;
  const [leftMay, rightMay] = [mayBeOurs(conn.left.host), mayBeOurs(conn.right.host)];
  return leftMay === rightMay ? undefined : leftMay ? 'left' : 'right';
}

/** Both ends are this machine, so that neither can be the peer. */
export const isOursTwice = (
  { left, right }: Pick<Conn, 'left' | 'right'>,
  localAddresses: readonly Address[],
  interfaces: ReadonlySet<string>,
): boolean => isOurs(left, localAddresses, interfaces) && isOurs(right, localAddresses, interfaces);

const isOurs = ({ host }: End, localAddresses: readonly Address[], interfaces: ReadonlySet<string>): boolean =>
  host.t === 'address'
    ? localAddresses.some((a) => a.equals(host.address))
    : host.t === 'interface' && interfaces.has(host.name);

const mayBeOurs = (host: HostSpec): boolean => host.t === 'defaultroute';
