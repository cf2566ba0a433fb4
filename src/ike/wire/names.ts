/** From a number to its name, for a table of the registry. */
export const namesIn = (table: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(table).map(([name, value]) => [value, name]));

/** A number without a name is its own name. */
export const nameOf = (names: ReadonlyMap<number, string>, value: number): string => names.get(value) ?? `${value}`;
