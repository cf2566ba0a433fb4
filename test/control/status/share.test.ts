import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../../src/control/frame.ts';
import { share, unshare } from '../../../src/control/status/share.ts';

type Reply = Parameters<typeof share>[0];
const reply = (rows: readonly object[]) => ({ t: 'rows', of: 'connections', rows }) as unknown as Reply;
const overTheWire = (value: unknown) => new FrameDecoder(1 << 20).push(encodeFrame(value)).values[0] as Reply;
const settings = { policy: ['PSK', 'TUNNEL'], ikeLifetime: 28800 };
const row = (name: string, more: object = {}) => ({
  ...{ conn: name, local: { host: '192.0.2.1', id: `@${name}` }, aliases: [], settings },
  ...more,
});

describe('rows on the wire', () => {
  test('of those after the first there goes what they have otherwise', () => {
    const shared = share(reply([row('a'), row('b'), row('c', { settings: { ...settings, ikeLifetime: 60 } })]));
    expect(shared).toMatchObject({ t: 'rows', of: 'connections' });
    expect((shared as Reply).rows).toEqual([
      row('a'),
      { conn: 'b', local: { id: '@b' } },
      { conn: 'c', local: { id: '@c' }, settings: { ikeLifetime: 60 } },
    ]);
  });

  test('come back as they were, whatever is in them', () => {
    const plain = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(undefined), fc.array(fc.string()));
    const members = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), plain);
    const nested = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.oneof(plain, members), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(fc.array(nested, { minLength: 1, maxLength: 5 }), (rows) => {
        expect(unshare(overTheWire(share(reply(rows))))?.rows).toEqual(rows);
      }),
    );
  });

  test.each([[undefined], ['rows'], [[1]], [[null]], [[{}, []]]])('%j are none', (rows) => {
    expect(unshare({ t: 'rows', of: 'connections', rows } as unknown as Reply)).toBeUndefined();
  });
});
