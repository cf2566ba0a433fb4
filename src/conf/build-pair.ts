/** The two ends together: the conns that `subnets=` makes of one, and what one end makes of the other. */
import { type Complaints, wordsOf } from './build-end.ts';
import type { Conn, End } from './conn.ts';
import type { Side } from './keywords.ts';
import type { Setting, Settings } from './sections.ts';

/** Settings that stand in for `leftsubnet=` and `rightsubnet=`. */
export interface Pair {
  readonly suffix: string;
  readonly left: Setting | undefined;
  readonly right: Setting | undefined;
}

/** `leftsubnets=` and `rightsubnets=`: a conn for each pair, `NAME/1x2`; 0 stands for a side without a list. */
export function expand(settings: Settings, say: Complaints): readonly Pair[] {
  const choices = (side: Side): readonly (Setting | undefined)[] => {
    const single = settings.get(`${side}subnet`);
    const many = settings.get(`${side}subnets`);
    if (!many) return [single];
    if (single) say.refuse(many, `cannot stand beside ${side}subnet=`);
    const subnets = wordsOf(many) ?? [];
    if (subnets.length === 0) say.refuse(many, 'the list is empty');
    return subnets.map((subnet) => ({ ...many, value: [subnet], raw: subnet }));
  };
  const [lefts, rights] = [choices('left'), choices('right')];
  const many = settings.get('leftsubnets') ?? settings.get('rightsubnets');
  if (!many) return [{ suffix: '', left: lefts[0], right: rights[0] }];
  if (lefts.length * rights.length > MAX_PAIRS) {
    say.refuse(many, `more than ${MAX_PAIRS} pairs of subnets`);
    return [];
  }
  const number = (side: Side, i: number) => (settings.has(`${side}subnets`) ? i + 1 : 0);
  return lefts.flatMap((left, i) =>
    rights.map((right, j) => ({ suffix: `/${number('left', i)}x${number('right', j)}`, left, right })),
  );
}

/** Two long lists make a conn for each pair: beyond this it is a slip. */
const MAX_PAIRS = 10_000;

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
  const virtual = left.virtual ? 'left' : right.virtual ? 'right' : undefined;
  if (virtual === undefined) return undefined;
  const key = `${virtual}subnet`;
  if (keyexchange === 'ikev2') return { key, text: 'virtual subnets need keyexchange=ikev1' };
  if (left.virtual && right.virtual) return { key, text: 'only one end may be virtual' };
  const isGroup = [left, right].some(({ host }) => host.t === 'group' || host.t === 'opportunisticgroup');
  return isGroup ? { key, text: 'groups have no virtual subnets' } : undefined;
}

/** Fit for tests on one machine at most. */
export function isSamePlace(left: End, right: End): boolean {
  const [{ host: a }, { host: b }] = [left, right];
  return a.t === 'address' && b.t === 'address' && a.address.equals(b.address) && left.ikeport === right.ikeport;
}
