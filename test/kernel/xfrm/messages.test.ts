/** What the kernel is told and says, by the offsets of linux/xfrm.h; that it understands is the lab's to show. */
import { endianness } from 'node:os';
import { expect, test } from 'vitest';
import type { SaSpec } from '../../../src/kernel/port.ts';
import { readEvent } from '../../../src/kernel/xfrm/events.ts';
import { writeMovedSa } from '../../../src/kernel/xfrm/move.ts';
import { writePolicy } from '../../../src/kernel/xfrm/policy.ts';
import { readCounters, readSaKey, writeAllocateSpi, writeSa } from '../../../src/kernel/xfrm/sa.ts';
import { ACQUIRE, EXPIRE, MAPPING, SA_INFO, SELECTOR, TMPL, XFRM_MSG, XFRMA } from '../../../src/kernel/xfrm/uapi.ts';
import { attributeOf, attributesOf, messagesOf } from '../../../src/native/netlink.ts';
import { NetlinkWriter } from '../../../src/native/netlink-writer.ts';
import { Address } from '../../../src/net/address.ts';
import { Selector } from '../../../src/net/selector.ts';
import { policies, sa } from '../scene.ts';

const LE = endianness() === 'LE';

function written(write: (to: NetlinkWriter) => void) {
  const writer = new NetlinkWriter();
  write(writer);
  return [...messagesOf(writer.buffer.slice(0, writer.length))][0];
}
const saMessage = (spec: SaSpec) => written((to) => writeSa(to, XFRM_MSG.newSa, spec));
const types = (body: DataView) => [...attributesOf(body, SA_INFO.size)].map(([type]) => type);

test('a tunnel’s SA says where, not what; a transport’s says both', () => {
  const tunnel = saMessage(sa('west', 'west', {})).body;
  expect(readSaKey(tunnel)).toMatchObject({ protocol: 'esp', spi: 0x2001 });
  expect(tunnel.getUint16(SELECTOR.family, LE)).toBe(0);
  expect(tunnel.getUint8(SELECTOR.prefixDst)).toBe(0);
  const AF_UNSPEC_FLAG = 32;
  expect(tunnel.getUint8(SA_INFO.flags) & AF_UNSPEC_FLAG).toBe(AF_UNSPEC_FLAG);

  const transport = saMessage(sa('west', 'west', { mode: 'transport' })).body;
  expect(transport.getUint8(SELECTOR.prefixDst)).toBe(32);
  expect(transport.getUint8(SA_INFO.flags) & AF_UNSPEC_FLAG).toBe(0);
});

test.each([
  [{ esn: false, replayWindow: 32, direction: 'out' }, undefined],
  [{ esn: false, replayWindow: 0, direction: 'in' }, undefined],
  [{ esn: false, replayWindow: 33, direction: 'in' }, [2, 33]],
  [{ esn: true, replayWindow: 128, direction: 'in' }, [4, 128]],
  [{ esn: true, replayWindow: 0, direction: 'out' }, [1, 32]],
] as const)('replay state of %o', (spec, expected) => {
  const { body } = saMessage({ ...sa('west', 'east', {}), ...spec });
  const value = attributeOf(body, SA_INFO.size, XFRMA.replayEsnValue);
  expect(value && [value.getUint32(0, LE), value.getUint32(20, LE)]).toEqual(expected);
  if (value) expect(value.byteLength).toBe(24 + 4 * value.getUint32(0, LE));
});

test.each([
  [0, 65535, 0, 0],
  [80, 80, 80, 0xffff],
  [1024, 2047, 1024, 0xfc00],
  [1024, 2048, 0, 0],
  [0, 0, 0, 0xffff],
  [65535, 0, 0, 0],
])('ports %i to %i of a selector become port %i, mask %i', (start, end, port, mask) => {
  const address = Address.parse('192.0.2.2')!;
  const pair = {
    src: Selector.ofAddress(Address.parse('192.0.2.1')!, 17),
    dst: new Selector(address, address, 17, start, end),
  };
  const { body } = saMessage({ ...sa('west', 'west', { mode: 'transport' }), selectors: [pair] });
  expect(body.getUint8(SELECTOR.protocol)).toBe(17);
  expect([body.getUint16(SELECTOR.dport), body.getUint16(SELECTOR.dportMask)]).toEqual([port, mask]);
  expect(body.getUint16(SELECTOR.sportMask)).toBe(0);
});

