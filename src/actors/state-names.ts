/** What states are called: libreswan's names and stories of them, for both versions of IKE. */
import type { Child } from '../ike/child.ts';
import type { Policy } from '../ike/policy.ts';
import { type ConfigState, IsakmpSa, type IsakmpState, NONE, type QuickState } from '../ike/v1/isakmp-sa.ts';
import { STATE_NAMES } from '../ike/v1/state-names.ts';
import type { IkeState } from '../ike/v2/ike-sa.ts';
import type { Machine } from './protocol.ts';

/** One object for each: whoever counts tells them apart by it. */
export interface StateName {
  readonly version: 1 | 2;
  /** Ours, as metrics have it. */
  readonly state: string;
  readonly name: string;
  readonly story: string;
}

const named = (version: 1 | 2, state: string, name: string, story: string): StateName =>
  Object.freeze({ version, state, name, story });

const v2 = (state: IkeState, name: string, initiator: string, responder = initiator) => ({
  initiator: named(2, state, name, initiator),
  responder: named(2, state, name, responder),
});

const IKE_STATES: Record<IkeState, Readonly<Record<'initiator' | 'responder', StateName>>> = {
  idle: v2('idle', 'UNSECURED_R', 'larval unsecured IKE SA responder'),
  initSent: v2('initSent', 'IKE_SA_INIT_I', 'sent IKE_SA_INIT request', ''),
  initAnswered: v2('initAnswered', 'IKE_SA_INIT_R', '', 'sent IKE_SA_INIT response'),
  intermediateSent: v2('intermediateSent', 'IKE_INTERMEDIATE_I', 'sent IKE_INTERMEDIATE request', ''),
  intermediateAwaited: v2('intermediateAwaited', 'IKE_INTERMEDIATE_R', '', 'sent IKE_SA_INIT response'),
  proving: v2('proving', 'IKE_AUTH_EAP_R', '', 'sent IKE_AUTH response'),
  authSent: v2('authSent', 'IKE_AUTH_I', 'sent IKE_AUTH request', ''),
  established: v2('established', 'ESTABLISHED_IKE_SA', 'established IKE SA'),
  replaced: v2('replaced', 'ESTABLISHED_IKE_SA', 'replaced IKE SA'),
  deleting: v2('deleting', 'ESTABLISHED_IKE_SA', 'deleting IKE SA'),
  dead: v2('dead', 'ZOMBIE', 'dead'),
};

const isakmp = (state: keyof typeof STATE_NAMES, story: string) => named(1, state, STATE_NAMES[state], story);

const ISAKMP_STATES: Record<Exclude<IsakmpState, 'established' | 'lapsed'>, StateName> = {
  idle: isakmp('idle', 'nothing sent yet'),
  mainI1: isakmp('mainI1', 'sent Main Mode request'),
  mainI2: isakmp('mainI2', 'sent Main Mode I2'),
  mainI3: isakmp('mainI3', 'sent Main Mode I3'),
  mainR1: isakmp('mainR1', 'sent Main Mode R1'),
  mainR2: isakmp('mainR2', 'sent Main Mode R2'),
  aggrI1: isakmp('aggrI1', 'sent Aggressive Mode request'),
  aggrR1: isakmp('aggrR1', 'sent Aggressive Mode response, expecting confirmation'),
  dead: isakmp('dead', 'dead'),
};

/** Phase 1 is over, and nobody may speak of traffic yet. */
const CONFIG_STATES: Record<ConfigState, StateName> = {
  settling: isakmp('settling', 'XAUTH or Mode Config is about to begin'),
  xauthR0: isakmp('xauthR0', 'sent XAUTH request, expecting name and password'),
  xauthR1: isakmp('xauthR1', 'sent XAUTH status, expecting acknowledgement'),
  xauthI0: isakmp('xauthI0', 'expecting XAUTH request'),
  xauthI1: isakmp('xauthI1', 'sent XAUTH reply, expecting status'),
  modeCfgR1: isakmp('modeCfgR1', 'sent Mode Config set, expecting acknowledgement'),
  modeCfgI0: isakmp('modeCfgI0', 'expecting Mode Config set'),
  modeCfgI1: isakmp('modeCfgI1', 'sent Mode Config request'),
};

