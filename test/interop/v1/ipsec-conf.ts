/** ipsec.conf and ipsec.secrets for connections of IKEv1: libreswan's and ours, which say nearly the same. */
import { writeFile } from 'node:fs/promises';
import { must } from '../../support/process.ts';
import { proofLines } from '../proof.ts';
import type { Ends } from '../tunnel.ts';
import { type Conn, idOf, otherSide, proofOf, type Side, secretOf, type V1 } from './conn.ts';

export type Reader = 'pluto' | 'libreswan';

/** Where a daemon stands: its side, and the bed's own addresses. */
export interface At {
  readonly side: Side;
  readonly ends: Ends;
}

/** `more`, `setup`: further lines of every conn, and of `config setup`. */
export async function v1Conf(
  { conns }: V1,
  at: At,
  reader: Reader,
  more: readonly string[],
  setup: readonly string[] = [],
): Promise<string> {
  const sections = conns.map(async (conn) => [
    `conn ${conn.name}`,
    ...(await connLines(conn, at, reader)),
    ...more,
    ...((reader === 'pluto' ? conn.more : conn.libreswan) ?? []),
    'auto=add',
  ]);
  return [['config setup', 'ikev1-policy=accept', ...setup], ...(await Promise.all(sections))]
    .map(([first, ...lines]) => `${first}\n${lines.map((line) => `\t${line}\n`).join('')}`)
    .join('\n');
}

async function connLines(conn: Conn, at: At, reader: Reader): Promise<readonly string[]> {
  const { side } = at;
  const other = otherSide(side);
  const protocol = conn.protocol ?? 'esp';
  return [
    reader === 'pluto' ? 'keyexchange=ikev1' : 'ikev2=never',
    `aggressive=${yesNo(conn.isAggressive)}`,
    ...(await proofLines(proofOf(conn, side), proofOf(conn, other), false)),
    `left=${addressOf(conn, side, at)}`,
    `leftid=@${idOf(conn, side)}`,
    `right=${addressOf(conn, other, at)}`,
    `rightid=@${idOf(conn, other)}`,
    ...(conn.isTransport ? ['type=transport'] : conn.xauth ? [] : subnetLines(conn, side)),
    `ike=${conn.ike}`,
    `phase2=${protocol}`,
    `phase2alg=${conn.esp}${conn.pfs ? `;${conn.pfs}` : ''}`,
    `pfs=${yesNo(conn.pfs !== undefined)}`,
    ...(conn.compress ? ['compress=yes'] : []),
    ...(conn.dpd ? dpdLines(conn.dpd, reader) : []),
    ...(conn.natForm ? [`nat-ikev1-method=${conn.natForm}`] : []),
    ...(conn.encapsulates ? ['encapsulation=yes'] : []),
    ...(conn.fragments ? [`fragmentation=${conn.fragments}`] : []),
    ...(conn.xauth ? xauthLines(conn, side) : []),
  ];
}

const yesNo = (value: boolean | undefined) => (value ? 'yes' : 'no');

export const addressOf = (conn: Conn, side: Side, { side: mine, ends }: At): string =>
  (side === 'west' ? conn.west : undefined) ?? (side === mine ? ends.me : ends.peer).address;

const subnetLines = ({ subnets }: Conn, side: Side) => [
  `leftsubnet=${subnets[side]}`,
  `rightsubnet=${subnets[otherSide(side)]}`,
];

const dpdLines = ({ delay, timeout }: NonNullable<Conn['dpd']>, reader: Reader) => [
  `dpddelay=${delay}`,
  `dpdtimeout=${timeout}`,
  // Only 4.10 needs to be told; 5.2 calls it obsolete.
  ...(reader === 'libreswan' ? ['dpdaction=clear'] : []),
];

function xauthLines({ xauth, subnets }: Conn, side: Side): readonly string[] {
  if (!xauth) return [];
  const pull = `modecfgpull=${yesNo(xauth.modeConfig === 'pull')}`;
  if (side === 'west')
    return [
      ...['leftxauthclient=yes', 'rightxauthserver=yes', 'leftmodecfgclient=yes', 'rightmodecfgserver=yes', pull],
      ...[`leftusername=${xauth.user}`, `rightsubnet=${subnets.east}`],
    ];
  return [
    ...['leftxauthserver=yes', 'rightxauthclient=yes', 'leftmodecfgserver=yes', 'rightmodecfgclient=yes', pull],
    ...[`leftsubnet=${subnets.east}`, `rightaddresspool=${xauth.pool}`, 'xauthby=file'],
    ...(xauth.dns ? [`modecfgdns=${xauth.dns}`] : []),
  ];
}

/** With the passwords of XAUTH clients: who asks for them has others, `writePasswords`. */
export function v1Secrets({ conns }: V1, side: Side): string {
  const lines = conns.flatMap((conn) => [
    `@${idOf(conn, side)} @${idOf(conn, otherSide(side))} : PSK "${secretOf(conn)}"`,
    ...(conn.xauth && side === 'west' ? [`@${conn.xauth.user} : XAUTH "${conn.xauth.password}"`] : []),
  ]);
  return [...new Set(lines)].map((line) => `${line}\n`).join('');
}

/** `ipsec.d/passwd`: whom `xauthby=file` lets in. */
export async function writePasswords({ conns }: V1, path: string): Promise<void> {
  const lines = conns.map(async ({ name, xauth }) => {
    if (!xauth) return '';
    const hash = await must(['openssl', 'passwd', '-6', xauth.passwordAtEast ?? xauth.password]);
    return `${xauth.user}:${hash.trim()}:${name}\n`;
  });
  const text = (await Promise.all(lines)).join('');
  if (text !== '') await writeFile(path, text, { mode: 0o600 });
}
