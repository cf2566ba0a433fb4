/** What `config setup` says of CRL and OCSP servers and of DNS. */
import { type DnsServer, parseDnsServer } from '../net/dns-server.ts';
import { Subnet } from '../net/subnet.ts';
import type { Value } from './keyword.ts';
import { shown } from './printable.ts';
import type { Setting, Settings } from './sections.ts';
import type { Taken } from './taken.ts';

/** Times are milliseconds. */
export interface Lookups {
  /** Interface whose addresses fetching goes out from; undefined: as routes say. */
  readonly curlIface: string | undefined;
  readonly curlTimeoutMs: number;
  readonly crlStrict: boolean;
  /** 0: CRLs are not fetched. */
  readonly crlcheckintervalMs: number;
  readonly ocspEnable: boolean;
  readonly ocspStrict: boolean;
  readonly ocspUri: string | undefined;
  readonly ocspTimeoutMs: number;
  readonly ocspTrustname: string | undefined;
  /** Answers; 0: none is kept beyond the handshake that asked for it. */
  readonly ocspCacheSize: number;
  readonly ocspCacheMinAgeMs: number;
  readonly ocspCacheMaxAgeMs: number;
  readonly ocspMethod: 'get' | 'post';
  /** Whether servers may have private addresses, and which. */
  readonly fetchPrivate: 'no' | 'yes' | readonly Subnet[];
  readonly dnssecEnable: boolean;
  /** Resolvers to ask; undefined: those of resolv.conf. */
  readonly dnsServers: readonly DnsServer[] | undefined;
  /** Believe the AD bit also of resolvers on other machines. */
  readonly dnsTrustAd: boolean;
}

type Refuse = (setting: Setting, text: string) => void;

export function buildLookups(settings: Settings, s: Taken, refuse: Refuse): Lookups {
  return Object.freeze({
    curlIface: s.text('curl-iface'),
    curlTimeoutMs: s.number('curl-timeout')!,
    crlStrict: s.flag('crl-strict'),
    crlcheckintervalMs: s.number('crlcheckinterval')!,
    ocspEnable: s.flag('ocsp-enable'),
    ocspStrict: s.flag('ocsp-strict'),
    ocspUri: s.text('ocsp-uri'),
    ocspTimeoutMs: s.number('ocsp-timeout')!,
    ocspTrustname: s.text('ocsp-trustname'),
    ocspCacheSize: s.number('ocsp-cache-size')!,
    ocspCacheMinAgeMs: s.number('ocsp-cache-min-age')!,
    ocspCacheMaxAgeMs: s.number('ocsp-cache-max-age')!,
    ocspMethod: s.word<'get' | 'post'>('ocsp-method')!,
    fetchPrivate: fetchPrivate(settings.get('fetch-private'), refuse),
    dnssecEnable: s.flag('dnssec-enable'),
    dnsServers: dnsServers(settings.get('dns-servers'), refuse),
    dnsTrustAd: s.flag('dns-trust-ad'),
  });
}

/** For `--status`: by keyword, as libreswan prints them, whole seconds without a unit. */
export function lookupTexts(lookups: Lookups): Readonly<Record<string, string | undefined>> {
  const yes = (flag: boolean) => (flag ? 'yes' : 'no');
  const seconds = (ms: number) => `${ms / 1000}`;
  const { fetchPrivate, dnsServers } = lookups;
  return {
    'curl-iface': lookups.curlIface,
    'curl-timeout': seconds(lookups.curlTimeoutMs),
    'crl-strict': yes(lookups.crlStrict),
    crlcheckinterval: seconds(lookups.crlcheckintervalMs),
    'ocsp-enable': yes(lookups.ocspEnable),
    'ocsp-strict': yes(lookups.ocspStrict),
    'ocsp-uri': lookups.ocspUri,
    'ocsp-timeout': seconds(lookups.ocspTimeoutMs),
    'ocsp-trustname': lookups.ocspTrustname,
    'ocsp-cache-size': `${lookups.ocspCacheSize}`,
    'ocsp-cache-min-age': seconds(lookups.ocspCacheMinAgeMs),
    'ocsp-cache-max-age': seconds(lookups.ocspCacheMaxAgeMs),
    'ocsp-method': lookups.ocspMethod,
    'fetch-private': typeof fetchPrivate === 'string' ? fetchPrivate : fetchPrivate.join(','),
    'dnssec-enable': yes(lookups.dnssecEnable),
    'dns-servers': dnsServers?.map(({ address, port }) => `${address}@${port}`).join(','),
    'dns-trust-ad': yes(lookups.dnsTrustAd),
  };
}

const wordsOf = (setting: Setting | undefined): readonly string[] => {
  const value: Value | undefined = setting?.value;
  return Array.isArray(value) ? value : [];
};

const YES: ReadonlySet<string> = new Set(['yes', 'true', 'on', 'y', '1']);
const NO: ReadonlySet<string> = new Set(['no', 'false', 'off', 'n', '0']);

function fetchPrivate(setting: Setting | undefined, refuse: Refuse): Lookups['fetchPrivate'] {
  const words = wordsOf(setting);
  if (words.length === 0) return 'no';
  if (words.length === 1 && YES.has(words[0].toLowerCase())) return 'yes';
  if (words.length === 1 && NO.has(words[0].toLowerCase())) return 'no';
  return Object.freeze(
    words.flatMap((word) => {
      const subnet = Subnet.parse(word);
      if (!subnet) refuse(setting!, `expected yes, no or subnets, got ${shown(word)}`);
      return subnet ? [subnet] : [];
    }),
  );
}

function dnsServers(setting: Setting | undefined, refuse: Refuse): Lookups['dnsServers'] {
  const words = wordsOf(setting);
  if (words.length === 0) return undefined;
  return Object.freeze(
    words.flatMap((word) => {
      const server = parseDnsServer(word);
      if (!server) refuse(setting!, `expected ADDRESS or ADDRESS@PORT, got ${shown(word)}`);
      return server ? [server] : [];
    }),
  );
}
