/**
 * The crowd: many warriors behind one socket, which lets them do the same thing, each once: as many at a time as a
 * window holds (closed loop), or so many a second however slow the answers are (open loop). A request that is not
 * answered is sent again as RFC 7296 §2.1 asks; how often is what an operator's peers would have seen.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { isFault, UDP_RECORD, type UdpBatch, UdpSocket } from '../../../src/native/index.ts';
import type { Common, Counts } from './common.ts';
import { IsakmpWarrior } from './isakmp-warrior.ts';
import { type Initiator, type Stage, Warrior } from './warrior.ts';

/** What each of some warriors is to do. */
export type Act = 'up' | 'rekey' | 'probe' | 'down';

export interface Order {
  readonly act: Act;
  /** Warriors `from` to before `from + count`. */
  readonly from: number;
  readonly count: number;
  /** At most so many at a time. */
  readonly window?: number;
  /** So many begin a second, whatever the answers take. */
  readonly rate?: number;
  /** ms; afterwards those under way have failed. Default 300,000. */
  readonly within?: number;
}

/** ms from when a warrior was due to begin until it was done. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Outcome extends Counts {
  readonly done: number;
  readonly failed: number;
  /** The first reasons, and how often each. */
  readonly why: Readonly<Record<string, number>>;
  /** ms from the first request to the last answer. */
  readonly took: number;
  readonly latency: Latency;
  /** ms of CPU that the generator took. */
  readonly cpu: number;
}

/** ms: the first retransmission, doubled for each further one. */
const PATIENCE = 1_000;
const TRIES = 5;
const TICK = 10;
const REASONS = 10;

const GOAL: Readonly<Record<Act, Stage>> = { up: 'up', rekey: 'up', probe: 'up', down: 'gone' };

export class Crowd {
  readonly #common: Common;
  readonly #warriors: Initiator[] = [];
  readonly #socket: UdpSocket;
  readonly #to: Uint8Array;
  readonly #underWay = new Set<Initiator>();
  #round: Round | undefined = undefined;

  constructor(common: Common) {
    this.#common = common;
    this.#to = common.gateway.toBytes();
    const address = new Uint8Array(4);
    const onPackets = (batch: UdpBatch) => this.#receive(batch);
    const socket = UdpSocket.open({ address, port: 500, receiveBuffer: 16 << 20, onPackets, onError: () => {} });
    if (isFault(socket)) throw new Error(socket.why);
    this.#socket = socket;
  }

  /** One order at a time. */
  async carryOut(order: Order): Promise<Outcome> {
    if (this.#round) throw new Error('the crowd has not done what it was told before');
    // To be issued with a certificate is no handshake.
    if (order.act === 'up') for (let i = 0; i < order.count; i++) this.#common.credential?.(order.from + i);
    const before = { ...this.#common.counts };
    const cpu = process.cpuUsage();
    const round = new Round(order);
    this.#round = round;
    const ticks = setInterval(() => this.#tick(round), TICK);
    this.#begin(round);
    await round.over;
    clearInterval(ticks);
    this.#round = undefined;
    const { user, system } = process.cpuUsage(cpu);
    const counts = { ...this.#common.counts };
    for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] -= before[key];
    return { ...counts, ...round.outcome(), cpu: (user + system) / 1000 };
  }

  /** How many are up. */
  get up(): number {
    return this.#warriors.reduce((count, warrior) => count + (warrior?.isUp ? 1 : 0), 0);
  }

  close(): void {
    this.#socket.close();
  }

  /** As many as the window or the rate allows just now. */
  #begin(round: Round): void {
    for (let due = round.due(this.#underWay.size); due > 0; due--) this.#start(round, round.next());
  }

  #start(round: Round, { index, at }: { readonly index: number; readonly at: number }): void {
    const warrior = this.#warrior(index, round.order.act);
    warrior.begunAt = at;
    this.#underWay.add(warrior);
    if (round.order.act !== 'up' && warrior.stage !== 'up') return this.#finish(round, warrior, 'it was not up');
    const { act } = round.order;
    const common = this.#common;
    if (act === 'up') this.#send(warrior, warrior.init(common));
    else if (act === 'rekey') this.#send(warrior, warrior.rekeyChild(common));
    else if (act === 'probe') this.#send(warrior, warrior.probe(common));
    else this.#send(warrior, warrior.close(common));
    this.#look(warrior);
  }

  /** One that was up before begins anew, with another SPI. */
  #warrior(index: number, act: Act): Initiator {
    const old = this.#warriors[index];
    if (old && act !== 'up') return old;
    const spi = this.#common.random(8);
    new DataView(spi.buffer, spi.byteOffset).setUint32(0, index + 1);
    const common = this.#common;
    const made = common.isakmp ? new IsakmpWarrior(index, spi, common, common.isakmp) : new Warrior(index, spi);
    this.#warriors[index] = made;
    return made;
  }

  /** `bytes` is the warrior's request, and not the first of its kind. */
  #send(warrior: Initiator, bytes: Uint8Array): void {
    warrior.sentAt = performance.now();
    warrior.tries = 1;
    this.#put(warrior, bytes);
  }

  #put(warrior: Initiator, bytes: Uint8Array): void {
    const { first } = warrior;
    warrior.first = undefined;
    if (first) this.#put(warrior, first);
    this.#common.counts.sent++;
    this.#socket.send(bytes, this.#to, 500, this.#common.addressOf(warrior.index).toBytes());
  }

