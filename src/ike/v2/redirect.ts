/**
 * Sending a peer to another gateway, and being sent: RFC 5685. Only whoever began the first IKE SA of a line can be
 * sent, and only if it has said so (§3, §10): `IkeSa.redirectable` tells which end that is, through all rekeys.
 *
 *     IKE_SA_INIT     N(REDIRECT_SUPPORTED)  ──►  ◄──  N(REDIRECT, gateway, Ni)        no SA comes to be (gate.ts)
 *     IKE_AUTH        ... AUTH ...           ──►  ◄──  ... AUTH, N(REDIRECT, gateway)  no Child SA (auth-child.ts)
 *     INFORMATIONAL   N(REDIRECT, gateway)   ◄──  ──►  empty                           redirect-later.ts
 *
 * redirect-where.ts decides whether we go.
 */
import { Address } from '../../net/address.ts';
import { equalSecret } from '../crypto/misc.ts';
import { NOTIFY, type Payload } from '../wire/index.ts';
import type { IkeSa, Redirectable } from './ike-sa.ts';
import { hasNotify, notification } from './turn.ts';

/** GW Ident Type, RFC 5685 §9.2. */
const KIND = { ipv4: 1, ipv6: 2, fqdn: 3 } as const;

/** `gateway`: an address or a name. `nonce`: of the request, in an answer to IKE_SA_INIT. */
export function redirectData(gateway: string, nonce: Uint8Array = NO_NONCE): Uint8Array {
  const address = Address.parse(gateway);
  const identity = address?.toBytes() ?? Buffer.from(gateway, 'latin1');
  const kind = address ? (address.family === 4 ? KIND.ipv4 : KIND.ipv6) : KIND.fqdn;
  return new Uint8Array([kind, identity.length, ...identity, ...nonce]);
}

const NO_NONCE = new Uint8Array();

/** Where a REDIRECT sends us; `nonce`: of our request, in an answer to IKE_SA_INIT and nowhere else. */
export function readRedirect(
  data: Uint8Array,
  nonce: Uint8Array = NO_NONCE,
): { readonly gateway: Address | string } | { readonly wrong: string } {
  const [kind, length = 0] = data;
  const identity = data.subarray(2, 2 + length);
  if (length === 0 || identity.length < length) return { wrong: 'no gateway in it' };
  if (!equalSecret(data.subarray(2 + length), nonce)) return { wrong: 'the nonce is not ours' };
  const octets = { [KIND.ipv4]: 4, [KIND.ipv6]: 16 }[kind];
  if (octets === length) return { gateway: Address.fromBytes(identity) };
  if (kind === KIND.fqdn) {
    const name = Buffer.from(identity).toString('latin1');
    return /^[a-z\d.-]+$/i.test(name) ? { gateway: name } : { wrong: 'its gateway is no name' };
  }
  return { wrong: `a gateway of kind ${kind} and ${length} octets` };
}

/** As initiator: that the peer may send us elsewhere, or that somebody has sent us here. */
export function redirectOffer({ redirectable }: Pick<IkeSa, 'redirectable'>): Payload[] {
  if (redirectable?.who !== 'us') return [];
  const { past } = redirectable;
  return [
    past ? notification(NOTIFY.REDIRECTED_FROM, redirectData(`${past.from}`)) : notification(NOTIFY.REDIRECT_SUPPORTED),
  ];
}

/** Another gateway has sent us here: we may have an SA there under the same identities, and this is not the only one. */
export const wasSent = ({ redirectable }: Pick<IkeSa, 'redirectable'>): boolean =>
  redirectable?.who === 'us' && redirectable.past !== undefined;

/** As responder: what the peer's IKE_SA_INIT says of that. */
export function redirectableBy(payloads: readonly Payload[]): Redirectable | undefined {
  if (hasNotify(payloads, NOTIFY.REDIRECTED_FROM)) return SENT_HERE;
  return hasNotify(payloads, NOTIFY.REDIRECT_SUPPORTED) ? NEWCOMER : undefined;
}

const NEWCOMER: Redirectable = Object.freeze({ who: 'peer', wasSentHere: false, leaveBy: 0 });
const SENT_HERE: Redirectable = Object.freeze({ who: 'peer', wasSentHere: true, leaveBy: 0 });
/** Of all of our SAs that may be sent elsewhere and have not been. */
export const MAY_BE_SENT: Redirectable = Object.freeze({ who: 'us', past: undefined });
