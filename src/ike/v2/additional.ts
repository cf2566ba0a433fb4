/** Which additional key exchanges two ends agree on, RFC 9370 §2.2.1. */
import { type Group, groupById } from '../crypto/algorithms.ts';
import type { Proposal } from '../crypto/proposal.ts';
import { pickDistinct } from '../crypto/proposal-additional.ts';
import { TRANSFORM, type Transform, type Proposal as WireProposal } from '../wire/index.ts';

interface ChosenAdditional {
  /** In the order in which they take place, without those that both ends can do without; absent if none is left. */
  readonly suite: { readonly additional?: readonly Group[] };
  /** What the answer says of them, NONE included. */
  readonly transforms: readonly Transform[];
}

/**
 * The peer's first choice at each of the seven places that we accept too, none of them twice. A place that one end
 * leaves out and the other does not call optional (NONE) means no agreement, and undefined.
 */
export function chooseAdditional(accept: Proposal['addke'], offer: WireProposal): ChosenAdditional | undefined {
  if (accept.length === 0 && offer.transforms.every(({ type }) => !isAdditional(type))) return NOTHING;
  const lists: (readonly Group[])[] = [];
  for (let place = 0; place < PLACES; place++) {
    const ours = accept[place] ?? [];
    const theirs = offer.transforms.filter((t) => t.type === TRANSFORM.ADDKE1 + place && !t.attributes);
    const isOffered = offer.transforms.some((t) => t.type === TRANSFORM.ADDKE1 + place);
    const groups = theirs.flatMap(({ id }) => groupById(id) ?? []);
    const common = groups.filter((g) => (ours.length === 0 ? g.id === 0 : ours.includes(g)));
    const isFree = !isOffered && (ours.length === 0 || ours.some((g) => g.id === 0));
    if (common.length === 0 && !isFree) return undefined;
    lists.push(common);
  }
  const picked = pickDistinct(lists);
  if (!picked) return undefined;
  const additional = picked.filter((g): g is Group => g !== undefined && g.id !== 0);
  return {
    suite: additional.length > 0 ? { additional: Object.freeze(additional) } : {},
    transforms: picked.flatMap((g, place) => (g ? [{ type: TRANSFORM.ADDKE1 + place, id: g.id }] : [])),
  };
}

const PLACES = 7;
const NOTHING: ChosenAdditional = Object.freeze({ suite: {}, transforms: [] });

const isAdditional = (type: number): boolean => type >= TRANSFORM.ADDKE1 && type <= TRANSFORM.ADDKE7;
