/**
 * REDIRECT while an SA is in use, RFC 5685 §5. The one that is sent builds its SAs with the other gateway first and
 * leaves the old ones then; who does not leave in time is left.
 *
 *     gateway                                      client
 *     INFORMATIONAL { N(REDIRECT, gateway) }  ──►
 *                                             ◄──  INFORMATIONAL {}            to the other gateway: IKE_SA_INIT, IKE_AUTH
 *                                             ◄──  INFORMATIONAL { D }
 */
import { EXCHANGE, NOTIFY, notifies } from '../wire/index.ts';
import type { Redirectable } from './ike-sa.ts';
import { readRedirect, redirectData } from './redirect.ts';
import { whereTo } from './redirect-where.ts';
import type { Transition } from './transitions.ts';
import { type Incoming, notification, type Turn } from './turn.ts';

/** ms that a peer has to settle down elsewhere (`redirect-grace=`). */
const GRACE = 60_000;

/** After deletions, before the row that takes any request. */
export const REDIRECT_REQUEST: Transition = {
  story: 'peer sends us to another gateway in mid-session',
  exchange: EXCHANGE.INFORMATIONAL,
  request: ['established', 'replaced'],
  need: ['N'],
  notify: NOTIFY.REDIRECT,
  run: obey,
  to: [],
};

export const REDIRECT_RESPONSE: Transition = {
  story: 'peer knows of the other gateway',
  exchange: EXCHANGE.INFORMATIONAL,
  response: 'redirect',
  need: [],
  run: heard,
  to: [],
};

export function startRedirect(turn: Turn, to: string): void {
  turn.say(`sending the peer to ${to}`);
  turn.request(EXCHANGE.INFORMATIONAL, [notification(NOTIFY.REDIRECT, redirectData(to))], { kind: 'redirect', to });
  turn.env.redirected?.('sent');
  awaitFarewell(turn);
}

/** The peer has been sent elsewhere: it has a while to leave, and rekeying is up to it. */
export function awaitFarewell(turn: Turn): void {
  const { sa, env } = turn;
  if (sa.redirectable?.who !== 'peer') return;
  sa.redirectable = { ...sa.redirectable, leaveBy: env.now + (env.redirectGrace ?? GRACE) };
  turn.disarm('rekey');
  armFarewell(turn, sa.redirectable);
}

/** Also of a successor: to rekey is not to leave. */
export function armFarewell(turn: Turn, redirectable: Redirectable | undefined): void {
  if (redirectable?.who !== 'peer' || redirectable.leaveBy === 0) return;
  turn.arm('farewell', redirectable.leaveBy - turn.env.now);
}

/** It has not left. */
export function farewell(turn: Turn): void {
  if (turn.sa.state !== 'established') return;
  turn.say('peer has been sent to another gateway and has not left');
  turn.plan({ t: 'deleteIke' });
}

function heard(turn: Turn): void {
  const { sa } = turn;
  turn.expects('redirect');
  // The time that it took to hear of it is not the peer's.
  if (sa.state === 'established') awaitFarewell(turn);
  turn.outs.push({ t: 'sentAway' });
}

function obey(turn: Turn, message: Incoming): void {
  turn.respond(message, []);
  const { sa } = turn;
  const [{ data }] = notifies(message.payloads, NOTIFY.REDIRECT);
  const read = readRedirect(data);
  const wrong =
    sa.redirectable?.who === 'us' ? ('wrong' in read ? read.wrong : undefined) : 'we have not offered to follow it';
  if (wrong !== undefined || 'wrong' in read) {
    turn.env.redirected?.('refused');
    return turn.say(`REDIRECT from the peer ignored: ${wrong}`, { level: 'warn', event: 'rejected' });
  }
  whereTo(turn, read.gateway, (later, where) => {
    if ('wrong' in where) return later.say(where.wrong, { level: 'warn', event: 'rejected' });
    // Should the other gateway not be there, this one may name the next: all of them count.
    later.sa.redirectable = { who: 'us', past: where.redirects };
    later.outs.push({ t: 'redirected', ...where });
  });
}
