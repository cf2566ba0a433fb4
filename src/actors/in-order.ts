/** Sorting that holds up nobody: small pieces first, each in a turn of its own, and a merge no faster than its reader. */

/** Items of a piece: some 300 µs. */
const PIECE = 512;

interface Run<T> {
  readonly items: readonly T[];
  at: number;
}

/** Yields after each piece; returns the items in order of their keys, by code units. */
export function* inOrder<T>(items: Iterable<T>, key: (item: T) => string): Generator<undefined, Iterable<T>, void> {
  const before = (a: T, b: T) => key(a) < key(b);
  const runs: Run<T>[] = [];
  let piece: T[] = [];
  const keep = () => {
    if (piece.length > 0) runs.push({ items: piece.sort((a, b) => (before(a, b) ? -1 : 1)), at: 0 });
    piece = [];
  };
  for (const item of items) {
    piece.push(item);
    if (piece.length < PIECE) continue;
    keep();
    yield undefined;
  }
  keep();
  return merged(runs, before);
}

/** A heap of runs, the one with the least head on top. */
function* merged<T>(heap: Run<T>[], before: (a: T, b: T) => boolean): Generator<T, void, void> {
  const isBefore = (a: Run<T>, b: Run<T>) => before(a.items[a.at], b.items[b.at]);
  const sink = (from: number) => {
    for (let parent = from; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      let least = parent;
      if (left < heap.length && isBefore(heap[left], heap[least])) least = left;
      if (right < heap.length && isBefore(heap[right], heap[least])) least = right;
      if (least === parent) return;
      [heap[parent], heap[least]] = [heap[least], heap[parent]];
      parent = least;
    }
  };
  for (let parent = heap.length >> 1; parent >= 0; parent--) sink(parent);
  while (heap.length > 0) {
    const [top] = heap;
    yield top.items[top.at];
    top.at++;
    if (top.at === top.items.length) {
      const last = heap.pop();
      if (last && last !== top) heap[0] = last;
    }
    sink(0);
  }
}
