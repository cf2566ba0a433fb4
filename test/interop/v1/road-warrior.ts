/** XAUTH and Mode Config, the address pulled and pushed, with ourselves as the client and as the server. */
import { expect } from 'vitest';
import { eventually } from '../../support/process.ts';
import type { PeerName } from '../peers/prefix.ts';
import { type Conn, conns, type Side, v1Tunnel, type Wish, type Xauth } from './conn.ts';
import { noSas, onBed, sameSas, sasOf, type V1Bed } from './on-bed.ts';

const user = (n: number, more: Partial<Xauth> = {}): Xauth => ({
  ...{ user: `user${n}`, password: 'swordfish', pool: `10.9.${n}.1-10.9.${n}.9`, modeConfig: 'pull' },
  ...more,
});

const WISHES: readonly Wish[] = [
  { name: 'main-pull', xauth: user(1) },
  { name: 'main-push', xauth: user(2, { modeConfig: 'push' }) },
  { name: 'aggressive-pull', isAggressive: true, xauth: user(3, { dns: '10.2.0.53' }), pfs: 'modp2048' },
  { name: 'aggressive-push', isAggressive: true, xauth: user(4, { modeConfig: 'push' }) },
];
const WRONG: Wish = { name: 'wrong-password', xauth: user(5, { passwordAtEast: 'another one' }) };

/** `side`: where we are; the client is at the west. */
export function tellRoadWarriors(peer: PeerName, side: Side): void {
  const list = conns([...WISHES, WRONG]);
  const title = side === 'west' ? `we log in to ${peer}` : `${peer} logs in to us`;
  onBed(title, { peer, side, tunnel: v1Tunnel(list) }, (tell) => {
    list.forEach((conn) => {
      tell(conn.name, (bed) => (conn.name === WRONG.name ? isRefused(bed, conn) : hasAddress(bed, conn)));
    });
  });
}

async function hasAddress(bed: V1Bed, conn: Conn): Promise<void> {
  const [address] = conn.xauth!.pool.split('-');
  await bed.west.up(conn.name);
  await sameSas(bed, conn.west!);
  const end = bed.us === bed.west ? `[${address}/32===` : `===${address}/32]`;
  await eventually(`we say that the client is ${address}`, async () =>
    (await bed.us.log())
      .split('\n')
      .some((line) => line.includes(`"${conn.name}"`) && line.includes('IPsec SA established') && line.includes(end)),
  );
  await bed.west.deleteIke(conn.name);
  await noSas(bed, conn.west!);
}

async function isRefused(bed: V1Bed, conn: Conn): Promise<void> {
  const attempt = bed.west.up(conn.name).catch(() => undefined);
  await eventually('the server has refused the password', async () =>
    (await bed.east.log()).split('\n').some((line) => /xauth.*(?:fail|wrong|refus|incorrect)/i.test(line)),
  );
  expect([await sasOf(bed.us, conn.west!), await sasOf(bed.them, conn.west!)]).toEqual([[], []]);
  await bed.west.deleteIke(conn.name).catch(() => undefined);
  await attempt;
}
