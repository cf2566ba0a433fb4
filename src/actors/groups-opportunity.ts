/**
 * `right=%opportunistic`, and a line of `%opportunisticgroup`: the destination of a packet is the peer, and gets an
 * instance of its own, which begins to negotiate.
 *
 *     trap ──packet──► hold or pass (negotiationshunt=) ──up──────► the tunnel's policies
 *      ▲                                                └─failed──► failureshunt=, for shuntlifetime= ──┐
 *      └───────────────────────────────────────────────────────────────────────────────────────────────┘
 */
import type { Conn } from '../conf/conn.ts';
import type { Answer } from '../control/answer.ts';
import { exitAfter, RC } from '../control/reply-codes.ts';
import { Address } from '../net/address.ts';
import { Selector } from '../net/selector.ts';
import type { BareShunt } from './bare-shunts.ts';
import type { ConnectionMessage } from './connection.ts';
import type { Entry } from './entry.ts';
import { NOTHING_UP, refuse } from './groups-refusal.ts';
import { instanceFor } from './instance-for.ts';
import type { Protection } from './policies.ts';
import type { Behavior, Context } from './runtime/index.ts';
import type { World } from './world.ts';

export type OpportunityMessage =
  | ConnectionMessage
  /** What was asked of a peer has come, or will not come. */
  | { readonly t: 'settled'; readonly peer: string; readonly isUp: boolean }
  /** A peer that would not is worth another packet. */
  | { readonly t: 'forgiven'; readonly peer: string };

/** Peers of one connection that are asked at a time, and those that would not: packets to more of them wait at the trap. */
const MOST_ASKED = 1_024;
const MOST_FAILED = 4_096;

interface Laid {
  readonly shown: BareShunt;
  /** Undefined: the trap does it. */
  readonly protection: Protection | undefined;
}

export class OpportunityActor implements Behavior<OpportunityMessage> {
  readonly #world: World;
  readonly #entry: Entry;
  /** Where the peers are. */
  readonly #theirs: readonly Selector[];
  readonly #shuntLifetimeMs: number;
  #trap: Protection | undefined = undefined;
  /** By peer. */
  readonly #asked = new Map<string, Laid>();
  readonly #failed = new Map<string, Laid>();

  constructor(world: World, entry: Entry, theirs: readonly Selector[], shuntLifetimeMs: number) {
    this.#world = world;
    this.#entry = entry;
    this.#theirs = theirs;
    this.#shuntLifetimeMs = shuntLifetimeMs;
  }

