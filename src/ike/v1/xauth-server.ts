/**
 * XAUTH as server, draft-beaulieu-ike-xauth-02 §4: who has proven to know the group's secret says who it is besides.
 *
 *     server                                       client
 *     REQUEST(TYPE, USER_NAME, USER_PASSWORD) -->
 *                                             <--  REPLY(USER_NAME, USER_PASSWORD)
 *     SET(STATUS)                             -->
 *                                             <--  ACK
 */
import { shown } from '../auth/eap/identity.ts';
import { textAttribute } from '../cp.ts';
import { equalSecret, joined, wipe } from '../crypto/misc.ts';
import { prf } from '../crypto/prf.ts';
import type { Xauth } from '../policy.ts';
import type { Reply } from '../questions.ts';
import { deleteIsakmp } from './informational.ts';
import { type IsakmpSa, NONE, NOTHING } from './isakmp-sa.ts';
import { beginModeConfig } from './mode-config.ts';
import { type Attributes, ask, configOf } from './transaction.ts';
import type { Turn } from './turn.ts';
import { type Attribute, CFG_ATTRIBUTE, CFG_TYPE, STATUS, XAUTH_GENERIC } from './wire/index.ts';

type Server = Extract<Xauth, { role: 'server' }>;

/** What a peer may try under one ISAKMP SA. */
const MOST_TRIES = 3;
/** libreswan's. Octets of a name, and of a password. */
const MOST_OCTETS = 128;
/** ms: somebody may have to type. */
const PATIENCE = 120_000;

export function beginServer(turn: Turn): void {
  configOf(turn.sa).at = 'xauthR0';
  turn.say('XAUTH: Sending Username/Password request (XAUTH_R0)');
  askLogin(turn, NONE);
}

function askLogin(turn: Turn, more: readonly Attribute[]): void {
  const attributes = [
    { type: CFG_ATTRIBUTE.XAUTH_TYPE, value: XAUTH_GENERIC },
    { type: CFG_ATTRIBUTE.XAUTH_USER_NAME, value: NOTHING },
    { type: CFG_ATTRIBUTE.XAUTH_USER_PASSWORD, value: NOTHING },
    ...more,
  ];
  ask(turn, CFG_TYPE.REQUEST, attributes, Math.max(PATIENCE, turn.sa.policy.retransmitTimeout));
}

/** A REPLY: from here on the SA waits for whoever knows the passwords. */
export function hearLogin(turn: Turn, server: Server, { attributes }: Attributes): void {
  const { sa } = turn;
  const octetsOf = (wanted: number) => {
    const value = attributes.find(({ type, value }) => type === wanted && typeof value !== 'number')?.value;
    return value === undefined || typeof value === 'number' ? undefined : value;
  };
  const name = octetsOf(CFG_ATTRIBUTE.XAUTH_USER_NAME) ?? NOTHING;
  const sent = octetsOf(CFG_ATTRIBUTE.XAUTH_USER_PASSWORD) ?? octetsOf(CFG_ATTRIBUTE.XAUTH_PASSCODE);
  const password = joined(sent ?? NOTHING);
  wipe(sent);
  const user = Buffer.from(name).toString('utf8');
  const isOdd =
    name.length === 0 || !sent || name.length > MOST_OCTETS || password.length > MOST_OCTETS || name.includes(0);
  const digest = digestOf(sa, name, password);
  if (isOdd) {
    wipe(password);
    const why = `a name of ${name.length} octets and a password of ${sent ? password.length : 'none'}`;
    return judge(turn, server, { user, digest }, { t: 'xauth', ok: false, why });
  }
  const about = { by: server.by, user, password, conn: sa.policy.name, peer: sa.peer.address };
  turn.ask(
    { t: 'xauth', ...about },
    (later, reply) => {
      wipe(password);
      judge(later, server, { user, digest }, reply);
    },
    () => wipe(password),
  );
}

interface Tried {
  readonly user: string;
  readonly digest: Uint8Array;
}

function judge(turn: Turn, { isSoft }: Server, { user, digest }: Tried, reply: Reply): void {
  const { sa, env } = turn;
  const config = configOf(sa);
  const who = `XAUTH: User ${shown(user)}`;
  if (reply.t === 'xauth' && reply.ok) {
    sa.eapUser = { name: user, classes: undefined, addresses: reply.addresses };
    turn.say(`${who}: Authentication Successful`);
    return tell(turn, true);
  }
  const why = reply.t === 'none' || reply.t === 'xauth' ? reply.why : 'the wrong question was answered';
  env.distrusted?.('xauth');
  if (isSoft) {
    sa.eapUser = { name: user, isHearsay: true, classes: undefined };
    sa.isDoubtful = true;
    turn.say(`${who}: Authentication Failed: ${why}; let in all the same (xauthfail=soft)`, { level: 'warn' });
    return tell(turn, true);
  }
  // A program that says the same again will not stop: another try is for people.
  const isSame = equalSecret(config.refused, digest);
  config.refused = digest;
  config.tries++;
  turn.say(`${who}: Authentication Failed: ${why}`, { level: 'warn', event: 'rejected' });
  if (isSame || config.tries >= MOST_TRIES) return tell(turn, false);
  askLogin(turn, [textAttribute(CFG_ATTRIBUTE.XAUTH_MESSAGE, 'Authentication failed, please try again.')]);
}

function tell(turn: Turn, isGranted: boolean): void {
  const config = configOf(turn.sa);
  config.at = 'xauthR1';
  config.isGranted = isGranted;
  ask(turn, CFG_TYPE.SET, [{ type: CFG_ATTRIBUTE.XAUTH_STATUS, value: isGranted ? STATUS.OK : STATUS.FAIL }]);
}

/** An ACK: the client knows. */
export function hearAck(turn: Turn): void {
  const { isGranted } = configOf(turn.sa);
  if (isGranted) return beginModeConfig(turn);
  deleteIsakmp(turn, 'refused', 'XAUTH: the peer has no valid user name and password');
}

/** To know again what was refused, without keeping it. */
const digestOf = ({ suite, keys }: IsakmpSa, name: Uint8Array, password: Uint8Array): Uint8Array =>
  suite && keys ? prf(suite.prf, keys.skeyidA, name, Uint8Array.of(0), password) : NOTHING;
