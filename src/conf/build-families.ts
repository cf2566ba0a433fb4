/** IPv4 and IPv6: what is outside has one family, and what is inside has the same ones at both ends. */
import type { Family } from '../net/address.ts';
import { familyOfHost } from './build-end.ts';
import type { Conn, End } from './conn.ts';
import type { Settings } from './sections.ts';

const HOSTS = ['left', 'right', 'leftnexthop', 'rightnexthop'] as const;

/** Of the hosts, when any of `left=`, `right=` and `nexthop=` tells, or `hostaddrfamily=`. */
export function familyOf(settings: Settings): Family | undefined {
  const said = saidFamily(settings, 'hostaddrfamily');
  if (said !== undefined) return said;
  let found: Family | undefined;
  for (const key of HOSTS) {
    const setting = settings.get(key);
    const family = setting && familyOfHost(setting.raw);
    if (family === 6) return 6;
    found ??= family;
  }
  return found;
}

/** Whether the ends protect the same families: of their subnets, of what they lease, or of the hosts. */
export function isOneFamily(left: End, right: End, host: Conn['hostFamily']): boolean {
  // Whoever is given an address is given what the other end protects.
  if ([left, right].some((end) => end.modecfg === 'client' && end.subnets.length === 0)) return true;
  // Most conns have one subnet or none at either end, and all of one family.
  const [a, b] = [familiesOf(left, host), familiesOf(right, host)];
  return a.size === b.size && [...a].every((family) => b.has(family));
}

/** Why the families do not fit, and the keyword to blame. */
export function familyProblem(
  settings: Settings,
  { left, right }: { readonly left: End; readonly right: End },
  host: Conn['hostFamily'],
): { key: string; text: string } | undefined {
  // An IPv6 address among them decides, so where there is none they are all alike.
  const isSaid = settings.has('hostaddrfamily');
  for (const key of host === 6 || isSaid ? HOSTS : []) {
    const setting = settings.get(key);
    const family = setting && addressFamily(setting.raw);
    if (family !== undefined && family !== host) {
      const other = isSaid ? 'hostaddrfamily=' : 'the other addresses outside';
      return { key, text: `an IPv${family} address differs in family from ${other}` };
    }
  }
  if (!isOneFamily(left, right, host)) {
    const key = ['rightsubnet', 'rightaddresspool', 'leftsubnet', 'leftaddresspool'].find((each) => settings.has(each));
    const [a, b] = [left, right].map((end) => `IPv${[...familiesOf(end, host)].sort().join(' and IPv')}`);
    const text = `what left and right protect differs in family: ${a} at left, ${b} at right`;
    return { key: key ?? 'right', text };
  }
  const client = saidFamily(settings, 'clientaddrfamily');
  const isStray = client !== undefined && [left, right].some((end) => !isOnly(familiesOf(end, host), client));
  return isStray ? { key: 'clientaddrfamily', text: 'what the tunnel is for is of the other family' } : undefined;
}

function saidFamily(settings: Settings, key: string): Family | undefined {
  const said = settings.get(key)?.value;
  return said === undefined ? undefined : said === 'ipv6' ? 6 : 4;
}

/** Of an address, not of a word such as `%any6`, which gives way. */
const addressFamily = (text: string): Family | undefined => (text.startsWith('%') ? undefined : familyOfHost(text));

const ONLY4: ReadonlySet<Family> = new Set([4]);
const ONLY6: ReadonlySet<Family> = new Set([6]);
const BOTH: ReadonlySet<Family> = new Set([4, 6]);

function familiesOf({ subnets, addresspool }: End, host: Conn['hostFamily']): ReadonlySet<Family> {
  const has = (family: Family) =>
    subnets.some((s) => s.family === family) || addresspool.some(({ start }) => start.family === family);
  if (subnets.length === 0 && addresspool.length === 0) return host === 6 ? ONLY6 : ONLY4;
  return has(4) ? (has(6) ? BOTH : ONLY4) : ONLY6;
}

const isOnly = (families: ReadonlySet<Family>, family: Family): boolean => families.size === 1 && families.has(family);
