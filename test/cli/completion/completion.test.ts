import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/commands/completion.ts';
import { completedCommands } from '../../../src/cli/completion/table.ts';
import { commandExists } from '../../support/machine.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-completion-'));
  for (const shell of SHELLS) {
    let script = '';
    const output = {
      out: (text: string) => {
        script += text;
      },
      err: () => {},
    };
    await run({ operands: [shell] }, output);
    writeFileSync(join(dir, shell), script);
  }
  mkdirSync(join(dir, 'ipsec.d'));
  writeFileSync(join(dir, 'a file.conf'), '');
  const conns = (...names: string[]) => names.map((name) => `conn ${name}\n\tleft=192.0.2.1\n`).join('');
  // What includes itself is read once more, not for ever.
  const includes = 'include ipsec.d/*.conf\ninclude ipsec.conf\n\tinclude /nowhere/*.conf\n';
  writeFileSync(join(dir, 'ipsec.conf'), `# conn not\n${conns('%default', 'office', '"quoted"')}${includes}`);
  writeFileSync(join(dir, 'ipsec.d/more.conf'), conns('office-2', 'roadwarrior'));
});

afterAll(() => rmSync(dir, { recursive: true }));

/** What readline would be offered; `|` stands where a word begins. */
function offered(line: string): readonly string[] {
  const words = line.split('|').map((word) => word.replaceAll('DIR', dir));
  const script = `. ${dir}/bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ipsec; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script, 'bash', ...words], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return [...new Set(stdout.split('\n').filter(Boolean))].map((word) => word.replaceAll(dir, 'DIR')).sort();
}

describe('bash, really asked', () => {
  test.each<[string, readonly string[]]>([
    ['ipsec|tra', ['trafficstatus']],
    [
      'ipsec|re',
      [
        'readwriteconf',
        'redirect',
        'reload',
        'replace',
        'rereadall',
        'rereadcerts',
        'rereadgroups',
        'rereadsecrets',
        'restart',
      ],
    ],
    ['ipsec|initnss', []],
    ['ipsec|up|--asy', ['--asynchronous']],
    ['ipsec|status|--asy', []],
    ['ipsec|redirect|--global-redirect|', ['auto', 'no', 'yes']],
    ['ipsec|redirect|--global-redirect|=|a', ['auto']],
    ['ipsec|redirect|--global-redirect|=', ['auto', 'no', 'yes']],
    ['ipsec|up|--config|DIR/ipsec.conf|', ['office', 'office-2', 'quoted', 'roadwarrior']],
    ['ipsec|up|--config|=|DIR/ipsec.conf|off', ['office', 'office-2']],
    ['ipsec|--config|DIR/ipsec.conf|down|ro', ['roadwarrior']],
    ['ipsec|auto|--config|DIR/ipsec.conf|--up|ro', ['roadwarrior']],
    ['ipsec|auto|--up|--config|DIR/nowhere.conf|', []],
    ['ipsec|auto|--rereads', ['--rereadsecrets']],
    ['ipsec|checkconfig|--config|DIR/ipsec.c', ['DIR/ipsec.conf']],
    ['ipsec|verify|--rundir|DIR/ipsec', ['DIR/ipsec.d']],
    ['ipsec|simulate|DIR/a f', ['DIR/a file.conf']],
    ['ipsec|completion|', ['bash', 'fish', 'zsh']],
    ['ipsec|help|rekeym', ['rekeymargin']],
    ['ipsec|help|ipsec.', ['ipsec.conf', 'ipsec.secrets']],
    ['ipsec|whack|--rekey-', ['--rekey-child', '--rekey-ike']],
    ['whack|--dontr', ['--dontrekey']],
    ['/usr/sbin/whack|--fragmentation|', ['force', 'no', 'yes']],
    ['ipsec|pluto|--use-', ['--use-pfkeyv2', '--use-userspace', '--use-xfrm']],
    ['pluto|--ocsp-method|', ['get', 'post']],
    // Their argument stands behind the sign or not at all.
    ['whack|--mobike|', []],
    ['whack|--mobike|=|y', ['yes']],
  ])('%s', (line, words) => {
    expect(offered(line)).toEqual([...words].sort());
  });
});

test('a name that a shell would carry out is not offered, and not carried out', () => {
  const evil = ['$(touch DIR/done)', '$(>DIR/done)', '`>DIR/done`', 'a;b', "a'b", 'a*', '~', 'a\\b', '{a,b}'];
  const text = [...evil, 'grün', 'plain'].map((name) => `conn ${name.replaceAll('DIR', dir)}\n`).join('');
  writeFileSync(join(dir, 'evil.conf'), text);
  expect(offered('ipsec|up|--config|DIR/evil.conf|')).toEqual(['grün', 'plain']);
  expect(existsSync(join(dir, 'done'))).toBe(false);
});

test.for(SHELLS)('%s finds nothing wrong with its script', (shell, context) => {
  context.skip(!commandExists(shell), `${shell} is not installed here`);
  const argv = shell === 'fish' ? ['--no-config', '-n'] : ['-n'];
  const { status, stderr } = spawnSync(shell, [...argv, join(dir, shell)], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test('fish, really asked', (context) => {
  context.skip(!commandExists('fish'), 'fish is not installed here');
  const ask = (line: string) =>
    spawnSync(SHELLS[2], ['--no-config', '-c', `source ${dir}/fish; complete -C "${line}"`], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean)
      .map((row) => row.split('\t')[0]);
  expect(ask('ipsec tra')).toEqual(['trafficstatus']);
  expect(ask('ipsec redirect --global-redirect ')).toEqual(['auto', 'no', 'yes']);
  expect(ask(`ipsec up --config ${dir}/ipsec.conf ro`)).toEqual(['roadwarrior']);
});

test('every subcommand that there is, with its options', () => {
  const commands = completedCommands();
  expect(commands.find(({ name }) => name === 'initnss')).toBeUndefined();
  expect(commands.find(({ name }) => name === 'whack')?.options.length).toBeGreaterThan(180);
  for (const { name, options } of commands) {
    const flags = options.map(({ flag }) => flag);
    expect(new Set(flags).size, name).toBe(flags.length);
  }
});
