import { expect, test } from 'vitest';
import { recordHandshakes, stageHandshakes } from '../../src/sim/index.ts';

const recording = recordHandshakes(40);

test('what was recorded is played to a new gateway, again and again, and all of it goes well', () => {
  expect([recording.handshakes, recording.datagrams.length, recording.results.length]).toEqual([40, 80, 40]);
  stageHandshakes(recording)();
  stageHandshakes(recording)();
});

test('a handshake that does not go well is no figure', () => {
  const [first, ...datagrams] = recording.datagrams;
  expect(() => stageHandshakes({ ...recording, datagrams })()).toThrow('of 40 handshakes');
  const bytes = Uint8Array.from(first.bytes);
  bytes[bytes.length - 1] ^= 1;
  expect(() => stageHandshakes({ ...recording, datagrams: [{ ...first, bytes }, ...datagrams] })()).toThrow();
});
