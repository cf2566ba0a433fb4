/** Taking down what is named by something else than its connection: a serial, an address, an identity. */
import { shown } from '../conf/printable.ts';
import type { Answer } from '../control/answer.ts';
import { RC } from '../control/reply-codes.ts';
import { Address } from '../net/address.ts';
import { Id } from '../net/id.ts';
import type { IkeSaMessage, IkeSaReport } from './ike-sa.ts';
import { end } from './orders.ts';
import { versionOf } from './protocol.ts';
import type { Entry } from './registry.ts';
import type { ActorRef } from './runtime/index.ts';
import { inSlices, type Work } from './slices.ts';
import { split } from './split.ts';
import { quicksOf } from './state-names.ts';
import type { World } from './world.ts';

/** One IKE SA or Child SA, with its farewell. */
export function deleteState(world: World, serial: number, answer: Answer): void {
  let isFound = false;
  const look = ({ sa }: IkeSaReport, ref: ActorRef<IkeSaMessage>) => {
    const child = sa.child(serial) ?? quicksOf(sa).find((q) => q.serial === serial);
    if (isFound || (sa.serial !== serial && !child)) return;
    isFound = true;
    const [ike, ipsec] = versionOf(sa) === 1 ? ['ISAKMP SA', 'IPsec SA'] : ['IKE SA', 'Child SA'];
    const what = child ? ipsec : ike;
    const about = { policy: child?.policy ?? sa.policy, peer: sa.peer.address, serial };
    answer.line(RC.LOG, world.log('info', `received whack request to delete ${what} #${serial}`, about));
    ref.tell({ t: 'dropState', serial, answer });
  };
  function* work(): Work {
    yield* eachIkeSa(world, look);
    if (!isFound) end(answer, RC.UNKNOWN_NAME, `no state #${serial} to delete`);
  }
  inSlices(world, `deletestate ${serial}`, work());
}

/** A peer that has crashed needs no farewell; what is wanted of it is tried again. */
export function forgetPeer(world: World, text: string, answer: Answer): void {
  const address = Address.parse(text);
  if (!address) return end(answer, RC.WHACK_PROBLEM, `--crash ${text}: not an address`);
  let found = 0;
  const look = ({ sa }: IkeSaReport, ref: ActorRef<IkeSaMessage>) => {
    if (!sa.peer.address.equals(address)) return;
    found++;
    const about = { policy: sa.policy, peer: sa.peer.address, serial: sa.serial };
    answer.line(RC.LOG, world.log('info', 'peer has crashed, says whack', about));
    ref.tell({ t: 'command', command: { t: 'abandon', why: 'peer has crashed', reason: 'peer' } });
  };
  function* work(): Work {
    yield* eachIkeSa(world, look);
    answer.line(RC.LOG, found === 0 ? `no SAs with a peer at ${address}` : `deleted ${found} IKE SAs with ${address}`);
  }
  inSlices(world, `crash ${address}`, work(), { answer });
}

/** Takes down the connections, instances included, whose peer has an identity. */
export function dropPeerId(world: World, text: string, answer: Answer): void {
  const wanted = Id.parse(text);
  if (!wanted) return end(answer, RC.BADID, `"${text}" is no identity`);
  inSlices(world, `deleteid ${wanted}`, dropping(world, wanted, answer));
}

function* dropping({ registry }: World, id: Id, answer: Answer): Work {
  const found: Entry[] = [];
  for (const entry of registry.entries()) {
    yield undefined;
    for (const each of [entry, ...registry.instancesOf(entry)]) if (each.policy?.remoteId?.equals(id)) found.push(each);
  }
  if (found.length === 0) return end(answer, RC.UNKNOWN_NAME, `no connection to a peer ${id.typeName} '${id}'`);
  // Those that nobody has used have nothing to take down, and those that are gone have taken it down.
  const up = found.filter((entry) => entry.isUsed && registry.holds(entry));
  if (up.length === 0) return answer.end();
  const parts = split(answer, up.length);
  for (const [i, entry] of up.entries()) entry.ref.tell({ t: 'terminate', answer: parts[i] });
}

/** The IKE SAs on which a user has logged in by EAP, wherever from. */
export function dropUser(world: World, name: string, answer: Answer): void {
  const found: { readonly serial: number; readonly ref: ActorRef<IkeSaMessage> }[] = [];
  const look = ({ sa }: IkeSaReport, ref: ActorRef<IkeSaMessage>) => {
    if (sa.eapUser?.name === name) found.push({ serial: sa.serial, ref });
  };
  function* work(): Work {
    yield* eachIkeSa(world, look);
    if (found.length === 0) return end(answer, RC.UNKNOWN_NAME, `no connection to a user ${shown(name)}`);
    const parts = split(answer, found.length);
    for (const [i, { serial, ref }] of found.entries()) ref.tell({ t: 'dropState', serial, answer: parts[i] });
  }
  inSlices(world, 'deleteuser', work());
}

/** Asks every IKE SA to show itself, and ends when each has or is no more. */
function* eachIkeSa(world: World, look: (report: IkeSaReport, ref: ActorRef<IkeSaMessage>) => void): Work {
  const waiting = new Set<ActorRef<IkeSaMessage>>();
  for (const ref of world.switchboard.sas()) {
    waiting.add(ref);
    const to = (report: IkeSaReport) => {
      waiting.delete(ref);
      look(report, ref);
    };
    ref.tell({ t: 'report', to });
    yield undefined;
  }
  for (const ref of waiting) while (waiting.has(ref) && !ref.hasEnded) yield undefined;
}
