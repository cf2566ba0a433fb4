/** The resolvers of resolv.conf(5): as much of it as there is to us. */
import { Address } from '../../net/address.ts';
import { DNS_PORT, type DnsServer } from '../../net/dns-server.ts';

export interface ResolvConf {
  /** In their order, no more than `MOST_SERVERS`; the local host's if the file names none. */
  readonly servers: readonly DnsServer[];
  /** `options trust-ad`: the administrator says that the way to the servers is safe, and the AD bit with it. */
  readonly trustsAd: boolean;
}

/** As many as libc asks. */
const MOST_SERVERS = 3;

/** Lines that are not understood are read over, as libc does. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: DnsServer[] = [];
  let trustsAd = false;
  for (const line of text.split('\n')) {
    const [word, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (word === 'nameserver') {
      const address = Address.parse(values[0] ?? '');
      if (address && servers.length < MOST_SERVERS) servers.push({ address, port: DNS_PORT });
    } else if (word === 'options' && values.includes('trust-ad')) trustsAd = true;
  }
  if (servers.length === 0) servers.push({ address: Address.parse('127.0.0.1')!, port: DNS_PORT });
  return { servers, trustsAd };
}
