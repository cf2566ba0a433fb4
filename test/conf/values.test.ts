import { describe, expect, test } from 'vitest';
import { BOOL, BYTES, COUNT, choice, MILLIS, PERCENT, SECONDS, UNSIGNED, unsigned } from '../../src/conf/keyword.ts';
import { isFault, parseTyped } from '../../src/conf/values.ts';

describe('values', () => {
  test.each([
    [BOOL, 'YES', true],
    [BOOL, 'off', false],
    [BOOL, 'n', false],
    [SECONDS, '1.5h', 5_400_000],
    [SECONDS, '10', 10_000],
    [SECONDS, '500ms', 500],
    [SECONDS, '%forever', 0],
    [SECONDS, '1us', 1],
    [MILLIS, '500', 500],
    [MILLIS, '2s', 2000],
    [PERCENT, '100%', 100],
    [UNSIGNED, '0', 0],
    [unsigned(1, 16383), '16383', 16383],
    [BYTES, '1.5KiB', 1536],
    [BYTES, '8EiB', 2 ** 63],
    [COUNT, '3Mi', 3 * 2 ** 20],
    [choice('route=ondemand ondemand'), 'Route', 'ondemand'],
  ])('%j takes %s for %j', (type, text, value) => expect(parseTyped(type, text)).toBe(value));

  test.each([
    [BOOL, 'maybe'],
    [SECONDS, '-1'],
    [SECONDS, '1 h'],
    [SECONDS, '0x10'],
    [SECONDS, '99999999999999999999999'],
    [SECONDS, '9999999999w'],
    [PERCENT, '100'],
    [PERCENT, '-5%'],
    [UNSIGNED, '0x10'],
    [UNSIGNED, '1e3'],
    [UNSIGNED, '99999999999999999999'],
    [unsigned(1, 16383), '0'],
    [unsigned(1, 16383), '16384'],
    [BYTES, '1Ki'],
    [BYTES, '9EiB'],
    [COUNT, '1KiB'],
    [choice('a b'), 'c'],
    [choice('a b'), 'constructor'],
  ])('%j refuses %s', (type, text) => expect(isFault(parseTyped(type, text))).toBe(true));

  test('a mistyped word is answered with the nearest', () => {
    expect(parseTyped(choice('tunnel transport'), 'tunel')).toEqual({
      fault: 'expected tunnel, transport; did you mean "tunnel"?',
    });
  });
});
