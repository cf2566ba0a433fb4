/**
 * Rules of nftables as netlink messages (linux/netfilter/nf_tables.h): as much as guard.ts needs. A rule is a list of
 * expressions; each loads something into a register, or compares a register and ends the rule if it differs.
 */
import { endianness } from 'node:os';
import { nfnetlinkBatch } from '../../native/userspace/engine.ts';

export type Expression = Buffer;
export type Rule = readonly Expression[];

/** A chain on a hook, or (`hook` absent) one to jump to. */
export interface Chain {
  readonly name: string;
  readonly hook?: 'prerouting' | 'postrouting';
  readonly priority?: number;
  readonly rules: readonly Rule[];
}

/** Part of a transaction. */
export type Message = Buffer;

const isLittleEndian = endianness() === 'LE';
const NFPROTO_INET = 1;
const SUBSYSTEM = 10;
const BATCH = { begin: 0x10, end: 0x11 };
const MESSAGE = { newTable: 0, deleteTable: 2, newChain: 3, newRule: 6, deleteRule: 8 };
const FLAG = { request: 0x001, echo: 0x008, create: 0x400, append: 0x800 };
const HOOK = { prerouting: 0, postrouting: 4 };
const REGISTER = { verdict: 0, one: 1 };
const META = { mark: 3, iifname: 6, oifname: 7, nfproto: 15, l4proto: 16 };
const BASE = { network: 1, transport: 2 };
const OPERATION = { eq: 0, neq: 1, lte: 3, gte: 5 };
const VERDICT = { drop: 0, accept: 1, jump: -3 };
const IFNAMSIZ = 16;
const IPPROTO_FRAGMENT = 44;

/**
 * Carries out all or nothing. Resolves to the handles of the rules that were added by `addRule`, in order; or to the
 * errno of the refusal.
 */
export const transact = (messages: readonly Message[]): readonly number[] | number => {
  const end = (type: number) => frame(type, 0, Buffer.from([0, 0, 0, SUBSYSTEM]));
  return nfnetlinkBatch(Buffer.concat([end(BATCH.begin), ...messages, end(BATCH.end)]));
};

/** The table anew, in the place of any of that name. */
export function layTable(table: string, chains: readonly Chain[]): Message[] {
  const messages = [...removeTable(table), message(MESSAGE.newTable, FLAG.create, [text(1, table)])];
  for (const { name, hook, priority = 0 } of chains) {
    const place = hook ? [nest(4, [be32(1, HOOK[hook]), be32(2, priority)]), be32(5, VERDICT.accept)] : [];
    const type = hook ? [text(7, 'filter')] : [];
    messages.push(message(MESSAGE.newChain, FLAG.create, [text(1, table), text(3, name), ...place, ...type]));
  }
  for (const { name, rules } of chains) messages.push(...rules.map((rule) => newRule(table, name, rule, FLAG.append)));
  return messages;
}

/** At the chain's end, or before the rule with the handle `before`. */
export function addRule(table: string, chain: string, rule: Rule, before?: number): Message {
  if (before === undefined) return newRule(table, chain, rule, FLAG.append | FLAG.echo);
  return newRule(table, chain, rule, FLAG.echo, [be64(6, before)]);
}

export const removeRule = (table: string, chain: string, handle: number): Message =>
  message(MESSAGE.deleteRule, 0, [text(1, table), text(2, chain), be64(3, handle)]);

/** The chain's rules, all of them, replaced. */
export const replaceRules = (table: string, chain: string, rules: readonly Rule[]): Message[] => [
  message(MESSAGE.deleteRule, 0, [text(1, table), text(2, chain)]),
  ...rules.map((rule) => newRule(table, chain, rule, FLAG.append)),
];

/** Made first, so that there is one to delete: nftables knows no "delete if there". */
export const removeTable = (table: string): Message[] => [
  message(MESSAGE.newTable, FLAG.create, [text(1, table)]),
  message(MESSAGE.deleteTable, 0, [text(1, table)]),
];

export const iifIs = (name: string): Expression[] => [meta(META.iifname), compare('eq', interfaceName(name))];
export const oifIs = (name: string): Expression[] => [meta(META.oifname), compare('eq', interfaceName(name))];
export const markIs = (mark: number): Expression[] => [meta(META.mark), compare('eq', host32(mark))];
/** 4 or 6. */
export const familyIs = (family: 4 | 6): Expression[] => [
  meta(META.nfproto),
  compare('eq', Buffer.of(family === 4 ? 2 : 10)),
];
/** The upper layer's protocol, behind extension headers. */
export const protocolIs = (protocol: number): Expression[] => [meta(META.l4proto), compare('eq', Buffer.of(protocol))];

/** `end` of the packet lies in the block; the packet's family is known to be the block's. */
export function addressIn(end: 'src' | 'dst', address: Uint8Array, prefix: number): Expression[] {
  if (prefix === 0) return [];
  const at = address.length === 4 ? { src: 12, dst: 16 } : { src: 8, dst: 24 };
  const octets = Math.ceil(prefix / 8);
  const value = Buffer.from(address.subarray(0, octets));
  const load = payload(BASE.network, at[end], octets);
  if (prefix % 8 === 0) return [load, compare('eq', value)];
  const mask = Buffer.alloc(octets, 0xff);
  mask[octets - 1] = 0xff << (8 - (prefix % 8));
  return [load, masked(octets, mask), compare('eq', value)];
}

