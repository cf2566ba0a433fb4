/**
 * The users of `xauthby=file`, as libreswan keeps them in `passwd` of `ipsecdir=`:
 *
 *     # NAME:HASH[:CONN[:ADDRESSES]]
 *     carol:$6$...:road:10.9.0.7
 *     dave:$5$...
 *
 * HASH is crypt(3)'s; without CONN the line is for every connection; ADDRESSES is what the user leases.
 */
import type { AddressRange } from '../net/address-range.ts';
import { parsePool } from './build-text.ts';
import { hasControl, shown } from './printable.ts';
import type { Problem } from './problem.ts';
import { isFault } from './values.ts';

export interface PasswdLine {
  readonly name: string;
  /** As it stands there. Never in a log or an error. */
  readonly hash: string;
  /** Absent: any connection. */
  readonly conn: string | undefined;
  /** The user's own; empty: as everybody's. */
  readonly addresses: readonly AddressRange[];
  readonly line: number;
}

export class Passwd {
  readonly #lines = new Map<string, PasswdLine[]>();
  size = 0;

  add(line: PasswdLine): void {
    const known = this.#lines.get(line.name);
    if (known) known.push(line);
    else this.#lines.set(line.name, [line]);
    this.size++;
  }

  /** Of this user, for this connection, in the order of the file: any of them will do. */
  of(name: string, conn: string): readonly PasswdLine[] {
    return (this.#lines.get(name) ?? NONE).filter((line) => line.conn === undefined || line.conn === conn);
  }
}

const NONE: readonly never[] = Object.freeze([]);

/** Characters. */
const MAX_LINE = 1024;
const MAX_LINES = 200_000;
/** libreswan's, as is that of passwords. */
const MAX_NAME = 128;

/** Lines that are wrong are left out, and said. */
export function parsePasswd(
  text: string,
  file: string,
): { readonly users: Passwd; readonly problems: readonly Problem[] } {
  const users = new Passwd();
  const problems: Problem[] = [];
  const refuse = (line: number, why: string) =>
    void problems.push({ severity: 'error', file, line, text: `${why}; the line is left out` });
  let number = 0;
  for (const raw of linesIn(text)) {
    number++;
    if (number > MAX_LINES) {
      problems.push({
        severity: 'error',
        file,
        line: number,
        text: `more than ${MAX_LINES} lines; the rest is left out`,
      });
      break;
    }
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line, number);
    if (typeof parsed === 'string') refuse(number, parsed);
    else users.add(parsed);
  }
  return { users, problems };
}

function* linesIn(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    yield text.slice(start, end);
    start = end + 1;
  }
}

/** The line, or what is wrong with it: never with its hash in it. */
function parseLine(text: string, line: number): PasswdLine | string {
  if (text.length > MAX_LINE) return `more than ${MAX_LINE} characters`;
  if (hasControl(text)) return 'a control character';
  const fields = text.split(':').map((field) => field.trim());
  const [name, hash, conn = '', addresses = ''] = fields;
  if (fields.length < 2 || fields.length > 4)
    return `expected NAME:HASH[:CONN[:ADDRESSES]], got ${fields.length} fields`;
  if (name === '') return 'the name is missing';
  if (Buffer.byteLength(name) > MAX_NAME) return `a name has at most ${MAX_NAME} octets`;
  if (hash === '') return `${shown(name)} has no hash of a password`;
  const pool = addresses === '' ? NONE : parsePool([addresses]);
  if (isFault(pool)) return `addresses of ${shown(name)}: ${pool.fault}`;
  if (pool.some(({ start }) => start.family !== 4))
    return `addresses of ${shown(name)}: expected IPv4, which IKEv1 leases`;
  return Object.freeze({ name, hash, conn: conn === '' ? undefined : conn, addresses: pool, line });
}
