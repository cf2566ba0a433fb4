/**
 * What is written of leases: a line for each change, the last one of an address counts. A line carries its checksum, so
 * that one that was cut or damaged is known, and what follows it is read nevertheless:
 *
 *     pluto leases 1
 *     1c291ca3 + 10.9.0.5 "@road.example"                 in use
 *     83dcefb7 - 10.9.0.5 1763740000000 "@road.example"   free; nobody else gets it before that time, ms since 1970
 */
import { crc32 } from 'node:zlib';
import { Address } from '../../net/address.ts';
import type { Remembered } from './leases.ts';
import type { Lease } from './pool.ts';

export const HEADER = 'pluto leases 1\n';

export interface Read {
  /** Oldest change first. */
  readonly leases: readonly (Omit<Remembered, 'heldUntil'> & { readonly heldUntil: number | 'in use' })[];
  readonly lines: number;
  /** Lines that cannot be read, a cut one at the end among them; where the first one begins, octets. */
  readonly damaged: number;
  readonly damagedAt: number | undefined;
}

export function lineOf({
  address,
  identity,
  users,
  heldUntil,
}: Pick<Lease, 'address' | 'identity' | 'users' | 'heldUntil'>): string {
  const text =
    users > 0 ? `+ ${address} ${JSON.stringify(identity)}` : `- ${address} ${heldUntil} ${JSON.stringify(identity)}`;
  return `${checksum(Buffer.from(text))} ${text}\n`;
}

export function read(bytes: Buffer): Read {
  const leases = new Map<string, Read['leases'][number]>();
  const [damage, count] = [{ count: 0, at: undefined as number | undefined }, { lines: 0 }];
  const isOurs = bytes.subarray(0, HEADER.length).equals(Buffer.from(HEADER));
  const from = isOurs ? HEADER.length : 0;
  if (!isOurs && bytes.length > 0) Object.assign(damage, { count: 1, at: 0 });
  for (let at = from; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline;
    const lease = newline < 0 ? undefined : leaseIn(bytes.subarray(at, end));
    count.lines++;
    if (lease) {
      const key = `${lease.address}`;
      leases.delete(key);
      // Nobody has it, nobody had it: as good as never used.
      if (lease.identity !== '' || lease.heldUntil !== 0) leases.set(key, lease);
    } else {
      damage.count++;
      damage.at ??= at;
    }
    at = end + 1;
  }
  return { leases: [...leases.values()], lines: count.lines, damaged: damage.count, damagedAt: damage.at };
}

const NEWLINE = 10;
/** Octets of a checksum and the blank after it. */
const SUM = 9;

const checksum = (octets: Uint8Array): string => crc32(octets).toString(16).padStart(8, '0');

function leaseIn(line: Buffer): Read['leases'][number] | undefined {
  if (line.length < SUM || line.toString('latin1', 0, SUM) !== `${checksum(line.subarray(SUM))} `) return undefined;
  const found = /^([+-]) (\S+) (?:(\d+) )?(".*")$/.exec(line.toString('utf8', SUM));
  const address = found && Address.parse(found[2]);
  const identity = found && textIn(found[4]);
  if (!address || typeof identity !== 'string') return undefined;
  return { address, identity, heldUntil: found[1] === '+' ? 'in use' : Number(found[3]) };
}

function textIn(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
