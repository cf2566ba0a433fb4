/** Which of the machine's addresses are ours to speak from. */
import { networkInterfaces } from 'node:os';
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
  const all = Object.entries(networkInterfaces()).flatMap(([name, infos]) =>
    (infos ?? []).flatMap((info): Interface[] => {
      const address = Address.parse(info.address);
      return address && !(info.family === 'IPv6' && /^fe[89ab]/i.test(info.address)) ? [{ name, address }] : [];
    }),
  );
  const wanted = all.filter(
    (i) => listen.length === 0 || listen.includes(i.name) || listen.some((l) => Address.parse(l)?.equals(i.address)),
  );
  return wanted.sort((a, b) => Number(a.address.isLoopback) - Number(b.address.isLoopback));
}