  #receive({ count, arena, records }: UdpBatch): void {
    const { counts } = this.#common;
    for (let i = 0; i < count; i++) {
      counts.received++;
      const at = i * UDP_RECORD.size;
      const start = records[at + UDP_RECORD.offset];
      const datagram = arena.slice(start, start + records[at + UDP_RECORD.length]);
      const index = ((datagram[0] << 24) | (datagram[1] << 16) | (datagram[2] << 8) | datagram[3]) >>> 0;
      const warrior = this.#warriors[index - 1];
      if (!warrior || Buffer.compare(warrior.spiI, datagram.subarray(0, 8)) !== 0) continue;
      const before = warrior.request;
      const answer = warrior.receive(this.#common, datagram);
      if (answer && answer === warrior.request && answer !== before) this.#send(warrior, answer);
      else if (answer) this.#put(warrior, answer);
      this.#look(warrior);
    }
    if (this.#round?.order.window !== undefined) this.#begin(this.#round);
  }

  #look(warrior: Initiator): void {
    const round = this.#round;
    if (!round || !this.#underWay.has(warrior)) return;
    if (warrior.stage === 'failed') this.#finish(round, warrior, warrior.why ?? 'for no reason');
    else if (warrior.stage === GOAL[round.order.act]) this.#finish(round, warrior);
    else if (warrior.stage === 'gone') this.#finish(round, warrior, 'the responder has deleted it');
  }

  #finish(round: Round, warrior: Initiator, why?: string): void {
    this.#underWay.delete(warrior);
    round.finished(performance.now() - warrior.begunAt, why);
  }

  #tick(round: Round): void {
    this.#begin(round);
    const now = performance.now();
    for (const warrior of this.#underWay) {
      const wait = PATIENCE * 2 ** (warrior.tries - 1);
      if (round.isLate(now) || (warrior.tries >= TRIES && now - warrior.sentAt > wait)) {
        const { stage } = warrior;
        warrior.stage = 'failed';
        this.#finish(round, warrior, `${round.isLate(now) ? 'too late' : 'no answer'}, in stage ${stage}`);
      } else if (warrior.request && now - warrior.sentAt > wait) {
        warrior.sentAt = now;
        warrior.tries++;
        this.#common.counts.retransmitted++;
        this.#put(warrior, warrior.request);
      }
    }
  }
}

/** One order under way. */
class Round {
  readonly order: Order;
  readonly over: Promise<void>;
  readonly #startedAt = performance.now();
  readonly #latency: RecordableHistogram = createHistogram({ highest: 3_600_000_000 });
  readonly #why: Record<string, number> = {};
  #end: () => void = () => {};
  #begun = 0;
  #done = 0;
  #failed = 0;
  #lastAt = 0;

  constructor(order: Order) {
    if ((order.window === undefined) === (order.rate === undefined)) throw new Error('either a window or a rate');
    this.order = order;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    if (order.count === 0) this.#end();
  }

  /** How many are to begin now. */
  due(underWay: number): number {
    const { window, rate = 0, count } = this.order;
    const left = count - this.#begun;
    if (window !== undefined) return Math.min(left, window - underWay);
    return Math.min(left, Math.floor(((performance.now() - this.#startedAt) / 1000) * rate) + 1 - this.#begun);
  }

  /** In an open loop the time is that of the plan: who is kept waiting by a slow generator or a slow answer counts as late. */
  next(): { readonly index: number; readonly at: number } {
    const nth = this.#begun++;
    const { rate, from } = this.order;
    const at = rate === undefined ? performance.now() : this.#startedAt + (nth / rate) * 1000;
    return { index: from + nth, at };
  }

  finished(took: number, why?: string): void {
    this.#lastAt = performance.now();
    if (why === undefined) {
      this.#done++;
      this.#latency.record(Math.max(1, Math.round(took * 1000)));
    } else {
      this.#failed++;
      if (why in this.#why || Object.keys(this.#why).length < REASONS) this.#why[why] = (this.#why[why] ?? 0) + 1;
    }
    if (this.#done + this.#failed === this.order.count) this.#end();
  }

  isLate(now: number): boolean {
    return now - this.#startedAt > (this.order.within ?? 300_000);
  }

  outcome() {
    const ms = (percentile: number) => this.#latency.percentile(percentile) / 1000;
    const latency = { p50: ms(50), p90: ms(90), p99: ms(99), max: this.#done > 0 ? this.#latency.max / 1000 : 0 };
    const took = this.#lastAt - this.#startedAt;
    return { done: this.#done, failed: this.#failed, why: this.#why, took, latency };
  }
}
