/** Whether each end proves itself as the other wants it: ways, authorities, keys and post-quantum secrets. */
import type { End } from '../conf/conn.ts';
import type { AuthWay, EapWay, Policy } from '../ike/policy.ts';
import type { Id } from '../net/id.ts';
import { isSameKey, kindFor, otherAuthority, signable } from './pretended.ts';
import { commonMethod } from './pretended-eap.ts';
import type { Name } from './report.ts';

/** As much of a party as this is about. */
export interface Prover {
  readonly name: Name;
  readonly policy: Policy;
  /** What its file says of itself, and of the other. */
  readonly own: End;
  readonly expects: End;
  /** Its secret for itself and the other; undefined if it has none. */
  secret(remote: Id): Uint8Array | undefined;
  /** Its post-quantum secret: the one with this id, or the one that it would propose. */
  ppk(id?: Uint8Array): { readonly id: Uint8Array; readonly secret: Uint8Array } | undefined;
}

export const authDisagreements = (asker: Prover, asked: Prover): readonly string[] => [
  ...proofs(asker, asked),
  ...proofs(asked, asker),
];

/** Whether a secret is what either end proves itself by, or has to. */
export const needsSecret = (asker: Prover, asked: Prover): boolean =>
  [
    [asker, asked],
    [asked, asker],
  ].some(([one, other]) => one.policy.ours.some((_, i) => chosen(one, other, i)[0] === 'secret'));

export function ppkDisagreements(asker: Prover, asked: Prover): readonly string[] {
  const [one, other] = [asker.policy.ppk, asked.policy.ppk];
  if (one === 'no' || other === 'no') {
    const refused = [asker, asked].find(({ policy }) => policy.ppk === 'insist');
    if (!refused) return [];
    const lax = refused === asker ? asked : asker;
    return [`${refused.name} insists on a post-quantum secret (ppk=insist), ${lax.name} has ppk=no`];
  }
  const isNeeded = one === 'insist' || other === 'insist';
  const mine = asker.ppk();
  if (!mine) return isNeeded ? [`${asker.name} has no post-quantum secret${among(asker)}`] : [];
  const theirs = asked.ppk(mine.id);
  const id = new TextDecoder().decode(mine.id);
  if (!theirs) return isNeeded ? [`${asked.name} has no post-quantum secret with the id '${id}'${among(asked)}`] : [];
  const isSame = Buffer.compare(mine.secret, theirs.secret) === 0;
  return isSame ? [] : [`the post-quantum secrets of A and B with the id '${id}' are not the same`];
}

const among = ({ policy: { ppkIds } }: Prover) => (ppkIds.length > 0 ? ` (ppk-ids=${ppkIds.join(',')})` : '');

function proofs(prover: Prover, looker: Prover): readonly string[] {
  const [ours, theirs] = [prover.policy.ours, looker.policy.theirs];
  const times = (rounds: Policy['ours']) => (rounds.length === 1 ? 'once' : `${rounds.length} times`);
  if (ours.length !== theirs.length)
    return [`${prover.name} proves itself ${times(ours)}, ${looker.name} wants it ${times(theirs)} (auth2=)`];
  const ways = ours.flatMap((_, i) => {
    const proposed = chosen(prover, looker, i);
    const isFine = commonWays(proposed, theirs[i].ways).length > 0;
    return isFine
      ? []
      : [`${prover.name} proposes ${wordsOf(proposed)}, ${looker.name} wants ${wordsOf(theirs[i].ways)}`];
  });
  if (ways.length > 0) return ways;
  return chosen(prover, looker, 0).some(isSignature) ? signatureDisagreements(prover, looker) : [];
}

/** Of what one end signs with, in the eyes of the other. */
export const signatureDisagreements = (prover: Prover, looker: Prover): readonly string[] => [
  ...authorities(prover, looker),
  ...keys(prover, looker),
];

/** It knows next to nothing of what the other wants: of its ways, the first that it can go. */
function chosen({ policy, own, secret }: Prover, other: Prover, round: number): readonly AuthWay[] {
  const { ways } = policy.ours[round];
  const wanted = other.policy.theirs[round]?.ways ?? [];
  const kind = kindFor(ways, wanted, { own: own.keys, expected: other.expects.keys });
  const signed = signable(kind, ways.filter(isSignature), wanted);
  const hasSecret = ways.includes('secret') && secret(policy.remoteId ?? other.policy.localId) !== undefined;
  const way = ways.find((one) => (isSignature(one) ? signed.length > 0 : one !== 'secret' || hasSecret)) ?? ways[0];
  if (isSignature(way)) return signed.length > 0 ? signed : ways.filter(isSignature);
  return isEap(way) ? ways.filter(isEap) : [way];
}

function authorities({ name, own }: Prover, { name: looker, expects }: Prover): readonly string[] {
  const apart = otherAuthority({ own: own.keys, expected: expects.keys });
  return apart ? [`${looker} wants a certificate from '${apart.wanted}', that of ${name} is from '${apart.has}'`] : [];
}

function keys({ name, own }: Prover, { name: looker, expects }: Prover): readonly string[] {
  if (isSameKey({ own: own.keys, expected: expects.keys })) return [];
  const ckaids = ({ keys: { publicKeys } }: End) =>
    publicKeys.map(({ ckaid }) => Buffer.from(ckaid).toString('hex')).join(', ');
  return [`the public key of ${name} has CKAID ${ckaids(own)}, ${looker} expects ${ckaids(expects)}`];
}

function commonWays(ours: readonly AuthWay[], theirs: readonly AuthWay[]): readonly AuthWay[] {
  const eap = commonMethod(ours.filter(isEap), theirs.filter(isEap));
  return [...ours.filter((way) => !isEap(way) && theirs.includes(way)), ...(eap ? [eap] : [])];
}

const isEap = (way: AuthWay): way is EapWay => way.startsWith('eap');
const isSignature = (way: AuthWay) => !isEap(way) && way !== 'secret' && way !== 'null' && way !== 'never';
/** As `authby=` has them: `rsasig`, or `rsa-sha2_256` where it is not all of it. */
function wordsOf(ways: readonly AuthWay[]): string {
  const words = [...ways].filter((way) => !FAMILIES.some(([, of]) => of.includes(way) && isAll(of, ways)));
  const families = FAMILIES.filter(([, of]) => isAll(of, ways)).map(([name]) => name);
  return [...families, ...words].join(' or ') || 'nothing';
}

const isAll = (of: readonly AuthWay[], ways: readonly AuthWay[]) => of.every((way) => ways.includes(way));
const FAMILIES: readonly (readonly [string, readonly AuthWay[]])[] = [
  ['rsasig', ['rsa-sha2_256', 'rsa-sha2_384', 'rsa-sha2_512', 'rsasig-v1.5']],
  ['ecdsa', ['ecdsa-sha2_256', 'ecdsa-sha2_384', 'ecdsa-sha2_512']],
];
