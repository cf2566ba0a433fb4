/**
 * Name constraints, RFC 5280 §4.2.1.10: the names that certificates below an authority may have, and those that they may
 * not. Each authority's are held against each certificate below it, which comes to what §6.1.4 (g) does with one set.
 */
import { context, DER, type DerCursor } from './der-cursor.ts';
import { type GeneralName, NAME, readGeneralName } from './general-name.ts';

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export function readNameConstraints(r: DerCursor): NameConstraints {
  const what = 'nameConstraints';
  const outer = r.open(DER.SEQUENCE, what);
  const permitted = r.tag === context(0) ? readSubtrees(r, context(0)) : [];
  const excluded = r.tag === context(1) ? readSubtrees(r, context(1)) : [];
  if (permitted.length + excluded.length === 0) r.fail(what, 'there are none');
  r.close(outer, what);
  return { permitted, excluded };
}

/** `minimum` is 0, which DER leaves out, and there is no `maximum`: RFC 5280 allows nothing else. */
function readSubtrees(r: DerCursor, tag: number): GeneralName[] {
  const what = 'nameConstraints';
  const subtrees: GeneralName[] = [];
  const outer = r.open(tag, what);
  do {
    if (subtrees.length === MOST_SUBTREES) r.fail(what, `there are more than ${MOST_SUBTREES}`);
    const one = r.open(DER.SEQUENCE, what);
    const base = readGeneralName(r, what);
    r.close(one, what);
    if (base.type === NAME.ip && base.value.length !== 8 && base.value.length !== 32)
      r.fail(what, `an address and mask of ${base.value.length} octets`);
    subtrees.push(base);
  } while (!r.isDone);
  r.close(outer, what);
  return subtrees;
}

const MOST_SUBTREES = 256;
