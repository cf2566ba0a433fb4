import { expect, test } from 'vitest';
import { Md5Authenticator, Md5Peer } from '../../../../src/ike/auth/eap/md5-challenge.ts';

const text = (s: string) => new TextEncoder().encode(s);
const server = (password: string | undefined) =>
  new Md5Authenticator({
    password: () => (password?.length ? text(password) : undefined),
    random: (n) => new Uint8Array(n).fill(7),
  });
const respond = (password: string, request: Uint8Array, id: number) => {
  const turn = new Md5Peer({ name: text('carol'), password: () => text(password) }).next(request, id);
  if (turn.t !== 'answer') throw new Error(turn.why);
  return turn.data;
};

test('the right password succeeds, without a key', () => {
  const moon = server('swordfish');
  expect(moon.next(respond('swordfish', moon.begin(3), 3))).toEqual({ t: 'succeed', msk: undefined });
});

test('RFC 1994 §4.1: the value is MD5 over identifier, secret and challenge', () => {
  const value = respond('swordfish', Uint8Array.of(3, 1, 2, 3), 9);
  // printf '\x09swordfish\x01\x02\x03' | openssl md5
  expect(Buffer.from(value).toString('hex')).toBe(
    `10514d462d3355c29bb2f4b41471c072e7${Buffer.from('carol').toString('hex')}`,
  );
});

test.each([
  ['another password', 'swordfish', 'sword', 3, 'wrong password'],
  ['another identifier', 'swordfish', 'swordfish', 4, 'wrong password'],
  ['an unknown user', '', 'swordfish', 3, 'there is no password for this user'],
])('%s is refused', (_, theirs, ours, id, why) => {
  const moon = server(theirs);
  expect(moon.next(respond(ours, moon.begin(3), id))).toEqual({ t: 'fail', why });
});

test('a user whose password we have not is named', () => {
  const peer = new Md5Peer({ name: Buffer.from('carol'), password: () => undefined });
  const end = peer.next(server('swordfish').begin(3), 3);
  expect(end).toEqual({ t: 'fail', why: 'we have no password for user "carol"' });
});

test('a size beyond the end is refused on both sides', () => {
  expect(server('swordfish').next(Uint8Array.of(16, 1, 2))).toEqual({ t: 'fail', why: 'malformed response' });
  const peer = new Md5Peer({ name: text('carol'), password: () => text('x') });
  for (const data of [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(9, 1)]) {
    expect(peer.next(data, 1)).toEqual({ t: 'fail', why: 'malformed challenge' });
  }
});
