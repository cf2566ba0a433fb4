/**
 * One host in memory that speaks IKEv1: it does for ISAKMP SAs what the daemon's actors are to do, on a virtual clock, and
 * watches over what they may not do.
 */
import type { Credentials } from '../../../src/actors/credentials.ts';
import type { Job, JobResult } from '../../../src/ike/crypto/job.ts';
import type { Distrust } from '../../../src/ike/distrust.ts';
import type { Command, Directory, DownReason, Env, In, Login, Out, TimerName, Told } from '../../../src/ike/effects.ts';
import type { Question, Reply } from '../../../src/ike/questions.ts';
import { IsakmpSa } from '../../../src/ike/v1/isakmp-sa.ts';
import type { V1Policy } from '../../../src/ike/v1/policy.ts';
import { step } from '../../../src/ike/v1/step.ts';
import { decodeMessage, describe } from '../../../src/ike/v1/wire/index.ts';
import type { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import type { Id } from '../../../src/net/id.ts';
import { Leases } from '../../../src/services/leases/leases.ts';
import type { Lease as GivenLease } from '../../../src/services/leases/pool.ts';
import type { Dice } from '../v2/dice.ts';
import { keyText, Plane } from '../v2/plane.ts';
import type { Deadline, VirtualClock } from '../v2/virtual-clock.ts';
import type { Wire } from '../v2/wire.ts';
import { credentialsOf, type Proofs, runWithProofs } from './proofs.ts';

export interface HostOptions {
  readonly policies: readonly V1Policy[];
  readonly psk: string | ((local: Id, remote: Id) => string | undefined);
  readonly proofs?: Proofs;
  /** What the world says; nothing, if absent. */
  readonly answers?: (question: Question) => Reply | undefined;
  /** How long a helper takes. */
  readonly jobMs?: number;
}

export interface Running {
  readonly sa: IsakmpSa;
  readonly timers: Map<string, Deadline>;
}

export class Host {
  readonly name: 'west' | 'east';
  readonly address: Address;
  readonly plane: Plane;
  readonly sas = new Map<number, Running>();
  /** Every line said at info or warn, in order, and every debug line. */
  readonly lines: string[] = [];
  readonly debugs: string[] = [];
  readonly ups: { readonly serial: number; readonly replaces: number | undefined }[] = [];
  readonly downs: { readonly serial: number; readonly why: DownReason; readonly text: string }[] = [];
  readonly ends: { readonly serial: number; readonly why: DownReason; readonly text: string }[] = [];
  readonly jobs: Job['op'][] = [];
  /** All that was asked. */
  readonly questions: Question[] = [];
  /** Of peers, for the statistics. */
  readonly distrusted: Distrust[] = [];
  /** Inner addresses that this host has of others now, and what it was told with each. */
  readonly assigned: string[] = [];
  readonly told: Told[] = [];
  /** XAUTH passwords of ipsec.secrets(5), by user. */
  passwords: Readonly<Record<string, string>> = {};
  login: Login | undefined = undefined;
  readonly leases: Leases;
  /** How long a helper takes; how much longer a person does. */
  jobMs: number;
  answerMs = 0;
  keepalives = 0;
  renewals = 0;
  policies: readonly V1Policy[];
  psk: HostOptions['psk'];
  refuseChildSpi: string | undefined = undefined;
  refuseCpi: string | undefined = undefined;
  failJobs: Job['op'] | undefined = undefined;
  idle: number | undefined = undefined;
  answers: HostOptions['answers'];
  readonly #proofs: Proofs;
  readonly #credentials: Credentials;
  readonly #clock: VirtualClock;
  readonly #wire: Wire;
  readonly #dice: Dice;
  readonly #texts = new Map<string, string>();
  #serial = 0;
  #jobId = 0;

  constructor(name: 'west' | 'east', address: Address, clock: VirtualClock, wire: Wire, dice: Dice, is: HostOptions) {
    this.name = name;
    this.address = address;
    this.#clock = clock;
    this.#wire = wire;
    this.#dice = dice;
    this.jobMs = is.jobMs ?? 0;
    this.plane = new Plane(clock);
    const notes = { taken: () => {}, given: () => {} };
    this.leases = new Leases({ wall: () => clock.now, shares: true, notes });
    for (const { cp } of is.policies) if (cp?.role === 'server') for (const pool of cp.pools) this.leases.add(pool);
    this.policies = is.policies;
    this.psk = is.psk;
    this.answers = is.answers;
    this.#proofs = is.proofs ?? {};
    this.#credentials = credentialsOf(this.#proofs);
    wire.attach(address, (from, to, bytes) => this.receive(to, from, bytes));
  }

  // --- what a test does --------------------------------------------------------------------------------------

  up(name = 'w-e', command: Command = { t: 'initiate' }): Running {
    const policy = this.policy(name);
    if (!policy.remoteHost) throw new Error(`"${name}" has no peer to initiate to`);
    const cookies = { cookieI: this.#cookie(), cookieR: new Uint8Array(8) };
    const local = new Endpoint(this.address, 500);
    const peer = new Endpoint(policy.remoteHost, policy.remotePort);
    const running = this.#start(new IsakmpSa(++this.#serial, 'initiator', cookies, policy, local, peer));
    this.command(command, running);
    return running;
  }

  policy(name: string): V1Policy {
    const policy = this.policies.find((p) => p.name === name);
    if (!policy) throw new Error(`${this.name} has no connection "${name}"`);
    return policy;
  }

  /** To the SA named, or to the newest that is established. */
  command(command: Command, to: Running | undefined = this.established()): void {
    if (!to) return;
    this.input(to, { t: 'command', command });
    if (!this.#wire.weather) this.#clock.flush();
  }

  addChild(name: string): number {
    const serial = ++this.#serial;
    this.command({ t: 'addChild', policy: this.policy(name), serial });
    return serial;
  }

  established(): Running | undefined {
    return [...this.sas.values()].findLast((r) => r.sa.state === 'established');
  }

  /** The only ISAKMP SA, or a throw. */
  get sa(): IsakmpSa {
    if (this.sas.size !== 1) throw new Error(`${this.name} has ${this.sas.size} ISAKMP SAs`);
    return [...this.sas.values()][0].sa;
  }

  input(running: Running, input: In): void {
    for (const out of step(running.sa, input, this.env)) this.#do(running, out);
  }

  receive(local: Endpoint, peer: Endpoint, bytes: Uint8Array): void {
    if (bytes.length < 28) return;
    const packet = { t: 'packet', datagram: { local, peer, bytes } } as const;
    const [cookieI, cookieR] = [hex(bytes.subarray(0, 8)), hex(bytes.subarray(8, 16))];
    const running = [...this.sas.values()].find(
      ({ sa }) =>
        hex(sa.cookieI) === cookieI && (hex(sa.cookieR) === cookieR || NONE === cookieR || hex(sa.cookieR) === NONE),
    );
    if (running) return this.input(running, packet);
    if (cookieR !== NONE) return;
    const cookies = { cookieI: bytes.slice(0, 8), cookieR: this.#cookie() };
    const policy = this.policies[0];
    this.input(this.#start(new IsakmpSa(++this.#serial, 'responder', cookies, policy, local, peer)), packet);
  }

  /** SAs as the other end should have them too; its own view, or `asPeer` mirrored. */
  agreed(asPeer = false): { isakmp: string[]; child: string[] } {
    const isakmp = [...this.sas.values()].map(({ sa }) => `${hex(sa.cookieI)}:${hex(sa.cookieR)} ${sa.state}`);
    const child = this.plane.all().map((c) => {
      const [mine, theirs] = [`${c.spiIn} ${keyText(c.keysIn)}`, `${c.spiOut} ${keyText(c.keysOut)}`];
      return asPeer ? `${theirs} ${mine}` : `${mine} ${theirs}`;
    });
    return { isakmp: isakmp.toSorted(), child: child.toSorted() };
  }

  /** Octets whose change nobody but an authentic message may bring about. */
  snapshot(): string {
    return JSON.stringify(
      [...this.sas.values()].map(({ sa, timers }) => [
        ...[sa.state, hex(sa.cookieR), hex(sa.lastBlock), sa.children.length, sa.conversations.length, `${sa.peerId}`],
        ...[sa.conversations.map((c) => [c.state, hex(c.iv ?? new Uint8Array())]), [...timers.keys()].toSorted()],
        ...[
          sa.config?.at,
          sa.config?.tries,
          sa.config?.isGranted,
          sa.eapUser?.name,
          `${sa.leases.map((l) => l.address)}`,
        ],
        ...[sa.phaseOne?.iv && hex(sa.phaseOne.iv), sa.usedIds.length, `${sa.peer}`, this.plane.size],
      ]),
    );
  }

  // --- what the protocol asks --------------------------------------------------------------------------------

  get env(): Env {
    const dice = this.#dice;
    return {
      now: this.#clock.now,
      random: (octets) => dice.octets(octets),
      serial: () => ++this.#serial,
      jobId: () => ++this.#jobId,
      debugs: () => true,
      distrusted: (kind) => this.distrusted.push(kind),
      ikeSpi: () => this.#cookie(),
      childSpi: ({ protocol }) =>
        protocol === 'ipcomp'
          ? (this.refuseCpi ?? this.plane.reserve(256 + dice.below(61_184)))
          : (this.refuseChildSpi ?? this.plane.reserve(0x1000 + dice.below(0xfffff000))),
      releaseSpi: ({ spi }) => this.plane.release(spi),
      directory: this.#directory,
      lease: (wanted) => this.leases.lease(wanted),
      release: (lease, isKnown) => this.leases.release(lease as GivenLease, isKnown),
      idle: () => this.idle,
    };
  }

  #cookie(): Uint8Array {
    const cookie = this.#dice.octets(8);
    cookie[0] |= 1;
    return cookie;
  }

  get #directory(): Directory {
    return {
      ...this.#credentials,
      candidates: (_local, peer) => this.policies.filter((p) => !p.remoteHost || p.remoteHost.equals(peer)),
      siblings: (policy) => [policy, ...this.policies.filter((p) => p !== policy && p.name !== policy.name)],
      psk: (local, remote) => {
        const secret = typeof this.psk === 'string' ? this.psk : this.psk(local, remote);
        return secret === undefined ? undefined : Uint8Array.from(Buffer.from(secret));
      },
      ppk: () => undefined,
      password: (user) => (user in this.passwords ? octets(this.passwords[user]) : undefined),
      instantiate: (policy, peerId, peer) =>
        policy.remoteHost
          ? policy
          : Object.freeze({ ...policy, instance: 1, remoteHost: peer.address, remoteId: peerId }),
    };
  }

  #start(sa: IsakmpSa): Running {
    const running = { sa, timers: new Map<string, Deadline>() };
    this.sas.set(sa.serial, running);
    return running;
  }

  #do(running: Running, out: Out): void {
    const { sa } = running;
    switch (out.t) {
      case 'send':
        return this.#wire.send({
          ...{ from: out.local, to: out.peer, bytes: out.bytes },
          ...{ text: this.#textOf(out.bytes), isFromWest: this.name === 'west' },
        });
      case 'keepalive':
        this.keepalives++;
        return;
      case 'arm':
        return this.#arm(running, out.name, out.serial, out.after);
      case 'disarm':
        return this.#disarm(running, timerKey(out.name, out.serial));
      case 'submit': {
        const { job } = out;
        this.jobs.push(job.op);
        const result = (): JobResult =>
          this.failJobs === job.op
            ? { ok: false, why: 'failed', detail: 'out of order' }
            : runWithProofs(job, this.#proofs);
        this.#clock.after(this.jobMs, () => this.input(running, { t: 'job', id: out.id, result: result() }));
        return;
      }
      case 'ask': {
        const { question } = out;
        this.questions.push(question);
        const reply = () => this.answers?.(question) ?? ({ t: 'none', why: 'nobody answers' } as const);
        this.#clock.after(this.jobMs + this.answerMs, () =>
          this.input(running, { t: 'reply', id: out.id, reply: reply() }),
        );
        return;
      }
      case 'assigned':
        this.assigned.push(...out.leases.map(({ address }) => `${address}`));
        this.told.push(out.told);
        return;
      case 'unassigned':
        for (const { address } of out.leases) this.assigned.splice(this.assigned.indexOf(`${address}`), 1);
        return;
      case 'install':
        return this.plane.install(out.child, out.halves);
      case 'installOutbound':
        return this.plane.installOutbound(out.serial);
      case 'remove':
        return this.plane.remove(out.serial, out.lingers);
      case 'moved':
        return this.plane.move(out.serials, `${out.peer}`);
      case 'say':
        (out.level === 'debug' ? this.debugs : this.lines).push(`#${out.serial ?? sa.serial}: ${out.text}`);
        return;
      case 'authenticated':
        return this.#authenticated(running, out.initialContact);
      case 'childUp':
        this.ups.push({ serial: out.serial, replaces: out.replaces });
        return;
      case 'childDown':
        this.downs.push({ serial: out.serial, why: out.why, text: out.text });
        return;
      case 'deletedElsewhere':
        for (const other of this.sas.values())
          if (other !== running)
            this.input(other, { t: 'command', command: { t: 'deleted', protocol: out.protocol, spi: out.spi } });
        return;
      case 'renew':
        this.renewals++;
        this.up(sa.policy.name, { t: 'renew', login: this.login });
        return;
      case 'handOver': {
        const heir = this.sas.get(out.to);
        if (!heir) throw new Error(`#${sa.serial} hands over to #${out.to}, which is not there`);
        return this.input(heir, { t: 'inherit', children: out.children, tasks: out.tasks, leases: out.leases });
      }
      case 'end':
        for (const key of [...running.timers.keys()]) this.#disarm(running, key);
        this.sas.delete(sa.serial);
        this.ends.push({ serial: sa.serial, why: out.why, text: out.text });
        return;
      case 'rekeyFailed':
        throw new Error(`IKEv1 has nothing to do with ${out.t} yet`);
      default:
        throw new Error(`an effect that nobody knows: ${JSON.stringify(out)}`);
    }
  }

  /** The newest takes the children of those before it. */
  #authenticated(running: Running, initialContact: boolean): void {
    const others = [...this.sas.values()].filter(
      (r) =>
        r !== running && r.sa.policy.name === running.sa.policy.name && ['established', 'lapsed'].includes(r.sa.state),
    );
    for (const other of others) {
      const command: Command = initialContact
        ? { t: 'abandon', why: 'peer sent INITIAL_CONTACT' }
        : { t: 'superseded', by: running.sa.serial };
      this.input(other, { t: 'command', command });
    }
  }

  #arm(running: Running, name: TimerName, serial: number | undefined, after: number): void {
    if (!Number.isFinite(after) || after < 0) throw new Error(`${name} armed for ${after} ms`);
    const key = timerKey(name, serial);
    this.#disarm(running, key);
    const deadline = this.#clock.after(after, () => {
      running.timers.delete(key);
      this.input(running, { t: 'timer', name, ...(serial === undefined ? {} : { serial }) });
    });
    running.timers.set(key, deadline);
  }

  #disarm(running: Running, key: string): void {
    const deadline = running.timers.get(key);
    if (deadline) deadline.isCancelled = true;
    running.timers.delete(key);
  }

  /** As its sender has said just before, for the keys have moved on; of a repetition, as it said then. */
  #textOf(bytes: Uint8Array): string {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) throw new Error(`sent what does not parse: ${decoded.fault.where}: ${decoded.fault.why}`);
    const { header, chain, sealed } = decoded.value;
    if (!sealed) return plainly(describe(header, chain.payloads));
    const key = hex(bytes);
    const said = this.debugs.findLast((line) => line.includes(': sending '))?.replace(/^.*?: sending /, '') ?? '?';
    const text = this.#texts.get(key) ?? plainly(said);
    this.#texts.set(key, text);
    return text;
  }
}

/** Payloads that every phase 1 carries say nothing in a test. */
const plainly = (text: string) => text.replace(/, (VID|NAT_D|NAT_D_DRAFT)(?=[ ,])/g, '');

const timerKey = (name: TimerName, serial: number | undefined) => (serial === undefined ? name : `${name} #${serial}`);
const octets = (text: string) => Uint8Array.from(Buffer.from(text));
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const NONE = '0'.repeat(16);
