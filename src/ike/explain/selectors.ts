/** Why traffic selectors do not fit: at whose end, and in what. RFC 7296 §2.9. */
import type { Selector } from '../../net/selector.ts';
import type { ChildPolicy } from '../policy.ts';
import { clip, has, type Parties, says, some, whose } from './words.ts';

interface Traffic {
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
}

/**
 * What is wrong with `wanted`, a request for traffic, in the eyes of whoever `holds` something else; both as seen from
 * the holder's end. One line for each end that does not fit; none if all of `holds` is asked for.
 */
export function explainSelectors(
  wanted: Traffic,
  holds: Traffic & Pick<ChildPolicy, 'narrowing' | 'peerChooses'>,
  { asker, asked }: Parties,
): readonly string[] {
  const ends = [
    ['local', asked],
    ['remote', asker],
  ] as const;
  return ends.flatMap(([side, end]) => {
    const where = `at ${whose(end)} end`;
    const both = `${where} ${asker === 'we' ? 'we ask' : `${asker} asks`} for ${listText(wanted[side])}, ${has(asked)} ${listText(holds[side])}`;
    if (wanted[side].length === 0 || holds[side].length === 0) return [both];
    if (!wanted[side].some((w) => holds[side].some((h) => h.intersect(w))))
      return [`${both}: ${apart(wanted[side], holds[side])}`];
    if (side === 'remote' && holds.peerChooses) {
      const wrong = misChosen(wanted.remote, holds.remote, holds.peerChooses.isHost);
      return wrong === undefined ? [] : [`${both}: ${asker} may choose ${wrong}`];
    }
    const isAll = holds[side].every((h) => wanted[side].some((w) => w.contains(h)));
    if (isAll || holds.narrowing) return [];
    return [`${both}: that is only a part of it, for which ${asked} would need narrowing=yes`];
  });
}

/** A part is all that there is to choose, `narrowing=` or not; whether another peer has it already is not said here. */
function misChosen(wanted: readonly Selector[], holds: readonly Selector[], isHost: boolean): string | undefined {
  if (!wanted.every((w) => holds.some((h) => h.contains(w)))) return 'only what is within that';
  const [first] = wanted;
  const isOne = wanted.every((w) => w.start.equals(w.end) && w.start.equals(first.start));
  return isHost && !isOne ? 'a single address of that' : undefined;
}

/** The same for an answer: less than was asked for, or something else. As seen from the end that had asked. */
export function explainAnswer(got: Traffic, wanted: Traffic, narrowing: boolean, { asker, asked }: Parties): string[] {
  const ends = [
    ['local', asker],
    ['remote', asked],
  ] as const;
  return ends.flatMap(([side, end]) => {
    const isWithin = got[side].every((g) => wanted[side].some((w) => w.contains(g)));
    const isAll = wanted[side].every((w) => got[side].some((g) => g.contains(w)));
    if (isWithin && (isAll || narrowing)) return [];
    const what = `at ${whose(end)} end ${asker} asked for ${listText(wanted[side])} and ${asked} answered ${listText(got[side])}`;
    return [isWithin ? `${what}: that is only a part of it, for which ${asker} would need narrowing=yes` : what];
  });
}

interface Nets {
  readonly local: Selector;
  readonly remote: Selector;
}

/** IKEv1's: one net at each end, and the very same at both. As seen from the end that is asked. RFC 2409 §5.5. */
export function explainNets(wanted: Nets, holds: Nets, { asker, asked }: Parties): readonly string[] {
  const ends = [
    ['local', asked],
    ['remote', asker],
  ] as const;
  return ends.flatMap(([side, end]) =>
    holds[side].equals(wanted[side])
      ? []
      : [
          `at ${whose(end)} end ${says(asker, 'ask')} for ${wanted[side]}, ${has(asked)} ${holds[side]}: in IKEv1 they must be the same`,
        ],
  );
}

/** What keeps the nearest two apart. */
function apart(wanted: readonly Selector[], holds: readonly Selector[]): string {
  const reasons = wanted.slice(0, MOST).flatMap((w) => holds.slice(0, MOST).map((h) => reasonOf(w, h)));
  return REASONS.find((reason) => reasons.includes(reason)) ?? REASONS[0];
}

/** The nearest first. */
const REASONS = [
  'the ports differ',
  'the protocols differ',
  'they have no address in common',
  'one is IPv4, the other IPv6',
] as const;

function reasonOf(a: Selector, b: Selector): (typeof REASONS)[number] {
  if (a.family !== b.family) return REASONS[3];
  if (a.start.compare(b.end) > 0 || b.start.compare(a.end) > 0) return REASONS[2];
  return a.protocol !== 0 && b.protocol !== 0 && a.protocol !== b.protocol ? REASONS[1] : REASONS[0];
}

const MOST = 16;

const listText = (list: readonly Selector[]): string =>
  list.length === 0 ? 'nothing' : clip(some(list.slice(0, MOST).map(String), 4), 200);
