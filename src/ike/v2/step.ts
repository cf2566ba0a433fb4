/**
 * One input, one step: the only way into an IKE SA. Returns the effects in the order in which they are to be
 * carried out. Everything before a message is authentic leaves the SA as it was.
 */
import type { Command, Env, In, Out, TimerName } from '../effects.ts';
import { faultText } from '../fault.ts';
import { decodeMessage, describe, EXCHANGE, EXCHANGE_NAMES, type Message, type Payload } from '../wire/index.ts';
import { openMessage } from './channel.ts';
import { startNew, startRekey } from './create-child.ts';
import { dropChild, end } from './ending.ts';
import type { IkeSa, Outstanding, Pending, Task } from './ike-sa.ts';
import { NONE } from './ike-sa.ts';
import { openOutbound, startDeleteChild, startDeleteIke, startDeleteStray, startLiveness } from './informational.ts';
import { armIkeLifetime } from './lifetimes.ts';
import { startRekeyIke } from './rekey-ike.ts';
import { startInit } from './sa-init.ts';
import { pick, type Transition } from './transitions.ts';
import { type Incoming, Turn } from './turn.ts';

/** Inputs that wait while a helper computes; packets beyond it are lost, as UDP may. */
const MAX_WAITING_PACKETS = 32;
/** A farewell gets a few tries, not the full minute. */
const DELETE_PATIENCE = 5_000;

export function step(sa: IkeSa, input: In, env: Env): readonly Out[] {
  const turn = new Turn(sa, env);
  if (sa.state === 'dead') return turn.outs;
  if (sa.job !== 0 && input.t !== 'job' && !(input.t === 'command' && input.command.t === 'abandon')) {
    wait(turn, input);
    return turn.outs;
  }
  handle(turn, input);
  for (let next = sa.waiting?.shift(); next; next = sa.waiting?.shift()) {
    handle(turn, next);
    if (sa.job !== 0) break;
  }
  pump(turn);
  return turn.outs;
}

function wait(turn: Turn, input: In): void {
  const { sa } = turn;
  sa.waiting ??= [];
  const packets = input.t === 'packet' ? sa.waiting.filter((w) => w.t === 'packet').length : 0;
  if (packets >= MAX_WAITING_PACKETS) return turn.debug('too many packets while busy; dropped');
  sa.waiting.push(input);
}

function handle(turn: Turn, input: In): void {
  const { sa } = turn;
  switch (input.t) {
    case 'packet':
      return receive(turn, input);
    case 'timer':
      return timer(turn, input.name, input.serial);
    case 'command':
      return command(turn, input.command);
    case 'job': {
      const { resume } = sa;
      if (input.id !== sa.job || !resume) return turn.debug(`answer to job ${input.id}, which nobody awaits`);
      sa.job = 0;
      sa.resume = undefined;
      return resume(turn, input.result);
    }
    case 'installFailed': {
      const child = sa.child(input.serial);
      if (!child) return;
      turn.say(`cannot install Child SA: ${input.why}`, { serial: child.serial, level: 'warn' });
      turn.plan({ t: 'deleteChild', serial: child.serial });
      return;
    }
    case 'expired':
      return input.hard ? timer(turn, 'childExpire', input.serial) : timer(turn, 'childRekey', input.serial);
    case 'inherit':
      sa.children = [...sa.children, ...input.children];
      if (input.tasks.length > 0) sa.tasks = [...sa.tasks, ...input.tasks];
      return;
    default:
      return input satisfies never;
  }
}

/** An IKE SA that an exchange made, rather than a command: arms what `establish` would have. */
export function adopt(sa: IkeSa, env: Env): readonly Out[] {
  const turn = new Turn(sa, env);
  armIkeLifetime(turn);
  if (sa.policy.dpdDelay > 0) turn.arm('liveness', sa.policy.dpdDelay);
  if (sa.weAreNatted && sa.policy.natKeepalive > 0) turn.arm('keepalive', sa.policy.natKeepalive);
  return turn.outs;
}

// --- packets -------------------------------------------------------------------------------------------------

