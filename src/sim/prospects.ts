/** What a tunnel that comes up has before it: whether it outlives its lifetimes, and what its operator may not expect. */
import type { Standing } from './negotiation.ts';
import { type Agreed, type Disagreement, type Lifetimes, type Name, type Rekey, SA_NAMES } from './report.ts';
import type { Street } from './street.ts';

export interface Prospects {
  readonly warnings: readonly string[];
  /** What ends the tunnel although it comes up. */
  readonly why: readonly Disagreement[];
}

export function prospects(
  street: Street,
  standing: Readonly<Record<Name, Standing>>,
  agreed: Agreed,
  rekeys: readonly Rekey[],
): Prospects {
  const outlives = (['child', 'ike'] as const).map((of) => outlive(of, agreed, rekeys));
  return {
    warnings: [...outlives.flatMap((o) => o.warnings), ...oddities(street, standing, agreed)],
    why: outlives.flatMap((o) => o.why),
  };
}

/** Some end must replace the SA before either lets it go. */
function outlive(of: Rekey['of'], { version, lifetimes }: Agreed, rekeys: readonly Rekey[]): Prospects {
  const name = `the ${SA_NAMES[version][of]}`;
  const life = ({ child, ike }: Lifetimes) => (of === 'child' ? child : ike);
  const rekeyAt = ({ childRekey, ikeRekey }: Lifetimes) => (of === 'child' ? childRekey : ikeRekey);
  const ends = { A: lifetimes.a, B: lifetimes.b };
  const end = Math.min(life(ends.A), life(ends.B));
  const tried = rekeys.filter((r) => r.of === of);
  const failing = tried.filter((r) => !r.ok);
  const works = tried.filter((r) => r.ok && (rekeyAt(ends[r.by]) ?? Number.POSITIVE_INFINITY) < end);
  const words = failing.map((r) => `when ${r.by} rekeys ${name} it fails: ${r.why.join('; ') || 'see the messages'}`);
  if (tried.length === 0 && rekeys.length === 0) {
    const isRekeyed = [ends.A, ends.B].some((one) => (rekeyAt(one) ?? Number.POSITIVE_INFINITY) < end);
    return { warnings: isRekeyed ? [] : [untold(name, end)], why: [] };
  }
  if (works.length > 0) return { warnings: words, why: [] };
  if (failing.length > 0) {
    const after = `the tunnel comes up and goes down after ${span(end)}, when ${name} ends and nothing has replaced it`;
    return { warnings: [], why: [{ about: 'rekey', lines: [after, ...words] }] };
  }
  return { warnings: [untold(name, end)], why: [] };
}

const untold = (name: string, end: number) =>
  `nobody rekeys ${name} in time: it ends after ${span(end)}, and the tunnel with it until somebody initiates again`;

function oddities(
  { wiretap, ends, nat }: Street,
  { A, B }: Readonly<Record<Name, Standing>>,
  agreed: Agreed,
): string[] {
  const warnings: string[] = [];
  for (const name of ['A', 'B'] as const) {
    const [meant, taken] = [ends[name].entry.conn.name, name === 'A' ? agreed.conns.a : agreed.conns.b];
    if (meant !== taken) warnings.push(`${name} takes conn ${taken} for it, not ${meant}`);
  }
  const weak = [A.sa.suite?.encr, A.sa.suite?.prf, A.sa.suite?.integ, A.sa.suite?.group];
  weak.push(A.child.suite.encr, A.child.suite.integ);
  const names = [...new Set(weak.flatMap((alg) => (alg?.weak ? [alg.name] : [])))];
  if (names.length > 0) warnings.push(`what was agreed on is weak: ${names.join(', ')}`);
  const { a, b } = agreed.lifetimes;
  const { ike, child } = SA_NAMES[agreed.version];
  if (a.child !== b.child)
    warnings.push(`${child}s end after ${span(a.child)} at A and ${span(b.child)} at B: the shorter one decides`);
  if (a.ike !== b.ike)
    warnings.push(`${ike}s end after ${span(a.ike)} at A and ${span(b.ike)} at B: the shorter one decides`);
  for (const [end, standing] of [
    ['A', A],
    ['B', B],
  ] as const) {
    const { policy } = standing.child;
    const narrowed = (['local', 'remote'] as const).some((side) => {
      const got = side === 'local' ? standing.child.selectorsLocal : standing.child.selectorsRemote;
      return !policy.child[side].every((want) => got.some((have) => have.contains(want)));
    });
    // IKEv1 gives all or nothing, but what Mode Config says.
    if (narrowed && agreed.version === 2)
      warnings.push(`${end} gets less traffic than its connection names (narrowing)`);
  }
  const compressing = (['A', 'B'] as const).filter((name) => ends[name].entry.policy?.child.compress);
  if (agreed.version === 1 && compressing.length === 1)
    warnings.push(
      `${compressing[0]} has compress=yes, and ${compressing[0] === 'A' ? 'B' : 'A'} has not: nothing is compressed`,
    );
  const largest = Math.max(...wiretap.messages.filter((m) => m.fragments === 1).map((m) => m.octets));
  if (largest > MTU)
    warnings.push(`a message of ${largest} octets is sent whole: IP fragments it, and some firewalls drop those`);
  if (nat && !agreed.child.encapsulated)
    warnings.push('there is a NAT between and ESP is not encapsulated (encapsulation=no): it will be dropped');
  return warnings;
}

/** What an Ethernet frame carries, less IP and UDP headers. */
const MTU = 1_472;

/** `8h`, `7h42m`, `90s`. */
export function span(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.round(seconds % 60)];
  const parts = [h && `${h}h`, m && `${m}m`, s && `${s}s`].filter(Boolean);
  return parts.slice(0, 2).join('') || '0s';
}
