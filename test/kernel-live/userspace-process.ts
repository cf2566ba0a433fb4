/** A process of userspace-end.ts, started and asked from here. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from '../support/netns.ts';
import type { Running } from '../support/process.ts';
import type { End } from './userspace-end.ts';

/** Vitest and tsx run TypeScript in ways of their own; what is started from there needs its own. */
const execArgv = extname(import.meta.filename) === '.ts' ? ['--import', 'tsx'] : [];
const program = fileURLToPath(new URL(`./userspace-end${extname(import.meta.filename)}`, import.meta.url));

/** Resolves when the end's tunnel stands. */
export async function startEnd(host: Host, end: End): Promise<Running> {
  const running = host.start([process.execPath, ...execArgv, program, JSON.stringify(end)]);
  await running.says(/^ready$/m);
  return running;
}

/** Both ends of one tunnel between these two, AES-GCM-128 with a 16-octet ICV unless `common` says otherwise. */
export function ends(
  west: { address: string; subnet: string },
  east: { address: string; subnet: string },
  common: Partial<End> = {},
): { west: End; east: End } {
  const there = { key: '000102030405060708090a0b0c0d0e0f00112233', spi: 0x1001 };
  const back = { key: '101112131415161718191a1b1c1d1e1f44556677', spi: 0x1002 };
  const of = (me: typeof west, peer: typeof west, out: typeof there, incoming: typeof there): End => ({
    local: me.address,
    remote: peer.address,
    localNet: me.subnet,
    remoteNet: peer.subnet,
    keyIn: incoming.key,
    keyOut: out.key,
    spiIn: incoming.spi,
    spiOut: out.spi,
    ...common,
  });
  return { west: of(west, east, there, back), east: of(east, west, back, there) };
}
