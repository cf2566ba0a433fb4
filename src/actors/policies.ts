/**
 * The policies in the data plane, and who needs them. A connection's trap and the Child SA that it leads to ask
 * for the same policy, and so do the old and the new child of a rekey: it is there as long as anybody does.
 * A policy without an SA is a trap, so nothing changes in the data plane when the last SA goes before the trap.
 *
 * Peers that want the same pair of selectors for themselves have it in turn: the latest has it, and when that one goes, who
 * has been without it longest. Nothing in here goes through all policies, or all of those peers.
 */
import type { DataPlane, Mode, PlaneFault, PolicySpec, SaProtocol } from '../kernel/port.ts';
import type { Address } from '../net/address.ts';
import type { Selector } from '../net/selector.ts';
import type { Subnet } from '../net/subnet.ts';

export interface Protection {
  readonly protocol: SaProtocol;
  readonly mode: Mode;
  readonly reqid: number;
  readonly localHost: Address;
  readonly remoteHost: Address;
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  /** `priority=`; 0: by how specific the selectors are. */
  readonly priority?: number;
  /** A bundle's, from the inside out; else `protocol` alone. One list for all that have the same. */
  readonly layers?: readonly SaProtocol[] | undefined;
  /** It stands for what may be agreed on: where there is an SA, that one knows what was. */
  readonly isTrap?: boolean;
  /** `pass`: in the clear, `drop`: not at all; no SA is asked for. */
  readonly action?: PolicySpec['action'];
  /** What comes in from there is none of its business. */
  readonly isOutward?: boolean;
}

interface Claim {
  holders: number;
  wanted: Protection;
}

/** What is in force. */
interface Held extends Claim {
  /** Those who want other outer addresses, or another reqid, for the same pair, by `keyOf`; as a rule nobody. */
  others: Map<string, Claim> | undefined;
}

export class Policies {
  readonly #plane: DataPlane;
  readonly #trace: (text: () => string) => void;
  readonly #held = new Map<string, Held>();

  /** `trace` hears of what changes, and asks for the text if it wants it. */
  constructor(plane: DataPlane, trace: (text: () => string) => void = () => {}) {
    this.#plane = plane;
    this.#trace = trace;
  }

  /** Each pair of selectors counts once; the data plane has it. */
  get size(): number {
    return this.#held.size;
  }

  /** All of it or, on a fault, nothing. Give the same to `release`. */
  hold(wanted: Protection): PlaneFault | undefined {
    const done: Pair[] = [];
    for (const pair of pairs(wanted)) {
      const held = this.#held.get(pair.key);
      if (held && isLess(wanted, held.wanted)) {
        queue(held, wanted);
        done.push(pair);
        continue;
      }
      const fault = held && isSame(held.wanted, wanted) ? undefined : this.#put(pair, held);
      if (fault) {
        for (const undo of done) this.#drop(undo);
        return fault;
      }
      if (held) claim(held, wanted);
      else this.#held.set(pair.key, { holders: 1, wanted, others: undefined });
      this.#trace(() => `policy ${pair.key}: ${this.#held.get(pair.key)?.holders} holders, reqid ${wanted.reqid}`);
      done.push(pair);
    }
    return undefined;
  }

  release(held: Protection): void {
    for (const pair of pairs(held)) this.#drop(pair);
  }

  /** All of them or, on a fault, what there was before. */
  #put(pair: Pair, held: Held | undefined): PlaneFault | undefined {
    const specs = specsOf(pair);
    const verdicts = this.#plane.batch(specs.map((policy) => ({ op: 'putPolicy', policy })));
    const fault = verdicts.find((verdict) => verdict !== undefined);
    const before = held && specsOf({ ...pair, wanted: held.wanted });
    if (!fault) return this.#deleteAllBut(specs, before);
    for (const [i, spec] of specs.entries()) {
      if (verdicts[i]) continue;
      const old = before?.find(({ direction }) => direction === spec.direction);
      if (old) this.#plane.putPolicy(old);
      else this.#plane.deletePolicy(spec);
    }
    return fault;
  }

  #drop(pair: Pair): void {
    const held = this.#held.get(pair.key);
    if (!held) return;
    if (!isSame(held.wanted, pair.wanted) && giveUp(held, pair.wanted)) return;
    this.#trace(() => `policy ${pair.key}: ${held.holders - 1} holders left`);
    if (--held.holders > 0) return;
    const next = held.others?.values().next().value;
    if (!next) {
      this.#held.delete(pair.key);
      for (const spec of specsOf(pair)) this.#plane.deletePolicy(spec);
      return;
    }
    forget(held, next.wanted);
    held.holders = next.holders;
    held.wanted = next.wanted;
    this.#trace(() => `policy ${pair.key}: back to reqid ${next.wanted.reqid}`);
    const specs = specsOf({ ...pair, wanted: next.wanted });
    for (const spec of specs) this.#plane.putPolicy(spec);
    this.#deleteAllBut(specs, specsOf(pair));
  }

  /** Directions that were there before and are not any more. */
  #deleteAllBut(specs: readonly PolicySpec[], before: readonly PolicySpec[] = []): undefined {
    for (const spec of before)
      if (!specs.some(({ direction }) => direction === spec.direction)) this.#plane.deletePolicy(spec);
  }
}

/** `wanted` is in force from now on. */
function claim(held: Held, wanted: Protection): void {
  if (!isSame(held.wanted, wanted)) {
    const again = held.others?.get(keyOf(wanted));
    if (again) forget(held, wanted);
    held.others ??= new Map();
    held.others.set(keyOf(held.wanted), { holders: held.holders, wanted: held.wanted });
    held.holders = again?.holders ?? 0;
  }
  held.holders++;
  held.wanted = wanted;
}

