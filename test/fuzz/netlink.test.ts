/** What the kernel says, cut short and wounded: events, or nothing; nobody reads beyond a message's end. */
import { expect, test } from 'vitest';
import { readEvent } from '../../src/kernel/xfrm/events.ts';
import { readCounters } from '../../src/kernel/xfrm/sa.ts';
import { ACQUIRE, EXPIRE, MAPPING, SA_INFO, TMPL, XFRM_MSG, XFRMA } from '../../src/kernel/xfrm/uapi.ts';
import { attributesOf, messagesOf, NetlinkWriter } from '../../src/native/netlink.ts';
import { rounds } from './fuzz.ts';
import { mutated } from './mutate.ts';

function written(write: (to: NetlinkWriter) => void): Uint8Array {
  const to = new NetlinkWriter();
  write(to);
  return to.buffer.slice(0, to.length);
}

const address = Uint8Array.of(192, 0, 2, 1);
const corpus = [
  written((to) => {
    to.begin(XFRM_MSG.acquire).bytes(address, ACQUIRE.selector).bytes(address, 16).bytes(address, 16).zeros(8).u16(2);
    to.u8(32)
      .u8(24)
      .u8(17)
      .zeros(ACQUIRE.size - ACQUIRE.selector - 45);
    to.attribute(XFRMA.tmpl, (v) =>
      v
        .zeros(TMPL.reqid)
        .u32(16389)
        .zeros(TMPL.size - TMPL.reqid - 4),
    ).end();
  }),
  written((to) => {
    to.begin(XFRM_MSG.expire)
      .zeros(SA_INFO.dst)
      .bytes(address, 16)
      .be32(0x1234)
      .u8(50)
      .zeros(EXPIRE.size - 77)
      .end();
  }),
  written((to) => {
    to.begin(XFRM_MSG.mapping)
      .bytes(address, 16)
      .be32(0x1234)
      .u16(10)
      .u8(50)
      .zeros(MAPPING.size - 23)
      .end();
  }),
  written((to) => {
    to.begin(XFRM_MSG.newSa).zeros(SA_INFO.size);
    to.attribute(XFRMA.lastUsed, (v) => v.u64(1_700_000_000n))
      .attribute(XFRMA.algAead, (v) => v.zeros(92))
      .end();
  }),
];

test('messages, attributes, events and counters', () => {
  let events = 0;
  rounds(20_000, (dice) => {
    const bytes = mutated(dice, Buffer.concat([dice.pick(corpus), dice.pick(corpus)]), corpus);
    let total = 0;
    for (const message of messagesOf(bytes)) {
      const { body } = message;
      total += 16 + body.byteLength;
      expect(body.byteOffset + body.byteLength).toBeLessThanOrEqual(bytes.byteOffset + bytes.byteLength);
      for (const [, value] of attributesOf(body, dice.below(40)))
        expect(value.byteOffset + value.byteLength).toBeLessThanOrEqual(body.byteOffset + body.byteLength);
      if (readEvent(message)) events++;
      if (body.byteLength >= SA_INFO.size) expect(readCounters(body).bytes).toBeGreaterThanOrEqual(0);
    }
    expect(total).toBeLessThanOrEqual(bytes.length);
  });
  expect(events).toBeGreaterThan(0);
});
