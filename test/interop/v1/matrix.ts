/** Every suite, begun by either end: what both say of phase 1, and what both tell their kernels. */
import { expect } from 'vitest';
import type { PeerName } from '../peers/prefix.ts';
import { agreedOn } from './agreed.ts';
import { v1Tunnel } from './conn.ts';
import { noSas, onBed, sameSas } from './on-bed.ts';
import { expectedKeys, installedKeys, suites } from './suites.ts';

export function tellSuites(peer: PeerName): void {
  const conns = suites(peer);
  onBed(`suites with ${peer}`, { peer, tunnel: v1Tunnel(conns) }, (tell) => {
    for (const begins of ['us', 'them'] as const)
      for (const conn of conns)
        tell(`${conn.name}: ${begins === 'us' ? 'we initiate' : `${peer} initiates`}`, async (bed) => {
          await bed[begins].up(conn.name);
          for (const sa of await sameSas(bed, conn.west!))
            expect(installedKeys(sa.keys)).toEqual(expectedKeys(conn.esp));
          expect(await bed.us.agreed(conn.name)).toBe(agreedOn(conn.ike));
          expect(await bed.them.agreed(conn.name)).toBe(agreedOn(conn.ike));
          await bed[begins].deleteIke(conn.name);
          await noSas(bed, conn.west!);
        });
  });
}
