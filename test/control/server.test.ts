import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/control/answer.ts';
import { encodeFrame, FrameDecoder } from '../../src/control/frame.ts';
import { CONTROL_LIMITS, type ControlLimits } from '../../src/control/limits.ts';
import { parseReply, type Request } from '../../src/control/protocol.ts';
import { type ClientWire, ControlSession, type Farewell } from '../../src/control/server.ts';

const PEER = { pid: 7, uid: 0, gid: 0 };

/** A session on a wire in memory, with a client that reads when told to and a clock that moves when told to. */
function session(limits: Partial<ControlLimits> = {}) {
  const asked: { request: Request; answer: Answer }[] = [];
  const farewells: Farewell[] = [];
  const bugs: unknown[] = [];
  const turns: (() => void)[] = [];
  const decoder = new FrameDecoder(1 << 24);
  let unread: Uint8Array[] = [];
  let now = 0;
  let state: 'open' | 'paused' | 'closed' | 'dropped' = 'open';
  let handle = (request: Request, answer: Answer): void => void asked.push({ request, answer });
  const wire: ClientWire = {
    send: (frame) => void unread.push(frame),
    get queued() {
      return unread.reduce((sum, frame) => sum + frame.length, 0);
    },
    pause: () => (state = 'paused'),
    resume: () => (state = 'open'),
    close: () => (state = 'closed'),
    drop: () => (state = 'dropped'),
    later: (callback) => void turns.push(callback),
    now: () => now,
  };
  const events = { closed: (why: Farewell) => void farewells.push(why), threw: (e: unknown) => void bugs.push(e) };
  const it = new ControlSession(PEER, wire, { ...CONTROL_LIMITS, ...limits }, (r, a) => handle(r, a), events);
  return {
    it,
    asked,
    farewells,
    bugs,
    get state() {
      return state;
    },
    handleWith: (other: typeof handle) => {
      handle = other;
    },
    ask: (...requests: unknown[]) => it.receive(Buffer.concat(requests.map(encodeFrame))),
    /** Turns of the event loop until there is nothing left to do. */
    run: () => {
      let count = 0;
      for (let turn = turns.shift(); turn; turn = turns.shift(), count++) turn();
      return count;
    },
    /** The client reads all there is. */
    read: () => {
      const octets = Buffer.concat(unread);
      unread = [];
      it.drained();
      return decoder.push(octets).values;
    },
    pass: (ms: number) => {
      now += ms;
      it.sweep();
    },
  };
}

describe('answers', () => {
  test('come in order, one request a turn, each ended with its own status', () => {
    const { asked, ask, run, read } = session();
    ask({ kind: 'initiate', name: 'a' }, { kind: 'listen' });
    expect(run()).toBe(1);
    expect(asked.map(({ request }) => request.kind)).toEqual(['initiate']);
    asked[0].answer.line(2, 'initiating');
    asked[0].answer.line(25, 'could not route');
    asked[0].answer.line(53, 'and something else');
    asked[0].answer.end();
    expect(run()).toBe(1);
    asked[1].answer.line(4, 'listening for IKE messages');
    asked[1].answer.end();
    expect(read()).toEqual([
      { t: 'line', code: 2, text: 'initiating' },
      { t: 'line', code: 25, text: 'could not route' },
      { t: 'line', code: 53, text: 'and something else' },
      { t: 'end', exit: 25 },
      { t: 'line', code: 4, text: 'listening for IKE messages' },
      { t: 'end', exit: 0 },
    ]);
  });

  test('say nothing after their end, nor after the client has gone', () => {
    const { it, asked, ask, run, read } = session();
    ask({ kind: 'initiate', name: 'a' }, { kind: 'initiate', name: 'b' });
    run();
    asked[0].answer.end();
    run();
    asked[0].answer.line(2, 'late for a');
    expect(read()).toEqual([{ t: 'end', exit: 0 }]);
    let gone = 0;
    asked[1].answer.onGone(() => gone++);
    it.gone();
    it.gone();
    asked[1].answer.line(2, 'late for b');
    asked[1].answer.end();
    expect([gone, asked[1].answer.isOpen, read()]).toEqual([1, false, []]);
  });

  test('a report exits 0 whatever it says', () => {
    const { asked, ask, run, read } = session();
    ask({ kind: 'trafficstatus', name: 'nobody' });
    run();
    asked[0].answer.line(21, 'no connection or alias named "nobody"');
    asked[0].answer.end();
    expect(read().at(-1)).toEqual({ t: 'end', exit: 0 });
  });

  test('rows that outgrow a frame go in several', () => {
    const { asked, ask, run, read } = session({ maxFrame: 2000 });
    ask({ kind: 'processstatus' });
    run();
    const rows = Array.from({ length: 200 }, (_, pid) => ({ pid, name: `helper ${pid}` }));
    asked[0].answer.rows({ of: 'processes', rows });
    const slices = read().map(parseReply);
    expect(slices.length).toBeGreaterThan(1);
    expect(slices.flatMap((slice) => (slice?.t === 'rows' ? [...slice.rows] : []))).toEqual(rows);
  });

  test('a handler that throws costs its request and nothing else', () => {
    const { ask, run, read, bugs, handleWith } = session();
    handleWith((request, answer) => {
      if (request.kind === 'listen') throw new Error('bug');
      answer.end();
    });
    ask({ kind: 'listen' }, { kind: 'unlisten' });
    run();
    expect(read()).toEqual([
      { t: 'line', code: 52, text: 'internal error in listen' },
      { t: 'end', exit: 52 },
      { t: 'end', exit: 0 },
    ]);
    expect(bugs).toHaveLength(1);
  });
});