/** In force as soon as who has it now goes. */
function queue(held: Held, wanted: Protection): void {
  held.others ??= new Map();
  const before = held.others.get(keyOf(wanted));
  if (before) before.holders++;
  else held.others.set(keyOf(wanted), { holders: 1, wanted });
}

/** Whether it is the trap of what is there, but for what was agreed on. */
const isLess = (wanted: Protection, held: Protection): boolean =>
  wanted.isTrap === true && wanted.layers !== held.layers && isSame({ ...wanted, layers: held.layers }, held);

/** Of one that is not in force; false if nobody has claimed it. */
function giveUp(held: Held, wanted: Protection): boolean {
  const other = held.others?.get(keyOf(wanted));
  if (!other) return false;
  if (--other.holders === 0) forget(held, wanted);
  return true;
}

function forget(held: Held, wanted: Protection): void {
  held.others?.delete(keyOf(wanted));
  if (held.others?.size === 0) held.others = undefined;
}

/** Of all that `isSame` compares. */
const keyOf = ({ reqid, mode, protocol, localHost, remoteHost, action, isOutward, ...rest }: Protection): string =>
  [reqid, mode, protocol, localHost, remoteHost, action, isOutward, rest.priority ?? 0, rest.layers].join(' ');

/** One block of ours, one of theirs, and what may pass between them. */
interface Pair {
  readonly key: string;
  readonly wanted: Protection;
  readonly mine: Subnet;
  readonly theirs: Subnet;
  readonly protocol: number;
  readonly minePort: number | undefined;
  readonly theirsPort: number | undefined;
}

/** Whether their policies of one pair are the same in all but the pair. */
const isSame = (a: Protection, b: Protection): boolean =>
  a.reqid === b.reqid &&
  a.mode === b.mode &&
  a.protocol === b.protocol &&
  a.action === b.action &&
  a.isOutward === b.isOutward &&
  a.layers === b.layers &&
  (a.priority ?? 0) === (b.priority ?? 0) &&
  a.localHost.equals(b.localHost) &&
  a.remoteHost.equals(b.remoteHost);

/** Every pair of blocks of one family. */
function pairs(wanted: Protection): Pair[] {
  const all: Pair[] = [];
  for (const local of wanted.local) {
    for (const remote of wanted.remote) {
      if (remote.family !== local.family) continue;
      const protocol = local.protocol || remote.protocol;
      const [minePort, theirsPort] = [onePort(local), onePort(remote)];
      for (const mine of local.subnets()) {
        for (const theirs of remote.subnets()) {
          // Joined, and so one flat string: it is kept.
          const key = [mine, theirs, protocol, minePort, theirsPort].join(' ');
          all.push({ key, wanted, mine, theirs, protocol, minePort, theirsPort });
        }
      }
    }
  }
  return all;
}

/** A pair's policies: outward last, so that nothing leaves before answers may come in. */
function specsOf({ wanted, mine, theirs, protocol, minePort, theirsPort }: Pair): readonly PolicySpec[] {
  const { mode, reqid, localHost, remoteHost, action = 'protect', isOutward = false } = wanted;
  const priority = wanted.priority || derivedPriority(mine.prefix + theirs.prefix, protocol, mine.address.bits);
  const through = (src: Address, dst: Address) =>
    action === 'protect' ? { tunnel: { protocol: wanted.protocol, mode, reqid, src, dst, layers: wanted.layers } } : {};
  const back = (direction: 'in' | 'fwd'): PolicySpec => ({
    direction,
    action,
    src: theirs,
    dst: mine,
    protocol,
    priority,
    ...through(remoteHost, localHost),
    ...(ICMP.has(protocol) ? icmpKeys(theirsPort ?? minePort) : portKeys(theirsPort, minePort)),
  });
  const out: PolicySpec = {
    direction: 'out',
    action,
    src: mine,
    dst: theirs,
    protocol,
    priority,
    ...through(localHost, remoteHost),
    ...(ICMP.has(protocol) ? icmpKeys(theirsPort ?? minePort) : portKeys(minePort, theirsPort)),
  };
  if (isOutward) return [out];
  return mode === 'tunnel' ? [back('in'), back('fwd'), out] : [back('in'), out];
}

/** Kernels know one port or all of them; a range is widened here, and the SA's own selectors still say no. */
const onePort = (s: Selector): number | undefined =>
  s.startPort === s.endPort && s.startPort !== 0 ? s.startPort : undefined;

/** ICMP and ICMPv6. */
const ICMP: ReadonlySet<number> = new Set([1, 58]);

/** Planes have the type as the source's port and the code as the destination's, whichever way a packet goes. */
const icmpKeys = (typeAndCode: number | undefined) =>
  typeAndCode === undefined ? {} : { srcPort: typeAndCode >> 8, dstPort: typeAndCode & 255 };

const portKeys = (srcPort: number | undefined, dstPort: number | undefined) => ({
  ...(srcPort === undefined ? {} : { srcPort }),
  ...(dstPort === undefined ? {} : { dstPort }),
});

/** The more specific, the earlier: 1 to 2^20, below what routing daemons use. */
const derivedPriority = (prefixes: number, protocol: number, bits: number): number =>
  (2 * bits - prefixes + 1) * 2048 - (protocol === 0 ? 0 : 1024);
