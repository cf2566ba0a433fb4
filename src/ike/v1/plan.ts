/** What we want of the peer: commands, and what waits until there is an ISAKMP SA to ask by. */
import type { Child } from '../child.ts';
import type { Command, Login } from '../effects.ts';
import { startAggressive } from './aggressive-mode.ts';
import { begin } from './configuring.ts';
import { end, giveUpChild } from './ending.ts';
import { deleteChild, deleteIsakmp, forget } from './informational.ts';
import { type IsakmpSa, NONE } from './isakmp-sa.ts';
import { renewFor } from './lapsing.ts';
import { isAlike } from './lasting.ts';
import { startMain } from './main-mode.ts';
import { netsOf } from './nets.ts';
import { isV1, type V1Policy } from './policy.ts';
import { startQuick } from './quick-initiator.ts';
import type { Turn } from './turn.ts';

export function command(turn: Turn, wanted: Command): void {
  const { sa, env } = turn;
  switch (wanted.t) {
    case 'initiate':
      takeLogin(sa, wanted.login);
      if (!sa.policy.v1.isAlone) want(turn, sa.policy, env.serial());
      return start(turn);
    case 'renew':
      sa.isRenewal = true;
      takeLogin(sa, wanted.login);
      return start(turn);
    case 'addChild': {
      const { policy, serial } = wanted;
      if (!isV1(policy)) return turn.childDown(wanted, 'local', 'its connection speaks IKEv2');
      if (sa.state === 'lapsed') return turn.childDown(wanted, 'local', 'the ISAKMP SA is over');
      return want(turn, policy, serial);
    }
    case 'rekeyIke':
      return void turn.outs.push({ t: 'renew' });
    case 'rekeyChild': {
      const child = sa.child(wanted.serial);
      return child && rekeyChild(turn, child);
    }
    case 'deleteChild': {
      const child = sa.child(wanted.serial);
      if (child) return deleteChild(turn, child, 'asked', 'asked to');
      // One that is still asked for: the peer may not have heard of it.
      const talk = sa.conversations.find(({ quick }) => quick?.serial === wanted.serial);
      return talk && giveUpChild(turn, talk, 'asked', 'asked to');
    }
    case 'deleteIke':
      return deleteIsakmp(turn, 'asked', wanted.why);
    case 'abandon':
      return end(turn, wanted.reason ?? 'replaced', wanted.why);
    case 'superseded':
      return handOver(turn, wanted.by);
    case 'deleted':
      return void forget(turn, wanted.protocol, wanted.spi);
    // RFC 5685 is IKEv2's.
    case 'redirect':
      return;
    default:
      return wanted satisfies never;
  }
}

const start = (turn: Turn): void => (turn.sa.policy.v1.aggressive ? startAggressive(turn) : startMain(turn));

function want(turn: Turn, policy: V1Policy, serial: number): void {
  turn.sa.wanted = turn.sa.wanted.concat({ policy, serial });
}

/**
 * Asks for what is wanted, one key exchange after the other; several may wait for their answers at once. What has to be
 * settled before comes first, and a peer that is to have an address of ours has to ask for it.
 */
export function pump(turn: Turn): void {
  const { sa } = turn;
  if (sa.config?.at === 'settling' && sa.job === 0 && sa.state === 'established') begin(turn);
  const isReady = () => sa.job === 0 && sa.state === 'established' && !sa.config && !isToLease(sa);
  while (sa.wanted.length > 0 && isReady()) {
    const [{ policy, serial, remote }, ...rest] = sa.wanted;
    sa.wanted = rest.length > 0 ? rest : NONE;
    turn.row = undefined;
    turn.conversation = undefined;
    // At the start it was the connection as configured: by now it may be an instance.
    const own = policy.name === sa.policy.name ? sa.policy : policy;
    if (!remote) wantOthers(turn, own);
    startQuick(turn, own, serial, undefined, remote);
  }
}

const isToLease = ({ policy, leases }: IsakmpSa): boolean => policy.cp?.role === 'server' && leases.length === 0;

/** A child has one net in IKEv1: of several behind the peer each gets its own. */
function wantOthers({ sa, env }: Turn, policy: V1Policy): void {
  if (netsOf(sa, policy)?.remote !== sa.behindPeer) return;
  const [, ...others] = sa.behindPeer;
  sa.wanted = [...sa.wanted, ...others.map((remote) => ({ policy, serial: env.serial(), remote }))];
}

function takeLogin(sa: IsakmpSa, login: Login | undefined): void {
  sa.login = login && { user: login.user, password: login.password && Uint8Array.from(login.password) };
}

/** A soft limit, of time or of traffic: only the newest of its kind. */
export function rekeyChild(turn: Turn, child: Child): void {
  const { sa, env } = turn;
  const { policy } = child;
  if (child.state !== 'up' || !policy.rekey || !isV1(policy)) return;
  if (sa.state === 'lapsed') return renewFor(turn, child);
  if (sa.state !== 'established') return;
  const isOlder = sa.children.some((c) => c.state === 'up' && c.serial > child.serial && isAlike(c, child));
  if (isOlder) return turn.debug(() => `IPsec SA #${child.serial} is not the newest of its kind; it will expire`);
  child.state = 'rekeying';
  const serial = env.serial();
  turn.say(`initiating Quick Mode to replace IPsec SA #${child.serial}`, { serial, policy, event: 'initiated' });
  startQuick(turn, policy, serial, child);
}

/** A newer ISAKMP SA takes the children; this one stays for what is still on the way. */
export function handOver(turn: Turn, by: number): void {
  const { sa } = turn;
  const { children } = sa;
  sa.heir = by;
  turn.disarm('rekey');
  turn.disarm('liveness');
  for (const { serial } of children)
    for (const name of ['childExpire', 'childRekey'] as const) turn.disarm(name, serial);
  sa.children = NONE;
  const { leases } = sa;
  sa.leases = NONE;
  turn.outs.push({ t: 'handOver', to: by, children, tasks: NONE, leases });
}