  receive(message: OpportunityMessage, self: Context<OpportunityMessage>): void {
    switch (message.t) {
      case 'route':
        return this.#layTrap(message.answer);
      case 'unroute':
        this.#takeUpAll();
        return message.answer?.end();
      case 'acquire':
        return this.#acquired(message, self);
      case 'settled':
        return this.#settled(message.peer, message.isUp, self);
      case 'forgiven':
        return this.#takeUp(this.#failed, message.peer);
      case 'delete':
        return self.stop();
      case 'report':
        return message.to({ routing: this.#trap ? 'routed-ondemand' : 'unrouted', ...NOTHING_UP });
      default:
        return refuse(message, this.#conn.name, 'cannot initiate connection without knowing peer IP address');
    }
  }

  stopped(): void {
    this.#takeUpAll();
  }

  get #conn(): Conn {
    return this.#entry.conn;
  }

  // --- the trap ------------------------------------------------------------------------------------------------

  #layTrap(answer: Answer | undefined): void {
    const { policy, conn } = this.#entry;
    if (policy?.localHost && !this.#trap) {
      const { child, localHost } = policy;
      const trap: Protection = {
        protocol: child.proposals[0]?.protocol === 'ah' ? 'ah' : 'esp',
        // There is no outer address yet that a tunnel could have.
        mode: 'transport',
        reqid: child.reqid,
        localHost,
        remoteHost: Address.any(localHost.family),
        local: child.local,
        remote: this.#theirs,
        priority: child.priority,
        // Who may have our packets in the clear may send us some.
        isOutward: conn.failureShunt === 'passthrough' || conn.negotiationShunt === 'passthrough',
      };
      const fault = this.#world.policies.hold(trap);
      if (fault) answer?.line(RC.ROUTE, `"${conn.name}": could not route: ${fault.why} (${fault.errno})`);
      else this.#trap = trap;
    }
    answer?.end();
  }

  #takeUpAll(): void {
    for (const laid of [this.#asked, this.#failed]) for (const peer of [...laid.keys()]) this.#takeUp(laid, peer);
    if (this.#trap) this.#world.policies.release(this.#trap);
    this.#trap = undefined;
  }

  // --- a packet ------------------------------------------------------------------------------------------------

  #acquired(message: Extract<ConnectionMessage, { t: 'acquire' }>, self: Context<OpportunityMessage>): void {
    const { answer, dst, asynchronous } = message;
    if (!answer && !this.#trap) return;
    const peer = dst.start;
    const key = `${peer}`;
    if (!answer && this.#asked.has(key)) return;
    const instance = this.#instanceFor(dst);
    if ('why' in instance) {
      answer?.line(RC.OPPOFAILURE, instance.why);
      return answer?.end();
    }
    if (!this.#asked.has(key)) this.#ask(peer);
    const outcome = new Outcome(answer, (isUp) => self.tell({ t: 'settled', peer: key, isUp }));
    instance.ref.tell({ ...message, answer: outcome, asynchronous: false, isPassedOn: true });
    if (asynchronous) answer?.end();
  }

  #instanceFor(dst: Selector): Entry | { readonly why: string } {
    const { policy, conn } = this.#entry;
    const peer = dst.start;
    const isPeer = this.#theirs.some((s) => s.contains(dst)) && !policy?.localHost?.equals(peer);
    if (!isPeer) return { why: `"${conn.name}": ${peer} is none of its peers` };
    if (this.#asked.size >= MOST_ASKED) {
      const why = `"${conn.name}": ${MOST_ASKED} peers are being asked already`;
      this.#world.strangers.say('warn', why);
      return { why };
    }
    return instanceFor(this.#world, this.#entry, peer);
  }

  #ask(peer: Address): void {
    const isClear = this.#conn.negotiationShunt === 'passthrough';
    this.#lay(this.#asked, peer, isClear ? '%pass' : '%hold', 'oe-negotiating');
  }

  #settled(peer: string, isUp: boolean, self: Context<OpportunityMessage>): void {
    const was = this.#asked.get(peer);
    this.#takeUp(this.#asked, peer);
    const { failureShunt } = this.#conn;
    if (!was || isUp || !this.#trap || failureShunt === 'none' || this.#failed.has(peer)) return;
    if (this.#failed.size >= MOST_FAILED) return;
    this.#lay(this.#failed, was.shown.destination, SHOWN[failureShunt], 'oe-failing');
    self.after(this.#shuntLifetimeMs, { t: 'forgiven', peer });
  }

  // --- shunts --------------------------------------------------------------------------------------------------

  #lay(where: Map<string, Laid>, peer: Address, shown: BareShunt['policy'], why: BareShunt['why']): void {
    const { policy, serial } = this.#entry;
    if (!policy?.localHost) return;
    const [{ protocol, startPort, endPort }] = this.#theirs;
    const theirs = Selector.ofAddress(peer, protocol, startPort, endPort);
    const wanted: Protection | undefined =
      shown === '%hold'
        ? undefined
        : {
            action: shown === '%pass' ? 'pass' : 'drop',
            protocol: 'esp',
            mode: 'transport',
            reqid: 0,
            localHost: policy.localHost,
            remoteHost: peer,
            local: policy.child.local,
            remote: [theirs],
            priority: policy.child.priority,
            isOutward: true,
          };
    const fault = wanted && this.#world.policies.hold(wanted);
    if (fault) {
      const text = `could not lay ${shown} for ${peer}: ${fault.why} (${fault.errno})`;
      this.#world.log('warn', text, { policy: { name: this.#conn.name } });
    }
    const bare: BareShunt = {
      source: policy.localHost,
      destination: peer,
      protocol,
      destinationPort: startPort === endPort ? startPort : 0,
      policy: fault ? '%hold' : shown,
      why,
      connSerial: serial,
    };
    this.#world.shunts.add(bare);
    where.set(`${peer}`, { shown: bare, protection: fault ? undefined : wanted });
  }

  #takeUp(where: Map<string, Laid>, peer: string): void {
    const laid = where.get(peer);
    if (!laid) return;
    where.delete(peer);
    this.#world.shunts.remove(laid.shown);
    if (laid.protection) this.#world.policies.release(laid.protection);
  }
}

const SHOWN = { passthrough: '%pass', drop: '%drop', reject: '%reject' } as const;

const NOBODY = { pid: 0, uid: 0, gid: 0 };

/** Waits for the end as whack does, and passes on to a whack what it hears. */
class Outcome implements Answer {
  readonly #asker: Answer | undefined;
  readonly #settled: (isUp: boolean) => void;
  #exit = 0;
  isOpen = true;

  constructor(asker: Answer | undefined, settled: (isUp: boolean) => void) {
    this.#asker = asker;
    this.#settled = settled;
  }

  get peer() {
    return this.#asker?.peer ?? NOBODY;
  }

  get isCongested() {
    return false;
  }

  line(code: Parameters<Answer['line']>[0], text: string): void {
    this.#exit = exitAfter(this.#exit, code);
    this.#asker?.line(code, text);
  }

  rows(): void {}
  onRoom(): void {}
  onGone(): void {}

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#asker?.end();
    this.#settled(this.#exit === 0);
  }
}
