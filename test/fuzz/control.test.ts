/** The control socket's octets, wounded: requests, refusals and one farewell; a client never holds or harms another. */
import { expect, test } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../src/control/frame.ts';
import { CONTROL_LIMITS } from '../../src/control/limits.ts';
import { parseReply, parseRequest, type Request } from '../../src/control/protocol.ts';
import { type ClientWire, ControlSession } from '../../src/control/server.ts';
import { rounds } from './fuzz.ts';
import { mutated } from './mutate.ts';

const requests: readonly Request[] = [
  { kind: 'status' },
  { kind: 'trafficstatus', name: 'w-e' },
  { kind: 'initiate', name: 'w-e', asynchronous: true, remoteHost: '192.0.2.1' },
  { kind: 'debug', set: ['base', 'no-tmi'], clear: ['all'] },
  { kind: 'add', conn: { name: 'w-e', file: 'whack', line: 0, keywords: { left: '192.0.2.1', right: '%any' } } },
];
const frames = requests.map((request) => encodeFrame(request));
const replies = [
  encodeFrame({ t: 'line', code: 2, text: 'x'.repeat(300) }),
  encodeFrame({ t: 'rows', of: 'processes', rows: [{ pid: 1, name: 'a' }] }),
  encodeFrame({ t: 'end', exit: 0 }),
];

test('frames: values or a fault, and after it nothing', () => {
  const corpus = [...frames, ...replies];
  rounds(20_000, (dice) => {
    const stream = mutated(dice, Buffer.concat([dice.pick(corpus), dice.pick(corpus)]), corpus);
    const decoder = new FrameDecoder(1 << 16);
    let isOver = false;
    for (let at = 0; at < stream.length; ) {
      const to = at + 1 + dice.below(stream.length - at);
      const { values, fault } = decoder.push(stream.subarray(at, to));
      if (isOver) expect([values, fault]).toEqual([[], expect.anything()]);
      isOver ||= fault !== undefined;
      for (const value of values) {
        expect('wrong' in parseRequest(value) || typeof value === 'object').toBe(true);
        parseReply(value);
      }
      at = to;
    }
  });
});

/** A client's connection in memory, of which nobody reads the far end. */
class Deaf implements ClientWire {
  queued = 0;
  isClosed = false;
  readonly due: (() => void)[] = [];
  send(frame: Uint8Array) {
    this.queued += frame.length;
  }
  pause() {}
  resume() {}
  close() {
    this.isClosed = true;
  }
  drop() {
    this.isClosed = true;
  }
  later(callback: () => void) {
    this.due.push(callback);
  }
  now() {
    return 0;
  }
}

test('sessions: each request is answered once, and what cannot be understood ends them', () => {
  rounds(3_000, (dice) => {
    const wire = new Deaf();
    const threw: unknown[] = [];
    const obey = (_: Request, answer: Parameters<ConstructorParameters<typeof ControlSession>[3]>[1]) => {
      answer.line(2, 'x');
      answer.end();
    };
    const session = new ControlSession({ pid: 1, uid: 0, gid: 0 }, wire, CONTROL_LIMITS, obey, {
      closed: () => {},
      threw: (error) => threw.push(error),
    });
    const stream = mutated(dice, Buffer.concat([...frames, dice.pick(frames)]), frames);
    for (let at = 0; at < stream.length; at += 100) {
      session.receive(stream.subarray(at, at + 100));
      for (const callback of wire.due.splice(0)) callback();
    }
    while (wire.due.length > 0) for (const callback of wire.due.splice(0)) callback();
    session.sweep();
    session.gone();
    expect(threw).toEqual([]);
  });
});
