/** From a connection as configured to the policy that the protocol works by, seen from our end. */
import { type Conn, type End, type HostSpec, selectorsOf } from '../conf/conn.ts';
import type { ChildPolicy, Policy } from '../ike/policy.ts';
import { Address } from '../net/address.ts';
import { ID_TYPES, Id } from '../net/id.ts';
import { ourRounds, theirRounds } from './auth-rounds.ts';
import { cpOf } from './cp-of.ts';
import type { Credentials } from './credentials.ts';
import { issuerOf } from './issuer-of.ts';
import { termsOf } from './v1-terms.ts';

export interface Orientation {
  readonly side: 'left' | 'right';
  /** Our address, once `%defaultroute` and interface names are resolved. */
  readonly localHost: Address;
}

/**
 * Why a connection can be loaded, no more: what it asks for that is not built, as the file says it (`type=drop`), or
 * what it lacks, after a colon (`leftcert=west: there is no certificate "west"`).
 */
export type Hindrance = { readonly hindrance: string };

export const IKE_PORT = 500;

/** What is said of it wherever somebody wants more. */
export const notYet = (hindrance: string) =>
  `${hindranceText(hindrance)}: the connection can be loaded but not negotiated`;

export const hindranceText = (hindrance: string) =>
  hindrance.includes(': ') ? hindrance : `${hindrance} has no effect yet`;

/** `credentials`: what our certificates are asked of, for `%fromcert` and `%same`. */
export function policyOf(
  conn: Conn,
  at: Orientation,
  reqid: number,
  keepAliveMs: number,
  credentials: Pick<Credentials, 'credential'>,
): Policy | Hindrance {
  const hindrance = hindranceOf(conn, at.side);
  if (hindrance !== undefined) return { hindrance };
  const policy = asConfigured(conn, at, reqid, keepAliveMs);
  const [us, them, theirs] = at.side === 'left' ? [conn.left, conn.right, 'right'] : [conn.right, conn.left, 'left'];
  const wantsSubject = us.idText === '%fromcert';
  const wantsIssuer = them.keys.ca === 'same' && us.keys.ca === undefined && hasCertificate(policy);
  if (!wantsSubject && !wantsIssuer) return policy;
  const own = credentials.credential(policy, 0);
  const [{ key }] = policy.ours;
  const named = key?.t === 'cert' ? `${at.side}cert=${key.name}` : undefined;
  const asker = wantsSubject ? `${at.side}id=%fromcert` : `${theirs}ca=%same`;
  if ('wrong' in own) return { hindrance: `${named ?? asker}: ${own.wrong}` };
  if (wantsSubject && !own.subject) return { hindrance: `${asker}: our key has no certificate` };
  const issuer = wantsIssuer && own.certificate ? issuerOf(own.certificate) : undefined;
  return Object.freeze({
    ...policy,
    localId: wantsSubject ? own.subject! : policy.localId,
    theirs: issuer ? theirRounds(conn, them, issuer) : policy.theirs,
  });
}

const hasCertificate = ({ ours: [own], theirs }: Policy) =>
  own.key !== undefined && theirs.some(({ ways }) => ways.some((way) => /^(rsa|ecdsa|eddsa)/.test(way)));

