/** What is compared alike whichever version two connections speak. */
import { explainId } from '../ike/explain/identities.ts';
import type { Address } from '../net/address.ts';
import type { Id } from '../net/id.ts';
import type { Prover } from './comparing-auth.ts';
import type { Name } from './report.ts';

/** One end as it is, and as the other finds it. */
export interface Party extends Prover {
  readonly address: Address;
  /** Its address as the other end sees it: another one behind a NAT. */
  readonly seenAt: Address;
  /** Where it listens. */
  readonly ports: readonly number[];
  /** `ikev1-policy=` of its file. */
  /** Its ipsec.secrets has one for that user of XAUTH. */
  hasPassword(user: string): boolean;
  readonly ikev1Policy: 'accept' | 'reject' | 'drop';
}

/** Of `a` and `b`, both times as each names the other. */
export function addresses(asker: Party, asked: Party): readonly string[] {
  return [
    [asker, asked],
    [asked, asker],
  ].flatMap(([one, other]) => {
    const { remoteHost, remotePort } = one.policy;
    const wrong =
      remoteHost && !remoteHost.equals(other.seenAt)
        ? [
            `${one.name} looks for ${other.name} at ${remoteHost}, and it is at ${other.seenAt}; if that is a NAT, say --nat`,
          ]
        : [];
    return remoteHost && !other.ports.includes(remotePort)
      ? [...wrong, `${one.name} sends to port ${remotePort}, and ${other.name} listens on ${other.ports.join(', ')}`]
      : wrong;
  });
}

/** Of either in the eyes of the other. */
export const identities = (asker: Party, asked: Party): readonly string[] => [
  ...identity(asker, asked),
  ...identity(asked, asker),
];

function identity(of: Party, looker: Party): readonly string[] {
  const expected = looker.policy.remoteId;
  if (!expected || expected.matches(of.policy.localId.key) !== undefined) return [];
  return explainId(of.name, of.policy.localId, looker.name, expected, of.address);
}

export const lacks = (who: Name, own: Id, other: Id) =>
  `${who} has no secret for '${own}' and '${other}': its ipsec.secrets would need a line ${own} ${other} : PSK`;

/** Of `A` and `B`, whoever asks. */
export const otherSecrets = (ofAsker: Id, ofAsked: Id): string =>
  `the secrets of A and B for '${ofAsker}' and '${ofAsked}' are not the same`;

export function modes(asker: Party, asked: Party): readonly string[] {
  const [own, other] = [asker.policy.child.mode, asked.policy.child.mode];
  return own === other ? [] : [`${asker.name} has type=${own}, ${asked.name} has type=${other}`];
}