test('only a policy that protects has a template', () => {
  const [protect] = policies('west', {});
  const POLICY_INFO = 168;
  const { tunnel: _, ...rest } = protect;
  const action = (body: DataView) => body.getUint8(161);
  const [a, b, c] = [protect, { ...rest, action: 'pass' } as const, { ...rest, action: 'drop' } as const].map(
    (policy) => written((to) => writePolicy(to, policy)).body,
  );
  expect(attributeOf(a, POLICY_INFO, XFRMA.tmpl)?.byteLength).toBe(TMPL.size);
  expect([b, c].map((body) => attributeOf(body, POLICY_INFO, XFRMA.tmpl))).toEqual([undefined, undefined]);
  expect([a, b, c].map(action)).toEqual([0, 0, 1]);
});

test('a moved SA keeps its keys, its counts and a lead on its sequence numbers', () => {
  const spec = { ...sa('west', 'west', { esn: true, window: 64, encapsulated: true }) };
  const { body } = saMessage(spec);
  body.setBigUint64(SA_INFO.bytes, 1234n, LE);
  const replay = attributeOf(body, SA_INFO.size, XFRMA.replayEsnValue)!;
  replay.setUint32(4, 0xffffffff, LE);
  replay.setUint32(12, 6, LE);
  const to = {
    src: Address.parse('192.0.2.9')!,
    dst: Address.parse('192.0.2.8')!,
    encapsulation: { srcPort: 4500, dstPort: 7 },
  };
  const moved = written((w) => writeMovedSa(w, body, to)).body;
  expect(`${readSaKey(moved).dst}`).toBe('192.0.2.8');
  expect(types(moved).sort()).toEqual([...types(body), XFRMA.lifetimeValue].sort());
  expect(attributeOf(moved, SA_INFO.size, XFRMA.encap)!.getUint16(4)).toBe(7);
  expect(attributeOf(moved, SA_INFO.size, XFRMA.lifetimeValue)!.getBigUint64(0, LE)).toBe(1234n);
  const after = attributeOf(moved, SA_INFO.size, XFRMA.replayEsnValue)!;
  expect([after.getUint32(4, LE), after.getUint32(12, LE)]).toEqual([255, 7]);
});

test('without ESN a moved SA’s sequence numbers end where they must', () => {
  const { body } = saMessage(sa('west', 'west', { window: 0 }));
  const writer = new NetlinkWriter();
  writer.begin(XFRM_MSG.newSa).bytes(new Uint8Array(body.buffer, body.byteOffset, SA_INFO.size));
  writer.attribute(XFRMA.replayValue, (v) => v.u32(0xfffffff0).u32(0).u32(0)).end();
  const [read] = messagesOf(writer.buffer.slice(0, writer.length));
  const to = { src: Address.parse('192.0.2.9')!, dst: Address.parse('192.0.2.8')! };
  const moved = written((w) => writeMovedSa(w, read.body, to)).body;
  expect(attributeOf(moved, SA_INFO.size, XFRMA.replayValue)!.getUint32(0, LE)).toBe(0xffffffff);
});

test('counters add up what was refused', () => {
  const { body } = saMessage(sa('west', 'east', {}));
  body.setBigUint64(SA_INFO.packets, 3n, LE);
  body.setUint32(SA_INFO.statsWindow, 1, LE);
  body.setUint32(SA_INFO.statsReplay, 2, LE);
  body.setUint32(SA_INFO.statsIntegrity, 5, LE);
  expect(readCounters(body)).toMatchObject({ packets: 3, replayed: 3, unauthentic: 5, usedAt: 0 });
});

