/** ESP in UDP, and who has a tunnel, beside a flood on the same ports: three sockets share them. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ikeDatagrams } from '../fuzz/seeds.ts';
import { type Daemon, said } from '../support/daemon.ts';
import type { Running } from '../support/process.ts';
import type { Side } from '../support/topology.ts';
import { lacksTwoHosts, twoHosts } from '../support/two-hosts.ts';
import type { Siege } from './besieger.ts';

const lacks = lacksTwoHosts();
const execArgv = extname(import.meta.filename) === '.ts' ? ['--import', 'tsx'] : [];
const besieger = fileURLToPath(new URL(`./besieger${extname(import.meta.filename)}`, import.meta.url));
const corpus = lacks ? [] : ikeDatagrams().map((bytes) => Buffer.from(bytes).toString('hex'));

describe('beside a flood of first messages', () => {
  const hosts = twoHosts(lacks);

  test('a tunnel in UDP comes up, carries pings and is rekeyed', async () => {
    const east = await start('east');
    const west = await start('west');
    await said(west.ipsec('up', 'w-e'));
    const siege = besiege(60_000);
    await siege.says(/^begins/m, 30_000);
    await said(west.whack('--rekey-child', '--name', 'w-e'));
    expect(await pings()).toBeGreaterThan(0);
    await said(west.ipsec('down', 'w-e'));
    await said(west.ipsec('up', 'w-e'));
    expect(await pings()).toBeGreaterThan(0);
    await siege.says(/^sent/m, 60_000);
    for (const daemon of [west, east]) {
      expect(await daemon.stop()).toBe(0);
      expect(await daemon.log()).not.toMatch(/internal error|share the buffer/);
    }
  });

  function start(name: 'west' | 'east'): Promise<Daemon> {
    const { west, east } = hosts.topology;
    const end = (side: string, { address, subnet }: Side, id: string) =>
      `\t${side}=${address}\n\t${side}id=@${id}\n\t${side}subnet=${subnet}\n`;
    const conn = `${end('left', west, 'west')}${end('right', east, 'east')}`;
    const conf = `config setup\n\nconn w-e\n\tauthby=secret\n\tencapsulation=yes\n${conn}\tauto=add\n`;
    return hosts.start(name, { conf }, ['--use-userspace', ...(name === 'east' ? ['--force-busy'] : [])]);
  }

  function besiege(count: number): Running {
    const { west, east } = hosts.topology;
    const siege: Siege = { from: west.address, to: east.address, kind: 'first', count, seed: 1, corpus };
    return west.host.start([process.execPath, ...execArgv, besieger, JSON.stringify(siege)]);
  }

  async function pings(): Promise<number> {
    const { west, east } = hosts.topology;
    const { stdout } = await west.host.run(['ping', '-q', '-c', '3', '-i', '0.2', '-I', west.inner, east.inner]);
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  }
});
