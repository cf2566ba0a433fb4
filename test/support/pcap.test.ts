import { describe, expect, test } from 'vitest';
import { count, readPcap } from './pcap.ts';

/** A pcap file, Ethernet, with these frames. */
function pcap(...frames: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt32LE(1, 20);
  return Buffer.concat([
    head,
    ...frames.flatMap((frame) => {
      const record = Buffer.alloc(16);
      record.writeUInt32LE(frame.length, 8);
      record.writeUInt32LE(frame.length, 12);
      return [record, frame];
    }),
  ]);
}

function ipv4(protocol: number, body: Buffer, fragment = 0): Buffer {
  const frame = Buffer.alloc(34);
  frame.writeUInt16BE(0x0800, 12);
  frame[14] = 0x45;
  frame.writeUInt16BE(7, 18);
  frame.writeUInt16BE(fragment, 20);
  frame[23] = protocol;
  frame.set([192, 0, 2, 1, 192, 0, 2, 2], 26);
  return Buffer.concat([frame, body]);
}

function udp(srcPort: number, dstPort: number, data: Buffer, fragment = 0): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(srcPort, 0);
  head.writeUInt16BE(dstPort, 2);
  return ipv4(17, Buffer.concat([head, data]), fragment);
}

const ikeHeader = Buffer.from(`${'11'.repeat(8)}${'00'.repeat(8)}2120220800000000000000ff`, 'hex');
const esp = Buffer.from('c0ffee0100000001', 'hex');

const kindOf = (frame: Buffer): string | undefined => readPcap(pcap(frame))[0]?.kind;

describe('what an onlooker may call a packet', () => {
  test('IKE on 500, and on 4500 behind the non-ESP marker', () => {
    expect(kindOf(udp(500, 500, ikeHeader))).toBe('ike');
    const [packet] = readPcap(pcap(udp(4500, 61000, Buffer.concat([Buffer.alloc(4), ikeHeader]))));
    expect(packet).toMatchObject({ kind: 'ike', src: '192.0.2.1', dstPort: 61000 });
    expect(packet?.ike).toMatchObject({ exchange: 34, nextPayload: 33, isResponse: false, messageId: 0 });
  });

  test('ESP, raw and in UDP, with its SPI', () => {
    expect(readPcap(pcap(ipv4(50, esp)))[0]).toMatchObject({ kind: 'esp', spi: 0xc0ffee01 });
    expect(readPcap(pcap(udp(4500, 4500, esp)))[0]).toMatchObject({ kind: 'esp-in-udp', spi: 0xc0ffee01 });
  });

  test('a keepalive', () => {
    expect(kindOf(udp(4500, 4500, Buffer.from([0xff])))).toBe('keepalive');
  });

  test('a later IP fragment is what its first one was', () => {
    const packets = readPcap(pcap(udp(500, 500, ikeHeader, 0x2000), ipv4(17, Buffer.alloc(64), 0x00b9)));
    expect(packets.map((packet) => packet.kind)).toEqual(['ike', 'ike']);
  });

  test('anything else is `other`: ping, TCP, UDP on other ports, a stray fragment, an unknown frame', () => {
    const clear = [
      ipv4(1, Buffer.alloc(64)),
      ipv4(6, Buffer.alloc(20)),
      udp(53, 5353, Buffer.alloc(32)),
      ipv4(17, Buffer.alloc(64), 0x00b9),
      Buffer.alloc(60),
    ];
    expect(count(readPcap(pcap(...clear)))).toMatchObject({ other: clear.length, ike: 0, esp: 0 });
  });

  test('a short packet on an IKE port is not IKE', () => {
    expect(kindOf(udp(500, 500, Buffer.alloc(12)))).toBe('other');
  });
});

describe('files', () => {
  test('a record that was cut off is left out', () => {
    const whole = pcap(ipv4(50, esp), ipv4(50, esp));
    expect(readPcap(whole.subarray(0, whole.length - 3))).toHaveLength(1);
  });

  test('what is no pcap file is refused', () => {
    expect(() => readPcap(Buffer.from('not a capture, and long enough to be one'))).toThrow('magic');
    expect(() => readPcap(Buffer.alloc(3))).toThrow('3 octets');
  });
});
