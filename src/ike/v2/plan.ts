/** What we want of the peer: commands become tasks, and a task begins when the window for our requests is free. */
import type { Command, DownReason } from '../effects.ts';
import { startNew, startRekey } from './create-child.ts';
import { end } from './ending.ts';
import type { Task } from './ike-sa.ts';
import { startDeleteChild, startDeleteIke, startDeleteStray, startLiveness } from './informational.ts';
import { startRedirect } from './redirect-later.ts';
import { startRekeyIke } from './rekey-ike.ts';
import { startInit } from './sa-init.ts';
import type { Turn } from './turn.ts';

export function command(turn: Turn, wanted: Command): void {
  switch (wanted.t) {
    case 'initiate':
      return startInit(turn, wanted.redirects);
    case 'addChild':
      return turn.plan({ t: 'newChild', policy: wanted.policy, serial: wanted.serial });
    case 'rekeyIke':
      return turn.plan({ t: 'rekeyIke' });
    case 'rekeyChild':
      return turn.plan({ t: 'rekeyChild', serial: wanted.serial });
    case 'deleteChild':
      return turn.plan({ t: 'deleteChild', serial: wanted.serial, ...(wanted.reason && { why: wanted.reason }) });
    case 'deleteIke':
      return deleteIke(turn, wanted.why, wanted.reason);
    case 'redirect':
      turn.unplan((task) => task.t === 'redirect');
      return turn.plan(wanted);
    case 'abandon':
      return end(turn, wanted.reason ?? 'replaced', wanted.why);
    case 'renew':
    case 'superseded':
    case 'deleted':
      throw new Error(`${wanted.t} is IKEv1's`);
    default:
      return wanted satisfies never;
  }
}

/** An answer to IKE_AUTH is awaited first: the peer would be left with an SA that it cannot know to be void. */
function deleteIke(turn: Turn, why: string, reason?: DownReason): void {
  const { sa } = turn;
  if (sa.state === 'deleting') return;
  if (sa.state !== 'authSent' && sa.state !== 'established' && sa.state !== 'replaced')
    return void end(turn, reason ?? 'asked', why);
  turn.unplan((task) => task.t === 'deleteIke');
  turn.plan({ t: 'deleteIke', ...(reason && { why: reason }) });
  if (sa.outstanding && !reason) turn.hurry(sa.outstanding);
}

/** Starts what is planned, as long as nothing is outstanding. Deletions of the whole go first. */
export function pump(turn: Turn): void {
  const { sa } = turn;
  while (
    sa.tasks.length > 0 &&
    !sa.outstanding &&
    sa.job === 0 &&
    (sa.state === 'established' || sa.state === 'replaced')
  ) {
    const task = sa.tasks.find((t) => t.t === 'deleteIke') ?? sa.tasks[0];
    turn.unplan((t) => t === task);
    begin(turn, task);
  }
}

function begin(turn: Turn, task: Task): void {
  const { sa } = turn;
  switch (task.t) {
    case 'newChild':
      return startNew(turn, task.policy, task.serial, task.group);
    case 'rekeyChild': {
      const child = sa.child(task.serial);
      return child?.state === 'up' ? startRekey(turn, child, task.group) : undefined;
    }
    case 'deleteChild': {
      const child = sa.child(task.serial);
      return child && child.state !== 'deleting' ? startDeleteChild(turn, child, task.why) : undefined;
    }
    case 'deleteStray':
      return startDeleteStray(turn, task);
    case 'rekeyIke':
      return sa.state === 'established' && sa.collisions.every((c) => c.t !== 'ike')
        ? startRekeyIke(turn, task.group)
        : undefined;
    case 'deleteIke':
      return startDeleteIke(turn, task.why);
    case 'redirect':
      return startRedirect(turn, task.to);
    case 'liveness':
      return startLiveness(turn);
    default:
      return task satisfies never;
  }
}
