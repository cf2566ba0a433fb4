/** Traffic selectors: narrowing what was asked to what is allowed. RFC 7296 §2.9. */
import type { Selector } from '../../net/selector.ts';
import type { Fault } from '../fault.ts';
import type { ChildPolicy } from '../policy.ts';
import { type Traffic, trafficText } from '../traffic.ts';

type Allowed = Pick<ChildPolicy, 'local' | 'remote' | 'narrowing' | 'peerChooses'>;

/** More pairs than this would let one Child SA fill the kernel's policy table. */
export const MAX_SELECTORS = 256;

/**
 * As responder: what of the request our policy allows. Without `narrowing` it must allow all that the policy
 * says, no less; the peer may have asked for more. What the peer may choose it gets as it asks, or not at all: who
 * asks for everything is not to have all that there is to choose from.
 */
export function narrow(policy: Allowed, asked: Traffic): Traffic | Fault {
  const local = meet(asked.local, policy.local);
  const { peerChooses } = policy;
  const remote = peerChooses
    ? chosen(policy.remote, asked.remote, peerChooses.isHost)
    : meet(asked.remote, policy.remote);
  const isAll = covers(local, policy.local) && (peerChooses !== undefined || covers(remote, policy.remote));
  if (local.length === 0 || remote.length === 0 || (!policy.narrowing && !isAll)) {
    return {
      kind: 'incompatible',
      what: 'selectors',
      offered: trafficText(asked),
      wanted: `${trafficText(policy)}${peerChooses ? ` or ${peerChooses.isHost ? 'an address' : 'a part'} of it` : policy.narrowing ? ' or less' : ''}`,
    };
  }
  return { local: local.slice(0, MAX_SELECTORS), remote: remote.slice(0, MAX_SELECTORS) };
}

/** As initiator: the answer must be a part of what we asked, and all of it unless `narrowing`. */
export function accept(policy: Pick<Allowed, 'narrowing'>, asked: Traffic, answered: Traffic): Fault | undefined {
  const isWithin = (got: readonly Selector[], want: readonly Selector[]) =>
    got.length > 0 && got.length <= MAX_SELECTORS && got.every((g) => want.some((w) => w.contains(g)));
  const fits =
    isWithin(answered.local, asked.local) &&
    isWithin(answered.remote, asked.remote) &&
    (policy.narrowing || (covers(answered.local, asked.local) && covers(answered.remote, asked.remote)));
  return fits
    ? undefined
    : { kind: 'incompatible', what: 'selectors', offered: trafficText(answered), wanted: trafficText(asked) };
}

/** `got`, or the policy's own list where that says the same: the tunnels of a connection share it. */
export const shareSelectors = (got: readonly Selector[], own: readonly Selector[]): readonly Selector[] =>
  got.length === own.length && got.every((s, i) => s.equals(own[i])) ? own : got;

/** How well `policy` fits: 2 exactly, 1 after narrowing, 0 not at all. Chooses among connections to one peer. */
export function fitness(policy: Allowed, asked: Traffic): 0 | 1 | 2 {
  const result = narrow(policy, asked);
  if ('kind' in result) return 0;
  return covers(policy.local, asked.local) && covers(policy.remote, asked.remote) ? 2 : 1;
}

/** All of `asked`, if there is nothing else in it; RFC 7296 §2.9 has the packet that began it all in front, which is a part. */
function chosen(allowed: Traffic['remote'], asked: Traffic['remote'], isHost: boolean): Traffic['remote'] {
  const [first] = asked;
  const isWithin = (s: Selector) => allowed.some((range) => range.contains(s));
  const isOne = asked.every((s) => s.start.equals(s.end) && s.start.equals(first.start));
  return asked.every(isWithin) && (isOne || !isHost) ? meet(asked, asked) : [];
}

/** All that both lists match, without what another entry already contains. */
function meet(a: readonly Selector[], b: readonly Selector[]): Selector[] {
  const found: Selector[] = [];
  for (const one of a) {
    for (const other of b) {
      const both = one.intersect(other);
      if (both && !found.some((f) => f.contains(both))) {
        found.push(both);
        if (found.length > MAX_SELECTORS) return found;
      }
    }
  }
  return found.filter((s, i) => !found.some((o, j) => j > i && o.contains(s)));
}

const covers = (got: readonly Selector[], want: readonly Selector[]) =>
  want.every((w) => got.some((g) => g.contains(w)));
