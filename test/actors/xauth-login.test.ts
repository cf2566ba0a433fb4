/** `whack --username --xauthpass`: what a road warrior says of itself, between whole daemons. */
import { expect, test } from 'vitest';
import type { Services } from '../../src/actors/world.ts';
import type { PromptCode, Typed } from '../../src/control/answer.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { Heard } from './heard.ts';
import { conn, town } from './town.ts';

const keywords = {
  ...{ keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' },
  ...{ leftxauthclient: 'yes', rightxauthserver: 'yes' },
};

/** East believes everybody, and remembers who it was. */
function houses() {
  const asked: (readonly [string, string])[] = [];
  const services: Services = {
    ask: (id, question, owner) => {
      if (question.t !== 'xauth') throw new Error(question.t);
      asked.push([question.user, Buffer.from(question.password).toString()]);
      owner.tell({ t: 'reply', id, reply: { t: 'xauth', ok: true, addresses: [] } });
    },
    forgetEap: () => {},
    figures: () => [],
  };
  const house = { ikev1Policy: 'accept' } as const;
  return { asked, ...town({ both: conn('w-e', keywords), west: house, east: { ...house, services } }) };
}

test('goes to the server with the answer that it wants, and nowhere else', () => {
  const { asked, west, east } = houses();
  const up = west.whack({ kind: 'initiate', name: 'w-e', username: 'carol', password: 'swordfish' });
  expect(up.exit).toBe(0);
  expect(asked).toEqual([['carol', 'swordfish']]);
  expect(east.plane.outbound()).toHaveLength(1);
  expect([...west.log, ...east.log].join('\n')).not.toContain('swordfish');
});

/** Somebody at whack who types this. */
class Typist extends Heard {
  readonly prompts: PromptCode[] = [];
  readonly #types: Readonly<Record<number, string | undefined>>;

  constructor(types: Readonly<Record<number, string | undefined>>) {
    super();
    this.#types = types;
  }

  prompt(code: PromptCode, _: string, typed: Typed): void {
    this.prompts.push(code);
    const text = this.#types[code];
    typed(text === undefined ? undefined : Uint8Array.from(Buffer.from(text)));
  }
}

test('is typed by whoever brings the connection up, if nobody has said it', () => {
  const { asked, west, clock } = houses();
  const typist = new Typist({ [RC.USERPROMPT]: 'carol', [RC.ENTERSECRET]: 'swordfish' });
  west.control.handle({ kind: 'initiate', name: 'w-e' }, typist);
  clock.settle();
  expect([typist.exit, typist.prompts]).toEqual([0, [RC.USERPROMPT, RC.ENTERSECRET]]);
  expect(asked).toEqual([['carol', 'swordfish']]);
});

test('that nobody types lets nobody in', () => {
  const { asked, west, east, clock } = houses();
  const typist = new Typist({ [RC.USERPROMPT]: 'carol' });
  west.control.handle({ kind: 'initiate', name: 'w-e' }, typist);
  clock.settle();
  clock.advance(60_000);
  expect(asked).toEqual([]);
  expect(east.plane.sas.size + west.plane.sas.size).toBe(0);
});
