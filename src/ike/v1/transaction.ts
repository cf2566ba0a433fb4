/**
 * A Transaction, draft-dukes-ike-mode-cfg-02 §3: two messages under an ISAKMP SA, each with HASH(1).
 *
 *     HASH, ATTRIBUTES(REQUEST)  -->                            HASH, ATTRIBUTES(SET)  -->
 *                                <-- HASH, ATTRIBUTES(REPLY)                           <-- HASH, ATTRIBUTES(ACK)
 *
 * XAUTH and Mode Config are made of them. There is one of ours at a time; the peer may go on under its message id.
 */
import { hash1 } from './crypto/hashes.ts';
import { type Config, type Conversation, type IsakmpSa, NONE } from './isakmp-sa.ts';
import { patienceOf } from './lasting.ts';
import { channelOf, withHash } from './quick-child.ts';
import type { Incoming, Turn } from './turn.ts';
import {
  type Attribute,
  CFG_TYPE,
  EXCHANGE,
  encodeChain,
  find,
  type Payload,
  type PayloadNamed,
} from './wire/index.ts';

export type Attributes = PayloadNamed<'ATTRIBUTES'>;

export function configOf({ config, serial }: IsakmpSa): Config {
  if (!config) throw new Error(`#${serial} has nothing to configure`);
  return config;
}

/** Answers of the peer's that are kept to be said again. */
const MOST_ANSWERED = 4;

/** Asks, or tells, again and again until the peer answers. */
export function ask(turn: Turn, cfgType: number, attributes: readonly Attribute[], patience?: number): void {
  const { sa, env } = turn;
  withdraw(turn);
  const talk = turn.newTalk(EXCHANGE.TRANSACTION, turn.messageId(), sa.serial);
  talk.state = 'asked';
  keep(turn, talk);
  const [high, low] = env.random(2);
  say(turn, talk, { cfgType, identifier: (high << 8) | low, attributes }, { awaits: true, patience });
}

/** What we have asked needs no answer any more. */
export function withdraw(turn: Turn): void {
  for (const talk of turn.sa.conversations) if (talk.state === 'asked') turn.dropTalk(talk);
}

/** The peer's question is one that we take: it is not to come again. */
export function hearOnce(turn: Turn, message: Incoming): void {
  turn.accept(message);
  keep(turn, turn.talk);
  turn.talk.state = 'answered';
  turn.talk.sent = NONE;
}

/** Answers the question that is being processed. */
export function answer(turn: Turn, { identifier, cfgType }: Attributes, attributes: readonly Attribute[]): void {
  const { sa, talk } = turn;
  const reply = cfgType === CFG_TYPE.SET ? CFG_TYPE.ACK : CFG_TYPE.REPLY;
  say(turn, talk, { cfgType: reply, identifier, attributes }, { awaits: false });
  const old = sa.conversations.filter(({ state }) => state === 'answered').slice(0, -MOST_ANSWERED);
  for (const one of old) turn.dropTalk(one);
  turn.arm('discard', patienceOf(sa.policy));
}

export const attributesIn = ({ payloads }: Incoming): Attributes => find(payloads, 'ATTRIBUTES')!;

function keep(turn: Turn, talk: Conversation): void {
  turn.keepTalk(talk);
  turn.sa.use(talk.messageId);
}

function say(
  turn: Turn,
  talk: Conversation,
  what: Omit<Attributes, 'type'>,
  { awaits, patience }: { readonly awaits: boolean; readonly patience?: number | undefined },
): void {
  const rest: Payload[] = [{ type: 'ATTRIBUTES', ...what }];
  turn.send(talk, withHash(hash1(channelOf(turn.sa, talk), encodeChain(rest)), rest), awaits, patience);
}
