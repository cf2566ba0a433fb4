/** Shapes of plain data: one table gives the static type and the check of what came over the socket. */

export interface Field<T> {
  /** Said to whom sends something else: `expected WHAT`. */
  readonly what: string;
  readonly check: (value: unknown) => value is T;
  readonly optional?: boolean;
}
export interface Optional<T> extends Field<T> {
  readonly optional: true;
}
// `never` would refuse every Field: a check takes unknown and claims its own T.
export type Shape = Readonly<Record<string, Field<unknown>>>;

type OptionalKeys<S extends Shape> = { [K in keyof S]: S[K] extends { optional: true } ? K : never }[keyof S];
type Claimed<F> = F extends { check: (value: unknown) => value is infer T } ? T : never;
export type Fields<S extends Shape> = {
  readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Claimed<S[K]>;
} & {
  readonly [K in OptionalKeys<S>]?: Claimed<S[K]>;
};

export const text: Field<string> = { what: 'text', check: (v) => typeof v === 'string' };
export const flag: Field<boolean> = { what: 'true or false', check: (v) => typeof v === 'boolean' };
/** A whole number that is not negative. */
export const count: Field<number> = {
  what: 'a whole number',
  check: (v): v is number => Number.isSafeInteger(v) && (v as number) >= 0,
};
export const whole: Field<number> = {
  what: 'a whole number, which may be negative',
  check: (v): v is number => Number.isSafeInteger(v),
};
export const texts: Field<readonly string[]> = {
  what: 'a list of texts',
  check: (v): v is readonly string[] => Array.isArray(v) && v.every((e) => typeof e === 'string'),
};

export function oneOf<const W extends string>(...words: readonly W[]): Field<W> {
  return { what: `one of ${words.join(', ')}`, check: (v): v is W => words.some((word) => word === v) };
}

export function optional<T>(field: Field<T>): Optional<T> {
  return { ...field, optional: true };
}

export function record<S extends Shape>(shape: S): Field<Fields<S>> {
  return {
    what: `an object of ${Object.keys(shape).join(', ')}`,
    check: (v): v is Fields<S> =>
      typeof v === 'object' && v !== null && !('wrong' in parseFields(shape, v as Record<string, unknown>)),
  };
}

/** The fields, if they are exactly those of the shape; else the first that is not. */
export function parseFields(
  shape: Shape,
  given: Readonly<Record<string, unknown>>,
): { readonly fields: Record<string, unknown> } | { readonly wrong: string } {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(shape, name)) return { wrong: `unknown field ${JSON.stringify(name.slice(0, 40))}` };
  }
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    const value = given[name];
    if (value === undefined) {
      if (!field.optional) return { wrong: `${name} is missing` };
    } else if (field.check(value)) fields[name] = value;
    else return { wrong: `${name}: expected ${field.what}` };
  }
  return { fields };
}
