import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { autoOf, isComplete, readConns } from '../../src/cli/config-conns.ts';
import { ipsec } from '../../src/cli/ipsec.ts';
import { COMMANDS, commandNamed } from '../../src/cli/ipsec-commands.ts';
import { RUNNERS } from '../../src/cli/ipsec-runners.ts';
import type { Answer } from '../../src/control/answer.ts';
import { type ControlServer, listenControl } from '../../src/control/listen.ts';
import type { Request } from '../../src/control/protocol.ts';

const CONF = `
config setup
conn %default
	authby=secret
conn both-ends
	left=192.0.2.1
	leftid=@w
	right=192.0.2.2
	rightid=@e
conn w-e
	also=both-ends
	auto=start
conn lazy
	also=both-ends
	auto=route
conn manual
	also=both-ends
	auto=ignore
conn half
	left=192.0.2.1
`;

let dir: string;
let server: ControlServer;
let asked: Request[];
let reply: (request: Request, answer: Answer) => void;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-cli-'));
  writeFileSync(join(dir, 'ipsec.conf'), CONF);
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

/** An `ipsec` command against the daemon above. */
async function run(line: string) {
  let [stdout, stderr] = ['', ''];
  const exit = await ipsec([...line.split(' ')], {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += `${text}\n`;
    },
  });
  return { exit, stdout, stderr };
}

const here = (line: string) => run(`${line} --rundir ${dir} --config ${join(dir, 'ipsec.conf')}`);

describe('connections', () => {
  test('up asks, prints what comes, and exits as it ends', async () => {
    reply = (_, answer) => {
      answer.line(2, '"w-e" #1: initiating IKEv2 connection');
      answer.line(25, '"w-e": could not route');
    };
    expect(await here('up w-e')).toEqual({
      exit: 25,
      stdout: '"w-e" #1: initiating IKEv2 connection\n"w-e": could not route\n',
      stderr: '',
    });
    expect(asked).toEqual([{ kind: 'initiate', name: 'w-e' }]);
  });

  test('add sends what the file says, settled', async () => {
    expect(await here('add lazy')).toMatchObject({ exit: 0, stderr: '' });
    expect(asked).toEqual([
      {
        kind: 'add',
        conn: {
          name: 'lazy',
          file: join(dir, 'ipsec.conf'),
          line: expect.any(Number),
          keywords: {
            left: '192.0.2.1',
            leftid: '@w',
            right: '192.0.2.2',
            rightid: '@e',
            authby: 'secret',
            auto: 'route',
          },
        },
      },
    ]);
  });

  test.each<[string, readonly string[]]>([
    ['auto --up w-e', ['initiate']],
    ['auto --add w-e', ['add']],
    ['auto --replace w-e', ['replace']],
    ['auto --start w-e', ['replace', 'initiate']],
    ['start w-e', ['replace', 'initiate']],
    ['ondemand w-e', ['replace', 'route']],
    ['auto --down w-e', ['terminate']],
    ['auto --delete w-e', ['delete']],
    ['auto --ready', ['listen']],
    ['auto --listen', ['listen']],
    ['auto --status --utc', ['status']],
    ['auto --verbose --route w-e', ['route']],
    ['up w-e lazy', ['initiate', 'initiate']],
    ['auto --add w-e lazy', ['add', 'add']],
    ['start w-e lazy', ['replace', 'replace', 'initiate', 'initiate']],
    ['setup status', ['status']],
    ['--status', ['status']],
    ['auto --rereadsecrets', ['rereadsecrets']],
    ['secrets', ['rereadsecrets']],
    ['traffic w-e', ['trafficstatus']],
  ])('%s', async (line, kinds) => {
    expect(await here(line)).toMatchObject({ exit: 0 });
    expect(asked.map(({ kind }) => kind)).toEqual(kinds);
  });

  test('of several, each is asked, and the first failure is the exit status', async () => {
    reply = (request, answer) => answer.line('name' in request && request.name === 'w-e' ? 24 : 25, 'no');
    expect(await here('down w-e lazy manual')).toMatchObject({ exit: 24 });
    expect(asked.map((r) => 'name' in r && r.name)).toEqual(['w-e', 'lazy', 'manual']);
  });

  test('what stands before the subcommand counts as well', async () => {
    expect(await run(`--rundir ${dir} whack --briefstatus`)).toMatchObject({ exit: 0 });
    expect(await run(`--verbose --ctlsocket=${dir}/pluto.ctl briefstatus`)).toMatchObject({
      exit: 0,
      stderr: `ipsec whack --briefstatus --ctlsocket ${dir}/pluto.ctl\n`,
    });
    expect(asked.map(({ kind }) => kind)).toEqual(['briefstatus', 'briefstatus']);
  });

  test('start does not bring up what could not be loaded', async () => {
    reply = (request, answer) => {
      if (request.kind === 'replace') answer.line(33, 'no');
    };
    expect(await here('start w-e')).toMatchObject({ exit: 33 });
    expect(asked.map(({ kind }) => kind)).toEqual(['replace']);
  });

  test('what the file does not have, or only half, is not asked for', async () => {
    const file = join(dir, 'ipsec.conf');
    expect(await here('add nobody')).toEqual({ exit: 1, stdout: '', stderr: `ipsec: no conn nobody in ${file}\n` });
    expect(await here('add half')).toMatchObject({
      exit: 1,
      stderr: `ipsec: conn half has no left= or no right= in ${file}\n`,
    });
    writeFileSync(file, 'conn w-e\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tautby=secret\n');
    const { exit, stderr } = await here('add w-e');
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/ipsec\.conf:4: .*autby/)]);
    expect(asked).toEqual([]);
  });

  test('--showonly and --dry-run print what would be run, and run nothing', async () => {
    expect((await here('auto --add w-e --showonly')).stdout).toBe(
      'ipsec whack --name w-e --host 192.0.2.1 --id @w --to --host 192.0.2.2 --id @e --psk' +
        ` --rundir ${dir}\n` +
        '# not sayable by whack: auto\n',
    );
    expect((await here('up w-e -n --asynchronous')).stdout).toBe(
      `ipsec whack --initiate --name w-e --asynchronous --rundir ${dir}\n`,
    );
    expect((await here('auto --showonly --asynchronous --remote-host 192.0.2.9 --up w-e lazy')).stdout).toBe(
      ['w-e', 'lazy']
        .map((name) => `ipsec whack --initiate --name ${name} --asynchronous --remote-host 192.0.2.9 --rundir ${dir}\n`)
        .join(''),
    );
    expect((await run('auto --showonly --utc --listall')).stdout).toBe('ipsec whack --listall --utc\n');
    expect((await run('redirect w-e --redirect-to 192.0.2.9 -n')).stdout).toBe(
      'ipsec whack --name w-e --redirect-to 192.0.2.9\n',
    );
    expect((await run('redirect --global-redirect auto -n')).stdout).toBe('ipsec whack --global-redirect auto\n');
    expect(asked).toEqual([]);
  });
});

