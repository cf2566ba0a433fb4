import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandsOf, restart, start, stop } from '../../src/cli/lifecycle.ts';
import { type ControlServer, listenControl } from '../../src/control/listen.ts';
import type { Request } from '../../src/control/protocol.ts';

let dir: string;
let server: ControlServer | undefined;
let asked: Request[];
let lines: string[];

/** A daemon that leaves when it is told to, or says why not. */
async function daemon(refusal?: string): Promise<void> {
  const listened = await listenControl({
    path: join(dir, 'pluto.ctl'),
    peerCredentials: () => ({ pid: 1, uid: 0, gid: 0 }),
    handle: (request, answer) => {
      asked.push(request);
      if (refusal !== undefined) answer.line(52, refusal);
      answer.end();
      if (refusal === undefined) void server?.close(0);
    },
  });
  if ('fault' in listened) throw new Error(listened.fault.text);
  server = listened.server;
}

const place = () => ({
  ctlsocket: join(dir, 'pluto.ctl'),
  rundir: dir,
  config: undefined,
  output: { out: (text: string) => void lines.push(text), err: (line: string) => void lines.push(line) },
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-lifecycle-'));
  [server, asked, lines] = [undefined, [], []];
});

afterEach(async () => {
  await server?.close(0);
  rmSync(dir, { recursive: true });
});

test('stop asks, and returns when nobody listens any more', async () => {
  await daemon();
  expect(await stop(place())).toBe(0);
  expect(asked).toEqual([{ kind: 'shutdown' }]);
  expect(lines).toEqual([]);
});

test('stop without a daemon is done already', async () => {
  expect([await stop(place()), lines]).toEqual([0, ['pluto is not running']]);
});

test('stop says why a daemon stays', async () => {
  await daemon('I would rather not');
  expect([await stop(place()), lines]).toEqual([52, ['I would rather not\n']]);
});

test('what another process left in the lock file is not waited for', async () => {
  await daemon();
  // Larger than any process id there is.
  writeFileSync(join(dir, 'pluto.pid'), '99999999\n');
  expect(await stop(place())).toBe(0);
});

test('start with a daemon is done already', async () => {
  await daemon();
  expect([await start(place()), lines, asked]).toEqual([0, ['pluto is already running'], []]);
});

test('restart does not start a second one beside a daemon that stays', async () => {
  await daemon('I would rather not');
  expect([await restart(place()), asked.length]).toEqual([52, 1]);
});

test('start refuses a control socket that pluto would not make', async () => {
  const elsewhere = { ...place(), rundir: undefined, ctlsocket: join(dir, 'other.ctl') };
  expect([await start(elsewhere), lines]).toEqual([
    1,
    [`pluto would listen at ${dir}/pluto.ctl, not at ${dir}/other.ctl: --rundir says where`],
  ]);
});

test('a control socket says the run directory', async () => {
  expect(await commandsOf('start', { ...place(), rundir: undefined, config: 'my.conf' })).toEqual([
    `ipsec pluto --config my.conf --rundir ${dir}`,
  ]);
});

test('what is shown can be pasted, whatever the paths are', async () => {
  const odd = { ...place(), rundir: '/run/$(id)', config: 'my file.conf', ctlsocket: '/run/a;b' };
  expect(await commandsOf('restart', odd)).toEqual([
    "ipsec whack --shutdown --ctlsocket '/run/a;b'",
    "ipsec pluto --config 'my file.conf' --rundir '/run/$(id)'",
  ]);
});
