/**
 * What a tunnel costs the protocol alone: `npx tsx test/bench/handshake.ts`. Two cores in one process, no sockets,
 * no actors, jobs inline: IKE_SA_INIT and IKE_AUTH with x25519, AES-GCM and a pre-shared key, and a first Child SA.
 * Prints handshakes per second and CPU µs for both ends together, what of it is key exchange, and octets of memory
 * per established IKE SA with its child.
 */

import { randomFillSync } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NO_CREDENTIALS } from '../../src/actors/credentials.ts';
import { runJob } from '../../src/ike/crypto/job.ts';
import type { Directory, Env, In, Out } from '../../src/ike/effects.ts';
import type { Policy } from '../../src/ike/policy.ts';
import { IkeSa } from '../../src/ike/v2/ike-sa.ts';
import { step } from '../../src/ike/v2/step.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { EAST, policyFor, WEST } from '../ike/v2/policies.ts';

const WARM_UP = 500;
const SLICES = 5;
const PER_SLICE = 1_000;
const RETAINED = 4_000;

const secret = new TextEncoder().encode('a secret of a sensible length, for once');
const pool = new Uint8Array(8192);
let used = pool.length;

/** Dice in bulk, as the daemon throws them. */
function random(octets: number): Uint8Array {
  if (used + octets > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += octets;
  return pool.slice(used - octets, used);
}

class End {
  readonly policy: Policy;
  readonly #env: Env;
  #serial = 0;
  #job = 0;
  jobMicros = 0;

  constructor(policy: Policy) {
    this.policy = policy;
    const directory: Directory = {
      candidates: () => [policy],
      siblings: () => [policy],
      psk: () => secret,
      ...NO_CREDENTIALS,
      instantiate: () => policy,
    };
    this.#env = {
      now: 0,
      random,
      serial: () => ++this.#serial,
      jobId: () => ++this.#job,
      debugs: () => false,
      ikeSpi: () => random(8),
      childSpi: () => 0x1000 + ++this.#serial,
      releaseSpi: () => {},
      lease: () => ({ leases: [], lacks: [] }),
      release: () => {},
      directory,
      idle: () => undefined,
    };
  }

  /** One step and the jobs that it submits; returns the datagrams to send. */
  step(sa: IkeSa, input: In): Uint8Array[] {
    const sent: Uint8Array[] = [];
    for (let next: In | undefined = input; next; ) next = this.#carryOut(step(sa, next, this.#env), sent);
    return sent;
  }

  #carryOut(outs: readonly Out[], sent: Uint8Array[]): In | undefined {
    let done: In | undefined;
    for (const out of outs) {
      if (out.t === 'send') sent.push(out.bytes);
      if (out.t !== 'submit') continue;
      const began = process.hrtime.bigint();
      done = { t: 'job', id: out.id, result: runJob(out.job) };
      this.jobMicros += Number(process.hrtime.bigint() - began) / 1_000;
    }
    return done;
  }
}

const west = new End(policyFor('west'));
const east = new End(policyFor('east'));
const at = { west: new Endpoint(WEST, 500), east: new Endpoint(EAST, 500) };

function handshake(): readonly [IkeSa, IkeSa] {
  const spiI = random(8);
  const initiator = new IkeSa(1, 'initiator', { spiI, spiR: new Uint8Array(8) }, west.policy, at.west, at.east);
  const responder = new IkeSa(1, 'responder', { spiI, spiR: random(8) }, east.policy, at.east, at.west);
  let sent = west.step(initiator, { t: 'command', command: { t: 'initiate' } });
  for (let toEast = true; sent.length > 0; toEast = !toEast) {
    const [end, sa, local, peer] = toEast
      ? ([east, responder, at.east, at.west] as const)
      : ([west, initiator, at.west, at.east] as const);
    sent = sent.flatMap((bytes) => end.step(sa, { t: 'packet', datagram: { local, peer, bytes } }));
  }
  if (initiator.children.length !== 1 || responder.children.length !== 1) throw new Error('no tunnel came up');
  return [initiator, responder];
}

function measure(): { perSecond: number; cpuMicros: number; jobMicros: number } {
  west.jobMicros = 0;
  east.jobMicros = 0;
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  for (let i = 0; i < PER_SLICE; i++) handshake();
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: PER_SLICE / seconds,
    cpuMicros: (user + system) / PER_SLICE,
    jobMicros: (west.jobMicros + east.jobMicros) / PER_SLICE,
  };
}

/** Octets that both ends keep for a tunnel, per end. */
function memory(): { heap: number; outside: number } {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const settled = () => {
    for (let i = 0; i < 3; i++) gc();
    return process.memoryUsage();
  };
  const before = settled();
  const kept = Array.from({ length: RETAINED }, () => handshake());
  const after = settled();
  const ends = kept.length * 2;
  return {
    heap: (after.heapUsed - before.heapUsed) / ends,
    outside: (after.external - before.external) / ends,
  };
}

for (let i = 0; i < WARM_UP; i++) handshake();
const slices = Array.from({ length: SLICES }, measure).toSorted((a, b) => b.perSecond - a.perSecond);
const [best, median] = [slices[0], slices[SLICES >> 1]];
const show = ({ perSecond, cpuMicros, jobMicros }: typeof best) =>
  `${perSecond.toFixed(0)} handshakes/s, ${cpuMicros.toFixed(0)} µs CPU each (both ends), of it ${jobMicros.toFixed(0)} µs key exchange`;
console.log(`best    ${show(best)}`);
console.log(`median  ${show(median)}`);
const { heap, outside } = memory();
console.log(`memory  ${heap.toFixed(0)} octets of heap and ${outside.toFixed(0)} outside it, per IKE SA with a child`);
