/**
 * ipsec.conf as nobody would write it: sound files, wounded; sections, files and lists that multiply. Each is conns or
 * problems, never a throw, in a number of steps that its size bounds.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Config, readingConfig } from '../../src/conf/load.ts';
import { hasErrors } from '../../src/conf/problem.ts';
import { linesOf, MAX_FILES } from '../../src/conf/scan.ts';
import { formatProposal, parseProposals } from '../../src/ike/crypto/proposal.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { lost } from '../conf/round-trip.ts';
import type { Dice } from '../ike/v2/dice.ts';
import { rounds } from './fuzz.ts';
import { mutatedText } from './mutate.ts';

const sample = (name: string) => readFileSync(new URL(`../../config/${name}`, here()), 'utf8');

/** The tests run from dist as well, where config/ is one folder further up. */
function here(): string {
  return import.meta.url.replace('/dist/test/', '/test/');
}

const confs = [
  sample('ipsec.conf'),
  sample('demo/west.conf'),
  'config setup\n\tuniqueids=no\n\tplutodebug="base, tmi"\n\tlisten=192.0.2.1\n\nconn %default\n\tauthby=secret\n\nconn a\n' +
    '\talso=b\n\tleft=192.0.2.1\n\tleftid=@west\n\tleftsubnets={10.0.0.0/24, 10.0.1.0/24}\n\tright=%any\n\tauto=add\n\n' +
    'conn b\n\tike=aes256-sha2;dh19\n\tesp=aes_gcm256-null,aes128-sha1\n\trekeymargin=9m # well\n\tikelifetime=8h\n' +
    '\tphase2=esp\n\tpfs=yes\n\trightprotoport=17/53\ninclude /x\n',
  'version 2\nconfig setup\n\tvirtual-private=%v4:10.0.0.0/8,%v4:!10.1.0.0/16\n\tsyslog=daemon.info\nconn v1\n' +
    '\tkeyexchange=ikev1\n\tleft=%defaultroute\n\tright=%any\n\trightsubnet=vhost:%no,%priv\n\tauthby=secret\n' +
    'conn pool\n\tleft=192.0.2.1\n\tleftsubnet=0.0.0.0/0\n\tright=%any\n\trightaddresspool=10.9.0.1-10.9.0.99\n' +
    '\trightid="C=CA, CN=*"\n\tmark=-1/0xffffffff\n\tmodecfgdns="9.9.9.9 2001:db8::53"\n\tipsec-interface=yes\n' +
    '\tleftinterface-ip=10.0.0.1/24\n\tauthby=rsasig\n\tleftrsasigkey=%cert\n\tdpddelay=1.5m\n\tconnalias={x y}\n',
];

/** The configuration, and how many steps it took. */
function counted(files: Readonly<Record<string, string>>, path = '/a') {
  const fs = memoryFiles(files);
  const reading = readingConfig(path, fs);
  for (let steps = 0; ; steps++) {
    const { done, value } = reading.next();
    if (done) return { ...value, steps, reads: fs.reads };
  }
}

/** Lines that were read, a file that was included twice counted twice: a step for each, and one to settle each section. */
function expectBounded(
  { steps, reads }: { steps: number; reads: readonly string[] },
  files: Record<string, string>,
): void {
  const counts = new Map(Object.entries(files).map(([path, text]) => [path, [...linesOf(text)].length]));
  const lines = reads.reduce((sum, path) => sum + (counts.get(path) ?? 0), 0);
  expect(steps).toBeLessThanOrEqual(4 * (lines + reads.length) + 8);
}

function expectSound({ conns, problems }: Config): void {
  for (const { text, line } of problems) {
    expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    expect(text.length).toBeLessThan(600);
    expect(line).toBeGreaterThanOrEqual(0);
  }
  for (const { left, right } of conns) expect([left.host.t, right.host.t]).not.toContain(undefined);
}

test('wounded files; what is left of them without an error reads back to the same', () => {
  let sound = 0;
  rounds(3_000, (dice) => {
    const [main, included] = [mutatedText(dice, dice.pick(confs), confs), mutatedText(dice, dice.pick(confs), confs)];
    const files = { '/a': main, '/x': included };
    const config = counted(files);
    expectSound(config);
    expectBounded(config, files);
    if (hasErrors(config.problems) || main.includes('include')) return;
    sound++;
    expect(lost(main)).toEqual([]);
  });
  expect(sound).toBeGreaterThan(0);
});

test('any octets', () => {
  rounds(500, (dice) => {
    const text = Buffer.from(dice.octets(dice.below(2000))).toString(dice.pick(['utf8', 'latin1']));
    const files = { '/a': `${dice.pick(['', 'conn c\n\t', 'conn c\n\tleft=', 'include '])}${text}` };
    const config = counted(files);
    expectSound(config);
    expectBounded(config, files);
  });
});

