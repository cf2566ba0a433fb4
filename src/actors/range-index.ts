/**
 * Ranges of addresses, found by what they have in common with another: in about as many steps as the logarithm of how many
 * there are. A treap by first address whose nodes know the last address below them; v4 comes before v6.
 */
import type { Address } from '../net/address.ts';
import type { AddressRange } from '../net/address-range.ts';

/** One range, for taking it out again. */
export class Ranged<T> {
  readonly range: AddressRange;
  readonly value: T;
  readonly #order: number;
  readonly #weight: number;
  last: Address;
  left: Ranged<T> | undefined = undefined;
  right: Ranged<T> | undefined = undefined;

  constructor(range: AddressRange, value: T, order: number) {
    this.range = range;
    this.value = value;
    this.last = range.end;
    this.#order = order;
    this.#weight = scattered(order);
  }

  /** Of two that begin alike, the one that came first. */
  isBefore(other: Ranged<T>): boolean {
    return (this.range.start.compare(other.range.start) || this.#order - other.#order) < 0;
  }

  outweighs(other: Ranged<T>): boolean {
    return this.#weight > other.#weight;
  }

  /** After a change below. */
  settle(): this {
    this.last = later(later(this.range.end, this.left?.last), this.right?.last);
    return this;
  }
}

export class RangeIndex<T> {
  #root: Ranged<T> | undefined = undefined;
  #added = 0;

  add(range: AddressRange, value: T): Ranged<T> {
    const node = new Ranged(range, value, this.#added++);
    const [before, after] = split(this.#root, node);
    this.#root = join(join(before, node), after);
    return node;
  }

  /** Must be there. */
  remove(node: Ranged<T>): void {
    this.#root = without(this.#root, node);
  }

  /** The value of one that has addresses in common with `range`, and for which `test` is true. */
  find(range: AddressRange, test: (value: T) => boolean): T | undefined {
    return findIn(this.#root, range, test);
  }
}

type Tree<T> = Ranged<T> | undefined;

/** What is before `node`, and what is not. */
function split<T>(tree: Tree<T>, node: Ranged<T>): [Tree<T>, Tree<T>] {
  if (!tree) return [undefined, undefined];
  if (tree.isBefore(node)) {
    const [before, after] = split(tree.right, node);
    tree.right = before;
    return [tree.settle(), after];
  }
  const [before, after] = split(tree.left, node);
  tree.left = after;
  return [before, tree.settle()];
}

/** All of `left` is before all of `right`. */
function join<T>(left: Tree<T>, right: Tree<T>): Tree<T> {
  if (!left || !right) return left ?? right;
  if (left.outweighs(right)) {
    left.right = join(left.right, right);
    return left.settle();
  }
  right.left = join(left, right.left);
  return right.settle();
}

function without<T>(tree: Tree<T>, node: Ranged<T>): Tree<T> {
  if (!tree) return undefined;
  if (tree === node) return join(tree.left, tree.right);
  if (node.isBefore(tree)) tree.left = without(tree.left, node);
  else tree.right = without(tree.right, node);
  return tree.settle();
}

function findIn<T>(tree: Tree<T>, range: AddressRange, test: (value: T) => boolean): T | undefined {
  if (!tree || tree.last.compare(range.start) < 0) return undefined;
  const found = findIn(tree.left, range, test);
  if (found !== undefined || tree.range.start.compare(range.end) > 0) return found;
  const isCommon = tree.range.end.compare(range.start) >= 0;
  return isCommon && test(tree.value) ? tree.value : findIn(tree.right, range, test);
}

const later = (one: Address, other: Address | undefined): Address =>
  other !== undefined && other.compare(one) > 0 ? other : one;

/** Numbers in a row, far from each other: what keeps the tree flat whoever chooses the ranges. */
function scattered(order: number): number {
  let bits = Math.imul(order + 1, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca77);
  return (bits ^ (bits >>> 13)) >>> 0;
}
