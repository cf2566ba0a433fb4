/** The two ends together: the conns that `subnets=` makes of one, and what one end makes of the other. */
import { type Complaints, wordsOf } from './build-end.ts';
import type { Conn, End, HostSpec } from './conn.ts';
import type { Side } from './keywords.ts';
import type { Setting, Settings } from './sections.ts';

/** One of `leftsubnets=`, in the place of `leftsubnet=`; 0 where there is no such list. */
export interface Choice {
  readonly number: number;
  readonly subnet: Setting | undefined;
}

export type Choices = readonly [left: readonly Choice[], right: readonly Choice[]];

/** What there is to choose from at either end: `subnets=` makes a conn of each pair, `NAME/1x2`. */
export function choices(settings: Settings, say: Complaints): Choices {
  const both = [choicesAt('left', settings, say), choicesAt('right', settings, say)] as const;
  if (both[0].length * both[1].length <= MAX_PAIRS) return both;
  say.refuse(manyOf(settings)!, `more than ${MAX_PAIRS} pairs of subnets`);
  return [[], []];
}

/** The setting that makes several conns of one. */
export const manyOf = (settings: Settings): Setting | undefined =>
  settings.get('leftsubnets') ?? settings.get('rightsubnets');

function choicesAt(side: Side, settings: Settings, say: Complaints): readonly Choice[] {
  const subnet = settings.get(`${side}subnet`);
  const many = settings.get(`${side}subnets`);
  if (!many) return [{ number: 0, subnet }];
  if (subnet) say.refuse(many, `cannot stand beside ${side}subnet=`);
  const words = wordsOf(many) ?? [];
  if (words.length === 0) say.refuse(many, 'the list is empty');
  return words.map((word, i) => ({ number: i + 1, subnet: { ...many, value: [word], raw: word } }));
}

/** Two long lists make a conn for each pair: beyond this it is a slip. */
const MAX_PAIRS = 10_000;

/** A file says who its peers are. */
export const isGroup = (host: HostSpec['t']): boolean => host === 'group' || host === 'opportunisticgroup';

/** What the two ends cannot be together. */
export function contradiction(
  left: End,
  right: End,
  { keyexchange }: Pick<Conn, 'keyexchange'>,
): { key: string; text: string } | undefined {
  const isSomewhere = ({ host: { t } }: End) =>
    t === 'address' || t === 'name' || t === 'interface' || t === 'defaultroute';
  if (!isSomewhere(left) && !isSomewhere(right)) {
    return { key: 'left', text: 'one of left= and right= must not be %any or a group: neither tells our address' };
  }
  const isOpportunistic = [left, right].some(({ host }) => host.t.startsWith('opportunistic'));
  if (isOpportunistic && keyexchange === 'ikev1') return { key: 'keyexchange', text: 'opportunistic conns need IKEv2' };
  if (left.protoport?.wildcard && right.protoport?.wildcard) {
    return { key: 'rightprotoport', text: 'only one end may leave its port to the peer (%any)' };
  }
  const many = isMany(left) ? 'left' : isMany(right) ? 'right' : undefined;
  const ofMany = many && { left, right }[many];
  if (many && ofMany && (ofMany.subnets.length > 0 || ofMany.protoport)) {
    const key = many + (ofMany.subnets.length > 0 ? 'subnet' : 'protoport');
    const who = ofMany.host.t === 'opportunistic' ? 'the peer itself' : 'what its file has';
    return { key, text: `${many}=%${ofMany.host.t} is for ${who}, and no more can be said of that here` };
  }
  const virtual = left.virtual ? 'left' : right.virtual ? 'right' : undefined;
  if (virtual === undefined) return undefined;
  const key = `${virtual}subnet`;
  if (keyexchange === 'ikev2' && (virtual === 'left' ? left : right).host.t !== 'any')
    return { key, text: `virtual subnets are for peers that may be anywhere: ${virtual}=%any` };
  if (left.virtual && right.virtual) return { key, text: 'only one end may be virtual' };
  return isGroup(left.host.t) || isGroup(right.host.t) ? { key, text: 'groups have no virtual subnets' } : undefined;
}

/** Peers that are found by their addresses. */
const isMany = ({ host: { t } }: End): boolean => isGroup(t) || t === 'opportunistic';

/** Fit for tests on one machine at most. */
export function isSamePlace(left: End, right: End): boolean {
  const [{ host: a }, { host: b }] = [left, right];
  return a.t === 'address' && b.t === 'address' && a.address.equals(b.address) && left.ikeport === right.ikeport;
}
