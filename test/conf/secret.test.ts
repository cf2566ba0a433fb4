import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret, SecretSlab } from '../../src/conf/secret.ts';

const writing = (text: string) => (room: Uint8Array) => Buffer.from(text).copy(room);
const text = (secret: Secret) => Buffer.from(secret.reveal()).toString();

test('a secret is a part of its slab, and its wipe leaves the others', () => {
  const slab = new SecretSlab();
  const [one, two] = ['one', 'second'].map((word) => slab.keep(100, writing(word)));
  expect([text(one), text(two), one.length, two.length]).toEqual(['one', 'second', 3, 6]);
  expect(one.reveal().buffer).toBe(two.reveal().buffer);
  one.wipe();
  expect([[...one.reveal()], text(two)]).toEqual([[0, 0, 0], 'second']);
});

test('what is not kept leaves nothing behind', () => {
  const slab = new SecretSlab();
  const refused = slab.keep(9, (room) => {
    writing('swordfish')(room);
    return undefined;
  });
  expect(refused).toBeUndefined();
  const all = new Uint8Array(slab.keep(1, writing('x')).reveal().buffer);
  expect(all.filter((octet) => octet !== 0).length).toBe(1);
});

test('there is room for any number of any length, all wiped at once', () => {
  const slab = new SecretSlab();
  const secrets = [0, 1, 1000, 1024, 65_536, 100_000, 5].map((length) =>
    slab.keep(length, (room) => room.fill(7).length),
  );
  expect(secrets.every((secret) => secret.reveal().every((octet) => octet === 7))).toBe(true);
  slab.wipe();
  expect(secrets.every((secret) => secret.reveal().every((octet) => octet === 0))).toBe(true);
});

test('equal are those of the same octets', () => {
  const of = (...octets: number[]) => new Secret(Uint8Array.from(octets));
  expect(of(1, 2).equals(of(1, 2))).toBe(true);
  expect([of(1, 3), of(1), of(1, 2, 0), of()].some((other) => of(1, 2).equals(other))).toBe(false);
});

test('neither it nor its slab can be printed', () => {
  const slab = new SecretSlab();
  const secret = slab.keep(9, writing('swordfish'));
  const shown = [
    `${secret} ${JSON.stringify({ secret, slab })}`,
    inspect({ secret, slab }, { depth: 9, showHidden: true }),
  ];
  expect(shown.join()).not.toMatch(/sword|115, ?119|73 ?77/);
  expect(shown[0]).toContain('<9 octets>');
});
