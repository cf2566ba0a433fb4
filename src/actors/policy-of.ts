/** From a connection as configured to the policy that the protocol works by, seen from our end. */
import { type Conn, type End, type EndAuth, type HostSpec, selectorsOf } from '../conf/conn.ts';
import type { AuthWay, ChildPolicy, Policy } from '../ike/policy.ts';
import { Address } from '../net/address.ts';
import { Id } from '../net/id.ts';

export interface Orientation {
  readonly side: 'left' | 'right';
  /** Our address, once `%defaultroute` and interface names are resolved. */
  readonly localHost: Address;
}

/** What a connection asks for that is not built, as the file says it (`authby=rsasig`): it can be loaded, no more. */
export type Hindrance = { readonly hindrance: string };

export const IKE_PORT = 500;

/** What is said of it wherever somebody wants more. */
export const notYet = (hindrance: string) =>
  `${hindrance} has no effect yet: the connection can be loaded but not negotiated`;

export function policyOf(conn: Conn, at: Orientation, reqid: number, keepAliveMs: number): Policy | Hindrance {
  const hindrance = hindranceOf(conn, at.side);
  if (hindrance !== undefined) return { hindrance };
  const [us, them] = at.side === 'left' ? [conn.left, conn.right] : [conn.right, conn.left];
  const remoteHost = them.host.t === 'address' ? them.host.address : undefined;
  const localId = idOf(us, at.localHost);
  if (!localId) return { hindrance: `${at.side}id=%any` };
  const remoteId = idOf(them, remoteHost);
  // Every field in its place, undefined or not: one that is added later costs an array of its own, ten thousand times.
  const policy: Filled<Omit<Policy, 'instance' | 'child'>> & { readonly child: Filled<ChildPolicy> } = {
    name: conn.name,
    localHost: at.localHost,
    remoteHost,
    remotePort: them.ikeport ?? IKE_PORT,
    localId,
    remoteId,
    ours: roundsOf(conn, us),
    theirs: roundsOf(conn, them),
    sha1: false,
    idOnCertificate: true,
    sendCa: 'none',
    ppk: 'no',
    ppkIds: NO_IDS,
    intermediate: false,
    ike: conn.ike,
    child: Object.freeze({
      proposals: conn.child,
      mode: conn.type === 'transport' ? 'transport' : 'tunnel',
      local: selectorsOf(us, at.localHost),
      remote: remoteHost || them.subnets.length > 0 ? selectorsOf(them, remoteHost ?? Address.any(4)) : [],
      narrowing: conn.narrowing,
      pfs: conn.pfs,
      esn: conn.esn,
      replayWindow: conn.replayWindow,
      lifetime: conn.ipsecLifetimeMs,
      maxBytes: conn.ipsecMaxBytes,
      maxPackets: conn.ipsecMaxPackets,
      reqid,
      priority: conn.priority,
    }),
    fragmentation: conn.fragmentation !== 'no',
    encapsulation: conn.encapsulation,
    natKeepalive: conn.natKeepalive ? keepAliveMs : 0,
    initialContact: conn.initialContact,
    ikeLifetime: conn.ikeLifetimeMs,
    rekey: conn.rekey,
    rekeyMargin: conn.rekeyMarginMs,
    rekeyFuzz: conn.rekeyFuzzPercent / 100,
    retransmitInterval: conn.retransmitIntervalMs,
    retransmitTimeout: conn.retransmitTimeoutMs,
    dpdDelay: conn.dpddelayMs,
  };
  return Object.freeze(policy) as Policy;
}

const NO_IDS: readonly string[] = Object.freeze([]);

/** How an end proves who it is. */
function roundsOf(conn: Conn, end: End): Policy['ours'] {
  const ways = end.auth === undefined ? conn.authby : WAYS_OF_AUTH[end.auth];
  const round = { ways, id: undefined, key: undefined, ca: undefined, sendCert: 'always', keysFromDns: false } as const;
  return Object.freeze([Object.freeze(round)]);
}

const WAYS_OF_AUTH: Readonly<Record<EndAuth, readonly AuthWay[]>> = {
  never: ['never'],
  secret: ['secret'],
  rsasig: ['rsa-sha2_512', 'rsa-sha2_384', 'rsa-sha2_256', 'rsasig-v1.5'],
  ecdsa: ['ecdsa-sha2_512', 'ecdsa-sha2_384', 'ecdsa-sha2_256'],
  null: ['null'],
  eaponly: ['eap-tls'],
};

type Filled<T> = { readonly [K in keyof Required<T>]: T[K] };

/** The first thing that stands in the way; which end is ours matters only for some of them, and may be unknown. */
export function hindranceOf(conn: Conn, side?: 'left' | 'right'): string | undefined {
  if (conn.keyexchange === 'ikev1') return 'keyexchange=ikev1';
  if (conn.type !== 'tunnel' && conn.type !== 'transport') return `type=${conn.type}`;
  if (conn.left.auth === undefined && conn.right.auth === undefined && conn.authby[0] !== 'secret')
    return `authby=${[...new Set(conn.authby.map(familyOf))].join(',')}`;
  for (const name of ['left', 'right'] as const) {
    const { auth, host, id, idText } = conn[name];
    if (auth !== undefined && auth !== 'secret') return `${name}auth=${auth}`;
    const isOfPeer = side !== undefined && side !== name;
    if (FOR_LATER.has(host.t) || (isOfPeer && OURS_ONLY.has(host.t))) return `${name}=${hostText(host)}`;
    if (!id && idText !== undefined && idText !== '%any') return `${name}id=${idText}`;
  }
  return undefined;
}

const FOR_LATER: ReadonlySet<HostSpec['t']> = new Set(['name', 'group', 'opportunistic', 'opportunisticgroup']);
/** Words for an address of this machine, which the peer's cannot be. */
const OURS_ONLY: ReadonlySet<HostSpec['t']> = new Set(['interface', 'defaultroute']);

/** As the file says it. */
export function hostText(host: HostSpec): string {
  if (host.t === 'address') return `${host.address}`;
  return host.t === 'name' ? host.name : `%${host.t === 'interface' ? host.name : host.t}`;
}

/** As `authby=` names it. */
const familyOf = (way: Conn['authby'][number]) =>
  way.startsWith('rsa') ? 'rsasig' : way.startsWith('ecdsa') ? 'ecdsa' : way;

/** Unset: the end's address; `%any`, or the peer of a template: whoever has a secret. */
function idOf(end: End, host: Address | undefined): Id | undefined {
  return end.id ?? (end.idText === undefined && host ? Id.ofAddress(host) : undefined);
}
