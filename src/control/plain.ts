/**
 * Is this MessagePack something that may be unpacked? The decoder believes an array's count before it has
 * seen the elements, recurses as deep as it is told, and knows extensions (records, references, errors) that
 * nobody here sends. Here the octets are walked first: counts against what is there, depth against a bound,
 * and only maps, arrays, texts, numbers, booleans and nothing. The rest is refused.
 */

/** `status` rows nest five deep. */
const MAX_DEPTH = 12;

/** Undefined if `octets` is exactly one plain value; else what is wrong with it. */
export function whyNotPlain(octets: Uint8Array): string | undefined {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  /** Values still to come at each level, the outermost first. */
  const due = [1];
  let at = 0;
  while (due.length > 0) {
    const level = due.length - 1;
    if (due[level] === 0) {
      due.pop();
      continue;
    }
    due[level] -= 1;
    if (at >= octets.length) return 'cut short';
    const tag = octets[at];
    const row = ROWS[tag];
    if (row === undefined) {
      // `undefined` is the one extension: fixext 1, type 0, octet 0.
      if (tag !== 0xd4 || octets[at + 1] !== 0 || octets[at + 2] !== 0) return `tag 0x${tag.toString(16)} is not plain`;
      at += 3;
      continue;
    }
    if (at + row.head > octets.length) return 'cut short';
    const count = row.count ?? lengthAt(view, at + 1, row.head - 1);
    at += row.head;
    if (row.kind === 'scalar') continue;
    const least = row.kind === 'map' ? count * 2 : count;
    if (least > octets.length - at) return 'cut short';
    if (row.kind === 'text') at += count;
    else if (due.push(least) > MAX_DEPTH) return `nested more than ${MAX_DEPTH} deep`;
  }
  return at === octets.length ? undefined : `${octets.length - at} octets too many`;
}

interface Row {
  readonly kind: 'scalar' | 'text' | 'array' | 'map';
  /** Octets of tag and count, or of the whole scalar. */
  readonly head: number;
  /** The count, where the tag holds it. */
  readonly count?: number;
}

const NAMED: ReadonlyMap<number, Row> = new Map([
  [0xc0, { kind: 'scalar', head: 1 }], // nil
  [0xc2, { kind: 'scalar', head: 1 }], // false
  [0xc3, { kind: 'scalar', head: 1 }], // true
  [0xca, { kind: 'scalar', head: 5 }], // float 32
  [0xcb, { kind: 'scalar', head: 9 }], // float 64
  [0xcc, { kind: 'scalar', head: 2 }], // uint 8, 16, 32, 64
  [0xcd, { kind: 'scalar', head: 3 }],
  [0xce, { kind: 'scalar', head: 5 }],
  [0xcf, { kind: 'scalar', head: 9 }],
  [0xd0, { kind: 'scalar', head: 2 }], // int 8, 16, 32, 64
  [0xd1, { kind: 'scalar', head: 3 }],
  [0xd2, { kind: 'scalar', head: 5 }],
  [0xd3, { kind: 'scalar', head: 9 }],
  [0xd9, { kind: 'text', head: 2 }], // str 8, 16, 32
  [0xda, { kind: 'text', head: 3 }],
  [0xdb, { kind: 'text', head: 5 }],
  [0xdc, { kind: 'array', head: 3 }], // array 16, 32
  [0xdd, { kind: 'array', head: 5 }],
  [0xde, { kind: 'map', head: 3 }], // map 16, 32
  [0xdf, { kind: 'map', head: 5 }],
]);

/** The format's first octet, as its specification lists it; holes are what we refuse. */
const ROWS: readonly (Row | undefined)[] = Array.from({ length: 256 }, (_, tag): Row | undefined => {
  if (tag < 0x80 || tag >= 0xe0) return { kind: 'scalar', head: 1 };
  if (tag < 0x90) return { kind: 'map', head: 1, count: tag & 0x0f };
  if (tag < 0xa0) return { kind: 'array', head: 1, count: tag & 0x0f };
  if (tag < 0xc0) return { kind: 'text', head: 1, count: tag & 0x1f };
  return NAMED.get(tag);
});

function lengthAt(view: DataView, at: number, octets: number): number {
  if (octets === 1) return view.getUint8(at);
  return octets === 2 ? view.getUint16(at) : octets === 4 ? view.getUint32(at) : 0;
}
