/**
 * Policy groups: `conn private` with `right=%group` or `%opportunisticgroup`, and `policies/private` with its lines. Each
 * line is a connection of its own, `private#10.0.0.0/8`. Read when the connection is added, and when somebody asks for
 * it: what is new comes, what is gone goes, and all else stays as it is, tunnels and all.
 */
import { posix } from 'node:path';
import type { Conn } from '../conf/conn.ts';
import type { FileSystem } from '../conf/file-system.ts';
import { type GroupFile, type GroupLine, lineName, readingGroup } from '../conf/groups.ts';
import { formatProblem } from '../conf/problem.ts';
import type { Address } from '../net/address.ts';
import type { Entry } from './entry.ts';
import type { Member } from './groups-member.ts';
import { inSlices } from './slices.ts';
import type { World } from './world.ts';

export interface PolicyGroupsPorts {
  readonly world: World;
  readonly files: Pick<FileSystem, 'read'>;
  /** Where the groups' files are. */
  readonly dir: string;
  /** Makes and registers the connection for a line. */
  readonly enter: (group: Entry, face: Conn, line: GroupLine, localHost: Address) => Member;
  readonly remove: (member: Member) => void;
}

interface Group {
  readonly entry: Entry;
  /** What all its lines have in common. */
  readonly face: Conn;
  readonly localHost: Address;
  /** Its lines' packets are to be caught, those of lines to come as well. */
  isRouted: boolean;
  /** Of those that are under way at a time the last one counts. */
  reading: number;
}

type Steps<T = void> = Generator<undefined, T>;

export class PolicyGroups {
  readonly #ports: PolicyGroupsPorts;
  readonly #groups = new Map<Entry, Group>();
  /** By what is to be caught: no two groups can have the same. */
  readonly #taken = new Map<string, Member>();
  /** Lines that are none of any file's any more, and have yet to go. */
  readonly #leaving = new Set<Member>();

  constructor(ports: PolicyGroupsPorts) {
    this.#ports = ports;
  }

  /** One of them has been added; its lines come in slices. */
  open(entry: Entry, face: Conn, localHost: Address): void {
    const group = { entry, face, localHost, isRouted: false, reading: 0 };
    this.#groups.set(entry, group);
    inSlices(
      this.#ports.world,
      `${entry.conn.name}#`,
      this.#loading([group], () => {}),
    );
  }

  /** It has been removed, and its lines are none of any group's any more: they go in slices. */
  close(entry: Entry, members: readonly Member[]): void {
    this.#groups.delete(entry);
    const { world, remove } = this.#ports;
    for (const member of members) this.#leaving.add(member);
    function* removing(): Steps {
      for (const member of members) {
        yield undefined;
        remove(member);
      }
    }
    if (members.length > 0) inSlices(world, `${entry.conn.name}#`, removing());
  }

