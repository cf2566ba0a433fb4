/** swanctl.conf for connections of IKEv1. */
import { fillSwanctl } from '../proof.ts';
import { type Conn, idOf, otherSide, proofOf, type Side, secretOf, type V1 } from './conn.ts';
import { type At, addressOf } from './ipsec-conf.ts';

/** Fills swanctl's folders too. */
export async function v1Swanctl({ conns }: V1, at: At, directory: string): Promise<string> {
  const sections = [];
  for (const conn of conns) sections.push(await connection(conn, at, directory));
  const pools = conns.flatMap(({ name, xauth }) =>
    xauth && at.side === 'east'
      ? [`pool-${name} { addrs = ${xauth.pool}\n    ${xauth.dns ? `dns = ${xauth.dns}` : ''} }`]
      : [],
  );
  return `connections {\n${sections.join('')}}\npools {\n  ${pools.join('\n  ')}\n}\nsecrets {\n${secrets(conns, at.side)}}\n`;
}

async function connection(conn: Conn, at: At, directory: string): Promise<string> {
  const { side } = at;
  const other = otherSide(side);
  const { local, remote } = await fillSwanctl(directory, proofOf(conn, side), proofOf(conn, other));
  const { dpd, xauth, pfs } = conn;
  const proposal = `${respell(conn.esp)}${pfs ? `-${groupNames[pfs] ?? pfs}` : ''}`;
  return `  ${conn.name} {
    version = 1
    aggressive = ${yesNo(conn.isAggressive)}
    local_addrs = ${addressOf(conn, side, at)}
    remote_addrs = ${addressOf(conn, other, at)}
    proposals = ${respell(conn.ike)}
    encap = ${yesNo(conn.encapsulates)}
    fragmentation = ${conn.fragments ?? 'yes'}
    ${dpd ? `dpd_delay = ${dpd.delay}s\n    dpd_timeout = ${dpd.timeout}s` : ''}
    ${xauth ? (side === 'west' ? 'vips = 0.0.0.0' : `pools = pool-${conn.name}`) : ''}
    pull = ${yesNo(xauth?.modeConfig !== 'push')}
    local { ${local}
      id = ${idOf(conn, side)} }
    remote { ${remote}
      id = ${idOf(conn, other)} }
    ${xauth ? (side === 'west' ? `local-xauth { auth = xauth\n      xauth_id = ${xauth.user} }` : 'remote-xauth { auth = xauth }') : ''}
    children {
      ${conn.name} {
        mode = ${conn.isTransport ? 'transport' : 'tunnel'}
        ipcomp = ${yesNo(conn.compress)}
        ${selectors(conn, side)}
        ${conn.protocol ?? 'esp'}_proposals = ${proposal}
        dpd_action = clear
      }
    }
  }
`;
}

const yesNo = (value: boolean | undefined) => (value ? 'yes' : 'no');

function selectors({ isTransport, xauth, subnets }: Conn, side: Side): string {
  if (isTransport) return '';
  if (xauth) return side === 'west' ? `remote_ts = ${subnets.east}` : `local_ts = ${subnets.east}`;
  return `local_ts = ${subnets[side]}\n        remote_ts = ${subnets[otherSide(side)]}`;
}

/** What has another name; `aes256-sha2_256-dh19` becomes `aes256-sha256-ecp256`. */
const groupNames: Readonly<Record<string, string>> = {
  dh19: 'ecp256',
  dh20: 'ecp384',
  dh21: 'ecp521',
  dh22: 'modp1024s160',
  dh23: 'modp2048s224',
  dh24: 'modp2048s256',
};
const others: Readonly<Record<string, string>> = {
  ...groupNames,
  aes_gcm128: 'aes128gcm16',
  aes_gcm256: 'aes256gcm16',
};

const respell = (proposal: string): string =>
  proposal
    .split('-')
    .filter((word) => word !== 'none')
    .map((word) => others[word] ?? word.replace('sha2_', 'sha'))
    .join('-');

function secrets(conns: readonly Conn[], side: Side): string {
  const sections = conns.map((conn) => {
    const ids = `id-1 = ${idOf(conn, side)}\n    id-2 = ${idOf(conn, otherSide(side))}`;
    return `{ ${ids}\n    secret = "${secretOf(conn)}" }`;
  });
  const users = conns.flatMap(({ xauth }) =>
    xauth ? [`{ id = ${xauth.user}\n    secret = "${passwordAt(xauth, side)}" }`] : [],
  );
  const numbered = (name: string, list: readonly string[]) =>
    [...new Set(list)].map((section, i) => `  ${name}-${i} ${section}\n`).join('');
  return `${numbered('ike', sections)}${numbered('xauth', users)}`;
}

const passwordAt = ({ password, passwordAtEast }: NonNullable<Conn['xauth']>, side: Side): string =>
  side === 'east' ? (passwordAtEast ?? password) : password;