test('a dry run starts and stops nothing', async () => {
  expect((await here('restart -n')).stdout).toBe(
    `ipsec whack --shutdown --ctlsocket ${dir}/pluto.ctl\nipsec pluto --config ${dir}/ipsec.conf --rundir ${dir}\n`,
  );
  expect((await here('start --dry-run')).stdout).toMatch(/^ipsec pluto --config \S+ --rundir \S+\n$/);
  expect((await here('stop --dry-run')).stdout).toMatch(/^ipsec whack --shutdown --ctlsocket \S+\n$/);
  expect(asked).toEqual([]);
});

test('what --showonly prints can be pasted: it asks for the same', async () => {
  for (const line of ['auto --replace lazy manual', 'auto --up w-e lazy --asynchronous', 'addconn --autoall']) {
    await here(line);
    const meant = asked.splice(0);
    const { stdout } = await here(`${line} --dry-run`);
    expect(asked).toEqual([]);
    for (const command of stdout.split('\n').filter((l) => l.startsWith('ipsec '))) await run(command.slice(6));
    const kinds = (requests: readonly Request[]) =>
      requests.flatMap((r) =>
        r.kind === 'load' ? loadedFrom(r.config).map((name) => ['replace', name]) : [[r.kind, nameOf(r)]],
      );
    // Loading many at once routes and starts by itself what whack is told to one by one.
    expect(kinds(asked.splice(0))).toEqual(expect.arrayContaining(kinds(meant)));
  }
});

/** What of a file says `auto=`. */
const loadedFrom = (config: string): string[] =>
  [...readConns(config).conns.values()]
    .filter((section) => isComplete(section) && autoOf(section) !== 'ignore')
    .map(({ name }) => name);

const nameOf = (r: Request): string => ('conn' in r ? r.conn.name : 'name' in r ? (r.name ?? '') : '');

describe('reports', () => {
  const row = {
    conn: 'w-e',
    serial: 2,
    type: 'ESP',
    addTime: 1700000000,
    inBytes: 84n,
    outBytes: 2n ** 60n,
    id: '@e',
  } as const;

  test('as text', async () => {
    reply = (_, answer) => answer.rows({ of: 'traffic', rows: [row] });
    expect(await here('trafficstatus')).toEqual({
      exit: 0,
      stdout: `#2: "w-e", type=ESP, add_time=1700000000, inBytes=84, outBytes=1152921504606846976, id='@e'\n`,
      stderr: '',
    });
  });

  test('as JSON, with what else is said on stderr and exit status 0', async () => {
    reply = (_, answer) => {
      answer.line(21, 'no connection named "x"');
      answer.rows({ of: 'traffic', rows: [row] });
    };
    const { exit, stdout, stderr } = await here('trafficstatus --json');
    expect([exit, stderr]).toEqual([0, 'no connection named "x"\n']);
    expect(JSON.parse(stdout)).toEqual({ traffic: [{ ...row, inBytes: 84, outBytes: '1152921504606846976' }] });
  });

  test('without rows are empty, not absent', async () => {
    expect(JSON.parse((await here('briefconnectionstatus --json')).stdout)).toEqual({
      briefConnections: [],
      totals: null,
    });
    expect((await here('shuntstatus')).stdout).toBe(' \nBare Shunt list:\n \n');
  });
});

