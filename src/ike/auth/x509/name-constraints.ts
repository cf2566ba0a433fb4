/**
 * Name constraints, RFC 5280 §4.2.1.10: the names that certificates below an authority may have, and those that they may
 * not. Each authority's are held against each certificate below it, which comes to what §6.1.4 (g) does with one set.
 */
import { readDn } from '../../../net/dn-der.ts';
import type { Certificate } from './certificate.ts';
import { context, DER, type DerCursor } from './der-cursor.ts';
import { type GeneralName, ia5Text, NAME, readGeneralName } from './general-name.ts';
import { isEmptyName, latin1 } from './name.ts';
import { isWithin } from './subtree.ts';

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** The certificate with a name that an authority above it does not allow, and why. `chain`: the leaf first. */
export function misnamed(
  chain: readonly Certificate[],
): { readonly certificate: Certificate; readonly why: string } | undefined {
  let comparisons = 0;
  for (let above = chain.length - 1; above > 0; above--) {
    const { nameConstraints } = chain[above].extensions;
    if (nameConstraints === undefined) continue;
    const subtrees = nameConstraints.permitted.length + nameConstraints.excluded.length;
    for (let below = above - 1; below >= 0; below--) {
      const certificate = chain[below];
      // A root's new key may be certified by its old one; the name is the same, and not below itself. §6.1.3 (b).
      if (below > 0 && certificate.isSelfIssued) continue;
      const names = namesOf(certificate);
      comparisons += names.length * subtrees;
      if (comparisons > MOST_COMPARISONS)
        return { certificate, why: 'it has too many names for the constraints above it' };
      for (const name of names) {
        const why = refusal(nameConstraints, name);
        if (why !== undefined) return { certificate, why: `${why} by "${chain[above].text}" (nameConstraints)` };
      }
    }
  }
  return undefined;
}

function refusal({ permitted, excluded }: NameConstraints, name: GeneralName): string | undefined {
  const own = ({ type }: GeneralName): boolean => type === name.type;
  // What cannot be told is as good as excluded.
  if (excluded.some((base) => own(base) && isWithin(base, name) !== false)) return `${shown(name)} is excluded`;
  if (!permitted.some(own)) return undefined;
  return permitted.some((base) => own(base) && isWithin(base, name) === true)
    ? undefined
    : `${shown(name)} is not permitted`;
}

/** Its subject, its alternative names, and the mailboxes that stand in the subject where no others are. */
function namesOf({ subject, extensions: { altNames } }: Certificate): readonly GeneralName[] {
  if (isEmptyName(subject)) return altNames;
  const names = [...altNames, { type: NAME.dn, value: subject }];
  if (altNames.some(({ type }) => type === NAME.email)) return names;
  const attributes = (readDn(subject) ?? []).flat().filter(({ type }) => latin1(type) === EMAIL_ADDRESS);
  return [...names, ...attributes.map(({ value }) => ({ type: NAME.email, value }))];
}

/** 1.2.840.113549.1.9.1 */
const EMAIL_ADDRESS = '\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01';

/** A name that fits a log. */
function shown(name: GeneralName): string {
  const { type, value } = name;
  if (type === NAME.dns || type === NAME.email || type === NAME.uri)
    return `"${ia5Text({ type, value: value.subarray(0, MOST_SHOWN) }).replace(/[^\x20-\x7e]/g, '?')}"`;
  if (type === NAME.ip && value.length === 4) return value.join('.');
  return type === NAME.ip ? 'its address' : type === NAME.dn ? 'its subject' : 'a name of an uncommon kind';
}

const MOST_SHOWN = 100;
/** All names with all subtrees. */
const MOST_COMPARISONS = 1 << 18;

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