/** Phase 1 is over: named by its mode, and by who has sent its last message. */
const finished = (state: 'established' | 'lapsed', story: string) => ({
  main: { initiator: named(1, state, 'STATE_MAIN_I4', story), responder: named(1, state, 'STATE_MAIN_R3', story) },
  aggressive: {
    initiator: named(1, state, 'STATE_AGGR_I2', story),
    responder: named(1, state, 'STATE_AGGR_R2', story),
  },
});
const FINISHED = {
  established: finished('established', 'ISAKMP SA established'),
  lapsed: finished('lapsed', 'ISAKMP SA is over, its IPsec SAs are not'),
} as const;

export function stateOf(sa: Machine): StateName {
  if (!(sa instanceof IsakmpSa)) return IKE_STATES[sa.state][sa.role];
  const { state, role, wasAggressive, config } = sa;
  if (state === 'established' && config) return CONFIG_STATES[config.at];
  if (state !== 'established' && state !== 'lapsed') return ISAKMP_STATES[state];
  return FINISHED[state][wasAggressive ? 'aggressive' : 'main'][role];
}

export interface ChildName {
  readonly name: string;
  readonly story: string;
}

const CHILD: ChildName = { name: 'ESTABLISHED_CHILD_SA', story: 'established Child SA' };

const QUICK: Record<QuickState, ChildName> = {
  fresh: { name: STATE_NAMES.fresh, story: 'expecting Quick Mode request' },
  quickI1: { name: STATE_NAMES.quickI1, story: 'sent Quick Mode request' },
  quickR1: {
    name: STATE_NAMES.quickR1,
    story: 'sent Quick Mode reply, inbound IPsec SA installed, expecting confirmation',
  },
  quickDone: { name: STATE_NAMES.quickDone, story: 'IPsec SA established' },
};

const QUICK_I2: ChildName = { name: 'STATE_QUICK_I2', story: 'IPsec SA established' };

/** Of a child that is there. In IKEv1 whoever has been asked for it waits for the third message with one half of it. */
export function childStateOf(sa: Machine, child: Child | undefined): ChildName {
  if (!child || !(sa instanceof IsakmpSa)) return CHILD;
  if (child.awaitsOutbound) return QUICK.quickR1;
  return child.grantedTo < 0 ? QUICK_I2 : QUICK.quickDone;
}

/** A child of IKEv1 that is being made. */
export interface QuickView {
  readonly serial: number;
  readonly policy: Policy;
  readonly state: ChildName;
  readonly isCalculating: boolean;
}

export function quicksOf(sa: Machine): readonly QuickView[] {
  if (!(sa instanceof IsakmpSa)) return NONE;
  return sa.conversations.flatMap((talk) => {
    if (!talk.quick) return [];
    const { serial, policy } = talk.quick;
    return !sa.child(serial)
      ? [{ serial, policy, state: QUICK[talk.state as QuickState], isCalculating: sa.suspended?.conversation === talk }]
      : [];
  });
}

/** The peer is authentic, and nothing stands between it and its traffic. */
export const isReady = (sa: Machine): boolean => sa.state === 'established' && !(sa instanceof IsakmpSa && sa.config);

/** All of IKE SAs. */
export const stateNames = (): readonly StateName[] => [
  ...Object.values(IKE_STATES).flatMap(({ initiator, responder }) => [initiator, responder]),
  ...Object.values(ISAKMP_STATES),
  ...Object.values(CONFIG_STATES),
  ...[FINISHED.established, FINISHED.lapsed].flatMap(({ main, aggressive }) =>
    [main, aggressive].flatMap(({ initiator, responder }) => [initiator, responder]),
  ),
];
