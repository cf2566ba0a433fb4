/** Addresses of a URL's host: as they are written, from hosts(5), or from DNS by questions that have a deadline. */
import { Address } from '../../net/address.ts';
import { hostName } from '../dns/names.ts';
import type { Resolver } from '../dns/resolver.ts';

export type Found = { readonly addresses: readonly Address[] } | { readonly why: string };

/** Of one host. */
const MOST_ADDRESSES = 16;

export interface HostsPorts {
  readonly resolver: Pick<Resolver, 'lookUp'>;
  /** The text of /etc/hosts. */
  readonly hostsFile: () => string;
}

/** `host` as `URL.hostname` has it. IPv4 first. Never rejects. */
export async function addressesOf(host: string, { resolver, hostsFile }: HostsPorts): Promise<Found> {
  const literal = Address.parse(host.replace(/^\[|\]$/g, ''));
  if (literal) return { addresses: [literal] };
  const known = inHostsFile(hostsFile(), host.toLowerCase());
  if (known.length > 0) return { addresses: known };
  const name = hostName(host);
  if (typeof name !== 'string') return { why: `${host} is no name to look up` };
  const answers = await Promise.all([resolver.lookUp(name, 'A'), resolver.lookUp(name, 'AAAA')]);
  const addresses = answers
    .flatMap((answer) => (answer.ok ? answer.records : []))
    .flatMap(({ data }) => (typeof data === 'string' ? (Address.parse(data) ?? []) : []))
    .slice(0, MOST_ADDRESSES);
  if (addresses.length > 0) return { addresses };
  const [failed] = answers.flatMap((answer) => (answer.ok ? [] : [answer.why]));
  return { why: failed === undefined ? `${host} has no address` : `${host}: ${failed}` };
}

function inHostsFile(text: string, host: string): readonly Address[] {
  return text.split('\n').flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    return names.includes(host) ? (Address.parse(address) ?? []) : [];
  });
}
