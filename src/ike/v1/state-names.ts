import type { ConfigState, IsakmpState, QuickState } from './isakmp-sa.ts';

/** libreswan's names; once phase 1 is over, its state goes by who has said the last word. */
export const STATE_NAMES: Readonly<
  Record<Exclude<IsakmpState, 'established' | 'lapsed'> | QuickState | ConfigState, string>
> = {
  idle: 'STATE_MAIN_R0',
  mainI1: 'STATE_MAIN_I1',
  mainI2: 'STATE_MAIN_I2',
  mainI3: 'STATE_MAIN_I3',
  mainR1: 'STATE_MAIN_R1',
  mainR2: 'STATE_MAIN_R2',
  aggrI1: 'STATE_AGGR_I1',
  aggrR1: 'STATE_AGGR_R1',
  dead: 'ZOMBIE',
  settling: 'STATE_XAUTH_R0',
  xauthR0: 'STATE_XAUTH_R0',
  xauthR1: 'STATE_XAUTH_R1',
  xauthI0: 'STATE_XAUTH_I0',
  xauthI1: 'STATE_XAUTH_I1',
  modeCfgR1: 'STATE_MODE_CFG_SERVER_WAITING_FOR_ACK',
  modeCfgI0: 'STATE_MODE_CFG_CLIENT_RESPONDING',
  modeCfgI1: 'STATE_MODE_CFG_I1',
  fresh: 'STATE_QUICK_R0',
  quickI1: 'STATE_QUICK_I1',
  quickR1: 'STATE_QUICK_R1',
  quickDone: 'STATE_QUICK_R2',
};
