/** The shorter reports: shunts, address pools, processes, counters, FIPS. */
import type { FipsRow, GlobalRow, LeaseRow, PoolRow, ProcessRow, ShuntRow } from './rows.ts';

/** `192.0.2.1:0 -0-> 192.0.2.2:0 => %hold    acquire [$1]`. */
export function shuntLine(row: ShuntRow): string {
  const from = `${row.source}:${row.sourcePort}`;
  const to = `${row.destination}:${row.destinationPort}`;
  const serial = row.connSerial === undefined ? '' : ` [$${row.connSerial}]`;
  return `${from} -${row.protocol}-> ${to} => ${row.policy}    ${row.why}${serial}`;
}

function poolLine(row: PoolRow): string {
  const counts = `${row.size} addresses, ${row.leases} leases, ${row.inUse} in-use, ${row.free} free (${row.reusable} reusable)`;
  return `address pool ${row.range}: ${counts}`;
}

/** All pools come before all leases, and in the same order; each is printed above its own. */
export class PoolLines {
  readonly #waiting: PoolRow[] = [];
  #printed: string | undefined;

  /** Prints nothing yet. */
  hold(row: PoolRow): string[] {
    this.#waiting.push(row);
    return [];
  }

  /** A lease, below the pools up to its own that have not been printed. */
  lease({ pool, address, holder, state }: LeaseRow): string[] {
    const due = pool === this.#printed ? 0 : this.#waiting.findIndex(({ range }) => range === pool) + 1;
    this.#printed = pool;
    return [...this.#waiting.splice(0, due).map(poolLine), `  ${address} ${state}`, `    ${holder}`];
  }

  /** The pools below which nothing more comes. */
  rest(): string[] {
    return this.#waiting.splice(0).map(poolLine);
  }
}

export function processLine({ pid, name }: ProcessRow): string {
  return `${`${pid}`.padStart(5)}  ${name}`;
}

export function globalLine({ key, value }: GlobalRow): string {
  return `${key}=${value}`;
}

export function fipsLine({ mode }: FipsRow): string {
  return `FIPS mode ${mode}`;
}