function receive(turn: Turn, { datagram }: Extract<In, { t: 'packet' }>): void {
  const { sa } = turn;
  const decoded = decodeMessage(datagram.bytes);
  if (!decoded.ok) return turn.debug(`packet from ${datagram.peer}: ${faultText(decoded.fault)}`);
  const message = decoded.value;
  const { header } = message;
  if (header.isInitiator !== (sa.role === 'responder'))
    return turn.debug(`packet from ${datagram.peer} with our own role`);
  const incoming = (payloads: readonly Payload[]): Incoming => ({
    header,
    payloads,
    bytes: datagram.bytes,
    local: datagram.local,
    peer: datagram.peer,
  });
  if (header.isResponse) response(turn, message, incoming);
  else request(turn, message, incoming);
}

function request(turn: Turn, message: Message, incoming: (payloads: readonly Payload[]) => Incoming): void {
  const { sa } = turn;
  const { messageId, exchange } = message.header;
  if (messageId === sa.expectedRequestId - 1) return again(turn, message);
  if (messageId !== sa.expectedRequestId)
    return turn.debug(`request ${messageId} where ${sa.expectedRequestId} was expected`);
  const payloads =
    exchange === EXCHANGE.IKE_SA_INIT ? message.payloads : reveal(turn, message, incoming(message.payloads));
  if (!payloads) return;
  const whole = incoming(payloads);
  const critical = payloads.find((p) => p.type === 'unknown' && p.critical);
  if (critical?.type === 'unknown') return turn.refuse(whole, { kind: 'critical', payload: critical.number });
  const row = pick(exchange, { state: sa.state }, payloads);
  if ('missing' in row) return unfit(turn, whole, row.missing);
  run(turn, row, whole);
}

/** A request that no row takes: before the peer is authentic there is nothing to say. */
function unfit(turn: Turn, message: Incoming, missing: string): void {
  const { sa } = turn;
  const text = `${describe(message.header, message.payloads)} in state ${sa.state}: ${missing}`;
  if (message.header.exchange === EXCHANGE.IKE_SA_INIT) {
    turn.debug(text);
    return sa.state === 'idle' ? end(turn, 'refused', text) : undefined;
  }
  turn.refuse(message, { kind: 'misbehaved', rule: text });
  if (sa.state === 'initAnswered') end(turn, 'refused', text);
}

/** The same request once more gets the same octets once more (RFC 7296 §2.1); of fragments, only the first asks for it. */
function again(turn: Turn, message: Message): void {
  const last = message.payloads.at(-1);
  if (last?.type === 'SKF' && last.number !== 1) return;
  turn.debug(`${name(message.header.exchange)} request ${message.header.messageId} once more; answering as before`);
  turn.send(turn.sa.lastResponse);
}

function response(turn: Turn, message: Message, incoming: (payloads: readonly Payload[]) => Incoming): void {
  const { sa } = turn;
  const { outstanding } = sa;
  const { messageId, exchange } = message.header;
  if (!outstanding || outstanding.messageId !== messageId || outstanding.exchange !== exchange) {
    return turn.debug(`${name(exchange)} response ${messageId}, which nobody awaits`);
  }
  const { pending } = outstanding;
  if (exchange === EXCHANGE.IKE_SA_INIT) {
    const row = pick(exchange, { answers: pending.kind }, message.payloads);
    if ('missing' in row) return turn.debug(`IKE_SA_INIT response ignored: ${row.missing}`);
    return run(turn, row, incoming(message.payloads));
  }
  const payloads = reveal(turn, message, incoming(message.payloads));
  if (!payloads) return;
  sa.outstanding = undefined;
  turn.disarm('retransmit');
  turn.answered = pending;
  const row = pick(exchange, { answers: pending.kind }, payloads);
  const critical = payloads.some((p) => p.type === 'unknown' && p.critical);
  if ('missing' in row || critical) {
    const why = 'missing' in row ? row.missing : 'critical payload of unknown type';
    return end(turn, 'refused', `${describe(message.header, payloads)}: ${why}`);
  }
  run(turn, row, incoming(payloads));
}

