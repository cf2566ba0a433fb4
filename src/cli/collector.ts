/**
 * Garbage collection for a daemon of many tunnels. What is measured is in docs/performance.md.
 *
 * *The young generation* has to hold what the handshakes under way have. In 2 MB that of 64 does not fit: it moves on to the old
 * one and dies there, and a handshake costs a third more processor time. It is collected by the main thread alone, which waits
 * for no thread that a busy machine does not run just now (15 ms were seen).
 *
 * *The old one* is collected when it has grown by two fifths. V8 lets a large heap grow fourfold, which 100,000 tunnels would take
 * more than a gigabyte with; and a fixed share makes a tunnel's part of the cost the same however many there are.
 */
import { setFlagsFromString } from 'node:v8';

/** What Node is to be started with; `bin/pluto` says the same. A heap that exists already cannot be told. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=16'];

/** Read at each collection, so that they may be said at run time. */
export function tuneCollector(): void {
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--heap-growing-percent=40');
}
