/** Inner addresses as the implementations' files say them. */
import type { Ends } from './tunnel.ts';

/** What one end does: it is given an address of each family, or gives the peer one of its pools (`ADDRESS/BITS`). */
export type Inner =
  | { readonly role: 'client'; readonly families: readonly (4 | 6)[] }
  | {
      readonly role: 'server';
      readonly pools: readonly string[];
      readonly dns?: readonly string[];
      readonly domains?: readonly string[];
    };

const ALL = { 4: '0.0.0.0/0', 6: '::/0' } as const;
const ANY = { 4: '0.0.0.0', 6: '::' } as const;

/** In place of the subnets of ipsec.conf. */
export function innerLines(inner: Inner | undefined, { me, peer }: Ends): readonly string[] {
  if (!inner) return [`leftsubnet=${me.subnet}`, `rightsubnet=${peer.subnet}`];
  if (inner.role === 'client')
    return [
      'leftmodecfgclient=yes',
      `leftsubnet=${inner.families.map((family) => ALL[family]).join(',')}`,
      `rightsubnet=${inner.families.map((family) => ALL[family]).join(',')}`,
      'narrowing=yes',
    ];
  const local = inner.pools.map((pool) => ALL[pool.includes(':') ? 6 : 4]);
  return [
    `leftsubnet=${local.join(',')}`,
    'leftmodecfgserver=yes',
    'rightmodecfgclient=yes',
    `rightaddresspool=${inner.pools.join(',')}`,
    'narrowing=yes',
    ...(inner.dns ? [`modecfgdns="${inner.dns.join(',')}"`] : []),
    ...(inner.domains ? [`modecfgdomains="${inner.domains.join(',')}"`] : []),
  ];
}

/** For swanctl.conf: of the connection, of its child, and of the file. */
export function swanctlInner(inner: Inner | undefined, { me, peer }: Ends) {
  if (!inner) return { connection: '', child: `local_ts = ${me.subnet}\n        remote_ts = ${peer.subnet}`, file: '' };
  if (inner.role === 'client')
    return {
      connection: `vips = ${inner.families.map((family) => ANY[family]).join(', ')}`,
      child: `remote_ts = ${inner.families.map((family) => ALL[family]).join(', ')}`,
      file: '',
    };
  const { pools, dns } = inner;
  const attributes = dns ? `dns = ${dns.join(', ')}` : '';
  return {
    connection: `pools = ${pools.map((_, i) => `pool${i}`).join(', ')}`,
    child: `local_ts = ${pools.map((pool) => ALL[pool.includes(':') ? 6 : 4]).join(', ')}`,
    file: `pools {\n${pools.map((pool, i) => `  pool${i} { addrs = ${pool}\n    ${i === 0 ? attributes : ''} }`).join('\n')}\n}`,
  };
}