/** The inner payloads of a message that is authentic and whole; undefined otherwise. */
function reveal(turn: Turn, message: Message, outer: Incoming): readonly Payload[] | undefined {
  const { sa, env } = turn;
  if (!sa.keys) return void turn.debug(`${name(message.header.exchange)} before there are keys`);
  const opened = openMessage(sa, message, outer.bytes);
  switch (opened.t) {
    case 'unauthentic':
      return void turn.debug(
        `${name(message.header.exchange)} ${message.header.messageId} from ${outer.peer}: ${opened.why}; dropped`,
      );
    case 'more':
      sa.lastHeard = env.now;
      return undefined;
    case 'fault':
      if (!message.header.isResponse) turn.refuse({ ...outer, payloads: [] }, opened.fault);
      // RFC 7296 §2.21.3: INVALID_SYNTAX on an authentic message ends the SA.
      end(turn, 'refused', `authentic message does not parse: ${faultText(opened.fault)}`);
      return undefined;
    case 'payloads':
      sa.lastHeard = env.now;
      follow(turn, outer);
      return opened.payloads;
    default:
      return opened satisfies never;
  }
}

/** A peer behind a NAT is where its last authentic packet came from. RFC 7296 §2.23. */
function follow(turn: Turn, { local, peer }: Incoming): void {
  const { sa } = turn;
  const isMoved = !sa.peer.equals(peer) || !sa.local.equals(local);
  const mayMove = sa.state === 'initAnswered' || (sa.peerIsNatted && !sa.weAreNatted);
  if (!isMoved || !mayMove) return;
  turn.debug(`peer moved from ${sa.peer} to ${peer}`);
  sa.peer = peer;
  sa.local = local;
  const serials = sa.children.map((c) => c.serial);
  if (serials.length > 0) turn.outs.push({ t: 'moved', serials, local, peer });
}

function run(turn: Turn, row: Transition, message: Incoming): void {
  const { sa } = turn;
  const from = sa.state;
  turn.debug(`${describe(message.header, message.payloads)} in ${from}: ${row.story}`);
  row.run(turn, message);
  // While a helper computes the row is not at its end.
  if (sa.job === 0 && sa.state !== from && !row.to.includes(sa.state)) {
    throw new Error(`"${row.story}" led from ${from} to ${sa.state}`);
  }
}

// --- timers --------------------------------------------------------------------------------------------------

function timer(turn: Turn, which: TimerName, serial?: number): void {
  const { sa } = turn;
  const child = serial === undefined ? undefined : sa.child(serial);
  switch (which) {
    case 'retransmit':
      return sa.outstanding && retransmit(turn, sa.outstanding);
    case 'discard':
      return end(turn, 'timeout', 'half-open IKE SA timed out');
    case 'liveness':
      return liveness(turn);
    case 'keepalive':
      turn.outs.push({ t: 'keepalive', local: sa.local, peer: sa.peer });
      return turn.arm('keepalive', sa.policy.natKeepalive);
    case 'rekey':
      turn.say(`initiating rekey to replace IKE SA #${sa.serial}`);
      return turn.plan({ t: 'rekeyIke' });
    case 'expire':
      turn.say('IKE SA expired');
      return sa.state === 'replaced' ? turn.plan({ t: 'deleteIke' }) : bury(turn);
    case 'retry':
      for (const task of sa.postponed) turn.plan(task);
      sa.postponed = NONE;
      return;
    case 'childRekey':
      return child && child.state === 'up' && child.policy.rekey
        ? turn.plan({ t: 'rekeyChild', serial: child.serial })
        : undefined;
    case 'childExpire':
      if (!child) return;
      turn.say('Child SA expired', { serial: child.serial });
      if (child.state === 'deleting') return dropChild(turn, child, 'expired', 'lifetime over');
      return turn.plan({ t: 'deleteChild', serial: child.serial });
    case 'childOutbound':
      return child && openOutbound(turn, child);
    default:
      return which satisfies never;
  }
}

/** Its lifetime is over and no successor came. */
function bury(turn: Turn): void {
  const { sa } = turn;
  turn.unplan(() => true);
  if (sa.outstanding) return end(turn, 'expired', 'lifetime over');
  startDeleteIke(turn);
}

