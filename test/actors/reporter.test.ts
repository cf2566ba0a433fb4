import { expect, test } from 'vitest';
import { asked, type Making, Pace, Reporter } from '../../src/actors/reporter.ts';
import { type ActorRef, ActorSystem, TestClock } from '../../src/actors/runtime/index.ts';
import { Heard } from './heard.ts';

function stage() {
  const clock = new TestClock();
  const crashes: unknown[] = [];
  const system = new ActorSystem({ clock, report: ({ error }) => void crashes.push(error) });
  const pace = new Pace();
  const start = (making: Making, heard = new Heard()) => {
    system.spawn('report', new Reporter(making, heard, pace));
    clock.settle();
    return heard;
  };
  return { clock, crashes, system, pace, start };
}

/** So many rows, `ms` of work each. */
function* rows(clock: TestClock, count: number, ms: number): Making {
  for (let pid = 0; pid < count; pid++) {
    clock.elapse(ms);
    yield { of: 'processes', rows: [{ pid, name: 'x' }] };
  }
}

test('after a millisecond of work the sockets have their turn', () => {
  const { clock, pace, system } = stage();
  const heard = new Heard();
  const seen: number[] = [];
  const look = () => {
    seen.push(heard.frames.length);
    if (heard.exit === undefined) clock.soon(look);
  };
  system.spawn('report', new Reporter(rows(clock, 4, 1), heard, pace));
  look();
  clock.settle();
  expect([heard.exit, pace.working]).toEqual([0, 0]);
  expect(Math.max(...seen.slice(1).map((count, i) => count - seen[i]))).toBe(1);
});

test('of ten reports each rests nineteen times as long as it works', () => {
  const { clock, pace, system } = stage();
  const ten = Array.from({ length: 10 }, () => new Heard());
  for (const heard of ten) system.spawn('report', new Reporter(rows(clock, 40, 1), heard, pace));
  clock.settle();
  expect([pace.working, pace.pause]).toEqual([10, 19]);
  clock.advance(2_000);
  expect(ten.map((heard) => heard.frames.length)).toEqual(Array(10).fill(40));
  expect(pace.working).toBe(0);
});

test('one that waits for its client does not hold up the others', () => {
  const { clock, pace, start } = stage();
  const slow = new Heard();
  slow.isCongested = true;
  start(rows(clock, 3, 0), slow);
  expect([slow.frames.length, pace.working, pace.pause]).toEqual([1, 0, 0]);
  slow.catchUp();
  clock.settle();
  expect([slow.frames.length, slow.exit, pace.working]).toEqual([3, 0, 0]);
});

test('who has ended says nothing, and is not waited for', () => {
  const { clock, system, start } = stage();
  type Question = { readonly t: 'report'; readonly to: (answer: number) => void };
  const behaviors = [
    { receive: ({ to }: Question) => to(1) },
    {
      receive: () => {
        throw new Error('dies of the question');
      },
    },
    { receive: ({ to }: Question) => to(3) },
  ];
  const refs: ActorRef<Question>[] = behaviors.map((behavior, i) => system.spawn(`${i}`, behavior));
  const seen: (readonly (number | undefined)[])[] = [];
  const heard = start(
    (function* (): Making {
      seen.push(yield* asked<number>(refs));
    })(),
  );
  clock.settle();
  expect([seen, heard.exit]).toEqual([[[1, undefined, 3]], 0]);
});

test('one that is alive and never answers costs its row, not the report', () => {
  const { clock, system, start } = stage();
  const mute = system.spawn('mute', { receive: () => {} });
  const seen: (readonly (number | undefined)[])[] = [];
  const heard = start(
    (function* (): Making {
      seen.push(yield* asked<number>([mute]));
    })(),
  );
  clock.advance(2_000);
  expect([seen, heard.exit]).toEqual([[[undefined]], 0]);
});
