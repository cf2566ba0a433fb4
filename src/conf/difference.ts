/**
 * What differs between two readings of a configuration, by meaning: the same connection written in another order, with
 * `also=` or in another file is the same. Differences are named by the keyword that makes them.
 */
import type { Conn, ConnV1, End, EndKeys } from './conn.ts';
import type { Setup } from './setup.ts';

/** Where it stands says nothing about what it means. */
const PLACE: ReadonlySet<string> = new Set(['name', 'file', 'line']);

/** Fields that are named after their keyword in no obvious way. */
const CONN_NAMES: Readonly<Record<string, string>> = {
  aliases: 'connalias',
  child: 'esp',
  bundledAh: 'ah',
  debug: 'plutodebug',
  hostFamily: 'hostaddrfamily',
  negotiationShunt: 'negotiationshunt',
  failureShunt: 'failureshunt',
  ipsecLifetimeMs: 'ipsec-lifetime',
  ikeLifetimeMs: 'ikelifetime',
  rekeyMarginMs: 'rekeymargin',
  rekeyFuzzPercent: 'rekeyfuzz',
  idOnCertificate: 'require-id-on-certificate',
  sendCa: 'sendca',
};
const END_NAMES: Readonly<Record<string, string>> = {
  host: '',
  idText: 'id',
  subnets: 'subnet',
  virtual: 'subnet',
  modecfg: 'modecfgclient',
  xauth: 'xauthclient',
};
const KEY_NAMES: Readonly<Record<keyof EndKeys, string>> = {
  cert: 'cert',
  ckaid: 'ckaid',
  publicKeys: 'pubkey',
  fromDns: 'pubkey',
  ca: 'ca',
  sendCert: 'sendcert',
  eap: 'autheap',
  eapId: 'eapid',
  second: 'auth2',
};
const V1_NAMES: Readonly<Record<keyof ConnV1, string>> = {
  aggressive: 'aggressive',
  nat: 'nat-ikev1-method',
  dpdTimeoutMs: 'ikev1-dpdtimeout',
  dpdAction: 'dpdaction',
  isAlone: 'phase2',
  xauthby: 'xauthby',
  xauthfail: 'xauthfail',
  modecfgPull: 'modecfgpull',
};
const SETUP_NAMES: Readonly<Record<string, string>> = {
  radius: 'radius-server',
  vendorId: 'myvendorid',
  shuntLifetimeMs: 'shuntlifetime',
  xfrmLifetimeMs: 'xfrmlifetime',
};

/** Keywords of which one says something else than the other; none: there is nothing to do. */
export function connDifferences(one: Conn, other: Conn): readonly string[] {
  if (one === other) return [];
  return differences(one, other, (field) => {
    if (PLACE.has(field)) return [];
    if (field === 'v1')
      return one.v1 && other.v1 ? differences(one.v1, other.v1, (name) => [V1_NAMES[name as keyof ConnV1]]) : [];
    if (field === 'left' || field === 'right')
      return endDifferences(one[field], other[field]).map((name) => field + name);
    return [CONN_NAMES[field] ?? spelled(field)];
  });
}

export const setupDifferences = (one: Setup, other: Setup): readonly string[] =>
  differences(one, other, (field) =>
    field === 'lookups'
      ? differences(one.lookups, other.lookups, (name) => [spelled(name)])
      : [SETUP_NAMES[field] ?? spelled(field)],
  );

const endDifferences = (one: End, other: End): readonly string[] =>
  differences(one, other, (field) => {
    if (field !== 'keys') return [END_NAMES[field] ?? spelled(field)];
    return differences(one.keys, other.keys, (name) => [KEY_NAMES[name as keyof EndKeys]]);
  });

/** `names`: what to call a difference in this field; nothing if it is none. What has no effect yet names itself. */
function differences<T extends object>(one: T, other: T, names: (field: string) => readonly string[]): string[] {
  const found: string[] = [];
  for (const field of Object.keys(one)) {
    const [a, b] = [one[field as keyof T], other[field as keyof T]];
    if (a === b) continue;
    if (field === 'later') found.push(...laterDifferences(a, b));
    else if (!isSame(a, b)) found.push(...names(field));
  }
  return found.length < 2 ? found : [...new Set(found)];
}

function laterDifferences(one: unknown, other: unknown): string[] {
  const [a, b] = [one, other].map((later) => (later instanceof Map ? later : NOTHING));
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => !isSame(a.get(key), b.get(key)));
}

const NOTHING: ReadonlyMap<string, unknown> = new Map();

/** `replayWindow`, `dpddelayMs`: `replay-window`, `dpddelay`. */
const spelled = (field: string) => field.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Of the same meaning: addresses, identities and selectors by their own `equals`, the rest part by part. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b);
  if ('equals' in a && typeof a.equals === 'function') return a.constructor === b.constructor && a.equals(b) === true;
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  return (
    keys.length === others.length && keys.every((key) => key in b && isSame(a[key as keyof typeof a], b[key as never]))
  );
}

/** Lists of proposals are long, and shared by all conns that name none: each pair is compared once. */
const SAME = new WeakMap<object, WeakSet<object>>();

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  if (SAME.get(a)?.has(b)) return true;
  if (!a.every((element, i) => isSame(element, b[i]))) return false;
  if (a.length > 0 && typeof a[0] === 'object' && Object.isFrozen(a)) {
    const known = SAME.get(a);
    if (known) known.add(b);
    else SAME.set(a, new WeakSet([b]));
  }
  return true;
}
