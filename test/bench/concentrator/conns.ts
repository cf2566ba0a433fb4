/** 5,000 conns loaded into a running daemon, and all of them shown by `--status`: ours beside libreswan. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configure } from '../../support/netns.ts';
import { confOf } from '../conns.ts';
import type { Implementation } from '../gateways/place.ts';
import { type Loadable, libreswan, ours, type Place } from '../load-daemons.ts';
import { type Bench, present, scaled } from './bench.ts';
import { beside, type Result } from './result.ts';

const CONNS = 5_000;
/** strongSwan reads its conns otherwise. */
const START: Partial<Record<Implementation, (place: Place) => Promise<Loadable>>> = {
  pluto: (place) => ours('autoall', place),
  libreswan,
};

export async function conns(bench: Bench): Promise<Result> {
  const count = scaled(CONNS, bench);
  const file = join(bench.directory, 'conns.conf');
  await writeFile(file, confOf(count));
  const names = present(bench).filter((name) => name in START);
  const [loading, status]: Record<string, number[]>[] = [{}, {}];
  for (let round = 0; round < bench.rounds; round++)
    for (const name of names.map((_, i) => names[(i + round) % names.length])) {
      const host = await bench.network.host(`n${name[0]}${round}`);
      await configure(host, ['addr add 192.0.2.1/32 dev lo']);
      const start = START[name] ?? libreswan;
      const daemon = await start({
        host,
        directory: join(bench.directory, `conns-${name}-${round}`),
        conns: file,
      });
      try {
        const took = { load: await timed(daemon.load), status: 0 };
        if ((await daemon.loaded()) !== count) throw new Error(`${name} has not loaded ${count} conns`);
        took.status = await timed(() => shown(daemon, count));
        loading[name] = [...(loading[name] ?? []), took.load / 1000];
        status[name] = [...(status[name] ?? []), took.status / 1000];
        bench.say(`conns ${name} round ${round}: ${took.load.toFixed(0)} ms, status ${took.status.toFixed(0)} ms`);
      } finally {
        await daemon.stop();
      }
    }
  return {
    findings: [
      beside(`${count} conns loaded into a running daemon`, 's', loading, 1),
      beside(`--status of ${count} conns`, 's', status, 1),
    ],
  };
}

async function shown(daemon: Loadable, count: number): Promise<void> {
  const lines = (await daemon.status()).split('\n').length;
  if (lines < count) throw new Error(`a status of ${lines} lines has not ${count} conns`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
