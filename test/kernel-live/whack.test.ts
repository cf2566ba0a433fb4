/** whack and ipsec auto against daemons that run: what they say, what they do, and the status they exit with. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Daemon, root, said } from '../support/daemon.ts';
import { eventually } from '../support/process.ts';
import { lacksTwoHosts, twoHosts } from '../support/two-hosts.ts';

const lacks = lacksTwoHosts();

const LEFT = '\tleft=192.0.2.1\n\tleftid=@west\n\tleftsubnet=10.1.0.0/24\n';
const RIGHT = '\tright=192.0.2.2\n\trightid=@east\n\trightsubnet=10.2.0.0/24\n';
const tunnel = (name: string, more = '\tauto=add\n') => `conn ${name}\n\tauthby=secret\n${LEFT}${RIGHT}${more}\n`;

describe('daemons and their whack', () => {
  const hosts = twoHosts(lacks);
  const start = (name: 'west' | 'east', conf: string, ...options: string[]): Promise<Daemon> =>
    hosts.start(name, { conf }, ['--noklips', '--nhelpers', '0', ...options]);

  const statuses = async (daemon: Daemon, lines: readonly (readonly [line: string, status: number])[]) => {
    const seen: (readonly [string, number])[] = [];
    for (const [line] of lines) seen.push([line, (await daemon.whack(...line.split(' '))).status]);
    expect(seen).toEqual(lines);
  };

  test('a tunnel by hand: added, brought up line by line, looked at, taken down', async () => {
    await start('east', tunnel('w-e'));
    const west = await start('west', 'config setup\n');
    const end = (host: string, id: string, client: string) => ['--host', host, '--id', id, '--client', client];
    const ends = [...end('192.0.2.1', '@west', '10.1.0.0/24'), '--to', ...end('192.0.2.2', '@east', '10.2.0.0/24')];
    expect(await said(west.whack('--name', 'w-e', ...ends, '--psk', '--encrypt'))).toContain(
      '"w-e": added IKEv2 connection\n',
    );
    expect((await west.whack('--name', 'w-e', ...ends, '--psk', '--encrypt')).status).toBe(20);
    const up = await said(west.whack('--name', 'w-e', '--initiate'));
    expect(up).toMatch(/^"w-e" #1: initiating IKEv2 connection to 192\.0\.2\.2 using UDP\n/);
    expect(up).toMatch(/"w-e" #2: initiator established Child SA using #1; IPsec tunnel \[.*\] \{.*\}\n$/);
    expect(await said(west.whack('--trafficstatus'))).toMatch(/^#2: "w-e", type=ESP, /);
    expect(await said(west.whack('--deletestate', '2'))).toContain('received whack request to delete Child SA #2');
    expect(await said(west.whack('--name', 'w-e', '--terminate'))).toMatch(
      /initiating delete of connection's IKE SA #1\n(?:.*\n)*"w-e" #1: deleting IKE SA/,
    );
    expect(await said(west.whack('--briefstatus'))).toContain('IKE SAs: total(0)');
    expect(await said(west.whack('--name', 'w-e', '--delete'))).toContain('"w-e": deleting connection');
    expect(await west.stop()).toBe(0);
  });

  test('what whack exits with when it is refused', async () => {
    const far = 'conn far\n\tauthby=secret\n\tleft=192.0.2.70\n\tright=192.0.2.71\n\tauto=add\n\n';
    const road = 'conn road\n\tauthby=secret\n\tleft=192.0.2.1\n\tright=%any\n\tauto=add\n\n';
    const west = await start('west', `config setup\n\n${tunnel('w-e')}${far}${road}`);
    await eventually('all are loaded', async () => (await said(west.whack('--status'))).includes('loaded 3,'));
    expect(await said(west.whack('--myid', '@west'))).toContain('%myid is @west');
    expect(await said(west.whack('--status'))).toContain('\n%myid = @west\n');
    await statuses(west, [
      ['--name nobody --initiate', 21],
      ['--name nobody --route', 21],
      ['--deletestate 77', 21],
      ['--name far --initiate', 22],
      ['--name far --route', 22],
      ['--name road --initiate', 29],
      ['--name w-e --terminate', 0],
      ['--name w-e --unroute', 0],
      ['--name nobody --trafficstatus', 0],
      ['--name nobody --connectionstatus', 0],
      ['--unlisten', 0],
      ['--name w-e --initiate', 24],
      ['--listen', 0],
      ['--oppohere 10.1.0.1 --oppothere 10.9.0.1', 53],
      ['--name w-e --suspend', 56],
      ['--keyid @east --pubkeyrsa 0sAQ==', 33],
      ['--ike-socket-bufsize 65536', 0],
      ['--ike-socket-errqueue-toggle', 0],
      ['--rereadall', 0],
      ['--clearstats', 0],
      ['--shutdown', 0],
    ]);
    await eventually('it is gone', () => !west.alive());
    expect((await west.whack('--status')).status).toBe(1);
  });

  test('a peer that does not answer: --asynchronous does not wait, and who waits may go', async () => {
    const west = await start('west', `config setup\n\n${tunnel('w-e', '\tretransmit-timeout=2s\n\tauto=add\n')}`);
    await eventually('it is loaded', async () => (await said(west.whack('--status'))).includes('loaded 1,'));
    expect(await said(west.whack('--name', 'w-e', '--initiate', '--asynchronous'))).toBe('');
    const socket = join(hosts.directory, 'west', 'run', 'pluto.ctl');
    const whack = fileURLToPath(new URL('bin/whack', root()));
    const waiting = hosts.topology.west.host.start([
      process.execPath,
      whack,
      '--ctlsocket',
      socket,
      '--name',
      'w-e',
      '--initiate',
    ]);
    await waiting.says(/retransmission/, 30_000);
    await waiting.stop('SIGKILL');
    const timeout = await west.whack('--name', 'w-e', '--initiate');
    expect([timeout.status, timeout.stdout]).toEqual([51, expect.stringContaining('second timeout exceeded')]);
    expect(await west.stop()).toBe(0);
    expect(await west.log()).not.toMatch(/internal error/);
  });

  test('a daemon that logs JSON, without addresses, and debugs one connection', async () => {
    await start('east', tunnel('w-e'));
    const west = await start('west', `config setup\n\tlogformat=json\n\tlogip=no\n\n${tunnel('w-e')}`);
    await eventually('it is loaded', async () => (await said(west.whack('--status'))).includes('loaded 1,'));
    await said(west.whack('--name', 'w-e', '--debug', 'crypt'));
    const nonsense = await west.whack('--debug', 'crypto');
    expect([nonsense.status, `${nonsense.stdout}${nonsense.stderr}`]).toEqual([33, expect.stringContaining('crypt')]);
    await said(west.whack('--name', 'w-e', '--initiate'));
    await hosts.topology.west.host.run(['kill', '-HUP', `${west.pid}`]);
    const file = join(hosts.directory, 'west', 'pluto.log');
    await eventually('the hint is logged', async () => (await readFile(file, 'utf8')).includes('SIGHUP'));
    expect(await west.stop()).toBe(0);
    const text = await readFile(file, 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const line of lines) expect(line).toMatchObject({ time: expect.any(String), level: expect.any(String) });
    expect(lines).toContainEqual(
      expect.objectContaining({ connection: 'w-e', serial: 2, exchange: 'IKE_AUTH', event: 'established-child' }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ level: 'debug', text: expect.stringContaining('SK_e') }));
    expect(text).not.toContain('192.0.2.2');
    expect(text).toContain('<ip-address>');
  });

  test('ipsec auto: the words that fingers know', async () => {
    await start('east', tunnel('w-e'));
    const west = await start('west', `config setup\n\n${tunnel('w-e', '\tauto=ignore\n')}`);
    expect((await west.ipsec('auto', '--up', 'w-e')).status).toBe(21);
    await said(west.ipsec('auto', '--add', 'w-e'));
    expect(await said(west.ipsec('auto', '--up', 'w-e'))).toContain('initiator established Child SA');
    expect(await said(west.ipsec('auto', '--status'))).toContain('IPsec SAs: total(1)');
    await said(west.ipsec('auto', '--down', 'w-e'));
    await said(west.ipsec('auto', '--rereadsecrets'));
    await said(west.ipsec('auto', '--delete', 'w-e'));
    expect((await west.ipsec('auto', '--up', 'w-e')).status).toBe(21);
  });

  test('secrets that do not parse are told, and the old ones stay', async () => {
    await start('east', tunnel('w-e'));
    const west = await start('west', `config setup\n\n${tunnel('w-e')}`);
    await writeFile(join(hosts.directory, 'west.secrets'), '@west @east : PSK "no end\n', { mode: 0o600 });
    const failed = await west.whack('--rereadsecrets');
    expect([failed.status, failed.stdout]).toEqual([56, expect.stringContaining('west.secrets:1')]);
    expect(failed.stdout).not.toContain('no end');
    await said(west.whack('--name', 'w-e', '--initiate'));
  });
});
