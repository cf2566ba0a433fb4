/** Policy groups on two hosts with the userspace plane: packets make tunnels, are let through, or get nowhere. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { capture } from '../support/capture.ts';
import { type Daemon, said } from '../support/daemon.ts';
import { ping } from '../support/ping.ts';
import { eventually } from '../support/process.ts';
import { lacksTwoHosts, twoHosts } from '../support/two-hosts.ts';

const NULL = '\tauthby=null\n\tleftid=%null\n\trightid=%null\n\tike=aes_gcm256-sha2_512-dh31\n';
const oe = (name: string, left: string, more = '') =>
  `conn ${name}\n\tleft=${left}\n\tright=%opportunisticgroup\n${NULL}\tretransmit-timeout=2s\n${more}\n`;
const shunt = (name: string, type: string, more: string) =>
  `conn ${name}\n\ttype=${type}\n\tauthby=never\n\tauto=ondemand\n${more}\n`;

describe('policy groups', () => {
  const hosts = twoHosts(lacksTwoHosts());

  /** A daemon, with files of groups. */
  async function start(name: 'west' | 'east', conf: string, groups: Readonly<Record<string, string>>): Promise<Daemon> {
    const dir = join(hosts.directory, `${name}.d`);
    await mkdir(join(dir, 'policies'), { recursive: true });
    for (const [group, lines] of Object.entries(groups)) await writeFile(join(dir, 'policies', group), lines);
    const daemon = await hosts.start(name, { conf }, ['--use-userspace', '--ipsecdir', dir]);
    for (const group of Object.keys(groups))
      await eventually(`group ${group}`, async () => (await daemon.log()).includes(`"${group}": loading group`));
    return daemon;
  }

  test('a packet to a peer of private makes a tunnel, and travels through it alone', async () => {
    const { topology } = hosts;
    const { west, east } = topology;
    const here = await start('west', oe('private', west.address, '\tfailureshunt=drop\n\tauto=ondemand\n'), {
      private: '192.0.2.0/24\n',
    });
    const there = await start('east', oe('clear-or-private', east.address, '\tauto=add\n'), {
      'clear-or-private': '0.0.0.0/0\n',
    });
    const wire = await capture(topology.wire, hosts.directory);
    await ping(west.host, west.address, east.address, { times: 1 });
    await eventually('a tunnel', async () => (await said(here.whack('--trafficstatus'))).includes('type=ESP'));
    expect((await ping(west.host, west.address, east.address)).answered).toBe(5);
    expect(await said(there.whack('--trafficstatus'))).toContain('"clear-or-private#0.0.0.0/0"[1]');
    const seen = await wire.stop();
    expect(seen.filter(({ kind }) => kind === 'esp-in-udp' || kind === 'esp').length).toBeGreaterThanOrEqual(10);
    expect(seen.filter(({ what }) => what === 'IP protocol 1')).toEqual([]);
  });

  test('private-or-clear: who does not answer is talked to in the clear, once that is known', async () => {
    const { west, east } = hosts.topology;
    const here = await start(
      'west',
      oe('private-or-clear', west.address, '\tfailureshunt=passthrough\n\tauto=ondemand\n'),
      {
        'private-or-clear': `${east.address}\n`,
      },
    );
    await ping(west.host, west.address, east.address, { times: 1 });
    const shunts = () => said(here.whack('--shuntstatus'));
    const given = `${west.address}:0 -0-> ${east.address}:0 => %pass    oe-failing`;
    await eventually('a peer given up', async () => (await shunts()).includes(given));
    expect((await ping(west.host, west.address, east.address)).answered).toBe(5);
    await said(here.whack('--name', 'private-or-clear', '--unroute'));
    expect(await shunts()).not.toContain('oe-failing');
  });

  test('block and clear: the narrower one is meant, and each goes with its connection', async () => {
    const { west, east } = hosts.topology;
    const ends = `\tleft=${west.address}\n\tright=%group\n`;
    const here = await start('west', shunt('block', 'drop', ends) + shunt('clear', 'passthrough', ends), {
      block: '192.0.2.0/24\n',
      clear: '',
    });
    const answered = async () => (await ping(west.host, west.address, east.address, { times: 3 })).answered;
    const status = await said(here.whack('--connectionstatus', '--name', 'block'));
    expect(status).toContain('routed-never-negotiate');
    expect(await answered()).toBe(0);
    await writeFile(join(hosts.directory, 'west.d/policies/clear'), `${east.address}\n`);
    expect(await said(here.whack('--rereadgroups'))).toContain('1 line, 1 new, 0 gone');
    await eventually('the peer in the clear', async () => (await answered()) === 3);
    await said(here.whack('--name', 'clear', '--delete'));
    await eventually('nothing in the clear', async () => (await answered()) === 0);
    await said(here.whack('--name', 'block', '--delete'));
    await eventually('all in the clear', async () => (await answered()) === 3);
  });
});
