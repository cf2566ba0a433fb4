/**
 * One host in memory: it does for IKE SAs what the daemon's actors do, on a virtual clock, and watches over what
 * they may not do.
 */
import type { Credentials } from '../../../src/actors/credentials.ts';
import type { Job, JobResult } from '../../../src/ike/crypto/job.ts';
import { IkeKeys } from '../../../src/ike/crypto/keys.ts';
import type {
  Command,
  Datagram,
  Directory,
  DownReason,
  Env,
  In,
  Out,
  TimerName,
  Told,
} from '../../../src/ike/effects.ts';
import type { Policy } from '../../../src/ike/policy.ts';
import type { Question, Reply } from '../../../src/ike/questions.ts';
import { openMessage } from '../../../src/ike/v2/channel.ts';
import { Cookies } from '../../../src/ike/v2/cookies.ts';
import { admit } from '../../../src/ike/v2/gate.ts';
import { IkeSa } from '../../../src/ike/v2/ike-sa.ts';
import { adopt, step } from '../../../src/ike/v2/step.ts';
import {
  decodeHeader,
  decodeMessage,
  describe,
  EXCHANGE,
  EXCHANGE_NAMES,
  type Message,
  NOTIFY,
  type Payload,
} from '../../../src/ike/wire/index.ts';
import type { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import type { Id } from '../../../src/net/id.ts';
import { Leases } from '../../../src/services/leases/leases.ts';
import type { Lease as GivenLease } from '../../../src/services/leases/pool.ts';
import type { Dice } from './dice.ts';
import { keyText, Plane } from './plane.ts';
import { credentialsOf, type Proofs, runWithKeys } from './proofs.ts';
import type { Deadline, VirtualClock } from './virtual-clock.ts';
import type { Wire } from './wire.ts';

export interface HostOptions {
  readonly policies: readonly Policy[];
  /** By identities, or one for all. */
  readonly psk: string | ((local: Id, remote: Id) => string | undefined);
  /** Keys and certificates. */
  readonly proofs?: Proofs;
  /** What the world answers; without it nobody does. */
  readonly answers?: (question: Question) => Reply;
  readonly cookies?: 'always' | 'never';
  /** PPKs by their ids, in order. */
  readonly ppks?: Readonly<Record<string, string>>;
  /** How long a helper takes. */
  readonly jobMs?: number;
}

/** An IKE SA, the timers it has armed, and a copy of its keys by which the test reads what it sends to the last. */
export interface Running {
  readonly sa: IkeSa;
  readonly timers: Map<string, Deadline>;
  keys: IkeKeys | undefined;
  /** Those before, which answer the request that changes them. */
  former: IkeKeys | undefined;
  /** What `keys` is a copy of. */
  of: IkeKeys | undefined;
}

export class Host {
  readonly name: 'west' | 'east';
  readonly address: Address;
  readonly plane: Plane;
  readonly sas = new Map<number, Running>();
  /** Every line said at info or warn, in order. */
  readonly lines: string[] = [];
  readonly ups: { readonly serial: number; readonly replaces: number | undefined }[] = [];
  /** What those who asked for a rekey of the IKE SA are told. */
  readonly rekeysFailed: string[] = [];
  readonly downs: { readonly serial: number; readonly why: DownReason; readonly text: string }[] = [];
  readonly ends: { readonly serial: number; readonly why: DownReason; readonly text: string }[] = [];
  /** From which state to which its SAs went in one step, as `idle initSent`. */
  readonly ways = new Set<string>();
  keepalives = 0;
  cookies: 'always' | 'never';
  readonly cookieJar: Cookies;
  jobMs: number;
  policies: readonly Policy[];
  psk: HostOptions['psk'];
  ppks: Readonly<Record<string, string>>;
  credentials: Credentials;
  /** What its helpers do. */
  readonly runJob: (job: Job) => JobResult;
  answers: HostOptions['answers'];
  /** Every job, in order. */
  readonly jobs: Job['op'][] = [];
  /** All that was asked. */
  readonly questions: Question[] = [];
  /** Inner addresses: what peers have of it, what it has of them, and what they told besides. */
  readonly leases: Leases;
  readonly assigned: string[] = [];
  readonly told: Told[] = [];
  /** EAP sessions that were given up or are over. */
  readonly forgotten: number[] = [];
  /** Called after every single effect. */
  afterEffect: (() => void) | undefined = undefined;
  refuseChildSpi: string | undefined = undefined;
  /** Of a job's operation, in place of its result. */
  failJobs: Job['op'] | undefined = undefined;
  /** In the middle of a step's effects. */
  isBusy = false;
  readonly #clock: VirtualClock;
  readonly #wire: Wire;
  readonly #dice: Dice;
  readonly #halfOpen = new Map<string, Running>();
  readonly #successors = new Map<number, Running>();
  #serial = 0;
  #jobId = 0;

  constructor(name: 'west' | 'east', address: Address, clock: VirtualClock, wire: Wire, dice: Dice, is: HostOptions) {
    this.name = name;
    this.address = address;
    this.#clock = clock;
    this.#wire = wire;
    this.#dice = dice;
    this.plane = new Plane(clock);
    this.policies = is.policies;
    this.psk = is.psk;
    this.ppks = is.ppks ?? {};
    this.credentials = credentialsOf(is.proofs ?? {});
    this.runJob = (job) => runWithKeys(job, is.proofs?.trust);
    this.answers = is.answers;
    this.cookies = is.cookies ?? 'never';
    this.cookieJar = new Cookies((octets) => dice.octets(octets), clock.now);
    this.jobMs = is.jobMs ?? 0;
    const notes = { taken: () => {}, given: () => {} };
    this.leases = new Leases({ wall: () => clock.now, shares: true, notes });
    for (const { cp } of is.policies) if (cp?.role === 'server') for (const pool of cp.pools) this.leases.add(pool);
    wire.attach(address, (from, to, bytes) => this.receive({ local: to, peer: from, bytes }));
  }

  // --- what a test does --------------------------------------------------------------------------------------

  /** Initiates the connection. */
  up(name = 'w-e'): Running {
    const policy = this.policy(name);
    if (!policy.remoteHost) throw new Error(`"${name}" has no peer to initiate to`);
    const spis = { spiI: this.#spi(), spiR: new Uint8Array(8) };
    const local = new Endpoint(this.address, 500);
    const peer = new Endpoint(policy.remoteHost, policy.remotePort);
    const running = this.#start(new IkeSa(++this.#serial, 'initiator', spis, policy, local, peer));
    this.command({ t: 'initiate' }, running);
    return running;
  }

  policy(name: string): Policy {
    const policy = this.policies.find((p) => p.name === name);
    if (!policy) throw new Error(`${this.name} has no connection "${name}"`);
    return policy;
  }

  /** To the IKE SA named, or to the newest that is established. */
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

  /** The only IKE SA, or a throw. */
  get sa(): IkeSa {
    if (this.sas.size !== 1) throw new Error(`${this.name} has ${this.sas.size} IKE SAs`);
    return [...this.sas.values()][0].sa;
  }

  input(running: Running, input: In): void {
    copyKeys(running);
    const from = running.sa.state;
    const outs = step(running.sa, input, this.env);
    if (running.sa.state !== from) this.ways.add(`${from} ${running.sa.state}`);
    copyKeys(running);
    this.#carryOut(running, outs);
  }

  receive(datagram: Datagram): void {
    const decoded = decodeHeader(datagram.bytes);
    if (!decoded.ok) return;
    const header = decoded.value;
    const isFirst = header.exchange === EXCHANGE.IKE_SA_INIT && !header.isResponse && header.isInitiator;
    if (isFirst && header.spiR.every((octet) => octet === 0)) {
      const key = `${hex(header.spiI)}@${datagram.peer}`;
      const known = this.#halfOpen.get(key);
      if (known) return this.input(known, { t: 'packet', datagram });
      const admission = admit(header);
      if (admission.t === 'answer') return this.#send(undefined, datagram.local, datagram.peer, admission.bytes);
      if (admission.t === 'drop') return;
      const met =
        this.cookies === 'always' ? this.cookieJar.meet(datagram.bytes, datagram.peer, this.#clock.now) : 'opens';
      if (met === 'malformed') return;
      if (met !== 'opens') return this.#send(undefined, datagram.local, datagram.peer, met);
      const policy = this.policies[0];
      const spis = { spiI: Uint8Array.from(header.spiI), spiR: this.#spi() };
      const fresh = this.#start(new IkeSa(++this.#serial, 'responder', spis, policy, datagram.local, datagram.peer));
      this.#halfOpen.set(key, fresh);
      return this.input(fresh, { t: 'packet', datagram });
    }
    const ours = hex(header.isInitiator ? header.spiR : header.spiI);
    const running = [...this.sas.values()].find((r) => hex(r.sa.ourSpi) === ours);
    if (running) this.input(running, { t: 'packet', datagram });
  }

  /** IKE SAs and Child SAs as the other end should have them too; its own view, or `asPeer` mirrored. */
  agreed(asPeer = false): { ike: string[]; child: string[] } {
    const ike = [...this.sas.values()].map(({ sa }) => `${hex(sa.spiI)}:${hex(sa.spiR)} ${sa.state}`);
    const child = this.plane.all().map((c) => {
      const [mine, theirs] = [`${c.spiIn} ${keyText(c.keysIn)}`, `${c.spiOut} ${keyText(c.keysOut)}`];
      return asPeer ? `${theirs} ${mine}` : `${mine} ${theirs}`;
    });
    return { ike: ike.toSorted(), child: child.toSorted() };
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
      ikeSpi: () => this.#spi(),
      childSpi: () => this.refuseChildSpi ?? this.plane.reserve(0x1000 + dice.below(0xfffff000)),
      releaseSpi: ({ spi }) => this.plane.release(spi),
      directory: this.#directory,
      lease: (wanted) => this.leases.lease(wanted),
      release: (lease, isKnown) => this.leases.release(lease as GivenLease, isKnown),
      idle: () => undefined,
    };
  }

  #spi(): Uint8Array {
    const spi = this.#dice.octets(8);
    spi[0] |= 1;
    return spi;
  }

  get #directory(): Directory {
    return {
      ...this.credentials,
      candidates: (_local, peer) => this.policies.filter((p) => !p.remoteHost || p.remoteHost.equals(peer)),
      siblings: (policy) => [policy, ...this.policies.filter((p) => p !== policy && isSibling(policy, p))],
      psk: (local, remote) => {
        const secret = typeof this.psk === 'string' ? this.psk : this.psk(local, remote);
        return secret === undefined ? undefined : Uint8Array.from(Buffer.from(secret));
      },
      ppk: ({ ppkIds }, id) => {
        const wanted = id ? [Buffer.from(id).toString()] : ppkIds.length > 0 ? ppkIds : Object.keys(this.ppks);
        const name = wanted.find((n) => n in this.ppks && (ppkIds.length === 0 || ppkIds.includes(n)));
        return name === undefined ? undefined : { id: Buffer.from(name), secret: Buffer.from(this.ppks[name]) };
      },
      instantiate: (policy, peerId, peer) =>
        policy.remoteHost
          ? policy
          : Object.freeze({ ...policy, instance: 1, remoteHost: peer.address, remoteId: peerId }),
    };
  }

  #start(sa: IkeSa): Running {
    const running = { sa, timers: new Map<string, Deadline>(), keys: undefined, former: undefined, of: undefined };
    copyKeys(running);
    this.sas.set(sa.serial, running);
    return running;
  }

  #carryOut(running: Running, outs: readonly Out[]): void {
    const wasBusy = this.isBusy;
    for (const out of outs) {
      this.isBusy = true;
      this.#do(running, out);
      this.isBusy = wasBusy || out !== outs.at(-1);
      this.afterEffect?.();
    }
    this.isBusy = wasBusy;
  }

  #do(running: Running, out: Out): void {
    const { sa } = running;
    switch (out.t) {
      case 'send':
        return this.#send(running, out.local, out.peer, out.bytes);
      case 'keepalive':
        this.keepalives++;
        return;
      case 'arm':
        return this.#arm(running, out.name, out.serial, out.after);
      case 'disarm':
        return this.#disarm(running, timerKey(out.name, out.serial));
      case 'submit': {
        this.jobs.push(out.job.op);
        const result = () =>
          this.failJobs === out.job.op
            ? ({ ok: false, why: 'failed', detail: 'out of order' } as const)
            : this.runJob(out.job);
        this.#clock.after(this.jobMs, () => this.input(running, { t: 'job', id: out.id, result: result() }));
        return;
      }
      case 'install':
        return this.plane.install(out.child, out.halves);
      case 'installOutbound':
        return this.plane.installOutbound(out.serial);
      case 'remove':
        return this.plane.remove(out.serial, out.lingers);
      case 'moved':
        return this.plane.move(out.serials, `${out.peer}`);
      case 'ask': {
        const { question } = out;
        this.questions.push(question);
        const reply = () => this.answers?.(question) ?? ({ t: 'none', why: 'nobody answers' } as const);
        this.#clock.after(this.jobMs, () => this.input(running, { t: 'reply', id: out.id, reply: reply() }));
        return;
      }
      case 'forgetEap':
        this.forgotten.push(out.session);
        return;
      case 'assigned':
        this.assigned.push(...out.leases.map(({ address }) => `${address}`));
        this.told.push(out.told);
        return;
      case 'unassigned':
        for (const { address } of out.leases) this.assigned.splice(this.assigned.indexOf(`${address}`), 1);
        return;
      case 'say':
        if (out.level !== 'debug') this.lines.push(`#${out.serial ?? sa.serial}: ${out.text}`);
        return;
      case 'rekeyFailed':
        this.rekeysFailed.push(out.text);
        return;
      case 'authenticated':
        return this.#authenticated(running, out.initialContact);
      case 'childUp':
        this.ups.push({ serial: out.serial, replaces: out.replaces });
        return;
      case 'childDown':
        this.downs.push(out);
        return;
      case 'successor': {
        const successor = this.#start(out.sa);
        this.#successors.set(out.sa.serial, successor);
        return this.#carryOut(successor, adopt(out.sa, this.env));
      }
      case 'handOver': {
        const heir = this.#successors.get(out.to);
        if (!heir) throw new Error(`#${sa.serial} hands over to #${out.to}, which it did not make`);
        return this.input(heir, { t: 'inherit', children: out.children, tasks: out.tasks });
      }
      case 'redirected':
      case 'sentAway':
        return;
      case 'renew':
      case 'deletedElsewhere':
        throw new Error('IKEv2 rekeys by successors');
      case 'end':
        return this.#ended(running, out.why, out.text);
      default:
        return out satisfies never;
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

  #authenticated(running: Running, initialContact: boolean): void {
    this.#leaveHalfOpen(running);
    if (!initialContact) return;
    for (const other of [...this.sas.values()]) {
      const isFormer = other !== running && other.sa.policy === running.sa.policy && other.sa.state === 'established';
      if (isFormer) this.command({ t: 'abandon', why: 'peer sent INITIAL_CONTACT' }, other);
    }
  }

  #leaveHalfOpen(running: Running): void {
    for (const [key, half] of this.#halfOpen) if (half === running) this.#halfOpen.delete(key);
  }

  #ended(running: Running, why: DownReason, text: string): void {
    const { serial } = running.sa;
    for (const key of [...running.timers.keys()]) this.#disarm(running, key);
    this.#leaveHalfOpen(running);
    this.#successors.delete(serial);
    this.sas.delete(serial);
    this.ends.push({ serial, why, text });
  }

  #send(running: Running | undefined, from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.#wire.send({ from, to, bytes, text: textOf(running, bytes), isFromWest: this.name === 'west' });
  }
}

