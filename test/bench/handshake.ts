/**
 * What a tunnel costs the protocol alone: `npx tsx test/bench/handshake.ts`. Two cores in one process, no sockets,
 * no actors, jobs inline, OpenSSL by way of the addon as in the daemon: IKE_SA_INIT and IKE_AUTH with x25519, AES-GCM and a pre-shared key,
 * and a first Child SA; in IKEv1 Main Mode with x25519 and Quick Mode without PFS, with AES-CBC and SHA2-256.
 * Prints handshakes per second and CPU µs for both ends together, what of it is key exchange, and octets of memory
 * per established SA with its child.
 */

import { randomFillSync } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NO_CREDENTIALS } from '../../src/actors/credentials.ts';
import { runJob } from '../../src/ike/crypto/job.ts';
import { parseProposals } from '../../src/ike/crypto/proposal.ts';
import type { Directory, Env, In, Out } from '../../src/ike/effects.ts';
import type { Policy } from '../../src/ike/policy.ts';
import { IsakmpSa } from '../../src/ike/v1/isakmp-sa.ts';
import { isV1 } from '../../src/ike/v1/policy.ts';
import { step as stepV1 } from '../../src/ike/v1/step.ts';
import { IkeSa } from '../../src/ike/v2/ike-sa.ts';
import { step as stepV2 } from '../../src/ike/v2/step.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { reachOpenssl } from '../../src/workers/openssl.ts';
import { EAST, policyFor, WEST } from '../ike/v2/policies.ts';

const WARM_UP = 1_500;
const SLICES = 7;
const PER_SLICE = 1_000;
const RETAINED = 4_000;

type Sa = IkeSa | IsakmpSa;

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
  step(sa: Sa, input: In): Uint8Array[] {
    const sent: Uint8Array[] = [];
    for (let next: In | undefined = input; next; ) {
      const outs = sa instanceof IsakmpSa ? stepV1(sa, next, this.#env) : stepV2(sa, next, this.#env);
      next = this.#carryOut(outs, sent);
    }
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

const at = { west: new Endpoint(WEST, 500), east: new Endpoint(EAST, 500) };
const NO_SPI = new Uint8Array(8);

/** One protocol between two hosts. */
abstract class Pair {
  readonly west: End;
  readonly east: End;

  constructor(policyOf: (end: 'west' | 'east') => Policy) {
    this.west = new End(policyOf('west'));
    this.east = new End(policyOf('east'));
  }

  abstract initiator(): Sa;
  abstract responder(spiI: Uint8Array): Sa;
  /** What is kept for a while, in case a last message was lost, goes. */
  abstract rest(ends: readonly [Sa, Sa]): void;

  handshake(): readonly [Sa, Sa] {
    const initiator = this.initiator();
    const responder = this.responder(initiator.spiI);
    let sent = this.west.step(initiator, { t: 'command', command: { t: 'initiate' } });
    for (let toEast = true; sent.length > 0; toEast = !toEast) {
      const [end, sa, local, peer] = toEast
        ? ([this.east, responder, at.east, at.west] as const)
        : ([this.west, initiator, at.west, at.east] as const);
      sent = sent.flatMap((bytes) => end.step(sa, { t: 'packet', datagram: { local, peer, bytes } }));
    }
    if (initiator.children.length !== 1 || responder.children.length !== 1) throw new Error('no tunnel came up');
    return [initiator, responder];
  }
}

class PairV2 extends Pair {
  initiator(): Sa {
    return new IkeSa(1, 'initiator', { spiI: random(8), spiR: NO_SPI }, this.west.policy, at.west, at.east);
  }

  responder(spiI: Uint8Array): Sa {
    return new IkeSa(1, 'responder', { spiI, spiR: random(8) }, this.east.policy, at.east, at.west);
  }

  rest(): void {}
}

class PairV1 extends Pair {
  initiator(): Sa {
    return this.#sa('initiator', this.west, { cookieI: random(8), cookieR: NO_SPI });
  }

  responder(cookieI: Uint8Array): Sa {
    return this.#sa('responder', this.east, { cookieI, cookieR: random(8) });
  }

  rest([initiator, responder]: readonly [Sa, Sa]): void {
    for (const [end, sa] of [[this.west, initiator] as const, [this.east, responder] as const])
      for (const of of [{}, ...sa.children.map(({ serial }) => ({ serial }))])
        end.step(sa, { t: 'timer', name: 'discard', ...of });
  }

  #sa(role: 'initiator' | 'responder', { policy }: End, cookies: ConstructorParameters<typeof IsakmpSa>[2]): Sa {
    if (!isV1(policy)) throw new Error('the policy is of IKEv2');
    const [local, peer] = role === 'initiator' ? [at.west, at.east] : [at.east, at.west];
    return new IsakmpSa(1, role, cookies, policy, local, peer);
  }
}

function proposals(protocol: 'ike' | 'esp', text: string) {
  const parsed = parseProposals(text, { protocol, version: 1 });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.proposals;
}

const V1 = { ike: proposals('ike', 'aes128-sha2_256-dh31'), esp: proposals('esp', 'aes128-sha2_256') };

const policyV1 = (end: 'west' | 'east'): Policy =>
  Object.freeze({
    ...policyFor(end, { ike: V1.ike, child: { proposals: V1.esp, pfs: false } }),
    v1: Object.freeze({
      ...{ aggressive: false, nat: 'both', dpdTimeout: 120_000, dpdAction: undefined, isAlone: false },
      ...{ xauth: undefined, modeConfig: 'pull' },
    } as const),
  });

interface Measured {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly jobMicros: number;
}

function measure(pair: Pair): Measured {
  const { west, east } = pair;
  west.jobMicros = 0;
  east.jobMicros = 0;
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  for (let i = 0; i < PER_SLICE; i++) pair.handshake();
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: PER_SLICE / seconds,
    cpuMicros: (user + system) / PER_SLICE,
    jobMicros: (west.jobMicros + east.jobMicros) / PER_SLICE,
  };
}

/** Octets that both ends keep for a tunnel, per end. */
function memory(pair: Pair): { heap: number; outside: number } {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const settled = () => {
    for (let i = 0; i < 3; i++) gc();
    return process.memoryUsage();
  };
  const before = settled();
  const kept = Array.from({ length: RETAINED }, () => {
    const ends = pair.handshake();
    pair.rest(ends);
    return ends;
  });
  const after = settled();
  const ends = kept.length * 2;
  return {
    heap: (after.heapUsed - before.heapUsed) / ends,
    outside: (after.external - before.external) / ends,
  };
}

reachOpenssl();
const pairs = { IKEv2: new PairV2(policyFor), IKEv1: new PairV1(policyV1) };
for (const [name, pair] of Object.entries(pairs)) {
  for (let i = 0; i < WARM_UP; i++) pair.handshake();
  const slices = Array.from({ length: SLICES }, () => measure(pair)).toSorted((a, b) => a.cpuMicros - b.cpuMicros);
  const show = ({ perSecond, cpuMicros, jobMicros }: Measured) =>
    `${perSecond.toFixed(0)} handshakes/s, ${cpuMicros.toFixed(0)} µs CPU each (both ends), of it ${jobMicros.toFixed(0)} µs key exchange`;
  console.log(`${name}  best    ${show(slices[0])}`);
  console.log(`${name}  median  ${show(slices[SLICES >> 1])}`);
  const { heap, outside } = memory(pair);
  console.log(
    `${name}  memory  ${heap.toFixed(0)} octets of heap and ${outside.toFixed(0)} outside it, per SA with a child`,
  );
}