function retransmit(turn: Turn, outstanding: Outstanding): void {
  const { sa, env } = turn;
  const { policy } = sa;
  const { pending, retransmits } = outstanding;
  const elapsed = env.now - outstanding.sentAt;
  const isFarewell = pending.kind === 'deleteIke';
  const patience = isFarewell ? Math.min(DELETE_PATIENCE, policy.retransmitTimeout) : policy.retransmitTimeout;
  const state = STATE_NAMES[pending.kind];
  if (elapsed >= patience) {
    const text = `${state}: ${Math.round(patience / 1000)} second timeout exceeded after ${retransmits} retransmits.  ${TAILS[pending.kind]}`;
    turn.say(text, { code: isFarewell ? 4 : 51 });
    return end(turn, isFarewell ? 'asked' : 'timeout', text);
  }
  outstanding.retransmits++;
  turn.send(outstanding.packets);
  const next = Math.min(policy.retransmitInterval * 2 ** outstanding.retransmits, patience - elapsed);
  turn.say(`${state}: retransmission; will wait ${next / 1000} seconds for response`);
  turn.arm('retransmit', next);
}

/** RFC 7296 §2.4: any sign of life will do, and only silence is asked about. */
function liveness(turn: Turn): void {
  const { sa, env } = turn;
  const { dpdDelay } = sa.policy;
  const idle = Math.min(
    env.now - sa.lastHeard,
    ...sa.children.map((c) => env.idle(c, sa.local.address) ?? Number.POSITIVE_INFINITY),
  );
  if (idle < dpdDelay) return turn.arm('liveness', dpdDelay - idle);
  if (!sa.outstanding) turn.plan({ t: 'liveness' });
  turn.arm('liveness', dpdDelay);
}

// --- what we want --------------------------------------------------------------------------------------------

function command(turn: Turn, wanted: Command): void {
  const { sa } = turn;
  switch (wanted.t) {
    case 'initiate':
      return startInit(turn);
    case 'addChild':
      return turn.plan({ t: 'newChild', policy: wanted.policy, serial: wanted.serial });
    case 'rekeyIke':
      return turn.plan({ t: 'rekeyIke' });
    case 'rekeyChild':
      return turn.plan({ t: 'rekeyChild', serial: wanted.serial });
    case 'deleteChild':
      return turn.plan({ t: 'deleteChild', serial: wanted.serial });
    case 'deleteIke':
      if (!sa.keys || (sa.state !== 'established' && sa.state !== 'replaced'))
        return sa.state === 'deleting' ? undefined : end(turn, 'asked', wanted.why);
      turn.unplan(() => true);
      return turn.plan({ t: 'deleteIke' });
    case 'abandon':
      return end(turn, 'replaced', wanted.why);
    default:
      return wanted satisfies never;
  }
}

/** Starts what is planned, as long as nothing is outstanding. Deletions of the whole go first. */
function pump(turn: Turn): void {
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
      return child && child.state !== 'deleting' ? startDeleteChild(turn, child) : undefined;
    }
    case 'deleteStray':
      return startDeleteStray(turn, task);
    case 'rekeyIke':
      return sa.state === 'established' && sa.collisions.every((c) => c.t !== 'ike')
        ? startRekeyIke(turn, task.group)
        : undefined;
    case 'deleteIke':
      return startDeleteIke(turn);
    case 'liveness':
      return startLiveness(turn);
    default:
      return task satisfies never;
  }
}

/** libreswan's names of the states in which these requests are sent. */
const STATE_NAMES: Record<Pending['kind'], string> = {
  init: 'IKE_SA_INIT_I',
  auth: 'IKE_AUTH_I',
  newChild: 'NEW_CHILD_I1',
  rekeyChild: 'REKEY_CHILD_I1',
  rekeyIke: 'REKEY_IKE_I1',
  deleteChild: 'ESTABLISHED_IKE_SA',
  deleteIke: 'ESTABLISHED_IKE_SA',
  liveness: 'ESTABLISHED_IKE_SA',
};

const TAILS: Record<Pending['kind'], string> = {
  init: 'No response (or no acceptable response) to our first IKEv2 message',
  auth: 'Possible authentication failure: no acceptable response to our first encrypted message',
  newChild: 'No response to our request for a Child SA',
  rekeyChild: 'No response to our request to rekey a Child SA',
  rekeyIke: 'No response to our request to rekey the IKE SA',
  deleteChild: 'The peer is gone',
  deleteIke: 'The peer is gone',
  liveness: 'The peer is gone',
};

const name = (exchange: number) => EXCHANGE_NAMES.get(exchange) ?? `exchange ${exchange}`;
