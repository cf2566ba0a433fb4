import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { carryOut } from '../../src/cli/carry-out.ts';
import type { Answer } from '../../src/control/answer.ts';
import { type ControlServer, listenControl } from '../../src/control/listen.ts';
import type { Request } from '../../src/control/protocol.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { SLICES } from '../control/status/fixtures.ts';

let dir: string;
let server: ControlServer | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-carry-out-'));
});

afterEach(async () => {
  await server?.close(0);
  rmSync(dir, { recursive: true });
});

/** A daemon that has connections and certificates' keys, and nothing else to report. */
function report(request: Request, answer: Answer): void {
  if (request.kind === 'connectionstatus') answer.rows(SLICES.connections);
  if (request.kind === 'listpubkeys') answer.rows(SLICES.publicKeys);
  if (request.kind === 'listen') answer.line(2, 'listening for IKE messages');
  answer.end();
}

async function asked(json: boolean, ...requests: Request[]) {
  const ctlsocket = join(dir, 'pluto.ctl');
  const me = { pid: process.pid, uid: process.geteuid?.() ?? 0, gid: 0 };
  const listened = await listenControl({ path: ctlsocket, peerCredentials: () => me, handle: report });
  if ('fault' in listened) throw new Error(listened.fault.text);
  server = listened.server;
  const [out, err]: [string[], string[]] = [[], []];
  const output = { out: (text: string) => void out.push(text), err: (line: string) => void err.push(line) };
  const exit = await carryOut({ ctlsocket, requests, output, json, program: 'whack' });
  return { exit, out: out.join(''), err };
}

test('reports without rows print their headings, wherever they stand', async () => {
  const { exit, out } = await asked(false, { kind: 'shuntstatus' }, { kind: 'listen' }, { kind: 'listcrls' });
  expect(out).toBe(' \nBare Shunt list:\n \nlistening for IKE messages\n \nList of CRLs:\n');
  expect(exit).toBe(0);
});

test('as JSON each is an object, also one without rows; what else is said is for the terminal', async () => {
  const { out, err } = await asked(true, { kind: 'shuntstatus' }, { kind: 'listen' }, { kind: 'listgroups' });
  expect(out).toBe('{\n  "shunts": []\n}\n{\n  "groups": []\n}\n');
  expect(err).toEqual(['listening for IKE messages']);
});

test('the same request twice is two reports', async () => {
  const request: Request = { kind: 'connectionstatus', name: 'w-e' };
  const { out } = await asked(true, request, { ...request });
  const objects = out.split(/^(?=\{)/m).map((text) => JSON.parse(text) as { connections: unknown[] });
  expect(objects.map(({ connections }) => connections.length)).toEqual([2, 2]);
});

test('one connection has no heading, all of them have one; settings come whole', async () => {
  const named = await asked(false, { kind: 'connectionstatus', name: 'west-east' });
  expect(named.out).toMatch(/^"west-east": .*\n"west-east": {3}host: oriented;/);
  await server?.close(0);
  const all = await asked(false, { kind: 'connectionstatus' });
  expect(all.out).toMatch(/^Connection list:\n \n"west-east": /);
  expect(all.out).toContain('"west-east":   ike_life: 28800s;');
  expect(all.out).toContain('"road"[2] 198.51.100.9:   liveness: active; dpddelay:30s;');
});

test('--utc shows times as of Greenwich', async () => {
  const { out } = await asked(false, { kind: 'listpubkeys', utc: true });
  expect(out).toContain(
    'Nov 14 21:56:40 UTC 2023, 2192 RSA Key AQO9bJbr3 (has private key), until --- -- --:--:-- UTC ----',
  );
});

test('what pluto asks for is typed by somebody, a password without showing', async () => {
  const ctlsocket = join(dir, 'pluto.ctl');
  const me = { pid: process.pid, uid: process.geteuid?.() ?? 0, gid: 0 };
  const typed: string[] = [];
  const handle = (_: Request, answer: Answer) => {
    const hear = (octets: Uint8Array | undefined) => void typed.push(`${octets && Buffer.from(octets).toString()}`);
    answer.prompt?.(RC.USERPROMPT, 'user \u001b[31mname', hear);
    answer.prompt?.(RC.ENTERSECRET, 'password', (octets) => {
      hear(octets);
      answer.end();
    });
  };
  const listened = await listenControl({ path: ctlsocket, peerCredentials: () => me, handle });
  if ('fault' in listened) throw new Error(listened.fault.text);
  server = listened.server;
  const asked: unknown[] = [];
  const exit = await carryOut({
    ctlsocket,
    requests: [{ kind: 'initiate', name: 'w-e' }],
    output: { out: () => {}, err: () => {} },
    program: 'whack',
    type: async (question, { shows }) => {
      asked.push([question, shows]);
      return shows ? 'carol' : 'swordfish';
    },
  });
  expect([exit, typed]).toEqual([0, ['carol', 'swordfish']]);
  expect(asked).toEqual([
    ['user ?[31mname: ', true],
    ['password: ', false],
  ]);
});