test('an acquire names the policy’s reqid and the packet, ICMP as RFC 4301 §4.4.1.1 has it', () => {
  const writer = new NetlinkWriter();
  const [policy] = policies('west', {});
  writer.begin(XFRM_MSG.acquire).zeros(ACQUIRE.size);
  writer.attribute(XFRMA.tmpl, (v) =>
    v
      .zeros(TMPL.reqid)
      .u32(77)
      .zeros(TMPL.size - TMPL.reqid - 4),
  );
  writer.end();
  const [message] = messagesOf(writer.buffer.slice(0, writer.length));
  const { body } = message;
  const at = ACQUIRE.selector;
  new Uint8Array(body.buffer, body.byteOffset + at + SELECTOR.dst, 4).set(policy.dst.address.toBytes());
  body.setUint16(at + SELECTOR.family, 2, LE);
  body.setUint8(at + SELECTOR.prefixDst, 32);
  body.setUint8(at + SELECTOR.protocol, 1);
  body.setUint32(at + SELECTOR.dport, 0x0003ffff);
  body.setUint32(at + SELECTOR.sport, 0x0008ffff);
  const event = readEvent(message);
  expect(event).toMatchObject({ t: 'acquire', reqid: 77 });
  if (event?.t === 'acquire')
    expect([event.dst.startPort, event.dst.endPort, event.dst.protocol]).toEqual([0x803, 0x803, 1]);
});

test.each([
  [XFRM_MSG.acquire, ACQUIRE.size],
  [XFRM_MSG.expire, EXPIRE.size],
  [XFRM_MSG.mapping, MAPPING.size],
  [0x99, 1000],
])('a message of type %i that is too short, or unknown, is no event', (type, size) => {
  const body = new DataView(new ArrayBuffer(size - 1));
  expect(readEvent({ type, body })).toBeUndefined();
});

test('a bundle has a template for each, from the inside out; IPComp is passed over on the way in', () => {
  const layers = ['ipcomp', 'esp', 'ah'] as const;
  for (const spec of policies('west', {})) {
    const { body } = written((to) => writePolicy(to, { ...spec, tunnel: { ...spec.tunnel!, layers } }));
    const templates = attributeOf(body, 168, XFRMA.tmpl)!;
    expect(templates.byteLength).toBe(3 * TMPL.size);
    const at = (i: number, offset: number) => templates.getUint8(i * TMPL.size + offset);
    const [PROTOCOL, MODE, OPTIONAL] = [20, 48, 50];
    expect([0, 1, 2].map((i) => at(i, PROTOCOL))).toEqual([108, 50, 51]);
    expect([0, 1, 2].map((i) => at(i, MODE))).toEqual([1, 0, 0]);
    expect([0, 1, 2].map((i) => at(i, OPTIONAL))).toEqual([spec.direction === 'out' ? 0 : 1, 0, 0]);
  }
});

test('IPComp: its algorithm has no key; its CPI is drawn from those that are negotiated', () => {
  const spec = sa('west', 'west', {});
  const { body } = saMessage({
    ...spec,
    protocol: 'ipcomp',
    spi: 0x1001,
    algorithms: { compression: { name: 'deflate' } },
  });
  expect(readSaKey(body)).toMatchObject({ protocol: 'ipcomp', spi: 0x1001 });
  expect(types(body)).toContain(XFRMA.algComp);
  const algorithm = attributeOf(body, SA_INFO.size, XFRMA.algComp)!;
  expect(algorithm.byteLength).toBe(68);
  expect(algorithm.getUint32(64, LE)).toBe(0);
  const range = (protocol: 'esp' | 'ipcomp') => {
    const { body } = written((to) => writeAllocateSpi(to, { protocol, src: spec.src, dst: spec.dst, reqid: 1 }));
    return [body.getUint32(body.byteLength - 8, LE), body.getUint32(body.byteLength - 4, LE)];
  };
  expect(range('ipcomp')).toEqual([256, 61_439]);
  expect(range('esp')).toEqual([0x1000, 0xffffffff]);
});

test('what is around another SA carries anything, of its own family', () => {
  const { body } = saMessage({ ...sa('west', 'west', {}), mode: 'transport', selectors: [] });
  const AF_UNSPEC_FLAG = 32;
  expect(body.getUint8(SA_INFO.flags) & AF_UNSPEC_FLAG).toBe(0);
  expect(body.getUint8(SELECTOR.prefixDst)).toBe(0);
});

test('the peer’s address before translation goes along with its ports', () => {
  const original = Address.parse('10.9.8.7')!;
  const { body } = saMessage({ ...sa('west', 'west', {}), encapsulation: { srcPort: 4500, dstPort: 4501, original } });
  const encap = attributeOf(body, SA_INFO.size, XFRMA.encap)!;
  expect(encap.byteLength).toBe(24);
  expect([encap.getUint16(2), encap.getUint16(4), encap.getUint32(8)]).toEqual([4500, 4501, 0x0a090807]);
});
