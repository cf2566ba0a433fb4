/** What we want of the peer: commands, and what waits until there is an ISAKMP SA to ask by. */
import type { Child } from '../child.ts';
import type { Command } from '../effects.ts';
import { startAggressive } from './aggressive-mode.ts';
import { end } from './ending.ts';
import { deleteChild, deleteIsakmp } from './informational.ts';
import { NONE } from './isakmp-sa.ts';
import { startMain } from './main-mode.ts';
import { isV1, type V1Policy } from './policy.ts';
import { startQuick } from './quick-initiator.ts';
import type { Turn } from './turn.ts';

export function command(turn: Turn, wanted: Command): void {
  const { sa, env } = turn;
  switch (wanted.t) {
    case 'initiate':
      if (!sa.policy.v1.isAlone) want(turn, sa.policy, env.serial());
      return start(turn);
    case 'renew':
      return start(turn);
    case 'addChild': {
      const { policy, serial } = wanted;
      return isV1(policy) ? want(turn, policy, serial) : turn.childDown(wanted, 'local', 'its connection speaks IKEv2');
    }
    case 'rekeyIke':
      return void turn.outs.push({ t: 'renew' });
    case 'rekeyChild': {
      const child = sa.child(wanted.serial);
      return child && rekeyChild(turn, child);
    }
    case 'deleteChild': {
      const child = sa.child(wanted.serial);
      return child && deleteChild(turn, child, 'asked', 'asked to');
    }
    case 'deleteIke':
      return deleteIsakmp(turn, 'asked', wanted.why);
    case 'abandon':
      return end(turn, wanted.reason ?? 'replaced', wanted.why);
    case 'superseded':
      return handOver(turn, wanted.by);
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

/** Asks for what is wanted, one key exchange after the other; several may wait for their answers at once. */
export function pump(turn: Turn): void {
  const { sa } = turn;
  while (sa.wanted.length > 0 && sa.job === 0 && sa.state === 'established') {
    const [{ policy, serial }, ...rest] = sa.wanted;
    sa.wanted = rest.length > 0 ? rest : NONE;
    turn.row = undefined;
    turn.conversation = undefined;
    // At the start it was the connection as configured: by now it may be an instance.
    startQuick(turn, policy.name === sa.policy.name ? sa.policy : policy, serial);
  }
}

/** A soft limit, of time or of traffic: only the newest of its kind. */
export function rekeyChild(turn: Turn, child: Child): void {
  const { sa, env } = turn;
  const { policy } = child;
  if (sa.state !== 'established' || child.state !== 'up' || !policy.rekey || !isV1(policy)) return;
  const isOlder = sa.children.some((c) => c.state === 'up' && c.serial > child.serial && isAlike(c, child));
  if (isOlder) return turn.debug(() => `IPsec SA #${child.serial} is not the newest of its kind; it will expire`);
  child.state = 'rekeying';
  const serial = env.serial();
  turn.say(`initiating Quick Mode to replace IPsec SA #${child.serial}`, { serial, event: 'initiated' });
  startQuick(turn, policy, serial, child);
}

const isAlike = (a: Child, b: Child): boolean =>
  a.policy.name === b.policy.name &&
  a.selectorsLocal[0].equals(b.selectorsLocal[0]) &&
  a.selectorsRemote[0].equals(b.selectorsRemote[0]);

/** A newer ISAKMP SA takes the children; this one stays for what is still on the way. */
function handOver(turn: Turn, by: number): void {
  const { sa } = turn;
  const { children } = sa;
  sa.isReplaced = true;
  turn.disarm('rekey');
  turn.disarm('liveness');
  for (const { serial } of children)
    for (const name of ['childExpire', 'childRekey'] as const) turn.disarm(name, serial);
  sa.children = NONE;
  turn.outs.push({ t: 'handOver', to: by, children, tasks: NONE });
}
