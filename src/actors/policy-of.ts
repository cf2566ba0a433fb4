/** From a connection as configured to the policy that the protocol works by, seen from our end. */
import { type Conn, type End, selectorsOf } from '../conf/conn.ts';
import type { Policy } from '../ike/policy.ts';
import { Address } from '../net/address.ts';
import { Id } from '../net/id.ts';

export interface Orientation {
  readonly side: 'left' | 'right';
  /** Our address, once `%defaultroute` and interface names are resolved. */
  readonly localHost: Address;
}

/** Built features only: what `conn` asks beyond them, in words. */
export type Unsupported = { readonly why: string };

export const IKE_PORT = 500;

export function policyOf(conn: Conn, at: Orientation, reqid: number, keepAliveMs: number): Policy | Unsupported {
  const [us, them] = at.side === 'left' ? [conn.left, conn.right] : [conn.right, conn.left];
  if (conn.keyexchange === 'ikev1') return { why: 'IKEv1 is not supported yet' };
  if (conn.type !== 'tunnel' && conn.type !== 'transport') return { why: `type=${conn.type} is not supported yet` };
  const auth = us.auth ?? conn.authby[0];
  const theirAuth = them.auth ?? conn.authby[0];
  if (auth !== 'secret' || theirAuth !== 'secret') return { why: 'only authby=secret is supported yet' };
  const remoteHost = hostOf(them);
  if (remoteHost === 'unsupported') return { why: `the peer's address ${hostText(them)} is not supported yet` };
  const localId = idOf(us, at.localHost);
  const remoteId = idOf(them, remoteHost);
  if (localId === 'unsupported' || remoteId === 'unsupported')
    return { why: 'identities by certificate or distinguished name are not supported yet' };
  if (!localId) return { why: 'our end has no identity' };
  return Object.freeze({
    name: conn.name,
    localHost: at.localHost,
    ...(remoteHost ? { remoteHost } : {}),
    remotePort: them.ikeport ?? IKE_PORT,
    localId,
    ...(remoteId ? { remoteId } : {}),
    authby: 'secret',
    ike: conn.ike,
    child: Object.freeze({
      proposals: conn.child,
      mode: conn.type,
      local: selectorsOf(us, at.localHost),
      remote: remoteHost || them.subnets.length > 0 ? selectorsOf(them, remoteHost ?? Address.any(4)) : [],
      narrowing: conn.narrowing,
      pfs: conn.pfs,
      esn: conn.esn,
      replayWindow: conn.replayWindow,
      lifetime: conn.ipsecLifetimeMs,
      ...(conn.ipsecMaxBytes === undefined ? {} : { maxBytes: conn.ipsecMaxBytes }),
      ...(conn.ipsecMaxPackets === undefined ? {} : { maxPackets: conn.ipsecMaxPackets }),
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
  });
}

function hostOf({ host }: End): Address | undefined | 'unsupported' {
  if (host.t === 'address') return host.address;
  return host.t === 'any' ? undefined : 'unsupported';
}

const hostText = ({ host }: End) => (host.t === 'name' || host.t === 'interface' ? host.name : `%${host.t}`);

/** Unset: the end's address; `%any`, or the peer of a template: whoever has a secret. */
function idOf(end: End, host: Address | undefined): Id | undefined | 'unsupported' {
  if (end.id) return end.id;
  if (end.idText !== undefined && end.idText !== '%any') return 'unsupported';
  return end.idText === undefined && host ? Id.ofAddress(host) : undefined;
}