describe('what cannot be understood', () => {
  test('a bad request is answered in its turn and the next one is served', () => {
    const { asked, ask, run, read } = session();
    ask({ kind: 'reboot' }, { kind: 'listen' });
    run();
    expect(read()).toEqual([
      { t: 'line', code: 50, text: 'bad message: unknown request "reboot"' },
      { t: 'end', exit: 50 },
    ]);
    expect(asked.map(({ request }) => request.kind)).toEqual(['listen']);
  });

  test('garbage ends the conversation after what came before it', () => {
    const s = session();
    s.it.receive(Buffer.concat([encodeFrame({ kind: 'listen' }), Buffer.from('GET / HTTP/1.0\r\n\r\n')]));
    s.run();
    expect(s.asked.map(({ request }) => request.kind)).toEqual(['listen']);
    s.asked[0].answer.end();
    s.run();
    expect(s.read()).toEqual([
      { t: 'end', exit: 0 },
      { t: 'line', code: 50, text: 'bad message: this is not the control protocol' },
      { t: 'end', exit: 50 },
    ]);
    expect([s.state, s.farewells]).toEqual(['closed', ['fault']]);
    s.ask({ kind: 'unlisten' });
    expect([s.run(), s.asked.length]).toEqual([0, 1]);
  });
});

describe('a client that', () => {
  test('reads slowly is told to wait for, and goes on when it has read', () => {
    const { asked, ask, run, read } = session({ congested: 100 });
    ask({ kind: 'showstates' });
    run();
    const { answer } = asked[0];
    let resumed = 0;
    answer.onRoom(() => resumed++);
    expect([run(), resumed]).toEqual([1, 1]);
    answer.line(2, 'x'.repeat(200));
    expect(answer.isCongested).toBe(true);
    answer.onRoom(() => resumed++);
    expect([run(), resumed]).toEqual([0, 1]);
    read();
    expect([answer.isCongested, resumed]).toEqual([false, 2]);
    read();
    expect(resumed).toBe(2);
  });

  test('lets more than the bound pile up is dropped', () => {
    const s = session({ maxQueued: 1000 });
    s.ask({ kind: 'showstates' });
    s.run();
    let gone = 0;
    s.asked[0].answer.onGone(() => gone++);
    for (let i = 0; i < 20 && s.asked[0].answer.isOpen; i++) s.asked[0].answer.line(2, 'x'.repeat(100));
    expect([s.state, s.farewells, gone]).toEqual(['dropped', ['slow'], 1]);
    s.asked[0].answer.end();
    expect(s.state).toBe('dropped');
  });

  test('takes nothing of what waits is dropped, one that takes something is not', () => {
    const s = session({ stallTimeout: 30_000 });
    s.ask({ kind: 'initiate', name: 'a' });
    s.run();
    s.pass(100_000);
    expect(s.state).toBe('open');
    s.asked[0].answer.line(2, 'unread');
    s.pass(29_999);
    expect(s.state).toBe('open');
    s.read();
    s.asked[0].answer.line(2, 'unread again');
    s.pass(29_999);
    expect(s.state).toBe('open');
    s.pass(1);
    expect([s.state, s.farewells]).toEqual(['dropped', ['stalled']]);
  });

  test('asks nothing is closed, one that waits for an answer is not', () => {
    const s = session({ idleTimeout: 60_000 });
    s.ask({ kind: 'initiate', name: 'a' });
    s.run();
    s.pass(600_000);
    expect(s.state).toBe('open');
    s.asked[0].answer.end();
    s.read();
    s.pass(59_999);
    s.it.receive(encodeFrame({ kind: 'listen' }).subarray(0, 5));
    expect(s.state).toBe('open');
    s.pass(1);
    expect([s.state, s.farewells]).toEqual(['closed', ['idle']]);
  });

  test('asks faster than it is answered is not read until it has been', () => {
    const s = session({ maxPending: 8 });
    s.ask(...Array(9).fill({ kind: 'listen' }));
    expect(s.state).toBe('paused');
    s.run();
    while (s.asked.length < 5) {
      s.asked.at(-1)?.answer.end();
      s.run();
    }
    expect(s.state).toBe('paused');
    s.asked.at(-1)?.answer.end();
    s.run();
    expect(s.state).toBe('open');
  });
});

