/**
 * What the actor runtime costs: `npx tsx test/bench/runtime.ts`. Prints octets per idle actor (100,000 of them, with
 * their behaviors and names) and µs per message (between two actors, round a ring of 1,000, with a timer armed and
 * cancelled by each), the best and the median of several rounds. Ends with status 1 if a bound of the issue is missed.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ActorRef, ActorSystem, type Behavior, type Context, realClock } from '../../src/actors/runtime/index.ts';

const ACTORS = 100_000;
const MESSAGES = 1_000_000;
const ROUNDS = 7;
const MOST_BYTES = 40e6;
const MOST_MICROSECONDS = 1;

/** As much state as an actor of the daemon could have: flat, half a dozen fields. */
class Idle implements Behavior<number> {
  #serial: number;
  #count = 0;
  #peer: ActorRef<number> | undefined = undefined;

  constructor(serial: number) {
    this.#serial = serial;
  }

  receive(message: number): void {
    this.#count += message + this.#serial;
    this.#peer?.tell(this.#count);
  }
}

class Parent implements Behavior<number> {
  receive(count: number, self: Context<number>): void {
    for (let i = 0; i < count; i++) self.spawn(`#${i}`, new Idle(i));
  }
}

/** Hands a countdown on until it is used up. */
class Relay implements Behavior<number> {
  next: ActorRef<number> | undefined = undefined;
  done: () => void = () => {};

  receive(left: number): void {
    if (left === 0) this.done();
    else this.next!.tell(left - 1);
  }
}

/** Arms, cancels and arms again, as a retransmission does with every packet. */
class Rearming implements Behavior<number> {
  done: () => void = () => {};

  receive(left: number, self: Context<number>): void {
    if (left === 0) this.done();
    else {
      self.cancel(self.after(500 + (left % 64), left));
      self.tell(left - 1);
    }
  }
}

const clock = realClock();
const newSystem = () => new ActorSystem({ clock, report: (crash) => console.error(crash) });

async function memory(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const system = newSystem();
  const parent = system.spawn('parent', new Parent());
  await settled(system);
  const used = () => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  parent.tell(ACTORS);
  await settled(system);
  const bytes = used() - before;
  if (system.counters().actors !== ACTORS + 1) throw new Error('not all actors are there');
  await system.shutdown(10_000);
  return bytes;
}

async function settled(system: ActorSystem): Promise<void> {
  do await new Promise<void>((resolve) => clock.soon(resolve));
  while (system.counters().waiting > 0);
}

/** µs per message for a ring of so many relays. */
async function ring(size: number): Promise<number> {
  const system = newSystem();
  const relays = Array.from({ length: size }, () => new Relay());
  const refs = relays.map((relay, i) => system.spawn(`${i}`, relay));
  relays.forEach((relay, i) => {
    relay.next = refs[(i + 1) % size];
  });
  const took = await timed((done) => {
    for (const relay of relays) relay.done = done;
    refs[0].tell(MESSAGES);
  });
  await system.shutdown(10_000);
  return took;
}

/** µs per message that also arms and cancels a timer. */
async function rearming(): Promise<number> {
  const system = newSystem();
  const behavior = new Rearming();
  const ref = system.spawn('rearming', behavior);
  const took = await timed((done) => {
    behavior.done = done;
    ref.tell(MESSAGES);
  });
  await system.shutdown(10_000);
  return took;
}

async function timed(run: (done: () => void) => void): Promise<number> {
  const start = clock.now();
  await new Promise<void>(run);
  return ((clock.now() - start) * 1000) / MESSAGES;
}

async function rounds(what: string, run: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < ROUNDS; i++) all.push(await run());
  all.sort((a, b) => a - b);
  const median = all[ROUNDS >> 1];
  console.log(`${what.padEnd(36)} ${all[0].toFixed(3)} µs a message, median ${median.toFixed(3)}`);
  return median;
}

const bytes = await memory();
console.log(
  `${`${ACTORS} idle actors`.padEnd(36)} ${(bytes / 1e6).toFixed(1)} MB, ${Math.round(bytes / ACTORS)} octets each`,
);
const slowest = Math.max(
  await rounds('tell between two actors', () => ring(2)),
  await rounds('tell round a ring of 1000', () => ring(1000)),
);
await rounds('tell with a timer armed and cancelled', rearming);
if (bytes > MOST_BYTES || slowest > MOST_MICROSECONDS) {
  console.log(`missed: at most ${MOST_BYTES / 1e6} MB and ${MOST_MICROSECONDS} µs a message`);
  process.exitCode = 1;
}
