/** Which of the machine's addresses are ours to speak from. */
import { isFault, localAddresses } from '../native/index.ts';
import { Address } from '../net/address.ts';

export interface Interface {
  readonly name: string;
  readonly address: Address;
}

/**
 * Addresses in use, loopback ones last. Link-local IPv6 is left out: it means nothing without its interface.
 * `listen`: addresses or interface names (`config setup`'s `listen=`); empty for all.
 */
export function localInterfaces(listen: readonly string[]): readonly Interface[] {
  const found = localAddresses();
  if (isFault(found)) return [];
  const all = found
    .filter((a) => !(a.isLinkLocal && a.address.length === 16))
    .map((a) => ({ name: a.interface, address: Address.fromBytes(a.address) }));
  const wanted = all.filter(
    (i) => listen.length === 0 || listen.includes(i.name) || listen.some((l) => Address.parse(l)?.equals(i.address)),
  );
  return wanted.sort((a, b) => Number(a.address.isLoopback) - Number(b.address.isLoopback));
}
