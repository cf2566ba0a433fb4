/**
 * Connections that share an IKE SA, as their ends prove the same identities in the same way: which of them a child
 * belongs to is for the traffic to say. The peer is authentic, and what it may have of one it may have of the others.
 */
import { Selector } from '../../net/selector.ts';
import { allowed } from '../cp.ts';
import { clip } from '../explain/words.ts';
import type { Fault } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { type Traffic, trafficText } from '../traffic.ts';
import { find, type Payload } from '../wire/index.ts';
import { suits } from './auth-choose.ts';
import type { Answer } from './child-setup.ts';
import type { IkeSa } from './ike-sa.ts';
import { fitness, type narrow } from './selectors.ts';
import type { Turn } from './turn.ts';

/** Held against one request: the first that were loaded. */
const MOST_SIBLINGS = 1_024;

/**
 * `policy` first; templates among them where it is of one. Whom RADIUS has put into a connection gets no other, and
 * what the IKE SA is protected by must do for them all.
 */
export function siblingsOf({ sa, env }: Turn, policy: Policy = sa.policy): readonly Policy[] {
  const all = env.directory.siblings(policy);
  if (all.length <= 1) return all;
  const classes = sa.eapUser?.classes;
  const isPlaced = classes?.includes(policy.name);
  return all
    .slice(0, MOST_SIBLINGS)
    .filter((p) => p === policy || ((!isPlaced || classes?.includes(p.name)) && suits(p, sa.suite!)));
}

/** Of the templates that `policy` is one of, the one to make an instance of; the first of those that fit as well. */
export function fittest(turn: Turn, policy: Policy, request: readonly Payload[]): Policy {
  if (policy.remoteHost) return policy;
  const [local, remote] = [find(request, 'TSr')?.selectors, find(request, 'TSi')?.selectors];
  const templates = local && remote ? siblingsOf(turn, policy) : [policy];
  if (!local || !remote || templates.length === 1) return policy;
  const rank = (p: Policy) => fitness(beforeLease(turn.sa, p, remote), { local, remote });
  let [best, most] = [policy, rank(policy)];
  for (const template of templates) {
    if (most === 2) break;
    const fits = rank(template);
    if (fits > most) [best, most] = [template, fits];
  }
  return best;
}

/** Where an address will be leased, nobody knows yet which. */
const beforeLease = (sa: IkeSa, policy: Policy, asked: Traffic['remote']) =>
  policy.cp?.role === 'server' ? { ...traffic(policy.child), remote: asked, narrowing: true } : allowedTo(sa, policy);

/** What of its traffic `policy` allows this peer: without a subnet it is the peer itself that travels inside. */
export function allowedTo(sa: IkeSa, policy: Policy): Parameters<typeof narrow>[0] {
  if (policy.cp) return allowed(sa, policy);
  const { child } = policy;
  const isItself = child.remote.length === 0 || child.peerChooses?.orItself === true;
  return isItself ? { ...traffic(child), remote: [...child.remote, Selector.ofAddress(sa.peer.address)] } : child;
}

/** An instance has most of it from its template, and would spread nothing of that. */
const traffic = ({ local, remote, narrowing, peerChooses }: Policy['child']) => ({
  ...{ local, remote, narrowing },
  peerChooses,
});

/**
 * Of a template the peer gets an instance, beside the one that the IKE SA came with. What another peer has chosen to be
 * behind it is not there for a second one; for the same peer, which has come again, it is.
 */
export function settled({ sa, env }: Turn, answer: Answer): Answer | Fault {
  const { policy, remote } = answer;
  const holder = policy.child.peerChooses && env.directory.netHolder?.(remote, chooser(sa));
  if (holder !== undefined)
    return {
      kind: 'incompatible',
      what: 'selectors',
      offered: trafficText(answer),
      wanted: `what is not behind ${holder}`,
    };
  if (policy.remoteHost || !sa.peerId) return answer;
  return { ...answer, policy: env.directory.instantiate(policy, sa.peerId, sa.peer, sa.policy) };
}

/** Who it is that chooses, for comparing and for the log; one who has proven nothing is the same as nobody else. */
export function chooser({ eapUser, peerId, policy }: Pick<IkeSa, 'eapUser' | 'peerId' | 'policy'>): string {
  if (eapUser) return `user '${clip(eapUser.name)}'`;
  const isNameless = policy.theirs.some(({ ways }) => ways.includes('null'));
  return isNameless ? `"${policy.name}"[${policy.instance}]` : `'${peerId}'`;
}
