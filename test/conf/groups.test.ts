import { describe, expect, test } from 'vitest';
import { atOnce } from '../../src/conf/at-once.ts';
import { lineName, MOST_LINES, readingGroup } from '../../src/conf/groups.ts';
import { formatProblem } from '../../src/conf/problem.ts';
import { memoryFiles } from './memory-files.ts';

const PATH = '/etc/ipsec.d/policies/private';

function read(text: string) {
  const file = atOnce(readingGroup(PATH, memoryFiles({ [PATH]: text })));
  return { ...file, names: [...file.lines.keys()], told: file.problems.map(formatProblem) };
}

describe('the file of a policy group', () => {
  test('has a block or an address in a line, comments and empty lines aside', () => {
    const { names, told } = read('# peers\n10.0.0.0/8\n\n  192.0.2.7 # one\n2001:db8::/32\t# and six\r\n0.0.0.0/0');
    expect(names).toEqual(['10.0.0.0/8', '192.0.2.7/32', '2001:db8::/32', '0.0.0.0/0']);
    expect(told.filter((t) => !t.includes('lies within'))).toEqual([]);
  });

  test('a protocol and two ports become part of the name, as libreswan writes it', () => {
    const { lines, names } = read('10.0.0.0/8 tcp 0 443\n10.0.0.0/8 17 53 0\n10.0.0.0/8\n');
    expect(names).toEqual(['10.0.0.0/8-(0--6--443)', '10.0.0.0/8-(53--17--0)', '10.0.0.0/8']);
    expect(lines.get(names[0])).toMatchObject({ protocol: 6, ourPort: 0, theirPort: 443, line: 1 });
    expect([...lines.values()].map(lineName)).toEqual(names);
  });

  test.each([
    ['10.0.0.0/33', 'expected ADDRESS or ADDRESS/BITS, got "10.0.0.0/33"'],
    ['east.example.com', 'expected ADDRESS or ADDRESS/BITS, got "east.example.com"'],
    ['10.0.0.0/8 tcp', 'expected 10.0.0.0/8 PROTOCOL OUR-PORT THEIR-PORT, got "10.0.0.0/8 tcp"'],
    ['10.0.0.0/8 tcp 0 70000', 'OUR-PORT THEIR-PORT'],
    ['10.0.0.0/8 tcp 0 443 1', 'OUR-PORT THEIR-PORT'],
    ['10.0.0.0/8 tpc 0 443', 'expected a protocol after 10.0.0.0/8, got "tpc"'],
    ['10.0.0.0/8 tcp/443 0 443', 'expected a protocol'],
    ['10.0.0.0/8 0 0 443', 'ports need a protocol'],
    ['10.0.0.0/8\u001b[2J', 'control character'],
  ])('%j is left out, and the rest is used', (bad, text) => {
    const { names, told } = read(`192.0.2.0/24\n${bad}\n198.51.100.0/24\n`);
    expect(names).toEqual(['192.0.2.0/24', '198.51.100.0/24']);
    expect(told).toHaveLength(1);
    expect(told[0].startsWith(`${PATH}:2: `)).toBe(true);
    expect(told[0]).toContain(text);
  });

  test('host bits, repetitions and overlaps are told with their lines', () => {
    const { names, told } = read('10.1.0.0/16\n10.0.0.1/8\n10.1.0.0/16\n10.0.0.0/8 tcp 0 0\n');
    expect(names).toEqual(['10.1.0.0/16', '10.0.0.0/8', '10.0.0.0/8-(0--6--0)']);
    expect(told).toEqual([
      `${PATH}:2: warning: "10.0.0.1/8" has host bits; 10.0.0.0/8 it is`,
      `${PATH}:3: warning: 10.1.0.0/16 is in line 1 already, and left out here`,
      `${PATH}:1: warning: 10.1.0.0/16 lies within 10.0.0.0/8 of line 2, and goes before it`,
    ]);
  });

  test('what cannot be read says why', () => {
    const file = atOnce(readingGroup('/etc/ipsec.d/policies/none', memoryFiles({})));
    expect([file.errno, file.lines.size]).toEqual(['ENOENT', 0]);
  });

  test('a long list of faults is cut short, and counted', () => {
    const { problems, unlisted, lines } = read(`${'x\n'.repeat(200)}10.0.0.0/8\n`);
    expect([problems.length, unlisted, lines.size]).toEqual([50, 150, 1]);
  });

  test('10,000 lines come in steps', () => {
    const text = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`).join('\n');
    const steps = [...readingGroup(PATH, memoryFiles({ [PATH]: text }))].length;
    expect(steps).toBe(20_000);
    expect(MOST_LINES).toBeGreaterThan(10_000);
  });
});
