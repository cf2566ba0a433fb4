/**
 * Additional key exchanges in a proposal, RFC 9370 §2.2.1: up to seven, each a list of alternatives. They are written
 *
 *     dh31-mlkem768+mlkem1024             after a group, the next in order: KEMs only
 *     dh31-ke1_mlkem768-ke2_none          strongSwan's spelling; a number that comes again adds an alternative
 *     dh31;addke1=ml_kem_768+none         libreswan's
 */
import { type Group, groupByName } from './algorithms.ts';

export const MOST_ADDITIONAL = 7;

/** The place of `ke1_NAME` or `addke1=NAME` among the seven, from 0, and the name. */
export function explicitExchange(word: string): { readonly place: number; readonly name: string } | undefined {
  const [, digit, name] = /^ke([1-7])_(.*)$/i.exec(word) ?? /^addke([1-7])=(.*)$/i.exec(word) ?? [];
  return digit === undefined ? undefined : { place: Number(digit) - 1, name };
}

/** Whether a word where a further exchange may stand names one. */
export const isAdditional = (word: string): boolean =>
  explicitExchange(word) !== undefined || (groupByName(word)?.isKem ?? false);

/**
 * One of each list, the first that will do: no method twice, but NONE as often as it likes (RFC 9370 §2.2.1). An empty
 * list asks for nothing, and gets undefined.
 */
export function pickDistinct(
  lists: readonly (readonly Group[])[],
  taken: readonly (Group | undefined)[] = [],
): readonly (Group | undefined)[] | undefined {
  const list = lists[taken.length];
  if (!list) return taken;
  if (list.length === 0) return pickDistinct(lists, [...taken, undefined]);
  for (const group of list) {
    const found = group.id !== 0 && taken.includes(group) ? undefined : pickDistinct(lists, [...taken, group]);
    if (found) return found;
  }
  return undefined;
}

/** As it can be read again: `ML_KEM_768`, or `ADDKE2=ML_KEM_768+NONE` where the place would not tell. */
export function formatAdditional(lists: readonly (readonly Group[])[], hasGroup: boolean): readonly string[] {
  let isInOrder = hasGroup;
  return lists.flatMap((list, i) => {
    isInOrder &&= list[0]?.isKem ?? false;
    const names = list.map((group) => group.name).join('+');
    return list.length === 0 ? [] : [isInOrder ? names : `ADDKE${i + 1}=${names}`];
  });
}
