/** Shapes of rows: one table gives the static type, the JSON Schema and the page of the manual. */

/** The part of JSON Schema (draft 2020-12) that rows need. */
export interface Schema {
  readonly type?: 'string' | 'integer' | 'boolean' | 'array' | 'object' | 'null';
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
}

export interface Shape<T> {
  readonly schema: Schema;
  readonly isOptional?: true;
  /** Never there: it carries the type. */
  readonly of?: T;
}
interface Optional<T> extends Shape<T> {
  readonly isOptional: true;
}

export type Members = Readonly<Record<string, Shape<unknown>>>;
type OptionalKeys<M extends Members> = {
  [K in keyof M]: M[K] extends { readonly isOptional: true } ? K : never;
}[keyof M];
type Is<S> = S extends Shape<infer T> ? T : never;
/** One object type, so that errors name its members. */
type Flat<T> = T extends infer O ? { readonly [K in keyof O]: O[K] } : never;
/** What has these members. */
export type Of<M extends Members> = Flat<
  { readonly [K in Exclude<keyof M, OptionalKeys<M>>]: Is<M[K]> } & { readonly [K in OptionalKeys<M>]?: Is<M[K]> }
>;

const described = (schema: Schema, description?: string): Schema =>
  description === undefined ? schema : { ...schema, description };

export const text = (about?: string): Shape<string> => ({ schema: described({ type: 'string' }, about) });
export const flag = (about?: string): Shape<boolean> => ({ schema: described({ type: 'boolean' }, about) });
export const whole = (about?: string): Shape<number> => ({ schema: described({ type: 'integer' }, about) });

/** A counter that may pass 2^53: a number as far as a number is exact, and text beyond. */
export const large = (about?: string): Shape<bigint> => ({
  schema: described(
    {
      anyOf: [
        { type: 'integer', minimum: 0 },
        { type: 'string', pattern: '^[0-9]+$' },
      ],
    },
    about,
  ),
});

export const wordOf = <const W extends string>(words: readonly W[], about?: string): Shape<W> => ({
  schema: described({ type: 'string', enum: words }, about),
});

/** 1 or 2: a version of IKE. */
export const version = (): Shape<1 | 2> => ({ schema: { type: 'integer', minimum: 1, description: 'of IKE: 1 or 2' } });

export const list = <T>(shape: Shape<T>, about?: string): Shape<readonly T[]> => ({
  schema: described({ type: 'array', items: shape.schema }, about),
});

export const table = <T>(shape: Shape<T>, about?: string): Shape<Readonly<Record<string, T>>> => ({
  schema: described({ type: 'object', additionalProperties: shape.schema }, about),
});

export const either = <A, B>(a: Shape<A>, b: Shape<B>, about?: string): Shape<A | B> => ({
  schema: described({ anyOf: [a.schema, b.schema] }, about),
});

export const optional = <T>(shape: Shape<T>): Optional<T> => ({ ...shape, isOptional: true });

export function object<const M extends Members>(members: M, about?: string): Shape<Of<M>> {
  const all = Object.entries(members);
  return {
    schema: described(
      {
        type: 'object',
        properties: Object.fromEntries(all.map(([name, { schema }]) => [name, schema])),
        required: all.filter(([, { isOptional }]) => !isOptional).map(([name]) => name),
        additionalProperties: false,
      },
      about,
    ),
  };
}
