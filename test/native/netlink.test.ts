/** What is written to netlink and read from it, octet by octet; and verdicts that line up with their requests. */
import { endianness } from 'node:os';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NETLINK, Netlink, NetlinkWriter } from '../../src/native/index.ts';
import { attributeOf, attributesOf, messagesOf } from '../../src/native/netlink.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a message, its attributes, their alignment', ({ skip }) => {
  skip(endianness() !== 'LE', 'the octets below are those of little-endian machines');
  const writer = new NetlinkWriter();
  writer.begin(0x1234, 0x400).u8(1).be16(0x0203).u8(4);
  writer.attribute(5, (v) => v.bytes(Uint8Array.of(0xaa))).attribute(6, (v) => v.u32(7));
  writer.end();
  const header = '24000000' + '3412' + '0504' + '00000000' + '00000000';
  const attributes = '0500' + '0500' + 'aa000000' + '0800' + '0600' + '07000000';
  expect(hex(writer.buffer.subarray(0, writer.length))).toBe(`${header}01020304${attributes}`);
});

test('what was written can be read, and wiping leaves nothing', () => {
  const writer = new NetlinkWriter();
  for (const type of [1, 2])
    writer
      .begin(type)
      .u32(9)
      .attribute(3, (v) => v.bytes(Uint8Array.of(1, 2, 3)))
      .end();
  const bytes = writer.buffer.slice(0, writer.length);
  const messages = [...messagesOf(bytes)];
  expect(messages.map((m) => m.type)).toEqual([1, 2]);
  expect(attributeOf(messages[1].body, 4, 3)?.byteLength).toBe(3);
  expect(attributeOf(messages[1].body, 4, 4)).toBeUndefined();
  writer.wipe();
  expect(writer.buffer.every((octet) => octet === 0)).toBe(true);
});

test('any octets are read to their end, and no further', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const { body } of messagesOf(bytes)) for (const [, value] of attributesOf(body, 0)) value.byteLength;
    }),
  );
});

test('each of many requests has its own verdict, in its place', () => {
  const netlink = Netlink.open(NETLINK.route);
  if ('errno' in netlink) throw new Error(netlink.why);
  const GETLINK = 18;
  const verdicts = netlink.tellAll(150, (to, i) =>
    to
      .begin(GETLINK)
      .zeros(4)
      .u32(i % 3 === 0 ? 1 : 0x7ffffff0)
      .zeros(8)
      .end(),
  );
  expect(verdicts.map((v) => v?.errno)).toEqual(
    Array.from({ length: 150 }, (_, i) => (i % 3 === 0 ? undefined : 'ENODEV')),
  );
  expect(verdicts[1]?.why).toContain('No such device');
  netlink.close();
});

test('a request through a closed socket is refused', () => {
  const netlink = Netlink.open(NETLINK.route);
  if ('errno' in netlink) throw new Error(netlink.why);
  netlink.close();
  expect(netlink.tell((to) => to.begin(18).zeros(16).end())).toMatchObject({ errno: 'EBADF' });
});
