/** The one place where actors tell the versions of IKE apart: all else of them is the same for both. */
import type { Env, In, Out } from '../ike/effects.ts';
import type { Policy } from '../ike/policy.ts';
import { IsakmpSa } from '../ike/v1/isakmp-sa.ts';
import { isV1 } from '../ike/v1/policy.ts';
import { step as stepV1 } from '../ike/v1/step.ts';
import { EXCHANGE_NAMES as V1_NAMES } from '../ike/v1/wire/index.ts';
import { IkeSa } from '../ike/v2/ike-sa.ts';
import { step as stepV2 } from '../ike/v2/step.ts';
import { EXCHANGE_NAMES as V2_NAMES } from '../ike/wire/index.ts';
import type { Endpoint } from '../net/endpoint.ts';

export type Machine = IkeSa | IsakmpSa;

export const versionOf = (sa: Machine): 1 | 2 => (sa instanceof IsakmpSa ? 1 : 2);

export const stepOf = (sa: Machine, input: In, env: Env): readonly Out[] =>
  sa instanceof IsakmpSa ? stepV1(sa, input, env) : stepV2(sa, input, env);

interface Beginning {
  readonly serial: number;
  readonly policy: Policy;
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

/** Of the version that the policy says. */
export function initiatorOf({ serial, policy, local, peer }: Beginning, env: Env): Machine {
  const [ours, theirs] = [env.ikeSpi(), new Uint8Array(8)];
  return isV1(policy)
    ? new IsakmpSa(serial, 'initiator', { cookieI: ours, cookieR: theirs }, policy, local, peer)
    : new IkeSa(serial, 'initiator', { spiI: ours, spiR: theirs }, policy, local, peer);
}

/** `spiI`: the initiator's SPI, or cookie; it is kept. */
export function responderOf({ serial, policy, local, peer }: Beginning, spiI: Uint8Array, env: Env): Machine {
  const ours = env.ikeSpi();
  return isV1(policy)
    ? new IsakmpSa(serial, 'responder', { cookieI: spiI, cookieR: ours }, policy, local, peer)
    : new IkeSa(serial, 'responder', { spiI, spiR: ours }, policy, local, peer);
}

/** Nobody shall ask it for anything any more. */
export function isLeaving(sa: Machine): boolean {
  if (sa instanceof IsakmpSa) return sa.heir !== 0 || sa.state === 'lapsed' || sa.state === 'dead';
  const { state, tasks } = sa;
  return state === 'deleting' || (tasks.length > 0 && tasks.some((task) => task.t === 'deleteIke'));
}

/** The type of the exchange in which we await an answer; 0: none. */
export function exchangeOf(sa: Machine): number {
  if (!(sa instanceof IsakmpSa)) return sa.outstanding?.exchange ?? 0;
  return (sa.state === 'established' ? sa.conversations[0] : sa.phaseOne)?.exchange ?? 0;
}

/** `IKE_AUTH`, `Main Mode`… The versions have no number in common. */
export const exchangeName = (exchange: number): string | undefined => V2_NAMES.get(exchange) ?? V1_NAMES.get(exchange);

/** What a first message of IKEv1 is called. */
export const firstExchangeName = (exchange: number): string => V1_NAMES.get(exchange) ?? `exchange ${exchange}`;

/** Every connection that has something here or waits for it. */
export function policiesOf(sa: Machine): ReadonlySet<Policy> {
  return new Set([sa.policy, ...sa.children.map((c) => c.policy), ...wantedBy(sa)]);
}

function wantedBy(sa: Machine): readonly Policy[] {
  if (sa instanceof IsakmpSa) {
    const asked = sa.conversations.flatMap(({ quick }) => (quick?.isInitiator ? [quick.policy] : []));
    return [...sa.wanted.map((w) => w.policy), ...asked];
  }
  const { tasks, postponed, outstanding } = sa;
  const wanted = [...tasks, ...postponed].flatMap((t) => (t.t === 'newChild' ? [t.policy] : []));
  return outstanding?.pending.kind === 'newChild' ? [...wanted, outstanding.pending.offer.policy] : wanted;
}

/** Of a child that is there or is being made; else the SA's own. */
export function childPolicyOf(sa: Machine, serial: number): Policy {
  return sa.child(serial)?.policy ?? offered(sa, serial) ?? sa.policy;
}

function offered(sa: Machine, serial: number): Policy | undefined {
  if (sa instanceof IsakmpSa) return sa.conversations.find((talk) => talk.serial === serial)?.quick?.policy;
  const { outstanding } = sa;
  const offer = outstanding && 'offer' in outstanding.pending ? outstanding.pending.offer : undefined;
  return offer && 'serial' in offer && offer.serial === serial ? offer.policy : undefined;
}

/** An SA that is being sent elsewhere, RFC 5685: only the peer's side of IKEv2 can. */
export const canRedirect = (sa: Machine): boolean => sa instanceof IkeSa && sa.redirectable?.who === 'peer';