describe('the command line', () => {
  test('every command is done by somebody', () => {
    const others = ['start', 'stop', 'restart', 'auto', 'whack', 'pluto', 'version'];
    for (const { name, whack, loads, later } of COMMANDS) {
      const ways = [whack, loads, later, RUNNERS.get(name)].filter((way) => way !== undefined).length;
      expect(ways > 0 || others.includes(name), name).toBe(true);
    }
    for (const name of RUNNERS.keys()) expect(commandNamed(name), name).toBeDefined();
  });

  test.each([
    ['up', 2, 'which connection?'],
    ['trafficstatus a b', 2, 'too many operands'],
    ['redirect a', 2, 'redirect needs --redirect-to'],
    ['simulate a', 2, 'expected FILE FILE'],
    ['completion', 2, 'expected bash|zsh|fish'],
    ['completion csh', 2, 'expected bash|zsh|fish, got "csh"'],
    ['up a --rundri /x', 2, 'unknown option "--rundri"; did you mean --rundir?'],
    ['up a --rundir', 2, '--rundir needs an argument'],
    ['up a --rundir --json', 2, '--rundir needs an argument'],
    ['up a --json=yes', 2, '--json takes no argument'],
    ['redirect --global-redirect maybe', 2, '--global-redirect is one of yes, no, auto'],
    ['up a --bogus', 2, 'unknown option "--bogus"'],
    ['status a', 2, 'status takes no operands'],
    ['auto a', 2, 'one operation, please, and its connection'],
    ['auto --up --down a', 2, 'one operation, please, and its connection'],
    ['auto --up', 2, 'which connection?'],
    ['auto --start', 2, 'which connection?'],
    ['auto --status a', 2, '--status takes no connection'],
    ['auto --up a --bogus', 2, 'unknown option "--bogus"'],
    ['auto --stop', 2, 'unknown option "--stop"'],
    ['bogus', 2, 'unknown command "bogus"'],
    ['--verbose', 2, 'which command? --verbose alone is none'],
    ['--config', 2, 'which command? --config alone is none'],
    ['--rundir=/x', 2, 'which command?'],
    ['--cofnig x up', 2, 'unknown option "--cofnig"; did you mean --config?'],
    ['statsu', 2, 'unknown command "statsu"; did you mean status?'],
    ['--bogus', 2, 'unknown option "--bogus"'],
    ['whack --bogus', 33, 'whack error: unrecognized option "--bogus"'],
    ['initnss', 1, 'initnss is not there yet; keys are files'],
  ])('%s exits %i: %s', async (line, exit, text) => {
    const result = await run(line);
    expect([result.exit, result.stdout]).toEqual([exit, '']);
    expect(result.stderr.split('\n')[0]).toContain(text);
  });

  test('without a daemon exits 1 and says how to start one', async () => {
    expect(await run(`up w-e --rundir ${dir}/none`)).toEqual({
      exit: 1,
      stdout: '',
      stderr: `whack: Pluto is not running (no "${dir}/none/pluto.ctl")\nto start it: ipsec start\n`,
    });
    expect(await run(`stop --rundir ${dir}/none`)).toMatchObject({ exit: 0, stderr: 'pluto is not running\n' });
  });

  test('helps', async () => {
    expect(await run('--help')).toMatchSnapshot();
    for (const name of ['up', 'start', 'trafficstatus', 'listall', 'addconn', 'auto', 'simulate'])
      expect((await run(`${name} --help`)).stdout).toMatchSnapshot(name);
  });

  test('fits a screen of 80 columns, and a line is a command', async () => {
    const { stdout } = await run('--help');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).not.toContain('initnss');
  });

  test('says where it is, and where the configuration is', async () => {
    expect((await run('--directory')).stdout).toBe(`${resolve(import.meta.dirname, '../..')}\n`);
    expect((await run('--confdir')).stdout).toBe('/etc\n');
  });

  test('checkconfig lists every problem', async () => {
    writeFileSync(join(dir, 'bad.conf'), 'conn a\n\tautby=secret\n\tlefft=192.0.2.1\n');
    const bad = await run(`checkconfig --config ${dir}/bad.conf`);
    expect([bad.exit, bad.stderr.trim().split('\n').length]).toEqual([1, 2]);
    const json = await run(`checkconfig --json --config ${dir}/bad.conf`);
    expect(JSON.parse(json.stdout).problems).toMatchObject([{ line: 2 }, { line: 3 }]);
    expect(await here('checkconfig')).toMatchObject({ exit: 0 });
  });
});
