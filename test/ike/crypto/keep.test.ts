import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keep } from '../../../src/ike/crypto/keep.ts';

test('what is kept stays as it was, whatever becomes of its source and of its neighbours', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 2000 })), (sources) => {
      const copies = sources.map((source) => source.slice());
      const kept = sources.map(keep);
      for (const source of sources) source.fill(0xff);
      expect(kept).toEqual(copies);
      const [first, ...others] = kept;
      first?.fill(0);
      expect(others).toEqual(copies.slice(1));
    }),
  );
});

test('short ones share a buffer, a long one has its own', () => {
  const [a, b] = [keep(new Uint8Array(8)), keep(new Uint8Array(8))];
  expect(a.buffer).toBe(b.buffer);
  expect(keep(new Uint8Array(5000)).buffer.byteLength).toBe(5000);
});
