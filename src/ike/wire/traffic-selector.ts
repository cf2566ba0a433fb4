/**
 * Traffic selectors, RFC 7296 §3.13:
 *
 *     |   TS Type     |IP Protocol ID |       Selector Length         |
 *     |           Start Port          |           End Port            |
 *     ~               Starting Address, then Ending Address           ~
 */
import { Selector } from '../../net/selector.ts';
import { countOf, type Field, hex, payload, reserved } from './field.ts';
import type { Reader } from './reader.ts';
import { TS_TYPE } from './registry.ts';

/** A selector that is no address range: TS_SECLABEL (RFC 9478), TS_FC_ADDR_RANGE (RFC 4595), and future ones. */
export interface OtherSelector {
  readonly tsType: number;
  /** The octet after the type, an IP protocol or reserved. */
  readonly protocol: number;
  /** What follows the length. */
  readonly data: Uint8Array;
}

const HEADER_OCTETS = 4;

const isRange = (tsType: number) => tsType === TS_TYPE.TS_IPV4_ADDR_RANGE || tsType === TS_TYPE.TS_IPV6_ADDR_RANGE;

/**
 * The wire mixes ranges and others. Two fields read the same octets in turn, each passing over what is the
 * other's: this one goes back to the start when it is done, and `others` runs to the end.
 */
const selectors: Field<readonly Selector[]> = {
  read: (r) => {
    const start = r.at;
    const count = r.measure;
    const list: Selector[] = [];
    for (let i = 0; i < count && !r.fault; i++) {
      const { tsType, protocol, outer } = enterSelector(r);
      const range = isRange(tsType) ? readRange(r, tsType, protocol) : r.skip(r.left);
      if (range) list.push(range);
      r.leave(outer);
    }
    if (!r.fault) r.at = start;
    return list;
  },
  write: (w, list) => {
    for (const s of list) {
      const from = w.at;
      w.uint(1, s.family === 4 ? TS_TYPE.TS_IPV4_ADDR_RANGE : TS_TYPE.TS_IPV6_ADDR_RANGE);
      w.uint(1, s.protocol);
      w.zeros(2);
      w.uint(2, s.startPort);
      w.uint(2, s.endPort);
      w.address(s.start);
      w.address(s.end);
      w.patchLength16(from + 2, from);
    }
  },
  show: (list) => list.map(showRange).join(', '),
};

const others: Field<readonly OtherSelector[] | undefined> = {
  read: (r) => {
    const list: OtherSelector[] = [];
    for (let i = 0; i < r.measure && !r.fault; i++) {
      const { tsType, protocol, outer } = enterSelector(r);
      if (isRange(tsType)) r.skip(r.left);
      else list.push({ tsType, protocol, data: r.octets(r.left) });
      r.leave(outer);
    }
    return list.length > 0 ? list : undefined;
  },
  write: (w, list) => {
    for (const { tsType, protocol, data } of list ?? []) {
      const from = w.at;
      w.uint(1, tsType);
      w.uint(1, protocol);
      w.zeros(2);
      w.octets(data);
      w.patchLength16(from + 2, from);
    }
  },
  show: (list) => (list ?? []).map((o) => `type ${o.tsType} ${hex(o.data)}`).join(', '),
};

const TS_SHAPE = { _count: countOf(1, 'selectors', 'others'), _reserved: reserved(3), selectors, others };

export const TSI = payload(44, 'TSi', TS_SHAPE);
export const TSR = payload(45, 'TSr', TS_SHAPE);

function enterSelector(r: Reader) {
  const tsType = r.uint(1);
  const protocol = r.uint(1);
  const length = r.uint(2);
  return { tsType, protocol, outer: r.enter(length - HEADER_OCTETS, r.at - 2) };
}

function readRange(r: Reader, tsType: number, protocol: number): Selector | undefined {
  const portsAt = r.at;
  const startPort = r.uint(2);
  const endPort = r.uint(2);
  const addressAt = r.at;
  const octets = tsType === TS_TYPE.TS_IPV4_ADDR_RANGE ? 4 : 16;
  const start = r.address(octets);
  const end = r.address(octets);
  if (!start || !end) return undefined;
  // OPAQUE is 65535-0 (RFC 7296 §3.13.1); no other range runs backwards.
  if (startPort > endPort && !(startPort === 65535 && endPort === 0)) r.fail('ports run backwards', portsAt);
  if (start.compare(end) > 0) r.fail('addresses run backwards', addressAt);
  return new Selector(start, end, protocol, startPort, endPort);
}

/** Not `Selector.toString`: that looks for the blocks of a range, and a peer's range may have 254 of them. */
function showRange(s: Selector): string {
  return `${s.start}-${s.end}/${s.protocol}/${s.startPort}-${s.endPort}`;
}
