/**
 * What is between phase 1 and Quick Mode, and who may say what of it when. The server of XAUTH and Mode Config need not be
 * the responder of phase 1.
 *
 *     phase 1 ──► XAUTH ──► Mode Config ──► Quick Mode
 */
import { end } from './ending.ts';
import { deleteIsakmp } from './informational.ts';
import type { IsakmpSa } from './isakmp-sa.ts';
import { answerRequest, beginModeConfig, finish, hearAddresses } from './mode-config.ts';
import { answerQuick } from './quick-responder.ts';
import { STATE_NAMES } from './state-names.ts';
import { type Attributes, attributesIn, hearOnce } from './transaction.ts';
import type { Transition } from './transitions.ts';
import type { Incoming, Turn } from './turn.ts';
import { CFG_ATTRIBUTE, CFG_TYPE, CFG_TYPE_NAMES, EXCHANGE, nameOf } from './wire/index.ts';
import { answerXauth, beginClient, hearStatus } from './xauth-client.ts';
import { beginServer, hearAck, hearLogin } from './xauth-server.ts';

const TRANSACTION = { exchange: EXCHANGE.TRANSACTION, encrypted: 'always', need: ['HASH', 'ATTRIBUTES'] } as const;

export const TRANSACTIONS: readonly Transition[] = [
  { ...TRANSACTION, story: 'peer asks or tells', from: 'fresh', run: hear, to: ['answered'] },
  { ...TRANSACTION, story: 'peer goes on under one message id', from: 'answered', run: hear, to: [] },
  { ...TRANSACTION, story: 'peer answers', from: 'asked', run: hearAnswer, to: [] },
  {
    story: 'peer goes on to Quick Mode, its ACK is lost',
    exchange: EXCHANGE.QUICK,
    encrypted: 'always',
    from: 'established',
    need: ['HASH', 'SA', 'Nonce'],
    run: goOn,
    to: ['fresh', 'quickR1'],
  },
];

/** Phase 1 is over. */
export function begin(turn: Turn): void {
  const role = turn.sa.policy.v1.xauth?.role;
  if (role === 'server') return beginServer(turn);
  return role === 'client' ? beginClient(turn) : beginModeConfig(turn);
}

/** The peer, or the person at the keyboard, has not done what was their turn to do. */
export function overdue(turn: Turn): void {
  const { config, suspended } = turn.sa;
  if (!config) return;
  if (suspended?.isForPerson) return deleteIsakmp(turn, 'timeout', 'XAUTH: nobody has typed anything');
  const what = config.at.startsWith('xauth') ? 'XAUTH' : 'Mode Config';
  const text = `${what}: nothing comes of the peer in ${STATE_NAMES[config.at]}`;
  turn.say(text, { code: 51, event: 'failed' });
  end(turn, 'timeout', text);
}

/** Quick Mode before its time is not heard, but where the peer has had our last word. */
function goOn(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  if (sa.config?.at === 'xauthR1' && sa.config.isGranted) beginModeConfig(turn);
  else if (sa.config?.at === 'modeCfgR1') finish(turn);
  const isOver = !sa.config && sa.state === 'established';
  if (!isOver) return turn.debug(() => 'Quick Mode before XAUTH and Mode Config are over; dropped');
  answerQuick(turn, message);
}

type Does = (turn: Turn) => void;

function hear(turn: Turn, message: Incoming): void {
  const said = attributesIn(message);
  const does = whatToDo(turn.sa, said);
  if (typeof does === 'string') return turn.debug(() => `${nameOf(CFG_TYPE_NAMES, said.cfgType)} ignored: ${does}`);
  hearOnce(turn, message);
  does(turn);
}

/** Or why nothing is done. */
function whatToDo(sa: IsakmpSa, said: Attributes): Does | string {
  const { config, policy } = sa;
  const { xauth } = policy.v1;
  const isQuestion = said.cfgType === CFG_TYPE.REQUEST;
  if (!isQuestion && said.cfgType !== CFG_TYPE.SET) return 'it answers nothing';
  if (sa.isWornOut) return 'there have been too many';
  const at = config?.at;
  if (said.attributes.some(({ type }) => isXauth(type))) {
    if (xauth?.role !== 'client') return 'no XAUTH is asked of us';
    if (at !== 'xauthI0' && at !== 'xauthI1') return 'XAUTH is over';
    return isQuestion ? (turn) => answerXauth(turn, xauth, said) : (turn) => hearStatus(turn, said);
  }
  const isBarred = at === 'settling' || at?.startsWith('xauth');
  if (isBarred && !(at === 'xauthR1' && config?.isGranted)) return 'XAUTH comes first';
  if (isQuestion) return (turn) => answerRequest(turn, said);
  if (policy.cp?.role !== 'client') return 'we are not to be told';
  if (at !== 'modeCfgI0' && at !== 'modeCfgI1') return 'Mode Config is over';
  return (turn) => hearAddresses(turn, said);
}

function hearAnswer(turn: Turn, message: Incoming): void {
  const { sa, talk } = turn;
  const said = attributesIn(message);
  const does = whatComesOf(sa, said);
  if (!does)
    return turn.debug(() => `${nameOf(CFG_TYPE_NAMES, said.cfgType)} ignored: no answer to what we have asked`);
  turn.accept(message);
  turn.dropTalk(talk);
  does(turn);
}

function whatComesOf({ config, policy }: IsakmpSa, said: Attributes): Does | undefined {
  const { xauth } = policy.v1;
  switch (config?.at) {
    case 'xauthR0':
      return said.cfgType === CFG_TYPE.REPLY && xauth?.role === 'server'
        ? (turn) => hearLogin(turn, xauth, said)
        : undefined;
    case 'xauthR1':
      return said.cfgType === CFG_TYPE.ACK ? hearAck : undefined;
    case 'modeCfgI1':
      return said.cfgType === CFG_TYPE.REPLY ? (turn) => hearAddresses(turn, said) : undefined;
    case 'modeCfgR1':
      return said.cfgType === CFG_TYPE.ACK ? finish : undefined;
    default:
      return undefined;
  }
}

const isXauth = (type: number): boolean => type >= CFG_ATTRIBUTE.XAUTH_TYPE && type <= CFG_ATTRIBUTE.XAUTH_ANSWER;
