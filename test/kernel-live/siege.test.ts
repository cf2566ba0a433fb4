/** A daemon under fire: it answers, its memory has a bound, a tunnel still comes up, and it ends when it is told to. */
import { readFileSync } from 'node:fs';
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

describe('a daemon under fire', () => {
  const hosts = twoHosts(lacks);

  function start(name: 'west' | 'east', options: readonly string[]): Promise<Daemon> {
    const { west, east } = hosts.topology;
    const end = (side: string, { address, subnet }: Side, id: string) =>
      `\t${side}=${address}\n\t${side}id=@${id}\n\t${side}subnet=${subnet}\n`;
    const conn = `${end('left', west, 'west')}${end('right', east, 'east')}`;
    return hosts.start(name, { conf: `config setup\n\nconn w-e\n\tauthby=secret\n${conn}\tauto=add\n` }, options);
  }

  function besiege(kind: Siege['kind'], count: number, seed = 1): Running {
    const { west, east } = hosts.topology;
    const siege: Siege = { from: west.address, to: east.address, kind, count, seed, corpus };
    return west.host.start([process.execPath, ...execArgv, besieger, JSON.stringify(siege)]);
  }

  const planes = ['--use-userspace', '--noklips'];
  test.each(planes)('%s: 100,000 datagrams of any kind leave it as it was', async (plane) => {
    const east = await start('east', [plane]);
    const before = residentKb(east.pid);
    const siege = besiege('wounded', 100_000);
    await said(east.ipsec('status'));
    await siege.says(/^sent/m, 60_000);
    expect(await counted(east, 'total.ike.packets.received')).toBeGreaterThan(30_000);
    expect(residentKb(east.pid) - before).toBeLessThan(300_000);
    const west = await start('west', [plane]);
    await said(west.ipsec('up', 'w-e'));
    if (plane === '--use-userspace') expect(await pings()).toBeGreaterThan(0);
    expect(await west.stop()).toBe(0);
    expect(await east.stop()).toBe(0);
    expect(await east.log()).not.toMatch(/internal error/);
  });

  test('with cookies, a flood of first messages costs no state, and a tunnel comes up in the midst of it', async () => {
    const east = await start('east', ['--noklips', '--force-busy']);
    const before = residentKb(east.pid);
    const siege = besiege('first', 100_000);
    const west = await start('west', ['--noklips']);
    await siege.says(/^begins/m, 30_000);
    await said(west.ipsec('up', 'w-e'));
    await siege.says(/^sent/m, 60_000);
    expect(await counted(east, 'total.ike.cookies.sent')).toBeGreaterThan(30_000);
    expect(residentKb(east.pid) - before).toBeLessThan(200_000);
    expect(await said(east.ipsec('status'))).toMatch(/half-open\(0\)/);
    expect(await east.log()).not.toMatch(/internal error/);
  });

  test('without cookies too, and what the flood began is bounded', async () => {
    const east = await start('east', ['--noklips', '--force-unlimited']);
    const siege = besiege('first', 20_000);
    await siege.says(/^sent/m, 60_000);
    await said(east.ipsec('status'));
    expect(residentKb(east.pid)).toBeLessThan(1_000_000);
    expect(await east.stop()).toBe(0);
  });

  test('SIGTERM in the midst of it: status 0, and nothing is left behind', async () => {
    const east = await start('east', ['--use-userspace']);
    const siege = besiege('wounded', 100_000);
    const other = besiege('first', 100_000, 2);
    await Promise.all([siege.says(/^begins/m, 30_000), other.says(/^begins/m, 30_000)]);
    await said(east.ipsec('status'));
    expect([siege.alive(), other.alive()]).toEqual([true, true]);
    expect(await east.stop()).toBe(0);
    await Promise.all([siege.stop(), other.stop()]);
    expect(await leftovers()).toEqual({ tables: '', rules: '', devices: '' });
  });

  test('killed, and started again: what was left is taken over, and taken down', async () => {
    const first = await start('east', ['--use-userspace']);
    await first.kill();
    const second = await start('east', ['--use-userspace']);
    const west = await start('west', ['--use-userspace']);
    await said(west.ipsec('up', 'w-e'));
    expect(await pings()).toBeGreaterThan(0);
    expect(await second.stop()).toBe(0);
    expect(await leftovers()).toEqual({ tables: '', rules: '', devices: '' });
  });

  test('whose nftables were flushed: the next change brings the rules of all policies back', async () => {
    const east = await start('east', ['--use-userspace']);
    const west = await start('west', ['--use-userspace']);
    const { host } = hosts.topology.east;
    const drops = async () => (await host.must(['nft', 'list', 'ruleset'])).split('drop').length - 1;
    await said(west.ipsec('up', 'w-e'));
    const before = await drops();
    expect(before).toBeGreaterThan(0);
    await host.must(['nft', 'flush', 'ruleset']);
    expect(await drops()).toBe(0);
    await said(east.whack('--listen'));
    await said(west.ipsec('down', 'w-e'));
    await said(west.ipsec('up', 'w-e'));
    expect(await drops()).toBe(before);
    expect(await east.log()).toMatch(/was changed by somebody else; it is laid again/);
    expect(await pings()).toBeGreaterThan(0);
    expect(await east.stop()).toBe(0);
    expect(await leftovers()).toEqual({ tables: '', rules: '', devices: '' });
  });

  async function counted(daemon: Daemon, what: string): Promise<number> {
    const status = await said(daemon.whack('--globalstatus'));
    const line = status.split('\n').find((one) => one.includes(`${what}=`));
    return Number(line?.split('=')[1]);
  }

  async function pings(): Promise<number> {
    const { west, east } = hosts.topology;
    const { stdout } = await west.host.run(['ping', '-q', '-c', '3', '-i', '0.2', '-I', west.inner, east.inner]);
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  }

  async function leftovers() {
    const { host } = hosts.topology.east;
    const grep = async (command: readonly string[], what: RegExp) =>
      (await host.must(command))
        .split('\n')
        .filter((line) => what.test(line))
        .join('\n');
    return {
      tables: await grep(['nft', 'list', 'tables'], /pluto/),
      rules: await grep(['ip', 'rule'], /lookup 220/),
      devices: await grep(['ip', '-o', 'link'], /ipsec/),
    };
  }
});

const residentKb = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
