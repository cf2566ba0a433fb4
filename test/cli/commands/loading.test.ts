import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipsec } from '../../../src/cli/ipsec.ts';
import type { Answer } from '../../../src/control/answer.ts';
import { type ControlServer, listenControl } from '../../../src/control/listen.ts';
import type { Request } from '../../../src/control/protocol.ts';
import { RC } from '../../../src/control/reply-codes.ts';

const conn = (name: string, auto: string) =>
  `conn ${name}\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n\tauto=${auto}\n`;

let dir: string;
let server: ControlServer;
let asked: Request[];
let reply: (request: Request, answer: Answer) => void;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-cli-'));
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

const write = (text: string) => writeFileSync(join(dir, 'ipsec.conf'), text);

async function here(...argv: string[]) {
  const said = { stdout: '', stderr: '' };
  const exit = await ipsec([...argv, '--config', join(dir, 'ipsec.conf'), '--rundir', dir], {
    out: (text) => {
      said.stdout += text;
    },
    err: (line) => {
      said.stderr += `${line}\n`;
    },
  });
  return { exit, ...said };
}

describe('ipsec addconn --autoall', () => {
  test('has pluto listen, then load the file by its whole name', async () => {
    write(conn('up', 'start'));
    reply = ({ kind }, to) => {
      if (kind === 'load') to.line(RC.LOG, 'loaded 1 connections');
    };
    expect(await here('addconn', '--autoall')).toEqual({ exit: 0, stdout: 'loaded 1 connections\n', stderr: '' });
    expect(asked).toEqual([{ kind: 'listen' }, { kind: 'load', config: join(dir, 'ipsec.conf') }]);
  });

  test('fails as pluto says', async () => {
    reply = ({ kind }, to) => {
      if (kind === 'load') to.line(RC.FATAL, '/etc/ipsec.conf: nothing was loaded');
    };
    expect(await here('addconn', '--autoall')).toMatchObject({ exit: 56, stdout: expect.stringContaining('nothing') });
  });

  test('--dry-run prints what whack would be told', async () => {
    write(conn('trap', 'ondemand'));
    const { stdout } = await here('addconn', '--autoall', '--dry-run');
    expect(stdout).toContain('--name trap');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^ipsec whack --route --name trap/);
    expect(asked).toEqual([]);
  });

  test('--dry-run says what is wrong with the file', async () => {
    write(`${conn('a', 'add')}conn b\n\tautby=secret\n`);
    const { exit, stderr } = await here('addconn', '--autoall', '--dry-run');
    expect([exit, stderr]).toEqual([1, expect.stringContaining('autby')]);
  });
});

describe('ipsec addconn, for scripts', () => {
  test('names conns by their auto=', async () => {
    write(`${conn('a', 'add')}${conn('s', 'start')}${conn('r', 'route')}${conn('i', 'ignore')}`);
    expect((await here('addconn', '--listall')).stdout).toBe('a\ns\nr\ni\n');
    for (const [list, names] of Object.entries({ listadd: 'a', liststart: 's', listroute: 'r', listignore: 'i' }))
      expect((await here('addconn', `--${list}`)).stdout).toBe(`${names}\n`);
  });

  test('prints config setup as shell variables', async () => {
    write(`config setup\n\tnhelpers=2\n\tlogfile="/var/log/it's"\n\tikev1-policy=drop\n`);
    expect((await here('addconn', '--configsetup', '--varprefix', 'IPSEC_')).stdout).toBe(
      `export IPSEC_nhelpers='2'\nexport IPSEC_logfile='/var/log/it'\\''s'\nexport IPSEC_ikev1_policy='drop'\n`,
    );
    expect((await here('addconn', '--configsetup', '--noexport')).stdout).toMatch(/^nhelpers='2'$/m);
  });
});

describe('ipsec reload', () => {
  const answer = (_: Request, to: Answer) => {
    to.rows({ of: 'plan', rows: [{ action: 'add', conn: 'a' }] });
    to.rows({
      of: 'plan',
      rows: [
        { action: 'change', conn: 'c', keywords: ['esp', 'rightsubnet'] },
        { action: 'remove', conn: 'r' },
        { action: 'keep', conn: 'k' },
      ],
    });
    to.line(RC.LOG, 'config setup: nhelpers changed, takes effect at restart');
    to.line(RC.LOG, 'added 1, changed 1, removed 1, untouched 1');
  };

  test('prints the plan, but for what stays as it is', async () => {
    reply = answer;
    const { exit, stdout } = await here('reload');
    expect(exit).toBe(0);
    expect(stdout).toBe(
      'add     a\nchange  c  (esp, rightsubnet)\nremove  r\nconfig setup: nhelpers changed, takes effect at restart\nadded 1, changed 1, removed 1, untouched 1\n',
    );
    expect(asked).toEqual([{ kind: 'reload', config: join(dir, 'ipsec.conf') }]);
  });

  test('as one object with --json, and says whether it was applied', async () => {
    reply = answer;
    const { stdout, stderr } = await here('reload', '--json');
    const plan = {
      add: ['a'],
      change: [{ conn: 'c', keywords: ['esp', 'rightsubnet'] }],
      remove: ['r'],
      keep: ['k'],
      setup: ['nhelpers'],
    };
    expect(JSON.parse(stdout)).toEqual({ ...plan, applied: true });
    expect(stderr).toBe('added 1, changed 1, removed 1, untouched 1\n');
    expect(JSON.parse((await here('reload', '--json', '--dry-run')).stdout)).toEqual({ ...plan, applied: false });
    expect(asked.at(-1)).toMatchObject({ dryRun: true });
  });

  test('fails as pluto says, and where there is none', async () => {
    reply = (_, to) => {
      to.line(RC.LOG, '/etc/ipsec.conf:3: nonsense');
      to.line(RC.FATAL, '/etc/ipsec.conf: nothing was changed');
    };
    expect(await here('reload')).toMatchObject({ exit: 56, stdout: expect.stringMatching(/nonsense\n.*nothing was/) });
    const { exit, stdout } = await here('reload', '--json');
    expect([exit, JSON.parse(stdout).applied]).toEqual([56, false]);
    await server.close(0);
    expect(await here('reload')).toMatchObject({ exit: 1, stderr: expect.stringContaining('Pluto is not running') });
  });
});
