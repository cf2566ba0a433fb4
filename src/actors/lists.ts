/**
 * Lists of one or two, 100,000 times over: an array that was spread or filtered into has room for sixteen, one that
 * was concatenated or sliced has none to spare.
 */
export const NONE: readonly never[] = Object.freeze([]);

export const including = <T>(list: readonly T[], item: T): readonly T[] =>
  list.length === 0 ? [item] : list.concat([item]);

export function excluding<T>(list: readonly T[], isUnwanted: (item: T) => boolean): readonly T[] {
  const left = list.filter((item) => !isUnwanted(item));
  return left.length === 0 ? NONE : left.slice();
}
