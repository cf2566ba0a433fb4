/**
 * One input, one step: the only way into an ISAKMP SA. Returns the effects in the order in which they are to be carried
 * out. receive.ts has the packets, timers.ts the clock, plan.ts what we want ourselves.
 */
import { endLeases } from '../cp.ts';
import { wipeResult } from '../crypto/job.ts';
import type { Env, In, Lease, Out } from '../effects.ts';
import { wipeReply } from '../questions.ts';
import { HEADER_AT } from '../wire/header.ts';
import { dropChild, end } from './ending.ts';
import { deleteChild } from './informational.ts';
import { type IsakmpSa, NONE, type Suspended } from './isakmp-sa.ts';
import { rearmChild } from './lasting.ts';
import { command, handOver, pump, rekeyChild } from './plan.ts';
import { checkEnd, receive } from './receive.ts';
import { timer } from './timers.ts';
import { Turn } from './turn.ts';
import { EXCHANGE } from './wire/index.ts';

/** Packets that wait while a helper computes, and those for who has yet to say who it is; more are lost, as UDP may. */
const [MAX_WAITING_PACKETS, MAX_WAITING_STRANGERS] = [32, 4];

export function step(sa: IsakmpSa, input: In, env: Env): readonly Out[] {
  const turn = new Turn(sa, env);
  if (sa.state === 'dead') {
    tooLate(turn, input);
    return turn.outs;
  }
  if (sa.job !== 0 && input.t !== 'job' && input.t !== 'reply' && !isUrgent(sa, input)) {
    wait(turn, input);
    return turn.outs;
  }
  handle(turn, input);
  // While something waits there is always something to wait for: it goes before what we want ourselves.
  while (sa.job === 0 && sa.waiting) {
    const next = sa.waiting.shift();
    if (next) handle(turn, next);
    else sa.waiting = undefined;
  }
  // A first message that did not even get an answer: nothing else will ever come to this SA.
  if (sa.state === 'idle' && sa.job === 0) end(turn, 'refused', 'no sound first message');
  pump(turn);
  if (sa.state === 'lapsed' && sa.children === NONE)
    end(turn, sa.heir !== 0 ? 'replaced' : 'expired', 'its IPsec SAs are gone');
  // A peer may still use the old one.
  if (sa.heir !== 0 && sa.state === 'established' && sa.children !== NONE && sa.conversations === NONE)
    handOver(turn, sa.heir);
  return turn.outs;
}

/** What may end the SA need not wait for a person, who may be away; nor need anything that it is abandoned for. */
function isUrgent({ suspended }: IsakmpSa, input: In): boolean {
  if (input.t === 'command' && input.command.t === 'abandon') return true;
  if (!suspended?.isForPerson) return false;
  if (input.t === 'command') return input.command.t === 'deleteIke';
  if (input.t === 'timer') return input.name === 'retry' || input.name === 'expire';
  return input.t === 'packet' && input.datagram.bytes[HEADER_AT.exchange] === EXCHANGE.INFORMATIONAL;
}

function wait(turn: Turn, input: In): void {
  const { sa } = turn;
  sa.waiting ??= [];
  const packets = input.t === 'packet' ? sa.waiting.filter((w) => w.t === 'packet').length : 0;
  const most = sa.role === 'responder' && sa.state !== 'established' ? MAX_WAITING_STRANGERS : MAX_WAITING_PACKETS;
  if (packets >= most) return turn.debug(() => 'too many packets while busy; dropped');
  sa.waiting.push(input);
}

/** What reaches an SA after its end, and must not be lost without a word. */
function tooLate(turn: Turn, input: In): void {
  const text = 'the ISAKMP SA is gone';
  if (input.t === 'job') wipeResult(input.result);
  else if (input.t === 'reply') wipeReply(input.reply);
  else if (input.t === 'command' && input.command.t === 'addChild') turn.childDown(input.command, 'local', text);
  else if (input.t === 'inherit') for (const child of input.children) dropChild(turn, child, 'peer', text);
}

function handle(turn: Turn, input: In): void {
  const { sa } = turn;
  turn.row = undefined;
  turn.conversation = undefined;
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
        (suspended) => suspended.resume(turn, input.result),
        () => wipeResult(input.result),
      );
    case 'reply':
      return resume(
        turn,
        input.id,
        (suspended) => suspended.hear(turn, input.reply),
        () => wipeReply(input.reply),
      );
    case 'installFailed': {
      const child = sa.child(input.serial);
      if (!child) return;
      turn.say(`cannot install IPsec SA: ${input.why}`, { serial: input.serial, level: 'warn' });
      return deleteChild(turn, child, 'local', input.why);
    }
    case 'expired': {
      const child = sa.child(input.serial);
      if (!child) return;
      return input.hard ? timer(turn, 'childExpire', input.serial) : rekeyChild(turn, child);
    }
    case 'inherit':
      sa.heir = 0;
      sa.children = sa.children === NONE ? input.children : [...sa.children, ...input.children];
      for (const child of input.children) rearmChild(turn, child);
      return inheritLeases(turn, input.leases ?? NONE);
    default:
      return input satisfies never;
  }
}

/** One that has been leased to this SA as well is one lease too many. */
function inheritLeases({ sa, env, outs }: Turn, leases: readonly Lease[]): void {
  const isOwn = ({ address }: Lease) => sa.leases.some((own) => own.address.equals(address));
  const surplus = leases.filter(isOwn);
  sa.leases = [...sa.leases, ...leases.filter((lease) => !isOwn(lease))];
  endLeases({ sa: { leases: surplus, policy: sa.policy }, env, outs }, true);
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
  turn.conversation = suspended.conversation;
  goOn(suspended);
  checkEnd(turn);
}
