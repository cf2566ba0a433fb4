/** Whether we go where a REDIRECT sends us: `accept-redirect=`, `accept-redirect-to=`, loops (RFC 5685 §7), and common sense. */
import { Address } from '../../net/address.ts';
import type { Redirects } from '../effects.ts';
import type { ChildOffer, IkeSa } from './ike-sa.ts';
import type { Turn } from './turn.ts';

/** MAX_REDIRECTS and REDIRECT_LOOP_DETECT_PERIOD, RFC 5685 §7; ms. */
export const MOST_REDIRECTS = 5;
export const LOOP_PERIOD = 300_000;
/** Names of `accept-redirect-to=` that are looked up for one REDIRECT. */
const MOST_NAMES = 16;

export type Where = { readonly to: Address; readonly redirects: Redirects } | { readonly wrong: string };

/**
 * Calls `then` with the address to go to, or why we go nowhere: at once, or with the answer of DNS where the gateway,
 * or who is allowed, is known by name. `offer`: a child that waits for the outcome.
 */
export function whereTo(
  turn: Turn,
  gateway: Address | string,
  then: (turn: Turn, where: Where) => void,
  offer?: ChildOffer,
): void {
  const { sa, env } = turn;
  const decided = (later: Turn, where: { readonly to: Address } | { readonly why: string }) => {
    env.redirected?.('to' in where ? 'obeyed' : 'refused');
    if ('why' in where)
      return then(later, { wrong: `peer redirects us to ${gateway}, where we do not go: ${where.why}` });
    const { to } = where;
    later.say(`peer redirects us to ${typeof gateway === 'string' ? `${gateway}, which is ${to}` : to}`);
    then(later, { to, redirects: { at: [...recent(later), env.now], from: sa.peer.address } });
  };
  const { acceptRedirect } = sa.policy;
  if (acceptRedirect === undefined) return decided(turn, { why: 'accept-redirect=no' });
  if (recent(turn).length >= MOST_REDIRECTS)
    return decided(turn, { why: `${MOST_REDIRECTS} gateways have sent us on already` });
  const isListed = acceptRedirect.some((one) => one.toLowerCase() === `${gateway}`.toLowerCase());
  const isAllowed = acceptRedirect.length === 0 || isListed;
  const names =
    typeof gateway === 'string'
      ? isAllowed && [gateway]
      : !isAllowed && acceptRedirect.filter((one) => !Address.parse(one)).slice(0, MOST_NAMES);
  if (!isAllowed && (!names || names.length === 0))
    return decided(turn, { why: 'accept-redirect-to= does not name it' });
  if (typeof gateway !== 'string') {
    const hindrance = whyNotThere(gateway, sa);
    if (hindrance !== undefined || isAllowed)
      return decided(turn, hindrance === undefined ? { to: gateway } : { why: hindrance });
  }
  const { family } = sa.local.address;
  turn.ask(
    { t: 'addresses', names: names || [], family },
    (later, reply) => {
      const found = reply.t === 'addresses' ? reply.addresses : [];
      const lack = 'why' in reply && reply.why ? ` (${reply.why})` : '';
      if (typeof gateway !== 'string') {
        const isOne = found.some((address) => address.equals(gateway));
        return decided(
          later,
          isOne ? { to: gateway } : { why: `accept-redirect-to= names no host at that address${lack}` },
        );
      }
      const to = found.find((address) => whyNotThere(address, later.sa) === undefined);
      if (to) return decided(later, { to });
      const [first] = found;
      decided(later, { why: (first && whyNotThere(first, later.sa)) ?? `it has no IPv${family} address${lack}` });
    },
    offer,
  );
}

/** When we were sent on, as far as that still counts. */
function recent({ sa: { redirectable }, env }: Turn): readonly number[] {
  const past = redirectable?.who === 'us' ? redirectable.past : undefined;
  return past?.at.filter((at) => env.now - at < LOOP_PERIOD) ?? [];
}

/** What is wrong with an address as a gateway's. */
function whyNotThere(gateway: Address, { local, peer }: Pick<IkeSa, 'local' | 'peer'>): string | undefined {
  if (gateway.equals(peer.address)) return 'that is where we are';
  if (gateway.equals(local.address)) return 'that is us';
  if (gateway.family !== local.address.family) return 'we have no address of that family here';
  return isHost(gateway) ? undefined : 'that is no address of a host';
}

/** Not a word for none, this machine, or many: what a gateway might lead us to attack, or to wait for in vain. */
function isHost(address: Address): boolean {
  const [first, second] = address.toBytes();
  if (address.isAny || address.isLoopback) return false;
  return address.family === 4 ? first > 0 && first < 224 : first !== 0xff && (first !== 0xfe || second >> 6 !== 2);
}
