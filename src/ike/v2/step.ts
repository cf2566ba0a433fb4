/**
 * One input, one step: the only way into an IKE SA. Returns the effects in the order in which they are to be
 * carried out. receive.ts has the packets, timers.ts the clock, plan.ts what we want ourselves.
 */

import { wipeResult } from '../crypto/job.ts';
import type { Env, In, Out } from '../effects.ts';
import { wipeReply } from '../questions.ts';
import { dropChild, end } from './ending.ts';
import { type IkeSa, NONE, type Suspended } from './ike-sa.ts';
import { armChild, armEstablished } from './lifetimes.ts';
import { command, pump } from './plan.ts';
import { checkEnd, receive } from './receive.ts';
import { OLD_SA_PATIENCE } from './rekey-ike.ts';
import { rekeyChild, timer } from './timers.ts';
import { Turn } from './turn.ts';

/** Inputs that wait while a helper computes; packets beyond it are lost, as UDP may. */
const MAX_WAITING_PACKETS = 32;

export function step(sa: IkeSa, input: In, env: Env): readonly Out[] {
  const turn = new Turn(sa, env);
  if (sa.state === 'dead') {
    tooLate(turn, input);
    return turn.outs;
  }
  if (
    sa.job !== 0 &&
    input.t !== 'job' &&
    input.t !== 'reply' &&
    !(input.t === 'command' && input.command.t === 'abandon')
  ) {
    wait(turn, input);
    return turn.outs;
  }
  handle(turn, input);
  while (sa.job === 0 && sa.waiting) {
    const next = sa.waiting.shift();
    if (next) handle(turn, next);
    else sa.waiting = undefined;
  }
  // A first message that did not even get an answer: nothing else will ever come to this SA.
  if (sa.state === 'idle' && sa.job === 0) end(turn, 'refused', 'no sound IKE_SA_INIT request');
  pump(turn);
  return turn.outs;
}

/** An IKE SA that an exchange made, rather than a command: arms what `establish` would have. */
export function adopt(sa: IkeSa, env: Env): readonly Out[] {
  const turn = new Turn(sa, env);
  if (sa.isProvisional) turn.arm('discard', OLD_SA_PATIENCE);
  else armEstablished(turn);
  return turn.outs;
}

function wait(turn: Turn, input: In): void {
  const { sa } = turn;
  sa.waiting ??= [];
  const packets = input.t === 'packet' ? sa.waiting.filter((w) => w.t === 'packet').length : 0;
  if (packets >= MAX_WAITING_PACKETS) {
    turn.env.limited?.('waiting-packets');
    return turn.debug(() => 'too many packets while busy; dropped');
  }
  sa.waiting.push(input);
}

/** What reaches an SA after its end, and must not be lost without a word. */
function tooLate(turn: Turn, input: In): void {
  const text = 'the IKE SA is gone';
  if (input.t === 'job') return wipeResult(input.result);
  if (input.t === 'reply') return wipeReply(input.reply);
  if (input.t === 'command' && input.command.t === 'addChild') return turn.childDown(input.command, 'local', text);
  if (input.t !== 'inherit') return;
  for (const child of input.children) dropChild(turn, child, 'peer', text);
  for (const task of input.tasks) if (task.t === 'newChild') turn.childDown(task, 'peer', text);
}

function handle(turn: Turn, input: In): void {
  const { sa } = turn;
  turn.answered = undefined;
  turn.row = undefined;
  switch (input.t) {
    case 'packet':
      return receive(turn, input);
    case 'timer':
      return timer(turn, input.name, input.serial);
    case 'command':
      return command(turn, input.command);
    case 'job':
      return resume(
        turn,
        input.id,
        ({ resume }) => resume(turn, input.result),
        () => wipeResult(input.result),
      );
    case 'reply':
      return resume(
        turn,
        input.id,
        ({ hear }) => hear(turn, input.reply),
        () => wipeReply(input.reply),
      );
    case 'installFailed':
      if (!sa.child(input.serial)) return;
      turn.say(`cannot install Child SA: ${input.why}`, { serial: input.serial, level: 'warn' });
      return turn.plan({ t: 'deleteChild', serial: input.serial, why: 'local' });
    case 'expired': {
      const child = sa.child(input.serial);
      return input.hard ? timer(turn, 'childExpire', input.serial) : child && rekeyChild(turn, child);
    }
    case 'inherit':
      return inherit(turn, input);
    default:
      return input satisfies never;
  }
}

function resume(turn: Turn, id: number, goOn: (suspended: Suspended) => void, drop: () => void): void {
  const { sa } = turn;
  const { suspended } = sa;
  if (id !== sa.job || !suspended) {
    drop();
    return turn.debug(() => `answer to job ${id}, which nobody awaits`);
  }
  sa.job = 0;
  sa.suspended = undefined;
  turn.row = suspended.row;
  turn.from = suspended.from;
  goOn(suspended);
  checkEnd(turn);
}

function inherit(turn: Turn, { children, tasks }: Extract<In, { t: 'inherit' }>): void {
  const { sa } = turn;
  if (sa.isProvisional) {
    sa.isProvisional = false;
    turn.disarm('discard');
    armEstablished(turn);
  }
  if (children.length > 0) sa.children = sa.children === NONE ? children : [...sa.children, ...children];
  for (const child of children) {
    // An IKE SA is rekeyed only when both ends have the same children.
    child.grantedTo = -1;
    armChild(turn, child);
  }
  for (const task of tasks) turn.plan(task);
}
