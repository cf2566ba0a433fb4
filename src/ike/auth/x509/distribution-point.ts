/** Where CRLs are, and which part of an issuer's certificates they are about: RFC 5280 §4.2.1.13 and §5.2.5. */
import { context, DER, type DerCursor, primitive } from './der-cursor.ts';
import { type GeneralName, ia5Text, NAME, readGeneralNames } from './general-name.ts';

export interface DistributionPoint {
  /** Undefined if it has none, or one that is relative to the issuer's. */
  readonly names: readonly GeneralName[] | undefined;
  /** It is no list of all reasons. */
  readonly reasons: number | undefined;
  /** Somebody else than the certificate's issuer signs the CRL. */
  readonly isIndirect: boolean;
}

export function readDistributionPoints(r: DerCursor): DistributionPoint[] {
  const what = 'cRLDistributionPoints';
  const points: DistributionPoint[] = [];
  const outer = r.open(DER.SEQUENCE, what);
  do {
    if (points.length === MOST_POINTS) r.fail(what, `there are more than ${MOST_POINTS}`);
    const one = r.open(DER.SEQUENCE, what);
    const names = r.tag === context(0) ? readPointName(r, what) : undefined;
    const reasons = r.tag === primitive(1) ? r.bits(what, primitive(1)) : undefined;
    const isIndirect = r.tag === context(2);
    r.skipIf(context(2), what);
    r.close(one, what);
    points.push({ names, reasons, isIndirect });
  } while (!r.isDone);
  r.close(outer, what);
  return points;
}

/** `[0]` DistributionPointName. */
export function readPointName(r: DerCursor, what: string): readonly GeneralName[] | undefined {
  const outer = r.open(context(0), what);
  let names: readonly GeneralName[] | undefined;
  if (r.tag === context(0)) {
    const full = r.open(context(0), what);
    names = readGeneralNames(r, what);
    r.close(full, what);
  } else r.contents(context(1), what);
  r.close(outer, what);
  return names;
}

/** Those that a CRL can be fetched from. */
export const urlsOf = (points: readonly DistributionPoint[]): readonly string[] =>
  points
    .filter(({ isIndirect }) => !isIndirect)
    .flatMap(({ names }) => (names ?? []).filter(({ type }) => type === NAME.uri).map(ia5Text))
    .filter((url) => /^(https?|ldap):\/\//i.test(url));

const MOST_POINTS = 64;
