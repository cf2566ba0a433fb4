/** A daemon as Prometheus and an operator see it: metrics by curl, helpers changed while tunnels come up. */
import { describe, expect, test } from 'vitest';
import { parse } from '../ops/text.ts';
import { type Daemon, said } from '../support/daemon.ts';
import { commandExists } from '../support/machine.ts';
import { eventually } from '../support/process.ts';
import { lacksTwoHosts, twoHosts } from '../support/two-hosts.ts';

const lacks = lacksTwoHosts() ?? (commandExists('curl') ? undefined : 'needs curl');

const NUMBERS = Array.from({ length: 24 }, (_, i) => i);
const tunnel = (i: number) =>
  [
    `conn t${i}\n\tauthby=secret\n\tauto=add\n\tike=aes_gcm256-sha2_512-dh16\n`,
    `\tleft=192.0.2.1\n\tleftid=@w${i}\n\tleftsubnet=10.1.${i}.0/24\n`,
    `\tright=192.0.2.2\n\trightid=@e${i}\n\trightsubnet=10.2.${i}.0/24\n\n`,
  ].join('');

describe('a daemon that is watched', () => {
  const hosts = twoHosts(lacks);
  const start = (name: 'west' | 'east', setup: string, ...options: string[]): Promise<Daemon> =>
    hosts.start(
      name,
      {
        conf: `config setup\n${setup}\n${NUMBERS.map(tunnel).join('')}`,
        secrets: ': PSK "correct horse battery staple"\n',
      },
      ['--noklips', ...options],
    );

  async function urlOf(daemon: Daemon): Promise<string> {
    const said = async () => /metrics are at (http:\/\/127\.0\.0\.1:\d+\/metrics)/.exec(await daemon.log())?.[1];
    return eventually('a place of metrics', said);
  }

  const curl = (name: 'west' | 'east', ...args: string[]) =>
    said(hosts.topology[name].host.run(['curl', '-sS', ...args]));

  test('helpers come and go while tunnels come up, and no exchange is lost', async () => {
    const east = await start('east', '\tnhelpers=1\n\tmetrics-listen=0\n');
    const west = await start('west', '', '--nhelpers', '0');
    const ups = NUMBERS.map((i) => west.whack('--name', `t${i}`, '--initiate'));
    for (const [n, count] of [
      [2, '2 helpers'],
      [0, 'no helpers'],
      [1, '1 helper'],
      [3, '3 helpers'],
    ] as const)
      expect(await said(east.whack('--nhelpers', `${n}`))).toContain(`${count} in place of `);
    for (const up of ups) expect(await said(up)).toContain('initiator established Child SA');
    const log = `${await east.log()}${await west.log()}`;
    expect(log).not.toContain('helper died');

    const status = await said(east.whack('--processstatus'));
    expect(status).toMatch(/^ {2}PID {2}Process\n *\d+ {2}pluto\n *\d+ {2}helper\(1\)\n/);
    expect(status).toMatch(/^main thread: busy \d+%, late p50=/m);
    expect(status.match(/^helper\(\d\) +\d+ +\d+ +\d+%/gm)?.length).toBe(3);
    const jobs = JSON.parse(await said(east.whack('--processstatus', '--json'))).jobs as { family: string }[];
    expect(jobs.find(({ family }) => family === 'ike.keys')).toMatchObject({ done: 24, failed: 0, queued: 0 });

    const url = await urlOf(east);
    const metrics = parse(await curl('east', url));
    expect(metrics.value('pluto_helpers')).toBe(3);
    expect(metrics.value('pluto_helper_jobs_total', { family: 'ike.keys', result: 'ok' })).toBe(24);
    expect(metrics.value('pluto_ike_sas_established_total', { version: '2', by: 'handshake' })).toBe(24);
    expect(metrics.value('pluto_connection_up', { connection: 't7' })).toBe(1);
    expect(metrics.value('pluto_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    const status404 = await curl('east', '-o', '/dev/null', '-w', '%{http_code}', url.replace('/metrics', '/else'));
    expect(status404).toBe('404');

    expect((await east.whack('--nhelpers', '1000')).status).not.toBe(0);
    expect((await east.whack('--nhelpers', 'many')).status).not.toBe(0);
    expect(await east.stop()).toBe(0);
  });

  test('metrics are nowhere unless asked for, and those that others can read come with a warning', async () => {
    const quiet = await start('west', '');
    expect(await quiet.log()).not.toContain('metrics are at');
    const first = await start('east', '\tmetrics-listen=0\n');
    const [, port] = /:(\d+)\/metrics/.exec(await urlOf(first))!;
    await first.stop();
    const open = await start('east', '', '--metrics-listen', `0.0.0.0:${port}`);
    const place = `metrics are at http://0.0.0.0:${port}/metrics`;
    await eventually('metrics for all', async () => (await open.log()).includes(place));
    expect(await open.log()).toContain('other machines can read the metrics');
    await quiet.stop();
    const wrong = await start('west', '', '--metrics-listen', 'nowhere');
    const refusal = '--metrics-listen nowhere: expected ADDRESS:PORT';
    await eventually('a refusal', async () => (await wrong.log()).includes(refusal));
  });
});
