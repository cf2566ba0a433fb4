import { expect, test } from 'vitest';
import { ActorSystem, type Behavior, type Context, TestClock } from '../../src/actors/runtime/index.ts';
import { DaemonServices, type QuestionLimit } from '../../src/actors/services.ts';
import type { In } from '../../src/ike/effects.ts';
import type { Question, Reply } from '../../src/ike/questions.ts';

const LOOK_UP: Question = { t: 'revocation', wants: [] };
const EAP = { t: 'eapPeer', session: 1 } as unknown as Question;
const NOTHING: Reply = { t: 'revocation', problems: [] };

class Asker implements Behavior<In | 'end'> {
  readonly heard: (readonly [number, Reply])[] = [];
  receive(message: In | 'end', self: Context<In | 'end'>): void {
    if (message === 'end') self.stop();
    else if (message.t === 'reply') this.heard.push([message.id, message.reply]);
  }
}

/** Answers are given by hand: `replies[n](...)`. */
function bench(limit?: Partial<QuestionLimit>) {
  const clock = new TestClock();
  const crashes: unknown[] = [];
  const system = new ActorSystem({ clock, report: ({ error }) => crashes.push(error) });
  const replies: ((reply: Reply) => void)[] = [];
  const forgotten: number[] = [];
  const answerer = {
    answer: () => new Promise<Reply>((resolve) => void replies.push(resolve)),
    forget: (session: number) => void forgotten.push(session),
  };
  const limits = { most: 10, within: 5_000, ...limit };
  const services = new DaemonServices({
    group: system.group('questions'),
    answerers: { revocation: answerer, eapPeer: answerer },
    limits: { revocation: limits, eapPeer: limits },
  });
  const asker = new Asker();
  const owner = system.spawn('asker', asker);
  const ask = (id: number, question: Question) => {
    services.ask(id, question, owner);
    clock.settle();
  };
  const settled = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    clock.settle();
  };
  const figure = (name: string) => new Map(services.figures()).get(`questions.${name}`);
  return { clock, system, services, replies, forgotten, asker, owner, ask, settled, figure, crashes };
}

test('an answer comes to whoever asked, under its number', async () => {
  const { ask, replies, asker, settled, figure } = bench();
  ask(7, LOOK_UP);
  ask(8, LOOK_UP);
  expect(figure('revocation.waiting')).toBe(2);
  replies[1](NOTHING);
  await settled();
  expect(asker.heard).toEqual([[8, NOTHING]]);
  expect(figure('revocation.waiting')).toBe(1);
});

test('there is always an answer: also of a kind that nobody answers, and from an answerer that has lost its way', async () => {
  const { ask, clock, replies, asker, settled, figure } = bench();
  ask(1, { t: 'dnsKeys' } as Question);
  ask(2, LOOK_UP);
  clock.advance(4_999);
  expect(asker.heard).toEqual([[1, { t: 'none', why: 'nobody answers dnsKeys here' }]]);
  clock.advance(1);
  expect(asker.heard.at(-1)).toEqual([2, { t: 'none', why: 'no answer to revocation within 5 s' }]);
  replies[0](NOTHING);
  await settled();
  expect(asker.heard).toHaveLength(2);
  expect([figure('revocation.late'), figure('revocation.dropped'), figure('revocation.waiting')]).toEqual([1, 1, 0]);
});

test('an answerer that throws costs its question and nothing else', () => {
  const { services, system, owner, asker, clock, crashes } = bench();
  const broken = new DaemonServices({
    group: system.group('broken'),
    answerers: {
      revocation: {
        answer: () => {
          throw new Error('a bug');
        },
      },
    },
  });
  broken.ask(3, LOOK_UP, owner);
  services.ask(4, LOOK_UP, owner);
  clock.settle();
  expect(asker.heard).toEqual([[3, { t: 'none', why: 'internal error' }]]);
  expect(crashes).toHaveLength(1);
});

test('no more at a time than the limit says', async () => {
  const { ask, asker, replies, settled, figure } = bench({ most: 1 });
  ask(1, LOOK_UP);
  ask(2, LOOK_UP);
  expect(asker.heard).toEqual([[2, { t: 'none', why: '1 questions of the kind revocation wait already' }]]);
  replies[0](NOTHING);
  await settled();
  ask(3, LOOK_UP);
  expect(replies).toHaveLength(2);
  expect(figure('revocation.refused')).toBe(1);
});

test('a key for an SA that ends is wiped, however close the two come', async () => {
  const orders: readonly (readonly ('end' | 'answer' | 'turn')[])[] = [
    ['end', 'turn', 'answer'],
    ['end', 'answer'],
    ['answer', 'end'],
  ];
  for (const order of orders) {
    const { ask, owner, replies, settled, figure, clock } = bench();
    const msk = new Uint8Array(64).fill(5);
    ask(1, EAP);
    for (const step of order) {
      if (step === 'turn') clock.settle();
      else if (step === 'end') owner.tell('end');
      else {
        replies[0]({ t: 'eap', packet: undefined, outcome: 'success', msk });
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await settled();
    expect(msk, order.join()).toEqual(new Uint8Array(64));
    expect([figure('eapPeer.waiting'), figure('eapPeer.dropped')]).toEqual([0, 1]);
  }
});

test('a key for an SA that lives is left to it', async () => {
  const { ask, asker, replies, settled, figure } = bench();
  ask(1, EAP);
  replies[0]({ t: 'eap', packet: undefined, outcome: 'success', msk: new Uint8Array(64).fill(5) });
  await settled();
  expect(asker.heard).toMatchObject([[1, { msk: new Uint8Array(64).fill(5) }]]);
  expect([figure('eapPeer.waiting'), figure('eapPeer.dropped')]).toEqual([0, 0]);
});

test('conversations that end are forgotten', () => {
  const { services, forgotten } = bench();
  services.forgetEap(9);
  expect(forgotten).toEqual([9]);
});
