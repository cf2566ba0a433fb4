/** `vnet:` and `vhost:`: out of what a peer may choose what is behind it. */
import { Address, type Family } from '../net/address.ts';
import { Selector } from '../net/selector.ts';
import { Subnet } from '../net/subnet.ts';
import type { End, VirtualSubnet } from './conn.ts';
import type { VirtualPrivate } from './setup.ts';

/**
 * The ranges that a choice must be within; `%no`, the peer's own address, is not among them. `known`: of
 * `virtual-private=`, whose exclusions are for `%priv` alone.
 */
export function virtualSelectors(
  { all, private: isPrivate, subnets }: VirtualSubnet,
  known: readonly VirtualPrivate[],
  protoport: End['protoport'],
): readonly Selector[] {
  const excluded = known.filter((v) => v.excluded).map((v) => rangeOf(v.subnet));
  const allowed = isPrivate ? known.filter((v) => !v.excluded).map((v) => rangeOf(v.subnet)) : [];
  const ranges = [
    ...(all ? [Subnet.all(4), Subnet.all(6)] : subnets).map(rangeOf),
    ...allowed.flatMap((range) => without(range, excluded)),
  ];
  const { protocol = 0, port = 0 } = protoport ?? {};
  return Object.freeze(
    ranges.map(
      ({ family, first, last }) =>
        new Selector(
          Address.fromBigInt(family, first),
          Address.fromBigInt(family, last),
          ...([protocol, port, port === 0 ? 65535 : port] as const),
        ),
    ),
  );
}

/** What is wrong with `%priv` where `virtual-private=` says of nothing that it is private. */
export function choiceProblem(
  { private: isPrivate, all, no, subnets }: VirtualSubnet,
  known: readonly VirtualPrivate[],
): string | undefined {
  if (!isPrivate || known.some((v) => !v.excluded)) return undefined;
  const outcome = all || no || subnets.length > 0 ? 'that word stands for nothing' : 'nobody can match';
  return `%priv needs virtual-private= in config setup, such as %v4:10.0.0.0/8; without it ${outcome}`;
}

interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

const rangeOf = ({ address, last }: Subnet): Range => ({
  family: address.family,
  first: address.toBigInt(),
  last: last.toBigInt(),
});

/** What is left of `range`, in order. */
function without(range: Range, holes: readonly Range[]): readonly Range[] {
  let left: readonly Range[] = [range];
  for (const hole of holes) {
    if (hole.family !== range.family) continue;
    left = left.flatMap(({ family, first, last }) => [
      ...(first < hole.first ? [{ family, first, last: last < hole.first ? last : hole.first - 1n }] : []),
      ...(last > hole.last ? [{ family, first: first > hole.last ? first : hole.last + 1n, last }] : []),
    ]);
  }
  return left;
}
