import { expect, test } from 'vitest';
import { Keeper } from '../../src/actors/looking-up.ts';
import { ActorSystem, TestClock } from '../../src/actors/runtime/index.ts';
import type { CrlPlace } from '../../src/services/revocation/crls.ts';
import { Heard } from './heard.ts';

const urls = (places: Iterable<CrlPlace>) => [...places].map(({ url }) => url).join();

function bench(interval: number, dice = 128) {
  const clock = new TestClock(0);
  const did: string[] = [];
  const system = new ActorSystem({ clock, report: ({ error }) => did.push(String(error)) });
  const keeper = system.spawn(
    'crls',
    new Keeper({
      revocation: {
        keepUp: async (places, before) => {
          did.push(`${clock.now()}: keep ${urls(places)} up beyond ${before}`);
          return { fetched: 0, problems: [] };
        },
        refresh: async (places) => {
          did.push(`refresh ${urls(places)}`);
          return { fetched: 1, problems: ['CRL http://b/: no answer'] };
        },
        sweep: () => void did.push('sweep'),
      },
      *places() {
        yield undefined;
        return ['http://a/', 'http://b/'].map((url) => ({ url, issuer: new Uint8Array() }));
      },
      interval,
      random: () => Uint8Array.of(dice),
    }),
  );
  return { clock, did, keeper };
}

test('crlcheckinterval: soon after the start, and then about so often', () => {
  for (const [dice, second] of [
    [0, 5_000 + 90_000],
    [255, 5_000 + 110_000],
  ]) {
    const { clock, did } = bench(100_000, dice);
    clock.advance(5_000 + 110_000);
    expect(did.filter((line) => line !== 'sweep')).toEqual([
      '5000: keep http://a/,http://b/ up beyond 205',
      `${second}: keep http://a/,http://b/ up beyond ${(second + 200_000) / 1000}`,
    ]);
    expect(did.filter((line) => line === 'sweep')).toHaveLength(1);
  }
});

test('crlcheckinterval=0 fetches nothing by itself', () => {
  const { clock, did } = bench(0);
  clock.advance(600_000);
  expect(new Set(did)).toEqual(new Set(['sweep']));
});

test('--fetchcrls fetches at once, and says what came of it', async () => {
  const { clock, did, keeper } = bench(0);
  const heard = new Heard();
  keeper.tell({ t: 'fetch', answer: heard });
  clock.settle();
  expect(did).toEqual(['refresh http://a/,http://b/']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard.text).toBe('CRL http://b/: no answer\n1 CRL fetched');
  expect(heard.exit).toBe(32);
});
