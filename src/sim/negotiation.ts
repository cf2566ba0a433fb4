/** One negotiation from one end, and what comes after it: signs of life, rekeys by either end. */
import type { IkeSaReport } from '../actors/ike-sa.ts';
import type { Machine } from '../actors/protocol.ts';
import type { Entry } from '../actors/registry.ts';
import type { Answer } from '../control/answer.ts';
import { exitAfter, RC } from '../control/reply-codes.ts';
import type { Child } from '../ike/child.ts';
import { agreedOn } from './agreed.ts';
import { arrowOf } from './arrows.ts';
import { disagreements, type Party, rekeyDisagreement } from './comparing.ts';
import { opposite } from './pairing.ts';
import { prospects } from './prospects.ts';
import type { Agreed, Disagreement, Name, Rekey, Run } from './report.ts';
import { DELAY, type End, type Street } from './street.ts';

export interface Standing {
  readonly sa: Machine;
  readonly child: Child;
  readonly timers: IkeSaReport['timers'];
}

/** Longer than anything of one negotiation is under way. */
const SETTLED = 10 * DELAY;

export function negotiate(street: Street, initiator: Name, rekeys: boolean): Run {
  const responder: Name = initiator === 'A' ? 'B' : 'A';
  const [asker, asked] = [street.ends[initiator], street.ends[responder]];
  const parties = partiesOf(street, initiator);
  const cannot = whyNotInitiate(asker, asked, street.nat);
  if (cannot) return finished(street, initiator, { outcome: 'skipped', why: [cannot] });
  const isUp = isLoaded(asker) && ask(street, asker.entry, (answer) => asker.entry.ref.tell({ t: 'initiate', answer }));
  const standing = isUp ? { A: standingOf(street, 'A'), B: standingOf(street, 'B') } : undefined;
  if (!standing?.A || !standing.B || !isSame(standing.A.child, standing.B.child)) {
    const found = [...bugs(street), ...disagreements(...parties)];
    const why = found.length > 0 ? found : [inOwnWords(street, responder)];
    return finished(street, initiator, { outcome: 'failed', why });
  }
  const both = { A: standing.A, B: standing.B };
  const agreed = agreedOn(both);
  if (rekeys) awaitLiveness(street, agreed);
  const done = rekeys ? rekeyAll(street, initiator, parties) : [];
  const { warnings, why } = prospects(street, both, agreed, done);
  const outcome = why.length > 0 ? 'up-without-rekey' : 'up';
  return finished(street, initiator, { outcome, why, agreed, rekeys: done, warnings });
}

function finished(street: Street, initiator: Name, more: Partial<Run> & Pick<Run, 'outcome'>): Run {
  const messages = street.wiretap.messages.map(arrowOf);
  return { initiator, messages, agreed: null, why: [], warnings: [], rekeys: [], log: [...street.log], ...more };
}

/** A template waits for whoever comes, and a NAT lets in nobody who was not asked. */
function whyNotInitiate({ name, entry }: End, other: End, nat: Name | undefined): Disagreement | undefined {
  if (!entry.policy?.remoteHost)
    return { about: 'address', lines: [`${name} cannot initiate: its connection does not say where the peer is`] };
  if (nat !== other.name) return undefined;
  return { about: 'nat', lines: [`${name} cannot initiate: ${other.name} is behind a NAT, which lets nobody in`] };
}

/** A daemon that lets no IKEv1 in has no connection of it either. */
const isLoaded = ({ entry, ikev1Policy }: End): boolean => !entry.policy?.v1 || ikev1Policy === 'accept';

/** Who asks, and who is asked, for a comparison. */
export function partiesOf({ ends }: Street, initiator: Name): readonly [Party, Party] {
  const [asker, asked] = initiator === 'A' ? [ends.A, ends.B] : [ends.B, ends.A];
  return [partyOf(asker, asked), partyOf(asked, asker)];
}

function partyOf({ name, house, entry, said, seenAt, ikev1Policy }: End, other: End): Party {
  const policy = entry.policy!;
  const side = entry.side!;
  return {
    name,
    policy,
    own: said[side],
    expects: said[opposite(side)],
    address: house.address,
    seenAt,
    ports: house.ports,
    ikev1Policy,
    ppk: (id) => house.world.registry.ppk(policy, id),
    hasPassword: (user) => house.world.registry.password(user) !== undefined,
    secret: (remote) => house.world.registry.psk(policy.localId, remote, house.address, other.seenAt),
  };
}

/** Tells, and lets time pass until it is done or has failed; true if it is done. */
function ask({ clock }: Street, { policy }: Entry, tell: (answer: Answer) => void): boolean {
  const heard = new Outcome((callback) => clock.soon(callback));
  tell(heard);
  clock.settle();
  const end = clock.now() + (policy?.retransmitTimeout ?? 0) + 1_000;
  while (heard.isOpen && clock.now() < end) clock.advance(DELAY);
  clock.advance(SETTLED);
  return !heard.isOpen && heard.exit === 0;
}

/** Who waits for the end, and types whatever is asked for: that it is right is taken for granted. */
class Outcome implements Answer {
  readonly peer = { pid: 0, uid: 0, gid: 0 };
  readonly isCongested = false;
  isOpen = true;
  exit = 0;
  readonly #soon: (callback: () => void) => void;