const isSibling = (policy: Policy, p: Policy) =>
  p.localId.equals(policy.localId) && p.remoteId && policy.remoteId?.equals(p.remoteId);

const timerKey = (name: TimerName, serial: number | undefined) => (serial === undefined ? name : `${name} #${serial}`);
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

/** Payloads that every IKE_SA_INIT carries say nothing in a test. */
const USUAL: ReadonlySet<number> = new Set([
  NOTIFY.IKEV2_FRAGMENTATION_SUPPORTED,
  NOTIFY.SIGNATURE_HASH_ALGORITHMS,
  NOTIFY.NAT_DETECTION_SOURCE_IP,
  NOTIFY.NAT_DETECTION_DESTINATION_IP,
]);

/** The message as its sender can read it: encrypted ones are opened with its own keys. */
function textOf(running: Running | undefined, bytes: Uint8Array): string {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(`sent what does not parse: ${decoded.fault.where}: ${decoded.fault.why}`);
  const { header, payloads } = decoded.value;
  const fragment = payloads.find((p) => p.type === 'SKF');
  if (fragment?.type === 'SKF')
    return `${EXCHANGE_NAMES.get(header.exchange)} SKF(${fragment.number}/${fragment.total})`;
  const isSealed = payloads.some((p) => p.type === 'SK');
  return describe(header, isSealed ? opened(running, decoded.value, bytes) : payloads.filter(isTelling));
}

