/**
 * Where two configurations disagree, all of it at once, in the order in which a negotiation would meet it: who mends
 * the first does not want to learn of the second a minute later. The negotiation itself decides whether there is
 * anything to look for; this says what.
 */
import type { IkeSuite } from '../ike/crypto/keys.ts';
import { isV1 } from '../ike/v1/policy.ts';
import type { Party } from './comparing-both.ts';
import { disagreementsV1, rekeyDisagreementV1 } from './comparing-v1.ts';
import { disagreementsV2, rekeyDisagreementV2 } from './comparing-v2.ts';
import type { Disagreement, Rekey } from './report.ts';

export type { Party } from './comparing-both.ts';

export function disagreements(asker: Party, asked: Party): readonly Disagreement[] {
  const found = compared(asker, asked);
  return found.filter(({ lines }) => lines.length > 0);
}

function compared(asker: Party, asked: Party): readonly Disagreement[] {
  const [a, b] = [asker, asked].map(({ policy }) => isV1(policy));
  // What else there is to compare means something else in the other version.
  if (a !== b) return [{ about: 'version', lines: [`${speaks(asker)}, ${speaks(asked)}`] }];
  return a ? disagreementsV1(asker, asked) : disagreementsV2(asker, asked);
}

const speaks = ({ name, policy }: Party): string =>
  isV1(policy) ? `${name} speaks IKEv1 (keyexchange=ikev1)` : `${name} speaks IKEv2 (keyexchange=ikev2)`;

/** Why a rekey would fail that the first negotiation survives. `suite`: what was agreed on for the IKE SA. */
export function rekeyDisagreement(
  asker: Party,
  asked: Party,
  suite: IkeSuite | undefined,
  of: Rekey['of'] = 'child',
): readonly string[] {
  if (isV1(asker.policy)) return rekeyDisagreementV1(asker, asked, suite, of);
  return of === 'child' ? rekeyDisagreementV2(asker, asked, { suite }) : [];
}