describe('prompts', () => {
  const text = (octets: Uint8Array | undefined) => octets && Buffer.from(octets).toString();

  test('are asked one after the other, and each hears what was typed for it', () => {
    const { asked, ask, run, read } = session();
    const heard: (string | undefined)[] = [];
    ask({ kind: 'initiate', name: 'a' });
    run();
    const { answer } = asked[0];
    answer.prompt?.(11, 'user name', (octets) => void heard.push(text(octets)));
    answer.prompt?.(10, 'password', (octets) => void heard.push(text(octets)));
    expect(read()).toEqual([{ t: 'prompt', code: 11, text: 'user name' }]);
    ask({ t: 'typed', text: 'carol' });
    expect(heard).toEqual([]);
    run();
    expect(read()).toEqual([{ t: 'prompt', code: 10, text: 'password' }]);
    ask({ t: 'typed', text: 'pässword' });
    run();
    expect(heard).toEqual(['carol', 'pässword']);
    answer.end();
    expect(read()).toEqual([{ t: 'end', exit: 0 }]);
  });

  test('hear nothing from who types nothing, goes, or was asked too late', () => {
    const { it, asked, ask, run } = session();
    const heard: unknown[] = [];
    const typed = (octets: unknown) => void heard.push(octets);
    ask({ kind: 'initiate', name: 'a' });
    run();
    const [{ answer }] = asked;
    answer.prompt?.(10, 'password', typed);
    ask({ t: 'typed' });
    run();
    expect(heard).toEqual([undefined]);
    answer.prompt?.(10, 'password', typed);
    answer.prompt?.(10, 'password', typed);
    it.gone();
    run();
    expect(heard).toEqual([undefined, undefined, undefined]);
    answer.prompt?.(10, 'password', typed);
    expect(heard).toHaveLength(3);
    run();
    expect(heard).toHaveLength(4);
  });

  test('that the end overtakes are over, and what is typed for them afterwards is for nobody', () => {
    const { asked, ask, run, read } = session();
    const heard: unknown[] = [];
    ask({ kind: 'initiate', name: 'a' }, { kind: 'listen' });
    run();
    asked[0].answer.prompt?.(10, 'password', (octets) => void heard.push(octets));
    asked[0].answer.end();
    run();
    expect(heard).toEqual([undefined]);
    asked[1].answer.line(2, 'listening');
    ask({ t: 'typed', text: 'too late' });
    asked[1].answer.end();
    run();
    expect(read().slice(-2)).toEqual([
      { t: 'line', code: 2, text: 'listening' },
      { t: 'end', exit: 0 },
    ]);
  });

  test.each([
    [{ t: 'typed', text: 'x'.repeat(129) }, 'typed: more than 128 octets'],
    [{ t: 'typed', text: 7 }, 'typed: text: expected text'],
    [{ t: 'typed', other: 'x' }, 'typed: unknown field "other"'],
  ])('what is no answer is refused as a request would be: %#', (frame, wrong) => {
    const { ask, run, read } = session();
    ask(frame);
    run();
    expect(read()[0]).toEqual({ t: 'line', code: 50, text: `bad message: ${wrong}` });
  });
});
