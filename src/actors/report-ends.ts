/** The ends of a connection as reports show them. */
import { type Conn, type End, type EndKeys, selectorsOf } from '../conf/conn.ts';
import type { Value } from '../conf/keyword.ts';
import type { ConnEnd } from '../control/status/rows.ts';
import type { Address } from '../net/address.ts';
import type { Selector } from '../net/selector.ts';
import type { Entry } from './registry.ts';
import { authText } from './report-policy.ts';

/** Ours first; left first while neither is. `chosen`: what the peer has, out of what it may have. */
export function ends(
  { conn, policy, side }: Entry,
  chosen?: readonly Selector[],
): { readonly local: ConnEnd; readonly remote: ConnEnd } {
  const [near, far] = side === 'right' ? (['right', 'left'] as const) : (['left', 'right'] as const);
  return {
    local: connEnd(conn, near, {
      isPeer: false,
      host: policy?.localHost ?? written(conn[near]),
      policyId: policy?.localId,
      isSettled: policy !== undefined,
    }),
    remote: connEnd(conn, far, {
      isPeer: side !== undefined,
      host: policy?.remoteHost ?? written(conn[far]),
      policyId: policy?.remoteId,
      isSettled: policy !== undefined,
      chosen,
    }),
  };
}

const written = ({ host }: End): Address | undefined => (host.t === 'address' ? host.address : undefined);

interface Known {
  readonly isPeer: boolean;
  /** Resolved. */
  readonly host: Address | undefined;
  readonly policyId?: { toString(): string; readonly typeName: string } | undefined;
  /** There is a policy: without `policyId` it is for whoever proves to be somebody. */
  readonly isSettled: boolean;
  /** Out of what it may choose. */
  readonly chosen?: readonly Selector[] | undefined;
}

function connEnd(conn: Conn, side: 'left' | 'right', known: Known): ConnEnd {
  const { isPeer, host } = known;
  const end = conn[side];
  const where = host ? `${host}` : hostText(end);
  const ofFile = end.subnets.length > 0 || !host || !end.protoport ? end.subnets : selectorsOf(end, host);
  const selectors = known.chosen ?? ofFile;
  const isOpen = end.virtual !== undefined && known.chosen === undefined;
  const client = isOpen ? [end.virtual.isHost ? 'vhost:?' : 'vnet:?'] : selectors.map(String);
  return {
    host: where,
    ...(end.host.t === 'name' && host ? { hostName: end.host.name } : undefined),
    ...(end.ikeport === undefined ? undefined : { ikePort: end.ikeport }),
    ...(client.length === 0 || (client.length === 1 && client[0] === `${where}/${host?.bits ?? 32}`)
      ? undefined
      : { client }),
    ...identity(end, known, where),
    ...(end.nexthop?.t === 'address' ? { nexthop: `${end.nexthop.address}` } : undefined),
    ...(end.sourceip.length > 0 ? { sourceip: end.sourceip.join(',') } : undefined),
    ...(end.addresspool.length > 0
      ? { addresspool: end.addresspool.map((range) => `${range.start}-${range.end}`), modecfg: 'client' as const }
      : undefined),
    ...(conn[side === 'left' ? 'right' : 'left'].addresspool.length > 0 ? { modecfg: 'server' as const } : undefined),
    ...(end.modecfg === undefined ? undefined : { modecfg: end.modecfg }),
    prefixLength: prefixOf(selectors[0], host),
    auth: authText(conn, end, isPeer),
    ...keysOf(end.keys),
    ...(end.updown === null ? undefined : { updown: end.updown ?? STOCK_UPDOWN }),
    ...(conn.v1 && xauthOf(end, conn[side === 'left' ? 'right' : 'left'])),
    ...(conn.later === undefined ? undefined : given(conn.later, side)),
  };
}

const SENDCERT = { never: 'never', ifasked: 'sendifasked' } as const;

function keysOf({ cert, ca, sendCert, eap }: EndKeys): Partial<ConnEnd> {
  return {
    ...(eap === 'none' ? undefined : { autheap: eap }),
    ...(cert === undefined ? undefined : { cert }),
    ...(ca === undefined ? undefined : { ca: ca === 'same' ? '%same' : `${ca}` }),
    ...(sendCert === 'always' ? undefined : { sendcert: SENDCERT[sendCert] }),
  };
}

/** An end that says nothing of it is what the other needs it to be. */
function xauthOf({ xauth, username }: End, other: End): Partial<ConnEnd> {
  const implied = other.xauth === undefined ? undefined : other.xauth === 'server' ? 'client' : 'server';
  const role = xauth ?? implied;
  return { ...(role && { xauth: role }), ...(username === undefined ? undefined : { username }) };
}

const STOCK_UPDOWN = 'ipsec _updown';

function hostText({ host }: End): string {
  switch (host.t) {
    case 'address':
      return `${host.address}`;
    case 'name':
      return `%dns<${host.name}>`;
    case 'interface':
      return `%${host.name}`;
    default:
      return `%${host.t}`;
  }
}

function identity(
  end: End,
  { policyId, host, isSettled }: Known,
  where: string,
): { readonly id: string; readonly idType: string } {
  const id = policyId ?? end.id;
  if (id) return { id: `${id}`, idType: id.typeName };
  // A word, or a host name, that nobody has looked up.
  if (end.idText !== undefined && end.idText !== '%any')
    return { id: end.idText, idType: end.idText.startsWith('%') ? end.idText : 'ID_FQDN' };
  if (host && end.idText === undefined && !isSettled)
    return { id: where, idType: host.family === 4 ? 'ID_IPV4_ADDR' : 'ID_IPV6_ADDR' };
  return NOBODY;
}

const NOBODY = { id: '(none)', idType: '%none' } as const;

/** Of the block that the selector is; of a host, all its bits; of nobody in particular, none. */
function prefixOf(selector: Selector | undefined, host: Address | undefined): number {
  return selector ? (selector.prefix ?? selector.start.bits) : (host?.bits ?? 0);
}

/** From a keyword without effect yet to the member that shows it. */
const LATER: Readonly<Record<string, (value: Value) => Partial<ConnEnd>>> = {
  cat: (v) => (v === true ? { cat: true } : {}),
};

function given(later: ReadonlyMap<string, Value>, side: 'left' | 'right'): Partial<ConnEnd> {
  const members: Partial<ConnEnd> = {};
  for (const [keyword, value] of later)
    if (keyword.startsWith(side)) Object.assign(members, LATER[keyword.slice(side.length)]?.(value));
  return members;
}
