/**
 * Connections that are found by where the peer is: those of policy groups' lines, and `right=%opportunistic`. Of many
 * blocks that an address is in the longest is meant, and its connections alone: who is in `block` is not let in by
 * `private`.
 */
import { isGroup } from '../conf/build-pair.ts';
import type { End } from '../conf/conn.ts';
import { lineName } from '../conf/groups.ts';
import { Prefixes } from '../conf/groups-prefixes.ts';
import type { Policy } from '../ike/policy.ts';
import type { Address } from '../net/address.ts';
import type { Id } from '../net/id.ts';
import { Subnet } from '../net/subnet.ts';
import { type Entry, peerKey } from './entry.ts';
import { Member } from './groups-member.ts';

/** Lines of a `%group` that are held against one request; all of them are for peers that may be anywhere. */
const MOST_HELD = 1_023;

export class Groups {
  readonly #members = new Map<Entry, Map<string, Member>>();
  /** By our address. */
  readonly #blocks = new Map<string, Prefixes<Entry>>();

  /** By `lineName`; undefined: it is no group. */
  members(group: Entry): ReadonlyMap<string, Member> | undefined {
    return this.#members.get(group);
  }

  /** Whether nobody else is to look it up by its peer. */
  has(entry: Entry): boolean {
    return entry instanceof Member || isOpportunistic(entry) || hostOf(entry)?.t === 'opportunisticgroup';
  }

  /** Takes note of what is its business. True: it goes by the name of its group. */
  add(entry: Entry): boolean {
    if (entry.template) return false;
    if (entry instanceof Member) this.#members.get(entry.group)?.set(lineName(entry.line), entry);
    else if (isGroup(entry.conn.left.host.t) || isGroup(entry.conn.right.host.t)) this.#members.set(entry, new Map());
    this.#place(entry, (blocks, block) => void blocks.add(block, entry));
    return entry instanceof Member;
  }

  remove(entry: Entry): boolean {
    if (entry.template) return false;
    if (entry instanceof Member) this.#members.get(entry.group)?.delete(lineName(entry.line));
    else this.#members.delete(entry);
    this.#place(entry, (blocks, block) => void blocks.remove(block, entry));
    return entry instanceof Member;
  }

  /** Between these hosts; of those that name an identity, the ones that take `peerId`. */
  around(local: Address, peer: Address, peerId?: Id): readonly Policy[] {
    const found = this.#around(local, peer);
    if (found.length === 0) return NONE;
    return found.flatMap(({ policy }) => {
      const isMeant = policy && (!peerId || !policy.remoteId || policy.remoteId.matches(peerId.key) !== undefined);
      return isMeant ? [policy] : [];
    });
  }

  /** Those whose packets from `local` to `peer` they might be for. */
  opportunities(local: Address, peer: Address): readonly Entry[] {
    return this.#around(local, peer);
  }

  /** Others that a peer of `entry`'s may mean by what it asks for, itself included. */
  sharing(entry: Entry): readonly Policy[] {
    if (isOpportunistic(entry)) return policiesLike(entry, this.#blockMates(entry));
    const group = entry instanceof Member ? entry.group : entry;
    const members = this.#members.get(group);
    if (!members || hostOf(group)?.t !== 'group') return NONE;
    const found: Policy[] = entry.policy ? [entry.policy] : [];
    for (const { policy } of members.values()) {
      if (policy && policy !== entry.policy) found.push(policy);
      if (found.length > MOST_HELD) break;
    }
    return found;
  }

  #blockMates(entry: Entry): readonly Entry[] {
    let mates: readonly Entry[] = NONE;
    this.#place(entry, (blocks, block) => {
      mates = blocks.at(block);
    });
    return mates;
  }

  #around(local: Address, peer: Address): readonly Entry[] {
    if (this.#blocks.size === 0) return NONE;
    return this.#blocks.get(`${local}`)?.around(peer) ?? NONE;
  }

  /** Where the peers of an opportunistic connection are. */
  #place(entry: Entry, put: (blocks: Prefixes<Entry>, block: Subnet) => void): void {
    const local = entry instanceof Member ? entry.localHost : entry.policy?.localHost;
    // A shunt is nobody's way in, and keeps who is in its block from finding another.
    const isShunt = entry instanceof Member && !entry.policy;
    if (!local || !(isOpportunistic(entry) || isShunt)) return;
    const key = `${local}`;
    const blocks = this.#blocks.get(key) ?? new Prefixes<Entry>();
    put(blocks, entry instanceof Member ? entry.line.net : Subnet.all(local.family));
    if (blocks.size > 0) this.#blocks.set(key, blocks);
    else this.#blocks.delete(key);
  }
}

const NONE: readonly never[] = Object.freeze([]);

const theirEnd = ({ conn, side }: Entry): End | undefined => side && (side === 'left' ? conn.right : conn.left);
const hostOf = (entry: Entry): End['host'] | undefined => theirEnd(entry)?.host;

/** Not its instances, whose peer is known. */
const isOpportunistic = (entry: Entry): boolean => !entry.template && hostOf(entry)?.t === 'opportunistic';

function policiesLike(entry: Entry, mates: readonly Entry[]): readonly Policy[] {
  const key = entry.policy && peerKey(entry.policy);
  return mates.flatMap(({ policy }) => (policy && peerKey(policy) === key ? [policy] : []));
}
