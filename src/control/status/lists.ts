/** The shorter reports: shunts, address pools, processes, counters, FIPS. */
import type { FipsRow, GlobalRow, LeaseRow, PoolRow, ProcessRow, ShuntRow } from './rows.ts';

/** `192.0.2.1:0 -0-> 192.0.2.2:0 => %hold    acquire [$1]`. */
export function shuntLine(row: ShuntRow): string {
  const from = `${row.source}:${row.sourcePort}`;
  const to = `${row.destination}:${row.destinationPort}`;
  const serial = row.connSerial === undefined ? '' : ` [$${row.connSerial}]`;
  return `${from} -${row.protocol}-> ${to} => ${row.policy}    ${row.why}${serial}`;
}

export function poolLine(row: PoolRow): string {
  const counts = `${row.size} addresses, ${row.leases} leases, ${row.inUse} in-use, ${row.free} free (${row.reusable} reusable)`;
  return `address pool ${row.range}: ${counts}`;
}

/** Under the line of its pool. */
export const leaseLines = ({ address, holder, state }: LeaseRow): string[] => [
  `  ${address} ${state}`,
  `    ${holder}`,
];

export function processLine({ pid, name }: ProcessRow): string {
  return `${`${pid}`.padStart(5)}  ${name}`;
}

export function globalLine({ key, value }: GlobalRow): string {
  return `${key}=${value}`;
}

export function fipsLine({ mode }: FipsRow): string {
  return `FIPS mode ${mode}`;
}
