import { describe, expect, test } from 'vitest';
import { linesOf, typedLine } from '../../src/cli/typing.ts';

async function* keys(...chunks: readonly string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

describe('typedLine', () => {
  test('shows what is typed and takes back what is erased', async () => {
    let screen = '';
    expect(await typedLine(keys('ca', 'x\x7f', 'rol\r'), (text) => (screen += text))).toBe('carol');
    expect(screen).toBe('cax\b \brol');
  });

  test('shows nothing of a password, and control characters are none of it', async () => {
    expect(await typedLine(keys('\x1bswo\x00rd', 'fish\n'))).toBe('swordfish');
  });

  test('an interrupt is no answer', async () => {
    expect(await typedLine(keys('swo', '\x03'))).toBeUndefined();
  });
});

describe('linesOf', () => {
  test('hands out a line at a time, however they come', async () => {
    const next = linesOf(keys('car', 'ol\nsword', 'fish\r\nla', 'st'));
    expect([await next(), await next(), await next(), await next()]).toEqual(['carol', 'swordfish', 'last', undefined]);
  });

  test('gives up on a line without an end', async () => {
    expect(await linesOf(keys(...Array.from({ length: 100 }, () => 'x'.repeat(100))))()).toBeUndefined();
  });
});
