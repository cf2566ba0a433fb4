import { Address } from './address.ts';

export interface DnsServer {
  readonly address: Address;
  readonly port: number;
}

export const DNS_PORT = 53;

/** `ADDRESS` or `ADDRESS@PORT`, as unbound.conf(5) writes them; undefined if it is neither. */
export function parseDnsServer(text: string): DnsServer | undefined {
  const [head, port, ...more] = text.split('@');
  const address = Address.parse(head);
  const number = port === undefined ? DNS_PORT : Number(port);
  if (!address || more.length > 0 || !/^\d{1,5}$/.test(port ?? '53') || number < 1 || number > 65_535) return undefined;
  return { address, port: number };
}
