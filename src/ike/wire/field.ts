/**
 * The table engine. A payload's body is declared as one row per field, in wire order:
 *
 *     payload(34, 'KE', { group: uint(2), _reserved: reserved(2), data: rest(1) })
 *
 * Reading, writing, the static type (`Body`) and the debug dump all come from that row. A name that begins
 * with `_` is on the wire but not in the object.
 */
import { nameOf } from './names.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** A payload's body while it is being written or shown, for fields that depend on their neighbours. */
type Neighbours = Readonly<Record<string, unknown>>;

/** A field that reads as undefined is left out of the object. */
export interface Field<T> {
  read(r: Reader): T;
  write(w: Writer, value: T, body: Neighbours): void;
  /** For the debug dump, never with secrets. */
  show?(value: T, body: Neighbours): string;
}

export type Shape = Readonly<Record<string, Field<unknown>>>;

type Named<S> = { [K in keyof S]: K extends `_${string}` ? never : K }[keyof S];
type ValueOf<F> = F extends Field<infer T> ? T : never;
type OptionalNames<S> = { [K in Named<S>]: undefined extends ValueOf<S[K]> ? K : never }[Named<S>];

/** The object that a shape describes. */
export type Body<S> = {
  readonly [K in Exclude<Named<S>, OptionalNames<S>>]: ValueOf<S[K]>;
} & { readonly [K in OptionalNames<S>]?: Exclude<ValueOf<S[K]>, undefined> };

export interface Definition<N extends string = string, S = Shape> {
  /** The payload type, RFC 7296 §3.2. */
  readonly number: number;
  readonly name: N;
  readonly shape: S;
  /** The shape again, in wire order. */
  readonly rows: readonly (readonly [name: string, isPadding: boolean, field: Field<unknown>])[];
}

export function payload<const N extends string, S extends Shape>(number: number, name: N, shape: S): Definition<N, S> {
  const rows = Object.entries(shape).map(([key, field]) => [key, key.startsWith('_'), field] as const);
  return { number, name, shape, rows };
}

/** Reads every field of `definition` into `into`; after a fault its values mean nothing. */
export function readBody(definition: Definition, r: Reader, into: Record<string, unknown>): void {
  for (const [key, isPadding, field] of definition.rows) {
    const value = field.read(r);
    if (!isPadding && value !== undefined) into[key] = value;
  }
}

export function writeBody(definition: Definition, w: Writer, body: Neighbours): void {
  for (const [key, , field] of definition.rows) field.write(w, body[key], body);
}

/** `['group 31 CURVE25519', 'data 1f2e…']`: one entry per field. */
export function showBody(definition: Definition, body: Neighbours): string[] {
  return definition.rows
    .filter(([key, isPadding]) => !isPadding && body[key] !== undefined)
    .map(([key, , field]) => `${key} ${field.show ? field.show(body[key], body) : String(body[key])}`);
}

/** An unsigned integer of `n` octets. */
export const uint = (n: 1 | 2 | 4, names?: ReadonlyMap<number, string>): Field<number> => ({
  read: (r) => r.uint(n),
  write: (w, value) => w.uint(n, value),
  show: (value) => (names ? nameOf(names, value) : `${value}`),
});

/** Zero when written, ignored when read: RFC 7296 §2.5. */
export const reserved = (n: number): Field<undefined> => ({
  read: (r) => void r.skip(n),
  write: (w) => w.zeros(n),
});

/** Whatever is left of the payload, but between `min` and `max` octets. */
export const rest = (min = 0, max = 0xffff, show: Field<Uint8Array>['show'] = hex): Field<Uint8Array> => ({
  read: (r) => {
    if (r.left < min || r.left > max)
      r.fail(`${r.left} octets where ${max === 0xffff ? `at least ${min}` : `${min} to ${max}`} belong`);
    return r.octets(r.left);
  },
  write: (w, value) => {
    if (value.length < min || value.length > max) throw new RangeError(`${value.length} octets`);
    w.octets(value);
  },
  show,
});

/** The number of octets in the neighbour `name`, which reads as `measured()`. */
export const lengthOf = (n: 1 | 2, name: string): Field<undefined> => ({
  read: (r) => {
    r.measure = r.uint(n);
  },
  write: (w, _value, body) => w.uint(n, (body[name] as Uint8Array).length),
});

/** The number of elements in the neighbours `names` together. */
export const countOf = (n: 1 | 2, ...names: readonly string[]): Field<undefined> => ({
  read: (r) => {
    r.measure = r.uint(n);
  },
  write: (w, _value, body) =>
    w.uint(
      n,
      names.reduce((sum, name) => sum + ((body[name] as readonly unknown[] | undefined)?.length ?? 0), 0),
    ),
});

/** As many octets as the last `lengthOf` said. */
export const measured = (): Field<Uint8Array> => ({
  read: (r) => r.octets(r.measure),
  write: (w, value) => w.octets(value),
  show: hex,
});

/** At most 32 octets in hex. */
export function hex(octets: Uint8Array): string {
  const text = Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, 32)).toString('hex');
  return octets.length > 32 ? `${text}… (${octets.length} octets)` : text || '<0 octets>';
}

/** What the dump shows of secrets, and of what could be turned into one. */
export const hidden = (octets: Uint8Array): string => `<${octets.length} octets>`;
