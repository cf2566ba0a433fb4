/**
 * XAUTH as client, draft-beaulieu-ike-xauth-02 §4: name and password from whoever has asked for the connection, from the
 * configuration and ipsec.secrets(5), else from a person who watches it come up.
 */
import { shown } from '../auth/eap/identity.ts';
import { printable } from '../cp.ts';
import { joined, wipe } from '../crypto/misc.ts';
import type { Xauth } from '../policy.ts';
import { deleteIsakmp } from './informational.ts';
import { NONE, NOTHING } from './isakmp-sa.ts';
import { beginModeConfig, PATIENCE } from './mode-config.ts';
import { type Attributes, answer, configOf } from './transaction.ts';
import type { Turn } from './turn.ts';
import {
  type Attribute,
  CFG_ATTRIBUTE,
  CFG_ATTRIBUTE_NAMES,
  nameOf,
  numberIn,
  STATUS,
  XAUTH_GENERIC,
} from './wire/index.ts';

type Client = Extract<Xauth, { role: 'client' }>;

/** ms in which somebody has to type. */
const TYPING = 300_000;
/** Whoever asks more often is after something else. */
const MOST_TRIES = 3;

export function beginClient(turn: Turn): void {
  configOf(turn.sa).at = 'xauthI0';
  turn.arm('retry', PATIENCE);
}

/** A REQUEST. */
export function answerXauth(turn: Turn, client: Client, said: Attributes): void {
  const config = configOf(turn.sa);
  config.at = 'xauthI1';
  // Whoever types is given the time it takes.
  turn.disarm('retry');
  hearMessage(turn, said);
  const kind = said.attributes.find(({ type }) => type === CFG_ATTRIBUTE.XAUTH_TYPE);
  const number = kind ? numberIn(kind) : XAUTH_GENERIC;
  const unfit = said.attributes.find(
    ({ type }) => type === CFG_ATTRIBUTE.XAUTH_CHALLENGE || type === CFG_ATTRIBUTE.XAUTH_NEXT_PIN,
  );
  if (number !== XAUTH_GENERIC || unfit) {
    const what = unfit ? nameOf(CFG_ATTRIBUTE_NAMES, unfit.type) : `XAUTH of type ${number}`;
    return fail(turn, `the peer wants ${what}, and we have names and passwords alone`);
  }
  if (++config.tries > MOST_TRIES) return fail(turn, `the peer has asked ${MOST_TRIES} times, and is not content`);
  withUser(turn, client, (named, user) =>
    withPassword(named, user, (ready, password) => {
      ready.say(`XAUTH: Answering username/password request as ${shown(user)} (XAUTH_I0)`);
      answer(ready, said, valuesFor(said.attributes, user, password));
      wipe(password);
      ready.arm('retry', PATIENCE);
    }),
  );
}

/** What is asked for, once and in the order in which it is; what we have not goes empty. */
const valuesFor = (asked: readonly Attribute[], user: string, password: Uint8Array): readonly Attribute[] =>
  [...new Set(asked.map(({ type }) => type))].flatMap((type): readonly Attribute[] => {
    switch (type) {
      case CFG_ATTRIBUTE.XAUTH_TYPE:
        return [{ type, value: XAUTH_GENERIC }];
      case CFG_ATTRIBUTE.XAUTH_USER_NAME:
        return [{ type, value: new Uint8Array(Buffer.from(user)) }];
      case CFG_ATTRIBUTE.XAUTH_USER_PASSWORD:
      case CFG_ATTRIBUTE.XAUTH_PASSCODE:
        return [{ type, value: password }];
      case CFG_ATTRIBUTE.XAUTH_DOMAIN:
      case CFG_ATTRIBUTE.XAUTH_ANSWER:
        return [{ type, value: NOTHING }];
      default:
        return NONE;
    }
  });

function withUser(turn: Turn, client: Client, go: (turn: Turn, user: string) => void): void {
  const { sa } = turn;
  const known = sa.login?.user ?? client.user;
  if (known !== undefined) return go(turn, known);
  prompt(turn, 'username', `User name for "${sa.policy.name}"`, (later, typed) => {
    const user = Buffer.from(typed).toString('utf8');
    sa.login = { user, password: sa.login?.password };
    go(later, user);
  });
}

/** `password`: octets of our own, which `go` wipes. */
function withPassword(turn: Turn, user: string, go: (turn: Turn, password: Uint8Array) => void): void {
  const { sa, env } = turn;
  // What has been refused once is refused again.
  const known = configOf(sa).tries > 1 ? undefined : (sa.login?.password ?? env.directory.password?.(user));
  if (known) return go(turn, joined(known));
  prompt(turn, 'password', `Password of ${shown(user)} for "${sa.policy.name}"`, go);
}

function prompt(
  turn: Turn,
  what: 'username' | 'password',
  text: string,
  go: (turn: Turn, typed: Uint8Array) => void,
): void {
  const { sa } = turn;
  turn.arm('retry', TYPING);
  turn.ask({ t: 'xauthPrompt', what, text, conn: sa.policy.name }, (later, reply) => {
    if (reply.t === 'xauthPrompt' && reply.typed.length > 0) return go(later, reply.typed);
    const why = reply.t === 'none' ? reply.why : 'nothing was typed';
    const wrong = configOf(sa).tries > 1 ? 'the peer does not accept our password' : `there is no ${what} for the peer`;
    fail(later, `${wrong}, and ${why}`);
  });
}

/** A SET with the peer's verdict. */
export function hearStatus(turn: Turn, said: Attributes): void {
  hearMessage(turn, said);
  const status = said.attributes.find(({ type }) => type === CFG_ATTRIBUTE.XAUTH_STATUS);
  answer(turn, said, status ? [status] : NONE);
  if (!status || numberIn(status) !== STATUS.OK)
    return fail(turn, 'the peer does not accept our user name and password');
  turn.disarm('retry');
  turn.say('XAUTH: Successfully Authenticated');
  beginModeConfig(turn);
}

/** What it says is for the person at the keyboard. */
function hearMessage(turn: Turn, { attributes }: Attributes): void {
  for (const { type, value } of attributes.slice(0, MOST_SAID)) {
    if (type === CFG_ATTRIBUTE.XAUTH_MESSAGE && typeof value !== 'number' && value.length > 0)
      turn.say(`XAUTH: the peer says: ${printable(value)}`);
  }
}

const MOST_SAID = 8;

function fail(turn: Turn, why: string): void {
  const text = `XAUTH: ${why}`;
  turn.say(text, { level: 'warn', event: 'failed' });
  deleteIsakmp(turn, 'denied', text);
}
