/**
 * The entries of a CRL, RFC 5280 §5.1.2.6, found by serial number. There may be a million, so none becomes an object: a
 * table of where they are is made in one pass, and an entry is read when it is the one.
 *
 *     SEQUENCE                    entry
 *       INTEGER                   serial number
 *       Time                      when
 *       SEQUENCE OF Extension     reason, and what is of no use here
 */
import type { Wrong } from '../../crypto/signature/public-key.ts';
import { MOST_SERIAL_OCTETS } from './certificate.ts';
import { DER, DerCursor } from './der-cursor.ts';
import { dotted, EXTENSION, eachExtension } from './extensions.ts';
import { isEqual } from './name.ts';

export interface Revocation {
  /** s since 1970. */
  readonly at: number;
  /** In words; RFC 5280 §5.3.1. */
  readonly reason: string;
}

export class Revoked {
  /** How many entries there are. */
  readonly count: number;
  readonly #entries: Uint8Array;
  /** Where an entry begins, and 1 more; 0: free. A power of two of places, at least twice as many as entries. */
  readonly #table: Int32Array;

  constructor(entries: Uint8Array, count: number, table: Int32Array) {
    this.#entries = entries;
    this.count = count;
    this.#table = table;
  }

  /** `serial`: without a zero in front. */
  find(serial: Uint8Array): Revocation | undefined {
    const table = this.#table;
    let place = hashOf(serial, 0, serial.length) & (table.length - 1);
    for (; table[place] !== 0; place = (place + 1) & (table.length - 1)) {
      const entry = readEntry(this.#entries, table[place] - 1);
      if (entry.wrong === undefined && isEqual(entry.serial, serial)) return { at: entry.at, reason: entry.reason };
    }
    return undefined;
  }
}

/** What is wrong completes "its CRL cannot be read: …". */
export function readRevoked(entries: Uint8Array): Revoked | Wrong {
  let places = 2;
  while (places < (2 * entries.length) / LEAST_OCTETS) places *= 2;
  const table = new Int32Array(places);
  const scan = new Scan(entries);
  let count = 0;
  while (scan.next()) {
    count++;
    // What a delta CRL takes out of another is on no list.
    if (scan.reason === REMOVED) continue;
    let place = hashOf(entries, scan.start, scan.stop) & (places - 1);
    while (table[place] !== 0) place = (place + 1) & (places - 1);
    table[place] = scan.at + 1;
  }
  return scan.wrong === undefined ? new Revoked(entries, count, table) : { wrong: scan.wrong };
}

/** Of an entry: a serial number of one octet, and UTCTime. */
const LEAST_OCTETS = 20;

/** Goes through entries one after another. Those of the two common shapes are not taken apart. */
class Scan {
  wrong: string | undefined = undefined;
  /** Of the entry: where it is, where its serial number is, and why it is there. */
  at = 0;
  start = 0;
  stop = 0;
  reason = 0;
  readonly #octets: Uint8Array;
  #next = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  next(): boolean {
    const octets = this.#octets;
    const at = this.#next;
    if (at >= octets.length) return false;
    this.at = at;
    const end = at + 2 + octets[at + 1];
    const start = octets[at + 4] === 0 ? at + 5 : at + 4;
    const stop = at + 4 + octets[at + 3];
    const after = stop + 15;
    const isCommon =
      octets[at] === DER.SEQUENCE &&
      octets[at + 1] < 0x80 &&
      end <= octets.length &&
      octets[at + 2] === DER.INTEGER &&
      stop > start &&
      stop - start <= MOST_SERIAL_OCTETS &&
      // A zero in front only where it keeps the number from being negative.
      octets[start] >= 0x80 === (start === at + 5) &&
      octets[stop] === DER.UTC_TIME &&
      octets[stop + 1] === 13 &&
      (after === end || (end - after === REASON.length + 1 && REASON.every((octet, i) => octets[after + i] === octet)));
    if (!isCommon) return this.#uncommon();
    this.start = start;
    this.stop = stop;
    this.reason = after === end ? 0 : octets[end - 1];
    this.#next = end;
    return true;
  }

  #uncommon(): boolean {
    const entry = readEntry(this.#octets, this.at);
    this.wrong = entry.wrong;
    this.stop = entry.stop;
    this.start = entry.stop - entry.serial.length;
    this.reason = entry.code;
    this.#next = entry.end;
    return this.wrong === undefined;
  }
}

/** `reasonCode` alone, up to the code. */
const REASON = [0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01];
const REMOVED = 8;

interface Entry extends Revocation {
  readonly wrong: string | undefined;
  readonly serial: Uint8Array;
  /** Where the serial number ends, and the entry. */
  readonly stop: number;
  readonly end: number;
  readonly code: number;
}

function readEntry(entries: Uint8Array, at: number): Entry {
  const r = new DerCursor(entries, at);
  let code = 0;
  const outer = r.open(DER.SEQUENCE, 'entry');
  const serial = r.unsigned(MOST_SERIAL_OCTETS, 'userCertificate');
  const stop = r.at;
  const when = r.time('revocationDate');
  if (!r.isDone)
    eachExtension(r, (oid, isCritical) => {
      if (oid === EXTENSION.reasonCode) code = r.small('reasonCode', DER.ENUMERATED);
      else if (oid === EXTENSION.certificateIssuer) r.fail('certificateIssuer', 'it is an indirect CRL');
      else if (isCritical) r.fail(`extension ${dotted(oid)}`, 'it is critical and unknown');
      else r.rest();
    });
  r.close(outer, 'entry');
  return { wrong: r.wrong, serial, stop, end: r.at, at: when, code, reason: REASONS[code] ?? `reason ${code}` };
}

/** RFC 5280 §5.3.1, by code. */
const REASONS: readonly (string | undefined)[] = [
  ...['unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'],
  ...['certificateHold', undefined, 'removeFromCRL', 'privilegeWithdrawn', 'aACompromise'],
];

/** FNV-1a. */
function hashOf(octets: Uint8Array, start: number, stop: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < stop; i++) hash = Math.imul(hash ^ octets[i], 0x01000193);
  return hash ^ (hash >>> 15);
}
