/** Which connections of two files face each other. */
import { hindranceOf, hindranceText } from '../actors/policy-of.ts';
import type { Conn } from '../conf/conn.ts';
import { type Placing, type PlacingOptions, place } from './placing.ts';
import type { Source } from './sources.ts';

export interface Pair {
  readonly a: Conn;
  readonly b: Conn;
  readonly placing: Placing;
}

export interface PairingOptions extends PlacingOptions {
  /** `--conn`, `--conn-b`: names or aliases. */
  readonly conn: string | undefined;
  readonly connB: string | undefined;
}

/** More comparisons than this take too long for somebody who waits, and more pairs tell nobody anything. */
const MOST_COMPARED = 1_000_000;
const MOST_PAIRS = 16;

/** At least one pair, or why there is none. */
export function pairUp(
  a: Source,
  b: Source,
  options: PairingOptions,
): { readonly pairs: readonly Pair[] } | { readonly errors: readonly string[] } {
  const ofA = named(a, options.conn, 'conn');
  const ofB = named(b, options.connB, 'conn-b');
  if ('errors' in ofA) return ofA;
  if ('errors' in ofB) return ofB;
  const byName = new Map<string, Conn[]>();
  for (const conn of ofB.conns)
    for (const name of [conn.name, ...conn.aliases]) byName.set(name, [...(byName.get(name) ?? []), conn]);
  const unnamed = ofA.conns.filter((conn) => !byName.has(conn.name));
  if (unnamed.length * ofB.conns.length > MOST_COMPARED)
    return { errors: [`too many connections to compare each with each: name one with --conn`] };

  const found = ofA.conns.flatMap((conn) => partners(conn, byName.get(conn.name) ?? [], ofB.conns, options));
  const sound = found.filter((pair) => pair.placing.isSound);
  const pairs = sound.length > 0 ? sound : found;
  if (pairs.length > MOST_PAIRS) {
    const names = pairs.slice(0, 3).map((pair) => pair.a.name);
    return { errors: [`${pairs.length} connections face each other (${names.join(', ')}...): name one with --conn`] };
  }
  if (pairs.length > 0) return { pairs };
  const later = namesakesForLater(ofA.conns, b);
  return { errors: later.length > 0 ? later : nothingFaces(a, ofA.conns, b, ofB.conns) };
}

function named(
  { name, conf, conns }: Source,
  wanted: string | undefined,
  option: string,
): { readonly conns: readonly Conn[] } | { readonly errors: readonly string[] } {
  const chosen = wanted === undefined ? conns : conns.filter((c) => c.name === wanted || c.aliases.includes(wanted));
  if (chosen.length > 0) {
    const usable = chosen.filter((conn) => hindranceOf(conn) === undefined);
    if (usable.length > 0) return { conns: usable };
    const errors = chosen.slice(0, MOST_PAIRS).map((conn) => hindered(name, conn));
    return { errors };
  }
  if (wanted === undefined) return { errors: [`${name}: ${conf} has no connection with both ends`] };
  // Without --conn-b it is A's name, and B may call it otherwise.
  return option === 'conn' || conns.length === 0
    ? { errors: [`${name}: ${conf} has no connection or alias named "${wanted}"`] }
    : { errors: [`${name}: ${conf} has no connection or alias named "${wanted}" (--${option})`] };
}

/** Those of B that would be looked at, were they not for later. */
const namesakesForLater = (ofA: readonly Conn[], { name, conns }: Source): readonly string[] => {
  const names = new Set(ofA.map((conn) => conn.name));
  const later = conns.filter((conn) => names.has(conn.name) && hindranceOf(conn) !== undefined);
  return later.slice(0, MOST_PAIRS).map((conn) => hindered(name, conn));
};

const hindered = (of: string, conn: Conn) =>
  `${of}: ${conn.file}:${conn.line}: conn ${conn.name}: ${hindranceText(hindranceOf(conn)!)}, so there is nothing to simulate`;

/** Those of the same name, if their ends are anything like each other; else the one that faces `conn` best. */
function partners(conn: Conn, namesakes: readonly Conn[], others: readonly Conn[], options: PairingOptions): Pair[] {
  const placed = (candidates: readonly Conn[]) =>
    candidates
      .flatMap((b): Pair[] => {
        const placing = place(conn, b, options);
        return placing ? [{ a: conn, b, placing }] : [];
      })
      .toSorted((x, y) => likeness(y) - likeness(x));
  const [namesake] = placed(namesakes);
  if (namesake?.placing.isSound) return [namesake];
  const [facing] = placed(others);
  if (facing?.placing.isSound) return [facing];
  // Ends that do not meet are worth telling of where somebody meant the two to be one.
  const isMeant = options.conn !== undefined && options.connB !== undefined;
  const fallback = namesake ?? (isMeant || (others.length === 1 && options.conn !== undefined) ? facing : undefined);
  return fallback ? [fallback] : [];
}

/** Among several between the same hosts: those whose traffic and identities mirror each other. */
function likeness({ a, b, placing }: Pair): number {
  const [ours, theirs] = [a[placing.a.side], b[placing.b.side]];
  const [theirsHere, oursThere] = [a[opposite(placing.a.side)], b[opposite(placing.b.side)]];
  const text = (list: readonly unknown[]) => list.join(',');
  const mirrors = [
    text(ours.subnets) === text(oursThere.subnets),
    text(theirs.subnets) === text(theirsHere.subnets),
    `${ours.id}` === `${oursThere.id}`,
    `${theirs.id}` === `${theirsHere.id}`,
  ];
  return placing.score * 10 + mirrors.filter(Boolean).length;
}

export const opposite = (side: 'left' | 'right') => (side === 'left' ? 'right' : 'left');

function nothingFaces(a: Source, ofA: readonly Conn[], b: Source, ofB: readonly Conn[]): string[] {
  const list = (source: Source, conns: readonly Conn[]) =>
    conns
      .slice(0, 5)
      .map((conn) => `${source.name}: conn ${conn.name}: left=${hostOf(conn, 'left')} right=${hostOf(conn, 'right')}`);
  return [
    'no connection of A faces one of B: the addresses of their ends do not meet',
    ...list(a, ofA),
    ...list(b, ofB),
    'name them with --conn and --conn-b, or say where the hosts are with --address-a and --address-b; behind a NAT: --nat a or --nat b',
  ];
}

function hostOf(conn: Conn, side: 'left' | 'right'): string {
  const { host } = conn[side];
  if (host.t === 'address') return `${host.address}`;
  return host.t === 'name' || host.t === 'interface' ? host.name : `%${host.t}`;
}
