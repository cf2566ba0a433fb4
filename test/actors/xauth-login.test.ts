/** `whack --username --xauthpass`: what a road warrior says of itself, between whole daemons. */
import { expect, test } from 'vitest';
import type { Services } from '../../src/actors/world.ts';
import type { Question } from '../../src/ike/questions.ts';
import { conn, town } from './town.ts';

test('goes to the server with the answer that it wants, and nowhere else', () => {
  const asked: Extract<Question, { t: 'xauth' }>[] = [];
  const services: Services = {
    ask: (id, question, owner) => {
      if (question.t !== 'xauth') throw new Error(question.t);
      asked.push({ ...question, password: Uint8Array.from(question.password) });
      owner.tell({ t: 'reply', id, reply: { t: 'xauth', ok: true, addresses: [] } });
    },
    forgetEap: () => {},
    figures: () => [],
  };
  const both = conn('w-e', {
    ...{ keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' },
    ...{ leftxauthclient: 'yes', rightxauthserver: 'yes' },
  });
  const house = { ikev1Policy: 'accept' } as const;
  const { west, east } = town({ both, west: house, east: { ...house, services } });
  const up = west.whack({ kind: 'initiate', name: 'w-e', username: 'carol', password: 'swordfish' });
  expect(up.exit).toBe(0);
  expect(asked.map(({ user, password }) => [user, Buffer.from(password).toString()])).toEqual([['carol', 'swordfish']]);
  expect(east.plane.outbound()).toHaveLength(1);
  expect([...west.log, ...east.log].join('\n')).not.toContain('swordfish');
});
