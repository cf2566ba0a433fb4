/** REDIRECT and its like, in IKE_SA_INIT and IKE_AUTH: RFC 5685 §3, §6, §9. */
import { Address } from '../../net/address.ts';
import { equalSecret } from '../crypto/misc.ts';
import type { Policy } from '../policy.ts';
import { NOTIFY, notifies, type Payload } from '../wire/index.ts';
import type { IkeSa } from './ike-sa.ts';
import { notification } from './turn.ts';

/** GW Ident Type, RFC 5685 §9.2. */
const KIND = { ipv4: 1, ipv6: 2, fqdn: 3 } as const;
/** Gateways that we go to one after the other in one handshake, which is over well within the 300 s of §7. */
export const MOST_REDIRECTS = 5;

/** `gateway`: an address or a name. `nonce`: of the request, in an answer to IKE_SA_INIT. */
export function redirectData(gateway: string, nonce: Uint8Array = new Uint8Array()): Uint8Array {
  const address = Address.parse(gateway);
  const identity = address?.toBytes() ?? Buffer.from(gateway, 'latin1');
  const kind = address ? (address.family === 4 ? KIND.ipv4 : KIND.ipv6) : KIND.fqdn;
  return new Uint8Array([kind, identity.length, ...identity, ...nonce]);
}

/** Where an answer to our IKE_SA_INIT with this nonce sends us. */
export function readRedirect(
  data: Uint8Array,
  nonce: Uint8Array,
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

/** That the peer may send us elsewhere, or that somebody has sent us here. */
export function redirectOffer({ acceptRedirect }: Policy, from: Address | undefined): Payload[] {
  if (acceptRedirect === undefined) return [];
  return [
    from ? notification(NOTIFY.REDIRECTED_FROM, redirectData(`${from}`)) : notification(NOTIFY.REDIRECT_SUPPORTED),
  ];
}

/** Where an authentic answer to IKE_AUTH sends us, or why nowhere; undefined: it does not. RFC 5685 §6. */
export function redirectIn(
  { policy, local, peer }: Pick<IkeSa, 'policy' | 'local' | 'peer'>,
  payloads: readonly Payload[],
  count: number,
): { readonly to: Address } | { readonly wrong: string } | undefined {
  const [notify] = notifies(payloads, NOTIFY.REDIRECT);
  if (!notify) return undefined;
  const read = readRedirect(notify.data, new Uint8Array());
  if ('wrong' in read) return { wrong: `REDIRECT in IKE_AUTH: ${read.wrong}` };
  const { gateway } = read;
  const why =
    count > MOST_REDIRECTS
      ? `${MOST_REDIRECTS} gateways have sent us on already`
      : whyNotThere(policy, gateway, { local: local.address, peer: peer.address });
  if (why === undefined && typeof gateway !== 'string') return { to: gateway };
  return { wrong: `peer redirects us to ${gateway}, where we do not go: ${why}` };
}

/** Why we don't go there; undefined: we do. */
export function whyNotThere(
  { acceptRedirect }: Policy,
  gateway: Address | string,
  here: { readonly local: Address; readonly peer: Address },
): string | undefined {
  if (acceptRedirect === undefined) return 'accept-redirect=no';
  if (acceptRedirect.length > 0 && !acceptRedirect.includes(`${gateway}`))
    return 'accept-redirect-to= does not name it';
  if (typeof gateway === 'string') return 'names of gateways are not looked up';
  if (gateway.equals(here.peer)) return 'that is where we are';
  return gateway.family === here.local.family ? undefined : 'we have no address of that family here';
}
