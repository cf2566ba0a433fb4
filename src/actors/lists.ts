/**
 * Lists of one or two, 100,000 times over. One item stands for itself, since an array around it is 56 octets; an array
 * that was spread or filtered into has room for sixteen, one that was concatenated or sliced has none to spare.
 */
export type Few<T extends object> = T | readonly T[];

export const NONE: readonly never[] = Object.freeze([]);

/** To look at; made for the occasion if there is one. */
export const listOf = <T extends object>(few: Few<T>): readonly T[] =>
  Array.isArray(few) ? (few as readonly T[]) : [few as T];

export const including = <T extends object>(few: Few<T>, item: T): Few<T> => fewOf(listOf(few).concat([item]));

export const excluding = <T extends object>(few: Few<T>, isUnwanted: (item: T) => boolean): Few<T> =>
  fewOf(listOf(few).filter((item) => !isUnwanted(item)));

export function find<T extends object>(few: Few<T>, isWanted: (item: T) => boolean): T | undefined {
  if (Array.isArray(few)) return (few as readonly T[]).find(isWanted);
  return isWanted(few as T) ? (few as T) : undefined;
}

export const fewOf = <T extends object>(list: readonly T[]): Few<T> =>
  list.length === 0 ? NONE : list.length === 1 ? list[0] : list.slice();
