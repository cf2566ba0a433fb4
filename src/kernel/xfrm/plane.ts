/** The kernel's IPsec as a data plane, over one netlink socket that asks and one that listens. */
import {
  bypassPolicies,
  encapsulateEsp,
  listen,
  NETLINK,
  type Netlink,
  type NetlinkMessage,
  type NetlinkWriter,
} from '../../native/index.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { about, describePolicy, describeSa, isPlaneFault, planeFault } from '../describe.ts';
import { packPolicy, packSa, unpackPolicy, unpackSa } from '../keys.ts';
import type {
  DataPlane,
  PlaneEvent,
  PlaneFault,
  PlaneOperation,
  PolicyKey,
  PolicySpec,
  SaCounters,
  SaKey,
  SaMove,
  SaSpec,
} from '../port.ts';
import { readEvent } from './events.ts';
import { writeMovedSa } from './move.ts';
import { misfit, writeDeletePolicy, writePolicy } from './policy.ts';
import { readCounters, readSpi, type SpiRequest, writeAllocateSpi, writeSa, writeSaKey } from './sa.ts';
import { SA_INFO, XFRM_GROUP, XFRM_MSG } from './uapi.ts';

export class XfrmPlane implements DataPlane {
  readonly name = 'xfrm';
  readonly #netlink: Netlink;
  readonly #onEvent: (event: PlaneEvent) => void;
  readonly #warn: (text: string) => void;
  #events: { close(): void } | undefined;
  #lostEvents = 0;
  readonly #policies = new Set<string>();
  readonly #sas = new Set<string>();
  /** SPIs allocated and not yet used: the kernel has them as larval SAs. */
  readonly #larval = new Set<string>();

  constructor(netlink: Netlink, onEvent: (event: PlaneEvent) => void, warn: (text: string) => void) {
    this.#netlink = netlink;
    this.#onEvent = onEvent;
    this.#warn = warn;
  }

