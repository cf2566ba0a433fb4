/**
 * Policies by who may be at the other end. Most pairs of hosts have one connection, which then is all there is to keep;
 * where many share both addresses (templates, a hub with its spokes behind one NAT) they are indexed by identities.
 */
import type { Policy } from '../ike/policy.ts';
import type { Address } from '../net/address.ts';
import { type Id, rdnKeys } from '../net/id.ts';
import { proofKey } from './auth-rounds.ts';
import { WildcardNames } from './wildcard-names.ts';

export class Peers {
  readonly #byHosts = new Map<string, Policy | Crowd>();

  add(policy: Policy): void {
    const key = hostsKey(policy.localHost, policy.remoteHost);
    const known = this.#byHosts.get(key);
    if (!known) this.#byHosts.set(key, policy);
    else if (known instanceof Crowd) known.add(policy);
    else this.#byHosts.set(key, new Crowd(known, policy));
  }

  remove(policy: Policy): void {
    const key = hostsKey(policy.localHost, policy.remoteHost);
    const known = this.#byHosts.get(key);
    if (known === policy) this.#byHosts.delete(key);
    else if (known instanceof Crowd && known.remove(policy)) this.#byHosts.delete(key);
  }

  /** Between these hosts, in the order they came; `remote` undefined: those that take any. */
  between(local: Address, remote: Address | undefined): readonly Policy[] {
    const known = this.#byHosts.get(hostsKey(local, remote));
    if (!known) return NONE;
    return known instanceof Crowd ? known.all : [known];
  }

  /** Of those the ones that name this identity, then those with wildcards that take it, then those that name none. */
  naming(local: Address, remote: Address | undefined, id: Id): readonly Policy[] {
    const known = this.#byHosts.get(hostsKey(local, remote));
    if (!known) return NONE;
    if (known instanceof Crowd) return known.naming(id);
    const { remoteId } = known;
    return !remoteId || remoteId.matches(id.key) !== undefined ? [known] : NONE;
  }

  /** All that may share an IKE SA with it, itself included if it is here. */
  sharing(policy: Policy): readonly Policy[] {
    const known = this.#byHosts.get(hostsKey(policy.localHost, policy.remoteHost));
    if (!known) return NONE;
    if (known instanceof Crowd) return known.sharing(policy);
    return idsKey(known) === idsKey(policy) ? [known] : NONE;
  }
}

/** Several between the same two hosts. */
class Crowd {
  readonly all: Policy[] = [];
  readonly #byId = new Map<string, Policy[]>();
  readonly #wildcards = new WildcardNames();
  readonly #byIds = new Map<string, Policy[]>();

  constructor(...policies: readonly Policy[]) {
    for (const policy of policies) this.add(policy);
  }

  add(policy: Policy): void {
    this.all.push(policy);
    if (policy.remoteId?.hasWildcards) this.#wildcards.add(policy);
    else push(this.#byId, idKey(policy), policy);
    push(this.#byIds, idsKey(policy), policy);
  }

  /** True if it was the last. */
  remove(policy: Policy): boolean {
    const at = this.all.indexOf(policy);
    if (at >= 0) this.all.splice(at, 1);
    if (policy.remoteId?.hasWildcards) this.#wildcards.remove(policy);
    else pull(this.#byId, idKey(policy), policy);
    pull(this.#byIds, idsKey(policy), policy);
    return this.all.length === 0;
  }

  naming(id: Id): readonly Policy[] {
    return joined(joined(this.#byId.get(whoever(id)), this.#wildcards.matching(id)), this.#byId.get(ANYBODY));
  }

  sharing(policy: Policy): readonly Policy[] {
    return this.#byIds.get(idsKey(policy)) ?? NONE;
  }
}

const NONE: readonly never[] = Object.freeze([]);

const hostsKey = (local: Address | undefined, remote: Address | undefined) => [local ?? '*', remote ?? '*'].join(' ');
const ANYBODY = '*';
const idKey = ({ remoteId }: Policy) => (remoteId ? whoever(remoteId) : ANYBODY);
/** The same for all that are each other to `Id.matches`: RDNs may come in any order. */
const whoever = ({ key }: Id): string => [...(rdnKeys(key) ?? [key])].sort().join(',');
/** What an IKE SA proves for one of them must be what the other asks for. */
const idsKey = (policy: Policy) => [policy.localId.key, policy.remoteId?.key ?? ANYBODY, proofKey(policy)].join(' ');

/** As a rule one of them is empty, and nothing is copied. */
export const joined = (a: readonly Policy[] = NONE, b: readonly Policy[] = NONE): readonly Policy[] =>
  a.length === 0 ? b : b.length === 0 ? a : [...a, ...b];

export function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

export function pull<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  const at = list?.indexOf(value) ?? -1;
  if (!list || at < 0) return;
  list.splice(at, 1);
  if (list.length === 0) map.delete(key);
}
