import { describe, expect, test } from 'vitest';
import { isAmong, isPattern, parseUsers } from '../../src/net/eap-users.ts';

describe('users as righteapid= has them', () => {
  test.each([
    ['', undefined],
    ['%any', undefined],
    ['carol', 'carol'],
    ['@carol', 'carol'],
    ['carol@example.com', 'carol@example.com'],
    ['*@example.com', '*@example.com'],
    ['WORK\\frank', 'WORK\\frank'],
  ])('%j', (text, users) => expect(parseUsers(text)).toBe(users));

  test.each(['%identity', '%anybody', 'é'.repeat(127), '*********', 'a\0b'])('%j is none', (text) =>
    expect(parseUsers(text)).toHaveProperty('wrong'),
  );

  test('a pattern has an asterisk', () => expect(['carol', '*'].map(isPattern)).toEqual([false, true]));
});

describe('who is among them', () => {
  test.each([
    ['carol', 'carol'],
    ['carol', 'CAROL'],
    ['*', ''],
    ['*', 'anybody'],
    ['*@example.com', 'carol@Example.com'],
    ['carol*', 'carol'],
    ['c*l', 'carol'],
    ['a*b*c', 'aXbYbZc'],
    ['**', 'x'],
    ['*a*a*', 'aa'],
  ])('%j: %j', (users, user) => expect(isAmong(users, user)).toBe(true));

  test.each([
    ['carol', 'carol2'],
    ['carol', 'acarol'],
    ['carol', ''],
    ['*@example.com', 'carol@example.com.evil.test'],
    ['*@example.com', 'carol@xexample.com'],
    ['*@example.com', '@example.co'],
    ['ab*ba', 'aba'],
    ['*a*a*', 'a'],
    ['a*b*c', 'acb'],
    // The dot of a pattern is a dot, and so is the rest of what expressions make of it.
    ['*@example.com', 'carol@exampleXcom'],
    ['c.rol', 'carol'],
    // KELVIN SIGN, whose small form is the letter k.
    ['karl', '\u212Aarl'],
    // No name is a pattern for the sake of its own asterisk.
    ['carol@example.com', '*@example.com'],
  ])('%j: not %j', (users, user) => expect(isAmong(users, user)).toBe(false));

  test('long names and many asterisks take no longer than they are', () => {
    expect(isAmong('*a*a*a*a*a*a*ab', 'a'.repeat(253))).toBe(false);
  });
});