const isTelling = (p: Payload) => !(p.type === 'N' && USUAL.has(p.notify));

function opened(running: Running | undefined, message: Message, bytes: Uint8Array): readonly Payload[] {
  // Its keys came and went in one step: nobody will ever read it.
  if (running && !running.keys && running.sa.state === 'dead') return [];
  if (!running?.keys) throw new Error('sent what nobody has keys for');
  const { sa, former } = running;
  const role = sa.role === 'initiator' ? 'responder' : 'initiator';
  for (const keys of [running.keys, former]) {
    const mirror = Object.assign(Object.create(Object.getPrototypeOf(sa)), sa, { role, keys }) as IkeSa;
    const inner = openMessage(mirror, message, bytes);
    if (inner.t === 'payloads') return inner.payloads;
    if (!former) throw new Error(`sent what nobody can open: ${inner.t}`);
  }
  throw new Error('sent what nobody can open, with old keys or new ones');
}

/** Before a step and after it: the keys may go in it, and others may come. */
function copyKeys(running: Running): void {
  const { keys } = running.sa;
  if (!keys || keys === running.of || running.sa.state === 'dead') return;
  running.former = running.keys;
  running.keys = copyOf(running.sa);
  running.of = keys;
}

function copyOf({ keys, suite }: IkeSa): IkeKeys | undefined {
  if (!keys || !suite) return undefined;
  const { skD, skAi, skAr, skEi, skEr, skPi, skPr } = keys;
  return new IkeKeys(Uint8Array.from(Buffer.concat([skD, skAi, skAr, skEi, skEr, skPi, skPr])), suite);
}
