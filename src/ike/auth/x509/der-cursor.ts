/**
 * Reads DER (X.690) in one pass, without copies: lengths in their shortest form, numbers without spare octets, nothing
 * left over. What is wrong first stays: from then on everything reads as nothing, so that a reader is written as if all
 * were well, and asks `wrong` in the end. There is no recursion: who reads opens what it knows.
 */

export const DER = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  ENUMERATED: 0x0a,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** `[n]` with one element or several in it. */
export const context = (n: number): number => 0xa0 | n;
/** `[n]` IMPLICIT, of what has no elements in it. */
export const primitive = (n: number): number => 0x80 | n;

const NOTHING = new Uint8Array(0);

/** The octets as a string, a character for each. */
export const latin1 = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');

/** 2.5.29.n, as nearly all extensions are named, by n: a certificate has half a dozen. */
const CE: readonly string[] = Array.from({ length: 256 }, (_, n) => `\x55\x1d${String.fromCharCode(n)}`);

export class DerCursor {
  readonly octets: Uint8Array;
  /** What is wrong and where; completes "it is no …: ". */
  wrong: string | undefined = undefined;
  #at: number;
  #end: number;
  // Of the element that was read last.
  #start = 0;
  #stop = 0;

  /** From octet `at` on. */
  constructor(octets: Uint8Array, at = 0) {
    this.octets = octets;
    this.#at = at;
    this.#end = octets.length;
  }

  /** Where the next element begins. */
  get at(): number {
    return this.#at;
  }

  /** Nothing follows in what is open. */
  get isDone(): boolean {
    return this.#at >= this.#end;
  }

  /** The tag of what follows; 0 at the end. */
  get tag(): number {
    return this.#at < this.#end ? this.octets[this.#at] : 0;
  }