/** Ports; of ICMP, type and code: one octet each. */
export function portIs(end: 'src' | 'dst', port: number, isIcmp: boolean): Expression[] {
  if (isIcmp) return [payload(BASE.transport, end === 'src' ? 0 : 1, 1), compare('eq', Buffer.of(port & 255))];
  return [payload(BASE.transport, end === 'src' ? 0 : 2, 2), compare('eq', Buffer.of(port >> 8, port & 255))];
}

export const icmpTypeFrom = (first: number, last: number): Expression[] => [
  payload(BASE.transport, 0, 1),
  compare('gte', Buffer.of(first)),
  compare('lte', Buffer.of(last)),
];

/** Fragments that show no ports; of IPv6, all fragments. */
export function isFragment(family: 4 | 6): Expression[] {
  if (family === 4) {
    return [payload(BASE.network, 6, 2), masked(2, Buffer.of(0x1f, 0xff)), compare('neq', Buffer.of(0, 0))];
  }
  const PRESENT = 1;
  const exthdr = [be32(1, REGISTER.one), u8(2, IPPROTO_FRAGMENT), be32(3, 0), be32(4, 1), be32(5, PRESENT)];
  return [expression('exthdr', exthdr), compare('eq', Buffer.of(1))];
}

export const accept = (): Expression => verdict(VERDICT.accept);
export const jump = (chain: string): Expression => verdict(VERDICT.jump, [text(2, chain)]);
/** Counts, so that `nft list table` shows what would have leaked. */
export const countAndDrop = (): Expression[] => [expression('counter', []), verdict(VERDICT.drop)];

// ── Expressions ─────────────────────────────────────────────────────────────────────────────────────────────────

function expression(name: string, data: readonly Buffer[]): Expression {
  return Buffer.concat([text(1, name), nest(2, data)]);
}

function verdict(code: number, more: readonly Buffer[] = []): Expression {
  return expression('immediate', [be32(1, REGISTER.verdict), nest(2, [nest(2, [be32(1, code), ...more])])]);
}

const meta = (key: number) => expression('meta', [be32(1, REGISTER.one), be32(2, key)]);

const payload = (base: number, offset: number, length: number) =>
  expression('payload', [be32(1, REGISTER.one), be32(2, base), be32(3, offset), be32(4, length)]);

const masked = (length: number, mask: Buffer) =>
  expression('bitwise', [
    be32(1, REGISTER.one),
    be32(2, REGISTER.one),
    be32(3, length),
    nest(4, [attribute(1, mask)]),
    nest(5, [attribute(1, Buffer.alloc(length))]),
  ]);

const compare = (operation: keyof typeof OPERATION, value: Buffer) =>
  expression('cmp', [be32(1, REGISTER.one), be32(2, OPERATION[operation]), nest(3, [attribute(1, value)])]);

const interfaceName = (name: string) =>
  Buffer.concat([Buffer.from(name), Buffer.alloc(IFNAMSIZ)]).subarray(0, IFNAMSIZ);

// ── Netlink ─────────────────────────────────────────────────────────────────────────────────────────────────────

function newRule(table: string, chain: string, rule: Rule, flags: number, more: readonly Buffer[] = []): Message {
  const list = rule.map((one) => nest(1, [one]));
  return message(MESSAGE.newRule, FLAG.create | flags, [text(1, table), text(2, chain), nest(4, list), ...more]);
}

const message = (type: number, flags: number, attributes: readonly Buffer[]) =>
  frame((SUBSYSTEM << 8) | type, flags, Buffer.concat([Buffer.of(NFPROTO_INET, 0, 0, 0), ...attributes]));

function frame(type: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  put32(header, 16 + body.length, 0);
  put16(header, type, 4);
  put16(header, flags | FLAG.request, 6);
  return Buffer.concat([header, body]);
}

function attribute(type: number, value: Buffer): Buffer {
  const out = Buffer.alloc((4 + value.length + 3) & ~3);
  put16(out, 4 + value.length, 0);
  put16(out, type, 2);
  value.copy(out, 4);
  return out;
}

const NESTED = 0x8000;
const nest = (type: number, inside: readonly Buffer[]) => attribute(type | NESTED, Buffer.concat(inside));
const text = (type: number, value: string) => attribute(type, Buffer.from(`${value}\0`));
const u8 = (type: number, value: number) => attribute(type, Buffer.of(value));

function be32(type: number, value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeInt32BE(value | 0);
  return attribute(type, octets);
}

function be64(type: number, value: number): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(BigInt(value));
  return attribute(type, octets);
}

function host32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  put32(octets, value, 0);
  return octets;
}

const put32 = (to: Buffer, value: number, at: number) =>
  isLittleEndian ? to.writeUInt32LE(value, at) : to.writeUInt32BE(value, at);
const put16 = (to: Buffer, value: number, at: number) =>
  isLittleEndian ? to.writeUInt16LE(value, at) : to.writeUInt16BE(value, at);
