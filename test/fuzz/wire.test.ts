/** Datagrams and chains of payloads, sound ones wounded: a value that can be shown, or a fault in its place. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeChain, decodeMessage, describe, dump, PAYLOAD } from '../../src/ike/wire/index.ts';
import { rounds } from './fuzz.ts';
import { mutated } from './mutate.ts';
import { ikeChains, ikeDatagrams } from './seeds.ts';

const folder = new URL('../fixtures/wire/', import.meta.url);
const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith('.hex'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8').replace(/#.*/g, '').replace(/\s/g, ''))
  .map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

test('datagrams', () => {
  const corpus = [...fixtures, ...ikeDatagrams()];
  let sound = 0;
  rounds(20_000, (dice) => {
    const bytes = mutated(dice, dice.pick(corpus), corpus);
    const decoded = decodeMessage(bytes);
    if (decoded.ok) {
      sound++;
      const { header, payloads } = decoded.value;
      expect(describe(header, payloads)).toMatch(/ \{.*\}$/);
      for (const line of dump(decoded.value)) expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    } else expect(decoded.fault.offset).toBeLessThanOrEqual(bytes.length);
  });
  expect(sound).toBeGreaterThan(0);
});

test('what was encrypted', () => {
  const corpus = ikeChains();
  const octets = corpus.map(({ bytes }) => bytes);
  rounds(20_000, (dice) => {
    const { first, bytes } = dice.pick(corpus);
    const type = dice.next() < 0.8 ? first : dice.pick([...Object.values(PAYLOAD), dice.below(256)]);
    const hurt = mutated(dice, bytes, octets);
    const decoded = decodeChain(type, hurt);
    if (decoded.ok) expect(describe({ exchange: 37, isResponse: false }, decoded.value)).toContain('INFORMATIONAL');
    else expect(decoded.fault.offset).toBeLessThanOrEqual(hurt.length);
  });
});