  /** Goes into the element that follows. What it returns is for `close`. */
  open(tag: number, what: string): number {
    const outer = this.#end;
    if (!this.#read(tag, what)) return outer;
    this.#at = this.#start;
    this.#end = this.#stop;
    return outer;
  }

  /** Leaves what was opened, in which there is nothing else. */
  close(outer: number, what: string): void {
    if (this.wrong !== undefined) return;
    if (this.#at !== this.#end) this.fail(what, 'something follows that does not belong there');
    else this.#end = outer;
  }

  /** All of the element that follows. */
  element(tag: number, what: string): Uint8Array {
    const from = this.#at;
    return this.#read(tag, what) ? this.octets.subarray(from, this.#stop) : NOTHING;
  }

  /** What is in the element that follows. */
  contents(tag: number, what: string): Uint8Array {
    return this.#read(tag, what) ? this.octets.subarray(this.#start, this.#stop) : NOTHING;
  }

  /** What is in an OBJECT IDENTIFIER, a character for each octet; empty if it is none. */
  oid(what: string): string {
    if (!this.skipOid(what)) return '';
    const { octets } = this;
    const [start, stop] = [this.#start, this.#stop];
    const isCommon = stop - start === 3 && octets[start] === 0x55 && octets[start + 1] === 0x1d;
    return isCommon ? CE[octets[start + 2]] : latin1(octets.subarray(start, stop));
  }

  /** Goes past one. X.690 §8.19: no number begins with zeros, and the last one ends. */
  skipOid(what: string): boolean {
    if (!this.#read(DER.OID, what)) return false;
    const { octets } = this;
    const stop = this.#stop;
    let isFresh = true;
    let isGood = stop > this.#start;
    for (let at = this.#start; at < stop; at++) {
      const octet = octets[at];
      if (isFresh && octet === 0x80) isGood = false;
      isFresh = octet < 0x80;
    }
    if (isGood && isFresh) return true;
    this.fail(what, 'it is no object identifier');
    return false;
  }

  /** All of the element that follows, whatever it is. */
  any(what: string): Uint8Array {
    return this.element(this.tag, what);
  }

  /** Goes past the element that follows. */
  skip(what: string): void {
    this.#read(this.tag, what);
  }

  /** The same if there is one with this tag. */
  skipIf(tag: number, what: string): void {
    if (this.tag === tag) this.#read(tag, what);
  }

  /** A number that is not negative, of up to `most` octets, without the zero that keeps it from being negative. */
  unsigned(most: number, what: string, tag: number = DER.INTEGER): Uint8Array {
    if (!this.#read(tag, what)) return NOTHING;
    const { octets } = this;
    const [start, stop] = [this.#start, this.#stop];
    if (start === stop) return this.fail(what, 'a number without octets');
    if (octets[start] >= 0x80) return this.fail(what, 'a negative number');
    const isPadded = octets[start] === 0 && stop - start > 1;
    if (isPadded && octets[start + 1] < 0x80) return this.fail(what, 'a number that begins with a zero too many');
    const from = isPadded ? start + 1 : start;
    if (stop - from > most) return this.fail(what, `a number of more than ${most} octets`);
    return octets.subarray(from, stop);
  }

  /** A number from 0 to 65535. */
  small(what: string, tag?: number): number {
    let number = 0;
    for (const octet of this.unsigned(2, what, tag)) number = number * 256 + octet;
    return number;
  }

  boolean(what: string, tag: number = DER.BOOLEAN): boolean {
    if (!this.#read(tag, what)) return false;
    const octet = this.octets[this.#start];
    if (this.#stop - this.#start !== 1 || (octet !== 0 && octet !== 0xff))
      this.fail(what, 'it is neither true nor false');
    return octet === 0xff;
  }

  /** A BOOLEAN DEFAULT FALSE, of which DER writes the default down by leaving it out. */
  flag(what: string): boolean {
    if (this.tag !== DER.BOOLEAN) return false;
    const is = this.boolean(what);
    if (!is) this.fail(what, 'a default is written out');
    return is;
  }

  /** Whole octets. */
  bitString(what: string, tag: number = DER.BIT_STRING): Uint8Array {
    if (!this.#read(tag, what)) return NOTHING;
    if (this.#start === this.#stop || this.octets[this.#start] !== 0)
      return this.fail(what, 'it is not made of whole octets');
    return this.octets.subarray(this.#start + 1, this.#stop);
  }

  /** Named bits (X.690 §11.2.2) as a number, bit 0 being 1, bit 1 being 2, and so on; up to 16 bits. */
  bits(what: string, tag: number = DER.BIT_STRING): number {
    if (!this.#read(tag, what)) return 0;
    const { octets } = this;
    const [start, stop] = [this.#start, this.#stop];
    const unused = octets[start];
    const count = stop - start - 1;
    const last = octets[stop - 1];
    const isShortest = count === 0 ? unused === 0 : unused < 8 && (last & ((2 << unused) - 1)) === 1 << unused;
    if (count < 0 || count > 2 || !isShortest) {
      this.fail(what, 'bits that are not in their shortest form');
      return 0;
    }
    let bits = 0;
    for (let i = 0; i < 8 * count; i++) if (octets[start + 1 + (i >> 3)] & (0x80 >> (i & 7))) bits |= 1 << i;
    return bits;
  }

  /** s since 1970. RFC 5280 §4.1.2.5: UTC, to the second. */
  time(what: string): number {
    const isLong = this.tag === DER.GENERALIZED_TIME;
    if (!this.#read(isLong ? DER.GENERALIZED_TIME : DER.UTC_TIME, what)) return 0;
    const seconds = secondsOf(this.octets, this.#start, this.#stop, isLong);
    if (seconds === undefined) {
      this.fail(what, 'it is no time');
      return 0;
    }
    return seconds;
  }

  /** All that is left in what is open. */
  rest(): Uint8Array {
    const rest = this.octets.subarray(this.#at, this.#end);
    this.#at = this.#end;
    return rest;
  }

  fail(what: string, why: string): Uint8Array {
    this.wrong ??= `${what}: ${why}, at octet ${this.#at}`;
    this.#at = this.#end;
    return NOTHING;
  }

  /** Finds the element that follows, and goes past it. */
  #read(tag: number, what: string): boolean {
    const { octets } = this;
    const [at, end] = [this.#at, this.#end];
    if (this.wrong !== undefined) return false;
    if (at >= end) return this.#no(what, 'it is missing');
    if (octets[at] !== tag) return this.#no(what, `tag 0x${octets[at].toString(16).padStart(2, '0')} is not its own`);
    if ((tag & 0x1f) === 0x1f) return this.#no(what, 'a tag of several octets');
    let start = at + 2;
    if (start > end) return this.#no(what, 'it is cut off');
    let length = octets[at + 1];
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4) return this.#no(what, 'a length that is not in DER');
      start += count;
      if (start > end) return this.#no(what, 'it is cut off');
      length = 0;
      for (let i = start - count; i < start; i++) length = length * 256 + octets[i];
      if (length < (count === 1 ? 0x80 : 2 ** (8 * (count - 1)))) return this.#no(what, 'a length that is not in DER');
    }
    if (length > end - start) return this.#no(what, 'it is cut off');
    this.#start = start;
    this.#stop = start + length;
    this.#at = this.#stop;
    return true;
  }

  #no(what: string, why: string): false {
    this.fail(what, why);
    return false;
  }
}

/** `YYMMDDHHMMSSZ`, with two digits more for all of the year. */
function secondsOf(octets: Uint8Array, start: number, stop: number, isLong: boolean): number | undefined {
  const digits = isLong ? 14 : 12;
  if (stop - start !== digits + 1 || octets[stop - 1] !== 0x5a) return undefined;
  for (let i = start; i < stop - 1; i++) if (octets[i] < 0x30 || octets[i] > 0x39) return undefined;
  const pair = (at: number): number => 10 * (octets[at] - 0x30) + octets[at + 1] - 0x30;
  const at = isLong ? start + 4 : start + 2;
  const short = pair(start);
  // RFC 5280 §4.1.2.5.1.
  const year = isLong ? 100 * short + pair(start + 2) : short >= 50 ? 1900 + short : 2000 + short;
  const [month, day, hour, minute, second] = [pair(at), pair(at + 2), pair(at + 4), pair(at + 6), pair(at + 8)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const days = MONTHS[month - 1] + (month === 2 && isLeap(year) ? 1 : 0);
  if (!(day >= 1 && day <= days)) return undefined;
  return 86_400 * (daysBefore(year, month) + day - 1) + 3600 * hour + 60 * minute + second;
}

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** From 1970 to the first of a month. */
function daysBefore(year: number, month: number): number {
  const past = year - 1;
  const leaps = (last: number) => Math.floor(last / 4) - Math.floor(last / 100) + Math.floor(last / 400);
  let days = 365 * (year - 1970) + leaps(past) - leaps(1969);
  for (let i = 1; i < month; i++) days += MONTHS[i - 1];
  return month > 2 && isLeap(year) ? days + 1 : days;
}