  constructor(soon: (callback: () => void) => void) {
    this.#soon = soon;
  }

  prompt(...[code, , typed]: Parameters<NonNullable<Answer['prompt']>>): void {
    const text = code === RC.ENTERSECRET ? 'taken for granted' : 'somebody';
    this.#soon(() => typed(new TextEncoder().encode(text)));
  }

  line(code: Parameters<Answer['line']>[0]): void {
    this.exit = exitAfter(this.exit, code);
  }

  rows(): void {}

  onRoom(): void {}

  onGone(): void {}

  end(): void {
    this.isOpen = false;
  }
}

/** The IKE SA that is up in a house, with its newest child. */
function standingOf(street: Street, name: Name): Standing | undefined {
  const found = ikeSasOf(street, name).flatMap(({ sa, timers }): Standing[] => {
    const child = sa.children.findLast((c) => c.state === 'up');
    return sa.state === 'established' && child ? [{ sa, child, timers }] : [];
  });
  return found.at(-1);
}

function ikeSasOf({ clock, ends }: Street, name: Name): readonly IkeSaReport[] {
  const found: IkeSaReport[] = [];
  for (const ref of ends[name].house.world.switchboard.sas())
    ref.tell({ t: 'report', to: (report) => void found.push(report) });
  clock.settle();
  return found;
}

const isSame = (a: Child, b: Child) => a.spiIn === b.spiOut && a.spiOut === b.spiIn;

/** What is wrong with neither configuration: a daemon of ours stumbled over them, and would do so in earnest too. */
function bugs({ ends }: Street): readonly Disagreement[] {
  const lines = [ends.A, ends.B].flatMap(({ name, house }) =>
    house.crashes.map((text) => `${name}: internal error, which is worth a bug report: ${text}`),
  );
  return lines.length > 0 ? [{ about: 'other', lines }] : [];
}

/** Where no comparison finds anything: another connection that stepped in, and what the protocol says in both logs. */
function inOwnWords(street: Street, responder: Name): Disagreement {
  const { entry } = street.ends[responder];
  const taken = ikeSasOf(street, responder).map(({ sa }) => sa.policy.name);
  const other = taken.find((name) => name !== entry.conn.name);
  const explained = street.log.filter(({ text }) => text.includes('why: '));
  const said = explained.length > 0 ? explained : street.log.slice(-4);
  return {
    about: 'other',
    lines: [
      ...(other === undefined ? [] : [`${responder} takes conn ${other} for it, not ${entry.conn.name}`]),
      ...said.map(({ of, text }) => `${of}: ${text}`),
    ],
  };
}

/** Lets time pass until the first check is due, if either end makes any before it rekeys. */
function awaitLiveness({ clock, ends, wiretap }: Street, { lifetimes: { a, b } }: Agreed): void {
  const delays = [ends.A, ends.B].map(({ entry }) => entry.policy?.dpdDelay ?? 0).filter((ms) => ms > 0);
  const first = Math.min(...delays);
  const changes = [a, b].flatMap((one) => [one.ike, one.child, one.ikeRekey ?? one.ike, one.childRekey ?? one.child]);
  if (delays.length === 0 || first + SETTLED >= Math.min(...changes) * 1000) return;
  wiretap.phase = 'liveness';
  clock.advance(first + SETTLED);
}

function rekeyAll(street: Street, initiator: Name, [asker, asked]: readonly [Party, Party]): readonly Rekey[] {
  const others: readonly (readonly [Name, Party, Party])[] = [
    [initiator, asker, asked],
    [initiator === 'A' ? 'B' : 'A', asked, asker],
  ];
  return (['child', 'ike'] as const).flatMap((of) =>
    others.flatMap(([by, one, other]) => (one.policy.rekey ? [rekey(street, of, by, one, other)] : [])),
  );
}

function rekey(street: Street, of: Rekey['of'], by: Name, asker: Party, asked: Party): Rekey {
  street.wiretap.phase = phaseOf({ of, by });
  const standing = standingOf(street, by);
  const { world } = street.ends[by].house;
  const entry = standing && world.registry.owner(standing.child.policy);
  if (!standing || !entry) return { of, by, ok: false, why: ['there is no SA any more'] };
  const before = street.log.length;
  const isDone = ask(street, entry, (answer) => entry.ref.tell({ t: 'rekey', what: of, answer }));
  const ok = isDone && isReplaced(of, standing, standingOf(street, by));
  if (ok) return { of, by, ok, why: [] };
  const compared = rekeyDisagreement(asker, asked, standing.sa.suite, of);
  const said = street.log.slice(before).filter(({ text }) => text.includes('why: '));
  return { of, by, ok, why: compared.length > 0 ? compared : said.map((line) => `${line.of}: ${line.text}`) };
}

/** Whoever asks for a rekey hears when it is over; whether there is a successor shows only then. */
const isReplaced = (of: Rekey['of'], old: Standing, now: Standing | undefined): boolean =>
  now !== undefined && (of === 'child' ? now.child.serial !== old.child.serial : now.sa.serial !== old.sa.serial);

/** As the arrows of a rekey are marked. */
export const phaseOf = ({ of, by }: Pick<Rekey, 'of' | 'by'>): string =>
  `${by} rekeys the ${of === 'child' ? 'Child SA' : 'IKE SA'}`;
