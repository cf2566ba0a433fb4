/**
 * Mode Config, the last that there is before Quick Mode: the client pulls, or the server pushes.
 *
 *     client                                    server              server                                 client
 *     REQUEST(address, ..)  -->                                     SET(address, ..)  -->
 *                           <--  REPLY(address, ..)                                   <--  ACK
 *
 * Whoever has been told of one way by its connection takes the other from its peer too. A server answers at any time.
 */
import { forgetConfig } from './ending.ts';
import { deleteIsakmp } from './informational.ts';
import { take, toAsk } from './mode-config-client.ts';
import { toAnswer, toPush } from './mode-config-server.ts';
import { isV1 } from './policy.ts';
import { type Attributes, answer, ask, configOf, withdraw } from './transaction.ts';
import type { Turn } from './turn.ts';
import { CFG_TYPE } from './wire/index.ts';

/** ms in which the peer must do what is its turn to do. */
export const PATIENCE = 120_000;

export function beginModeConfig(turn: Turn): void {
  const { sa } = turn;
  const { cp, v1 } = sa.policy;
  const config = configOf(sa);
  const isPush = v1.modeConfig === 'push';
  if (cp?.role === 'client') {
    config.at = isPush ? 'modeCfgI0' : 'modeCfgI1';
    if (isPush) return turn.arm('retry', PATIENCE);
    turn.say('modecfg: Sending IP request (MODECFG_I1)');
    return ask(turn, CFG_TYPE.REQUEST, toAsk(cp));
  }
  if (cp?.role !== 'server' || !isPush) return finish(turn);
  const attributes = toPush(turn, cp);
  if (!attributes) return deleteIsakmp(turn, 'refused', 'there is no inner address for the peer');
  config.at = 'modeCfgR1';
  ask(turn, CFG_TYPE.SET, attributes);
}

/** As server, or of whoever has nothing to lease: a peer may ask. */
export function answerRequest(turn: Turn, said: Attributes): void {
  const { sa } = turn;
  const { cp } = sa.policy;
  const asked = new Set(said.attributes.map(({ type }) => type));
  answer(turn, said, toAnswer(turn, cp?.role === 'server' ? cp : undefined, asked));
  // It would not ask had it not heard our last word.
  const { config } = sa;
  if (config?.at === 'modeCfgR1' || (config?.at === 'xauthR1' && config.isGranted)) finish(turn);
}

/** As client: what we have asked for, or what is pushed. */
export function hearAddresses(turn: Turn, said: Attributes): void {
  const { sa } = turn;
  const { cp } = sa.policy;
  if (cp?.role !== 'client') throw new Error(`#${sa.serial} wants no address`);
  const wrong = take(turn, cp, said.attributes);
  if (said.cfgType === CFG_TYPE.SET) {
    const kept = wrong === undefined ? said.attributes.map(({ type }) => ({ type, value: new Uint8Array() })) : [];
    answer(turn, said, kept);
  }
  if (wrong === undefined) return finish(turn);
  turn.say(`modecfg: ${wrong}`, { level: 'warn', event: 'failed' });
  deleteIsakmp(turn, 'refused', wrong);
}

/** Nothing is left to do before Quick Mode: for all who ask, the peer is there now. */
export function finish(turn: Turn): void {
  const { sa } = turn;
  const { initialContact } = configOf(sa);
  if (sa.role === 'responder' && sa.peerId) {
    const own = turn.env.directory.instantiate(sa.policy, sa.peerId, sa.peer);
    if (isV1(own)) sa.policy = own;
  }
  withdraw(turn);
  turn.disarm('retry');
  forgetConfig(sa);
  // Whom XAUTH has not believed has a group's name, and none of its own.
  turn.outs.push({ t: 'authenticated', initialContact, isNameless: sa.isDoubtful });
}
