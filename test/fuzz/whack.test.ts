/** Any words on whack's command line: requests that pluto understands, or an error; never a throw, never for long. */
import { expect, test } from 'vitest';
import type { ReadFile } from '../../src/cli/options-from.ts';
import { WHACK_OPTIONS } from '../../src/cli/whack-options.ts';
import { parseWhack, type WhackLine } from '../../src/cli/whack-parse.ts';
import { whackRequests } from '../../src/cli/whack-requests.ts';
import { parseRequest } from '../../src/control/protocol.ts';
import type { Dice } from '../ike/v2/dice.ts';
import { rounds } from './fuzz.ts';
import { mutatedText } from './mutate.ts';

const options = [...WHACK_OPTIONS.keys()].map((name) => `--${name}`);
const values = ['w-e', '192.0.2.1', '::1', '#3', '-1', '', '=', 'yes', '0sAQ', '%any', '--to', 'base,no-crypt', 'é\n'];
const whole = [
  '--name w-e --id @w --host 192.0.2.1 --to --id @e --host 192.0.2.2 --psk --encrypt --tunnel --pfs --esp aes',
  '--oppohere 192.0.2.1 --oppothere 192.0.2.2 --oppoproto 6',
  '--keyid @e --addkey --pubkeyrsa 0sAQ',
  '--name w-e --initiate --asynchronous --username u',
  '--debug-none --debug crypt --impair x --status --listall --utc',
];

function word(dice: Dice): string {
  const option = dice.pick(options);
  const value = dice.pick(values);
  return dice.pick([option, option, value, `${option}=${value}`, option.slice(0, -1), option.slice(0, 6)]);
}

function line(dice: Dice): readonly string[] {
  if (dice.next() < 0.5) return mutatedText(dice, dice.pick(whole), whole).split(' ');
  return Array.from({ length: Math.floor(dice.next() * 12) }, () => word(dice));
}

/** What was understood, if it was. */
function tried(argv: readonly string[], read: ReadFile): WhackLine | undefined {
  const parsed = parseWhack(argv, read);
  if ('error' in parsed) {
    expect(parsed.error).not.toBe('');
    return undefined;
  }
  const requests = whackRequests(parsed);
  if ('error' in requests) {
    expect(requests.error).not.toBe('');
    return parsed;
  }
  expect(requests.length).toBeGreaterThan(0);
  for (const request of requests) expect(parseRequest({ ...request })).toEqual(request);
  return parsed;
}

test('words', () => {
  let understood = 0;
  rounds(5_000, (dice) => {
    const files = [line(dice), line(dice)].map((words) => mutatedText(dice, words.join(' '), whole));
    const read: ReadFile = (path) =>
      path === 'a' || path === 'b' ? { text: files[path === 'a' ? 0 : 1] } : { fault: 'no such file' };
    const argv = [...line(dice), ...(dice.next() < 0.3 ? ['--optionsfrom', dice.pick(['a', 'b'])] : [])];
    if (tried(argv, read)) understood++;
  });
  // Otherwise nothing beyond the first word was tried.
  expect(understood).toBeGreaterThan(0);
});

/** Options that a file of this length has room for. */
const MAX_SAID = 100_000;

test('a file without an end to any word or quote', () => {
  const huge = 300_000;
  for (const text of ['a', "'", '"', "''", `"'`, ' ', '#', '\n', "a'b'", '--debug x ', '--optionsfrom a\n', '\\']) {
    for (const start of ['', '"', "'", '--name ']) {
      const read: ReadFile = () => ({ text: start + text.repeat(huge / text.length) });
      const parsed = tried(['--optionsfrom', 'a'], read);
      expect((parsed?.normal.size ?? 0) + (parsed?.debug.length ?? 0)).toBeLessThan(MAX_SAID);
    }
  }
});

test('a long word, and many', () => {
  const read: ReadFile = () => ({ fault: 'no such file' });
  const isUnderstood = (argv: readonly string[]) => tried(argv, read) !== undefined;
  expect(isUnderstood([`--${'x'.repeat(1 << 20)}`])).toBe(false);
  expect(isUnderstood([`--name=${'x'.repeat(1 << 20)}`, '--initiate'])).toBe(true);
  expect(isUnderstood(Array.from({ length: 50_000 }, () => '--debug=crypt'))).toBe(true);
});
