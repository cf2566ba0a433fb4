/** Why identities do not match. RFC 7296 §3.5. */
import type { Address } from '../../net/address.ts';
import { ID_TYPES, type Id } from '../../net/id.ts';
import type { Policy } from '../policy.ts';
import { is, says, some } from './words.ts';

/** Somebody is `actual`, and whoever looks for them expects `expected`; `address`: where they are. */
export function explainId(
  who: string,
  actual: Id,
  looker: string,
  expected: Id,
  address: Address | undefined,
): readonly string[] {
  const line = `${is(who)} '${actual}' (${actual.typeName}), ${says(looker, 'expect')} '${expected}' (${expected.typeName})`;
  const hint = hintFor(who, actual, expected, address);
  return [hint ? `${line}: ${hint}` : line];
}

function hintFor(who: string, actual: Id, expected: Id, address: Address | undefined): string | undefined {
  const isAddress = actual.type === ID_TYPES.ID_IPV4_ADDR || actual.type === ID_TYPES.ID_IPV6_ADDR;
  if (isAddress && address && `${actual}` === `${address}`)
    return `without an id= of its own an end is its address, so set ${who === 'we' ? 'our' : `${who}'s`} leftid= or rightid=`;
  const text = (id: Id) => `${id}`.replace(/^@/, '');
  if (text(actual) === text(expected)) return 'the same text, but of another type';
  if (text(actual).toLowerCase() === text(expected).toLowerCase()) return 'they differ in case only';
  return undefined;
}

/** The secrets of both ends for the same two differ: the octets themselves are nobody's business. */
export const explainOtherSecret = (local: Id, remote: Id): readonly string[] => [
  `the peer's secret for '${remote}' and '${local}' is another than ours: compare ipsec.secrets at both ends, and whether an entry for more specific identities is taken`,
];

export const explainNoSecret = (local: Id, remote: Id): readonly string[] => [
  `ipsec.secrets has no entry for these two: it would begin ${local} ${remote} : PSK`,
];

/** As responder: who the connections at this address are for, when none is for who the peer says it is. */
export function explainNobody(candidates: readonly Policy[], peerId: Id, wanted: Id | undefined): readonly string[] {
  const lines: string[] = [];
  const { key } = peerId;
  const expecting = candidates.filter((p) => p.remoteId && p.remoteId.matches(key) === undefined);
  if (expecting.length > 0) {
    const names = expecting.slice(0, 16).map((p) => `'${p.remoteId}' ("${p.name}")`);
    lines.push(`the peer is '${peerId}' (${peerId.typeName}); connections for its address expect ${some(names, 4)}`);
  }
  const wantedKey = wanted?.key;
  const others = wanted ? candidates.filter((p) => p.localId.key !== wantedKey) : [];
  if (wanted && others.length === candidates.length && others.length > 0) {
    const names = others.slice(0, 16).map((p) => `'${p.localId}' ("${p.name}")`);
    lines.push(`the peer asks for '${wanted}' (${wanted.typeName}); we are ${some(names, 4)}`);
  }
  return lines;
}
