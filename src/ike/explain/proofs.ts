/** Why a proof of who an end is was not taken, or could not be given. RFC 7296 §2.15. */
import type { Id } from '../../net/id.ts';
import type { AuthWay, Policy } from '../policy.ts';
import { clip, some } from './words.ts';

/** The peer proves itself by `way`, which is none of `ways`. */
export const explainWay = (way: string, ways: readonly AuthWay[], name: string): readonly string[] => [
  `"${name}" takes ${clip(some(ways, 8, ','), 200)} of the peer (authby=, or the auth= of its end), and the peer comes with ${way}: the ends must name the same`,
];

/** It signs, and there is nothing to check the signature with. */
export const explainNoKey = (peerId: Id): readonly string[] => [
  `a raw key for '${peerId}' can be set for its end (pubkey=, rsasigkey=, ecdsakey=); a certificate comes from the peer itself, if it has sendcert=always`,
];

/** It signs with another key than those that are known for it. */
export const explainOtherKey = (peerId: Id, known: number): readonly string[] => [
  `${known === 1 ? 'the key that is' : `none of the ${known} keys that are`} known here for '${peerId}' ${known === 1 ? 'is not the one that' : 'is the one that'} it has signed with: compare with 'ipsec showhostkey' at its end`,
];

/** `wanted`: as `ca=` has it. */
export const explainIssuer = (issuers: readonly string[], wanted: Id): readonly string[] => [
  `the peer's certificate is from ${clip(some(issuers, 4, ', under '), 400) || 'nobody but itself'}; ca= of its end asks for '${wanted}'`,
];

/** We have nothing to prove ourselves with. */
export const explainNoProof = (policy: Policy, round: number): readonly string[] => {
  const { ways, key } = policy.ours[round];
  const named = key
    ? key.t === 'cert'
      ? ` cert=${key.name}`
      : ` ckaid=${Buffer.from(key.ckaid).toString('hex')}`
    : '';
  return [
    `"${policy.name}" is to prove '${policy.localId}' by ${clip(some(ways, 8, ','), 200)}${named}: 'ipsec showhostkey --list' shows the keys that there are`,
  ];
};