  /** Begins to hear events. */
  listen(): PlaneFault | undefined {
    const groups = [XFRM_GROUP.acquire, XFRM_GROUP.expire, XFRM_GROUP.mapping];
    const events = listen(NETLINK.xfrm, groups, (messages, lost) => this.#hear(messages, lost));
    if (isPlaneFault(events)) return events;
    this.#events = events;
    return undefined;
  }

  allocateSpi(request: SpiRequest): number | PlaneFault {
    const replies = this.#netlink.ask((to) => writeAllocateSpi(to, request));
    if (isPlaneFault(replies)) return about(replies, () => `allocate an SPI at ${request.dst}`);
    const [answer] = replies;
    if (!isWhole(answer)) return planeFault('EBADMSG', `allocate an SPI at ${request.dst}: half an answer`);
    const spi = readSpi(answer.body);
    this.#larval.add(packSa({ protocol: request.protocol, dst: request.dst, spi }));
    return spi;
  }

  addSa(sa: SaSpec): PlaneFault | undefined {
    return this.batch([{ op: 'addSa', sa }])[0];
  }

  deleteSa(key: SaKey): PlaneFault | undefined {
    return this.batch([{ op: 'deleteSa', key }])[0];
  }

  putPolicy(policy: PolicySpec): PlaneFault | undefined {
    return this.batch([{ op: 'putPolicy', policy }])[0];
  }

  deletePolicy(key: PolicyKey): PlaneFault | undefined {
    return this.batch([{ op: 'deletePolicy', key }])[0];
  }

  batch(operations: readonly PlaneOperation[]): readonly (PlaneFault | undefined)[] {
    const misfits = operations.map(misfitOf);
    const sent = misfits.some((misfit) => misfit) ? operations.filter((_, i) => !misfits[i]) : operations;
    const verdicts = this.#netlink.tellAll(sent.length, (to, i) => this.#write(to, sent[i]));
    let next = 0;
    return operations.map((operation, i) => {
      const refusal = misfits[i] ?? this.#settle(operation, verdicts[next++]);
      return about(refusal, () => describe(operation));
    });
  }

  moveSa(key: SaKey, to: SaMove): PlaneFault | undefined {
    const replies = this.#netlink.ask((w) => writeSaKey(w, XFRM_MSG.getSa, key));
    if (isPlaneFault(replies)) return about(replies, () => `move ${describeSa(key)}`);
    const [answer] = replies;
    if (!isWhole(answer)) return planeFault('EBADMSG', `move ${describeSa(key)}: half an answer`);
    const { body } = answer;
    const moved = { ...key, dst: to.dst };
    const add = (w: NetlinkWriter) => writeMovedSa(w, body, to);
    const remove = (w: NetlinkWriter) => writeSaKey(w, XFRM_MSG.deleteSa, key);
    // With another destination both can be there, and nothing is ever without an SA; with the same one they cannot.
    const isElsewhere = !to.dst.equals(key.dst);
    const steps = isElsewhere ? [add, remove] : [remove, add];
    const verdicts = this.#netlink.tellAll(2, (w, i) => steps[i](w));
    new Uint8Array(body.buffer).fill(0); // it holds the keys
    const added = isElsewhere ? verdicts[0] : verdicts[1];
    if (added === undefined || !isElsewhere) this.#sas.delete(packSa(key));
    if (added) return about(added, () => `move ${describeSa(key)} to ${to.dst}`);
    this.#sas.add(packSa(moved));
    return undefined;
  }

  counters(key: SaKey): SaCounters | PlaneFault {
    const replies = this.#netlink.ask((to) => writeSaKey(to, XFRM_MSG.getSa, key));
    if (isPlaneFault(replies)) return about(replies, () => describeSa(key));
    const [answer] = replies;
    if (!isWhole(answer)) return planeFault('EBADMSG', `${describeSa(key)}: half an answer`);
    const { body } = answer;
    const counters = readCounters(body);
    new Uint8Array(body.buffer).fill(0); // it holds the keys
    return counters;
  }

  serve(socket: {
    readonly fd: number;
    readonly local: Endpoint;
    readonly encapsulates: boolean;
  }): PlaneFault | undefined {
    const fault =
      bypassPolicies(socket.fd, socket.local.address.family) ??
      (socket.encapsulates ? encapsulateEsp(socket.fd) : undefined);
    return about(fault, () => `${socket.local}`);
  }

  /** What `serve` set goes with the socket. */
  unserve(): void {}

  flush(): void {
    const keys = [...this.#sas, ...this.#larval].map(unpackSa);
    const policies = [...this.#policies].map(unpackPolicy);
    this.#netlink.tellAll(policies.length, (to, i) => writeDeletePolicy(to, policies[i]));
    this.#netlink.tellAll(keys.length, (to, i) => writeSaKey(to, XFRM_MSG.deleteSa, keys[i]));
    this.#sas.clear();
    this.#larval.clear();
    this.#policies.clear();
  }

  close(): void {
    this.#events?.close();
    this.#netlink.close();
  }

  #write(to: NetlinkWriter, operation: PlaneOperation): void {
    switch (operation.op) {
      case 'addSa': {
        const isLarval = this.#larval.has(packSa(operation.sa));
        writeSa(to, isLarval ? XFRM_MSG.updateSa : XFRM_MSG.newSa, operation.sa);
        break;
      }
      case 'deleteSa':
        writeSaKey(to, XFRM_MSG.deleteSa, operation.key);
        break;
      case 'putPolicy':
        writePolicy(to, operation.policy);
        break;
      case 'deletePolicy':
        writeDeletePolicy(to, operation.key);
        break;
    }
  }

  /** Keeps our book of what is in the kernel true to its verdict. */
  #settle(operation: PlaneOperation, verdict: PlaneFault | undefined): PlaneFault | undefined {
    switch (operation.op) {
      case 'addSa': {
        const key = packSa(operation.sa);
        // The larval SA has expired in the meantime; its SPI may still be free.
        const expired = this.#larval.delete(key) && verdict?.errno === 'ESRCH';
        const refusal = expired ? this.#netlink.tell((to) => writeSa(to, XFRM_MSG.newSa, operation.sa)) : verdict;
        if (!refusal) this.#sas.add(key);
        return refusal;
      }
      case 'deleteSa': {
        const key = packSa(operation.key);
        this.#sas.delete(key);
        this.#larval.delete(key);
        return verdict;
      }
      case 'putPolicy':
        if (!verdict) this.#policies.add(packPolicy(operation.policy));
        return verdict;
      case 'deletePolicy':
        this.#policies.delete(packPolicy(operation.key));
        return verdict;
    }
  }

  #hear(messages: Iterable<NetlinkMessage>, lost: boolean): void {
    if (lost) this.#warn(`the kernel dropped events because we read too slowly (${++this.#lostEvents} times so far)`);
    for (const message of messages) {
      const event = readEvent(message);
      if (event && this.#isOurs(event)) this.#onEvent(event);
    }
  }

  /** Others may use this kernel's IPsec, too; an acquire is told apart by its reqid, by whoever gave it. */
  #isOurs(event: PlaneEvent): boolean {
    if (event.t === 'acquire') return true;
    const key = packSa(event.key);
    if (event.t === 'mapping' || !event.hard) return this.#sas.has(key);
    this.#larval.delete(key);
    return this.#sas.delete(key);
  }
}

/** Whether the kernel's answer has all of struct xfrm_usersa_info. */
const isWhole = (answer: NetlinkMessage | undefined): answer is NetlinkMessage =>
  answer !== undefined && answer.body.byteLength >= SA_INFO.size;

function misfitOf(operation: PlaneOperation): PlaneFault | undefined {
  const why = operation.op === 'putPolicy' ? misfit(operation.policy) : undefined;
  return why === undefined ? undefined : planeFault('EINVAL', why);
}

function describe(operation: PlaneOperation): string {
  switch (operation.op) {
    case 'addSa':
      return `add ${describeSa(operation.sa)}`;
    case 'deleteSa':
      return `delete ${describeSa(operation.key)}`;
    case 'putPolicy':
      return `put policy ${describePolicy(operation.policy)}`;
    case 'deletePolicy':
      return `delete policy ${describePolicy(operation.key)}`;
  }
}