  forget(member: Member): void {
    this.#leaving.delete(member);
    const key = trafficKey(member);
    if (this.#taken.get(key) === member) this.#taken.delete(key);
  }

  route(entry: Entry, isRouted: boolean): void {
    const group = this.#groups.get(entry);
    if (!group) return;
    group.isRouted = isRouted;
    for (const member of this.#ports.world.registry.membersOf(entry).values()) {
      if (isRouted) this.#route(member);
      else if (member.isUsed) member.ref.tell({ t: 'unroute' });
    }
  }

  /** All of them, in steps. */
  rereading(say: (text: string) => void): Steps {
    return this.#loading([...this.#groups.values()], say);
  }

  /**
   * What is gone goes after all else has come: a line may move from one group to another, or make way for a narrower one,
   * and at no time are its packets nobody's.
   */
  *#loading(groups: readonly Group[], say: (text: string) => void): Steps {
    const read: { readonly group: Group; readonly reading: number; readonly file: GroupFile }[] = [];
    for (const group of groups) {
      const reading = ++group.reading;
      const path = this.#pathOf(group);
      const file = yield* readingGroup(path, this.#ports.files);
      if (!this.#isCurrent(group, reading)) continue;
      this.#tellProblems(group, file, say);
      if (file.errno !== undefined && file.errno !== 'ENOENT') {
        say(this.#log(group, 'warn', `cannot read group "${path}" (${file.errno}): its lines stay as they were`));
        continue;
      }
      for (const [name, member] of this.#ports.world.registry.membersOf(group.entry)) {
        yield undefined;
        if (file.lines.has(name)) this.#leaving.delete(member);
        else this.#leaving.add(member);
      }
      read.push({ group, reading, file });
    }
    const come: ((typeof read)[number] & { readonly added: number; readonly strange: number })[] = [];
    for (const one of read) come.push({ ...one, ...(yield* this.#adding(one.group, one.reading, one.file, say)) });
    for (const { group, reading, file, added, strange } of come) {
      const gone = yield* this.#removing(group, reading);
      if (!this.#isCurrent(group, reading)) continue;
      const path = this.#pathOf(group);
      if (strange > 0)
        say(
          this.#log(group, 'info', `${lines(strange)} of "${path}" left out: IPv${strangers(group)}, and we are not`),
        );
      const what = `${lines(file.lines.size)}, ${added} new, ${gone} gone`;
      const text = file.errno === undefined ? `loading group "${path}": ${what}` : `no group file "${path}": ${what}`;
      say(this.#log(group, 'info', text));
    }
  }

  *#removing(group: Group, reading: number): Steps<number> {
    const { world, remove } = this.#ports;
    let gone = 0;
    for (const member of world.registry.membersOf(group.entry).values()) {
      yield undefined;
      if (!this.#isCurrent(group, reading)) break;
      if (!this.#leaving.has(member)) continue;
      remove(member);
      gone++;
    }
    return gone;
  }

  *#adding(
    group: Group,
    reading: number,
    { lines: wanted }: GroupFile,
    say: (text: string) => void,
  ): Steps<{ readonly added: number; readonly strange: number }> {
    const { world, enter, remove } = this.#ports;
    let added = 0;
    let strange = 0;
    for (const [name, line] of wanted) {
      yield undefined;
      if (!this.#isCurrent(group, reading)) break;
      if (world.registry.membersOf(group.entry).has(name)) continue;
      if (!isOurs(group, line)) {
        strange++;
        continue;
      }
      const member = enter(group.entry, group.face, line, group.localHost);
      const other = this.#taken.get(trafficKey(member));
      if (other && !this.#leaving.has(other)) {
        remove(member);
        const [file, place] = [this.#pathOf(group), line.line];
        const text = `${lineName(line)} is of group "${other.group.conn.name}" already, and left out here`;
        say(this.#log(group, 'warn', formatProblem({ severity: 'warning', file, line: place, text })));
        continue;
      }
      this.#taken.set(trafficKey(member), member);
      if (group.isRouted) this.#route(member);
      added++;
    }
    return { added, strange };
  }

  /** A peer that may be anywhere is not one that packets could be sent to. */
  #route(member: Member): void {
    const { conn, side, policy } = member;
    const host = (side === 'left' ? conn.right : conn.left).host.t;
    if (!policy || host === 'opportunistic') member.ref.tell({ t: 'route' });
  }

  #isCurrent(group: Group, reading: number): boolean {
    return group.reading === reading && this.#groups.get(group.entry) === group;
  }

  #tellProblems(group: Group, { problems, unlisted }: GroupFile, say: (text: string) => void): void {
    for (const problem of problems) say(this.#log(group, 'warn', formatProblem(problem)));
    if (unlisted > 0) say(this.#log(group, 'warn', `${unlisted} more remarks on "${this.#pathOf(group)}"`));
  }

  #log({ entry }: Group, level: 'info' | 'warn', text: string): string {
    return this.#ports.world.log(level, text, { policy: { name: entry.conn.name } });
  }

  /** What `subnets=` makes of one section has one file. A name is no way out of the directory. */
  #pathOf({ entry }: Group): string {
    const name = entry.conn.name.replace(/\/\d+x\d+$/, '').replaceAll('/', '_');
    return posix.join(this.#ports.dir, /^\.*$/.test(name) ? '_' : name);
  }
}

const lines = (count: number): string => `${count} ${count === 1 ? 'line' : 'lines'}`;

/** Of a line of that family there is traffic of ours. */
const isOurs = (group: Group, { net }: GroupLine): boolean => familyOf(group) === net.family;
const strangers = (group: Group): 4 | 6 => (familyOf(group) === 4 ? 6 : 4);

function familyOf({ entry: { conn, side }, localHost }: Group): 4 | 6 {
  const us = side && conn[side];
  return us?.subnets.at(0)?.family ?? localHost.family;
}

/** Between what of ours and what of theirs its packets travel. */
function trafficKey({ conn, side, localHost, line }: Member): string {
  const us = side && conn[side];
  const ours = us && us.subnets.length > 0 ? us.subnets.join() : `${localHost}`;
  return `${ours} ${lineName(line)}`;
}
