/** whack against a daemon that only answers: what it prints, and how it exits. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { whack } from '../../src/cli/whack.ts';
import type { Answer } from '../../src/control/answer.ts';
import { type ControlServer, listenControl } from '../../src/control/listen.ts';
import type { Request } from '../../src/control/protocol.ts';

let dir: string;
let server: ControlServer;
let asked: Request[];
let reply: (request: Request, answer: Answer) => void;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-whack-'));
  asked = [];
  reply = () => {};
  const listened = await listenControl({
    path: join(dir, 'pluto.ctl'),
    peerCredentials: () => ({ pid: 1, uid: 0, gid: 0 }),
    handle: (request, answer) => {
      asked.push(request);
      reply(request, answer);
      answer.end();
    },
  });
  if ('fault' in listened) throw new Error(listened.fault.text);
  server = listened.server;
});

afterEach(async () => {
  await server.close(0);
  rmSync(dir, { recursive: true });
});

async function run(...argv: readonly string[]) {
  let [out, err] = ['', ''];
  const exit = await whack(argv, {
    out: (text) => {
      out += text;
    },
    err: (line) => {
      err += `${line}\n`;
    },
  });
  return { exit, out, err };
}

const ADD = '--name w-e --host 192.0.2.1 --to --host 192.0.2.2'.split(' ');

describe('whack', () => {
  test('asks, prints what is answered, and exits as the answer says', async () => {
    reply = (_, answer) => {
      answer.line(2, 'a line');
      answer.line(20, '"w-e": taken');
    };
    expect(await run('--rundir', dir, ...ADD)).toEqual({ exit: 20, out: 'a line\n"w-e": taken\n', err: '' });
    expect(asked).toMatchObject([{ kind: 'add', conn: { name: 'w-e' } }]);
  });

  test.each([
    [['--bogus'], 'whack error: unrecognized option "--bogus"\n'],
    [['--label', 'boot', '--name', 'a', '--bogus'], 'whack error: boot "a" unrecognized option "--bogus"\n'],
    [['--deletestate', 'x'], 'whack error: --deletestate "x": expected #N\n'],
    [['--name', 'a'], 'whack error: "a" no reason for --name\n'],
    [['--optionsfrom', '/nonexistent/x'], /^whack error: \/nonexistent\/x: ENOENT/],
  ])('%j: asks nothing and exits with 33', async (argv, text) => {
    const { exit, err } = await run('--rundir', dir, ...argv);
    expect(exit).toBe(33);
    expect(err).toMatch(text);
    expect(asked).toEqual([]);
  });

  test('where no daemon is, exits with 1 and says how to start one', async () => {
    const { exit, err } = await run('--status', '--rundir', join(dir, 'no'));
    expect(exit).toBe(1);
    expect(err).toContain('ipsec start');
  });

  test('reads options from a file', async () => {
    const path = join(dir, 'options');
    writeFileSync(path, `# what to do\n--rundir '${dir}'\n--listen\n`);
    expect((await run('--optionsfrom', path)).exit).toBe(0);
    expect(asked).toEqual([{ kind: 'listen' }]);
  });

  test('takes --ctlbase as the socket’s path without .ctl, or as its directory', async () => {
    expect((await run('--ctlbase', join(dir, 'pluto'), '--listen')).exit).toBe(0);
    expect((await run('--ctlbase', dir, '--unlisten')).exit).toBe(0);
    expect((await run('--ctlbase', join(dir, 'other'), '--listen')).exit).toBe(0);
    expect(asked).toEqual([{ kind: 'listen' }, { kind: 'unlisten' }, { kind: 'listen' }]);
    expect(await run('--ctlbase', join(dir, 'no', 'where'), '--listen')).toMatchObject({
      exit: 1,
      err: expect.stringContaining(join(dir, 'no', 'where', 'pluto.ctl')),
    });
  });

  test('says of what has no effect that it has none, and goes on', async () => {
    const { exit, err } = await run('--rundir', dir, ...ADD, '--disablearrivalcheck');
    expect(exit).toBe(0);
    expect(err).toMatch(/^whack: --disablearrivalcheck has no effect: [^\n]+\n$/);
    expect(asked.length).toBe(1);
  });

  test('lists the debug classes by itself', async () => {
    const { exit, out } = await run('--debug', 'help');
    expect(exit).toBe(0);
    for (const name of ['base', 'routing', 'cpu-usage', 'refcnt', 'tmi', 'updown', 'crypt', 'private'])
      expect(out).toMatch(new RegExp(`^${name} +\\S`, 'm'));
    expect(out).toMatch(/^all +=.* base .*refcnt$/m);
    expect(asked).toEqual([]);
  });

  test('without a word, or asked for help, explains itself', async () => {
    expect((await run()).out).toMatch(/^Usage: whack /);
    expect((await run('--help')).out).toBe((await run()).out);
    expect((await run('--version')).exit).toBe(0);
  });
});