test('sections that take each other over in any shape: settled once each, and loops refused', () => {
  rounds(300, (dice) => {
    const count = 1 + dice.below(60);
    const isTree = dice.next() < 0.5;
    const sections = Array.from({ length: count }, (_, i) => {
      const others = Array.from({ length: dice.below(5) }, () =>
        isTree ? i + 1 + dice.below(count) : dice.below(count),
      );
      const also = others.map((other) => `\talso=c${other}\n`).join('');
      return `conn c${i}\n${also}\tconnalias=x${i}\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n`;
    });
    const files = { '/a': sections.join('') };
    const config = counted(files);
    expectBounded(config, files);
    expect(config.conns.length + config.refused.size).toBe(count);
    for (const { aliases } of config.conns) expect(new Set(aliases).size).toBe(aliases.length);
    for (const why of config.refused.values()) expect(why).toMatch(/closes a loop|there is no conn/);
  });
});

test('files that include each other in any shape end at a limit', () => {
  rounds(12, (dice) => {
    const count = 1 + dice.below(8);
    const text = () =>
      Array.from({ length: dice.below(6) }, () => `include ${dice.pick(['*', 'f?', `f${dice.below(9)}`])}\n`);
    const files = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`/f${i}`, `${text().join('')}conn c${i}\n\tleft=%any\n`]),
    );
    const config = counted(files, '/f0');
    expectSound(config);
    expectBounded(config, files);
    expect(config.reads.length).toBeLessThanOrEqual(MAX_FILES);
  });
});

const subnets = (dice: Dice, count: number, family: 4 | 6) =>
  Array.from({ length: count }, (_, i) =>
    family === 4 ? `10.${i >> 8}.${i & 255}.0/24` : `2001:db8:${i}::/48`,
  ).concat(dice.next() < 0.5 ? [] : ['junk']);

test('lists of subnets: a conn for each pair, or a refusal', () => {
  rounds(30, (dice) => {
    const [lefts, rights] = [0, 0].map(() => subnets(dice, dice.below(40), dice.pick([4, 4, 4, 6])));
    const text = `conn c\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n\tleftsubnets={${lefts}}\n\trightsubnets={${rights}}\n`;
    const { conns, refused } = counted({ '/a': text });
    expect([0, lefts.length * rights.length]).toContain(conns.length);
    expect(conns.length === 0).toBe(refused.has('c'));
  });
});

test('two lists that many conns share end at a limit before they are conns', () => {
  const list = (family: 4 | 6) => subnets({ next: () => 0 } as Dice, 100, family).join(',');
  const base = `conn %default\n\tleft=192.0.2.1\n\tauthby=secret\n\tleftsubnets=${list(4)}\n\trightsubnets=${list(6)}\n`;
  const conns = Array.from({ length: 22 }, (_, i) => `conn c${i}\n\tright=192.0.2.${i + 2}\n`).join('');
  const { problems } = counted({ '/a': base + conns });
  expect(problems.map((p) => p.text)).toContain('leftsubnets=: the file has more than 200000 pairs of subnets');
});

test('ten thousand conns take a step for each line and each section', () => {
  const conns = Array.from(
    { length: 10_000 },
    (_, i) => `conn c${i}\n\talso=base\n\tright=10.${i >> 8}.${i & 255}.1\n`,
  );
  const files = { '/a': `conn base\n\tleft=192.0.2.1\n\tauthby=secret\n${conns.join('')}` };
  const config = counted(files);
  expectBounded(config, files);
  expect([config.conns.length, config.problems]).toEqual([10_000, []]);
});

const proposals = [
  'aes256-sha2_512+sha1-prfsha1;modp2048+dh19',
  'aes_gcm_16_256-null-dh31,chacha20_poly1305,3des-md5',
  'AES_CBC_128-HMAC_SHA2_256_128-MODP3072',
  'null-sha1',
  '',
];

test('ike= and esp=: proposals that read the same when they are written, or a refusal', () => {
  rounds(5_000, (dice) => {
    const protocol = dice.pick(['ike', 'esp', 'ah'] as const);
    const version = dice.pick([1, 2] as const);
    const text = mutatedText(dice, dice.pick(proposals), proposals);
    const parsed = parseProposals(text, { protocol, version, pfs: dice.next() < 0.5, fips: dice.next() < 0.2 });
    if (parsed.ok) for (const proposal of parsed.proposals) expect(formatProposal(proposal)).not.toBe('');
    else expect(parsed.error).not.toBe('');
  });
});

test('large files without an end to any word, list or line', () => {
  const huge = 300_000;
  const starts = [
    '',
    'conn ',
    'conn a\n\tleft=',
    'conn a\n\tike=',
    'conn a\n\tleftsubnets="',
    'include ',
    'conn   \u2028',
  ];
  const complete = 'conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n';
  const keys = [
    'leftid',
    'leftsubnet',
    'leftaddresspool',
    'mark',
    'ike',
    'esp',
    'modecfgdns',
    'plutodebug',
    'leftrsasigkey',
  ];
  for (const text of [
    'a',
    ' ',
    '\t',
    '"',
    '{',
    '}',
    '=',
    ':',
    ',',
    '#',
    '\n',
    '\\',
    '%',
    '/',
    '-',
    '0',
    'a,',
    '1.',
    'conn ',
    'a=b ',
    '\u2028',
  ]) {
    const much = text.repeat(huge / text.length);
    const values = text === '"' ? [] : keys.map((key) => `${complete}\t${key}="${much}"\n`);
    for (const file of [...starts.map((start) => start + much), ...values]) {
      const config = counted({ '/a': file });
      expectSound(config);
      expect(hasErrors(config.problems) || config.conns.length <= 1).toBe(true);
    }
  }
});