/** Without what only our certificate can tell. */
function asConfigured(conn: Conn, at: Orientation, reqid: number, keepAliveMs: number): Policy {
  const [us, them] = at.side === 'left' ? [conn.left, conn.right] : [conn.right, conn.left];
  const remoteHost = them.host.t === 'address' ? them.host.address : undefined;
  const ours = ourRounds(conn, us, us.keys.ca === 'same' ? caOf(them) : us.keys.ca);
  const theirs = theirRounds(conn, them, them.keys.ca === 'same' ? caOf(us) : them.keys.ca);
  // Every field in its place, undefined or not: one that is added later costs an array of its own, ten thousand times.
  const policy: Filled<Omit<Policy, 'instance' | 'child'>> & { readonly child: Filled<ChildPolicy> } = {
    name: conn.name,
    localHost: at.localHost,
    remoteHost,
    remotePort: them.ikeport ?? IKE_PORT,
    localId: ourId(us, at.localHost, ours),
    remoteId: theirId(them, remoteHost, theirs),
    ours,
    theirs,
    sha1: conn.sha1Signatures,
    // It has nothing else to name it.
    idOnCertificate: conn.idOnCertificate || them.idText === '%fromcert',
    sendCa: conn.sendCa,
    ppk: PPK[conn.ppk],
    ppkIds: conn.ppkIds,
    intermediate: conn.intermediate,
    ike: conn.ike,
    child: Object.freeze({
      proposals: conn.child,
      ah: conn.bundledAh,
      compress: conn.compress,
      mode: conn.type === 'transport' ? 'transport' : 'tunnel',
      local: selectorsOf(us, at.localHost),
      remote: remoteHost || them.subnets.length > 0 ? selectorsOf(them, remoteHost ?? Address.any(4)) : [],
      peerChooses: them.virtual && { isHost: them.virtual.isHost, orItself: them.virtual.no },
      openPort: us.protoport?.wildcard ? 'local' : them.protoport?.wildcard ? 'remote' : undefined,
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
    cp: cpOf(conn, us, them, at.localHost),
    fragmentation: conn.fragmentation !== 'no',
    encapsulation: conn.encapsulation,
    natKeepalive: conn.natKeepalive ? keepAliveMs : 0,
    initialContact: conn.initialContact,
    acceptRedirect: conn.acceptRedirect,
    ikeLifetime: conn.ikeLifetimeMs,
    rekey: conn.rekey,
    rekeyMargin: conn.rekeyMarginMs,
    rekeyFuzz: conn.rekeyFuzzPercent / 100,
    retransmitInterval: conn.retransmitIntervalMs,
    retransmitTimeout: conn.retransmitTimeoutMs,
    dpdDelay: conn.dpddelayMs,
    v1: conn.v1 && termsOf(conn.v1, us, them),
  };
  return Object.freeze(policy) as Policy;
}

const PPK = { no: 'no', yes: 'permit', insist: 'insist' } as const;

const caOf = ({ keys }: End): Id | undefined => (keys.ca === 'same' ? undefined : keys.ca);

type Filled<T> = { readonly [K in keyof Required<T>]: T[K] };

/** The first thing that stands in the way; which end is ours matters only for some of them, and may be unknown. */
export function hindranceOf(conn: Conn, side?: 'left' | 'right'): string | undefined {
  const isShunt = SHUNTS.has(conn.type);
  if (!isShunt && conn.authby[0] === 'never' && conn.left.auth === undefined) return 'authby=never';
  for (const name of ['left', 'right'] as const) {
    const { auth, host, id, idText } = conn[name];
    if (!isShunt && auth === 'never') return `${name}auth=never`;
    const isOfPeer = side !== undefined && side !== name;
    if (side === name && id?.hasWildcards) return `${name}id=${id}: an identity of ours cannot stand for many`;
    if (FOR_LATER.has(host.t) || (isOfPeer && OURS_ONLY.has(host.t))) return `${name}=${hostText(host)}`;
    if (!id && idText !== undefined && !ID_WORDS.has(idText)) return unknownId(`${name}id=`, idText);
  }
  return undefined;
}

/** Types that are a policy of the kernel and no tunnel: nobody is asked for anything. */
export const SHUNTS: ReadonlySet<Conn['type']> = new Set(['passthrough', 'drop', 'reject']);

const unknownId = (keyword: string, text: string): string => {
  const meant = text.startsWith('%')
    ? ''
    : `: no name is looked up for an identity; ${keyword}@${text} is the name itself`;
  return `${keyword}${text}${meant}`;
};

const ID_WORDS: ReadonlySet<string> = new Set(['%any', '%fromcert']);
const FOR_LATER: ReadonlySet<HostSpec['t']> = new Set(['name']);
/** Words for an address of this machine, which the peer's cannot be. */
const OURS_ONLY: ReadonlySet<HostSpec['t']> = new Set(['interface', 'defaultroute']);

/** As the file says it. */
export function hostText(host: HostSpec): string {
  if (host.t === 'address') return `${host.address}`;
  return host.t === 'name' ? host.name : `%${host.t === 'interface' ? host.name : host.t}`;
}

const NOBODY = new Id(ID_TYPES.ID_NULL, new Uint8Array());

const isNull = ([{ ways }]: Policy['ours']) => ways.length === 1 && ways[0] === 'null';

/** Unset: our address, or nobody's if that is all that we prove (RFC 7619 §2.2). `%fromcert` is settled later. */
function ourId({ id, idText }: End, host: Address, ours: Policy['ours']): Id {
  return id ?? (idText === undefined && isNull(ours) ? NOBODY : Id.ofAddress(host));
}

/** Unset: the end's address; of a template, and with `%any` and `%fromcert`: whoever proves to be somebody. */
function theirId({ id, idText }: End, host: Address | undefined, theirs: Policy['theirs']): Id | undefined {
  return id ?? (idText === undefined && host && !isNull(theirs) ? Id.ofAddress(host) : undefined);
}
