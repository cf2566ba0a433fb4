/** `--oppohere A --oppothere B`: negotiate for a packet from A to B as if the data plane had trapped it. */
import type { Answer } from '../control/answer.ts';
import type { RequestOf } from '../control/protocol.ts';
import { RC } from '../control/reply-codes.ts';
import { Address } from '../net/address.ts';
import { Selector } from '../net/selector.ts';
import { Subnet } from '../net/subnet.ts';
import { end } from './orders.ts';
import type { Entry } from './registry.ts';
import { inSlices, type Work } from './slices.ts';
import type { World } from './world.ts';

export function initiateFor(world: World, request: RequestOf<'oppo'>, answer: Answer): void {
  const { protocol = 0, sourcePort = 0, destinationPort = 0, asynchronous = false } = request;
  const [here, there] = [Address.parse(request.here), Address.parse(request.there)];
  const refuse = (why: string) =>
    end(answer, RC.OPPOFAILURE, `cannot initiate for ${request.here} to ${request.there}: ${why}`);
  if (!here || !there) return refuse(`${here ? request.there : request.here} is not an address`);
  if (here.family !== there.family) return refuse('one is IPv4, the other IPv6');
  const src = packetEnd(here, protocol, sourcePort);
  const dst = packetEnd(there, protocol, destinationPort);

  function* work(): Work {
    let best: { readonly entry: Entry; readonly width: number } | undefined;
    for (const entry of world.registry.entries()) {
      yield undefined;
      const width = widthOf(entry, src, dst);
      if (width !== undefined && (!best || width < best.width)) best = { entry, width };
    }
    for (const entry of world.registry.opportunities(here!, there!)) {
      const width = openTo(entry, src, dst);
      if (width !== undefined && (!best || width < best.width)) best = { entry, width };
    }
    if (!best) return refuse('no connection with a known peer covers both');
    if (!world.registry.holds(best.entry)) return refuse(`"${best.entry.conn.name}" has just been deleted`);
    best.entry.ref.tell({ t: 'acquire', src, dst, answer, asynchronous });
  }
  inSlices(world, `oppo ${here} ${there}`, work());
}

/** What one packet has: exactly this, where it is said. */
const packetEnd = (address: Address, protocol: number, port: number): Selector =>
  port === 0 ? Selector.ofAddress(address, protocol) : Selector.ofAddress(address, protocol, port, port);

/** Bits of address that the pair of selectors covering the packet leaves open: the fewest are meant. */
function widthOf({ policy }: Entry, src: Selector, dst: Selector): number | undefined {
  if (!policy?.remoteHost) return undefined;
  return openBits(policy.child.local, src, policy.child.remote, dst);
}

/** The same of one whose peer is whoever the packet goes to. */
function openTo({ policy, conn, side }: Entry, src: Selector, dst: Selector): number | undefined {
  if (!policy) return undefined;
  const { subnets } = side === 'left' ? conn.right : conn.left;
  return openBits(
    policy.child.local,
    src,
    subnets.length > 0 ? subnets : [Selector.ofSubnet(Subnet.all(dst.family))],
    dst,
  );
}

function openBits(
  local: readonly Selector[],
  src: Selector,
  remote: readonly Selector[],
  dst: Selector,
): number | undefined {
  const open = (selectors: readonly Selector[], packet: Selector) =>
    selectors.filter((s) => s.contains(packet)).map((s) => bits(s.end.toBigInt() - s.start.toBigInt()));
  const [mine, theirs] = [open(local, src), open(remote, dst)];
  return mine.length > 0 && theirs.length > 0 ? Math.min(...mine) + Math.min(...theirs) : undefined;
}

const bits = (width: bigint): number => (width === 0n ? 0 : width.toString(2).length);
