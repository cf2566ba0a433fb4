/**
 * All that the daemon looks up elsewhere, in one place: CRLs and OCSP by HTTP, keys in DNS. It runs in a thread of its
 * own (thread.ts), where a large CRL or a strange answer holds up nobody; the main thread has its address (far.ts).
 *
 *     revocation/ ─► far.ts ═Comlink═► thread.ts ─► documents.ts ─► http.ts ─► servers
 *     dns/ ────────►                       └─► dns/resolver.ts ─► resolvers of resolv.conf
 */
import type { Address } from '../../net/address.ts';
import { parseDnsServer } from '../../net/dns-server.ts';
import { Subnet } from '../../net/subnet.ts';
import { findKeys, type KeysFound } from '../dns/keys-found.ts';
import { parseResolvConf } from '../dns/resolv-conf.ts';
import { Resolver } from '../dns/resolver.ts';
import type { Clock } from './clock.ts';
import { type CrlFound, fetchCrl, fetchOcsp, type OcspFound } from './documents.ts';
import { addressesOf } from './hosts.ts';
import type { Failure, HttpPorts } from './http.ts';
import { type PrivatePolicy, refusal } from './permitted.ts';

/** Plain data: it travels to the thread. */
export interface LookupSettings {
  /** An interface, or an address of ours. */
  readonly curlIface?: string | undefined;
  readonly curlTimeoutMs: number;
  readonly ocspTimeoutMs: number;
  readonly ocspMethod: 'get' | 'post';
  /** Subnets as text. */
  readonly fetchPrivate: 'no' | 'yes' | readonly string[];
  /** `ADDRESS@PORT`; absent: those of resolv.conf. */
  readonly dnsServers?: readonly string[] | undefined;
  readonly dnsTrustAd: boolean;
}

/** What can be asked for. Nothing here ever rejects, and everything is over in a time that the settings say. */
export interface Lookups {
  /** `issuer`: the certificate that must have signed the list, in DER. */
  crl(url: string, issuer: Uint8Array): Promise<CrlFound | Failure>;
  ocsp(url: string, request: Uint8Array): Promise<OcspFound | Failure>;
  /** `name` as `nameOf` has made it. */
  keys(name: string): Promise<KeysFound | Failure>;
  /** Of a host, as text: what is in hosts(5), else in DNS. */
  addresses(name: string): Promise<AddressesFound | Failure>;
}

export interface AddressesFound {
  readonly ok: true;
  readonly addresses: readonly string[];
}

export interface LookupPorts {
  readonly clock: Clock;
  /** ms since 1970. */
  readonly wall: () => number;
  /** 16 bits that nobody can guess. */
  readonly randomId: () => number;
  /** The text of a file, empty if it cannot be read. */
  readonly readText: (path: string) => string;
  /** Addresses of an interface of ours; none if there is no such interface. */
  readonly interfaceAddresses: (name: string) => readonly Address[];
}

/** The first of these that there is says whom https:// servers are vouched for by. */
const AUTHORITY_FILES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

export class NearLookups implements Lookups {
  readonly #settings: LookupSettings;
  readonly #ports: LookupPorts;
  readonly #allowed: PrivatePolicy;
  #authorities: string | undefined = undefined;

  constructor(settings: LookupSettings, ports: LookupPorts) {
    this.#settings = settings;
    this.#ports = ports;
    const { fetchPrivate } = settings;
    this.#allowed =
      typeof fetchPrivate === 'string' ? fetchPrivate : fetchPrivate.flatMap((text) => Subnet.parse(text) ?? []);
  }

  crl(url: string, issuer: Uint8Array): Promise<CrlFound | Failure> {
    const query = { url, issuer, within: this.#settings.curlTimeoutMs, at: this.#ports.wall() / 1000 };
    return fetchCrl(query, this.#http(url));
  }

  ocsp(url: string, request: Uint8Array): Promise<OcspFound | Failure> {
    const { ocspTimeoutMs, ocspMethod } = this.#settings;
    return fetchOcsp({ url, request, method: ocspMethod, within: ocspTimeoutMs }, this.#http(url));
  }

  keys(name: string): Promise<KeysFound | Failure> {
    return findKeys(name, this.#resolver());
  }

  async addresses(name: string): Promise<AddressesFound | Failure> {
    const hosts = { resolver: this.#resolver(), hostsFile: () => this.#ports.readText('/etc/hosts') };
    const found = await addressesOf(name, hosts);
    if ('why' in found) return { ok: false, kind: 'answer', why: found.why };
    return { ok: true, addresses: found.addresses.map(String) };
  }

  /** With the files as they are now. */
  #resolver(): Resolver {
    const { dnsServers, dnsTrustAd } = this.#settings;
    const { clock, randomId, readText } = this.#ports;
    const conf = parseResolvConf(dnsServers ? '' : readText('/etc/resolv.conf'));
    const servers = dnsServers?.flatMap((text) => parseDnsServer(text) ?? []) ?? conf.servers;
    return new Resolver({ servers, trustsAd: dnsTrustAd || conf.trustsAd, clock, randomId });
  }

  #http(url: string): HttpPorts {
    const { clock, readText } = this.#ports;
    const hosts = { resolver: this.#resolver(), hostsFile: () => readText('/etc/hosts') };
    if (url.startsWith('https:') && this.#authorities === undefined)
      this.#authorities = AUTHORITY_FILES.map(readText).find((text) => text !== '') ?? '';
    return {
      clock,
      addressesOf: (host) => addressesOf(host, hosts),
      refuses: (address) => refusal(address, this.#allowed),
      from: (family) => this.#from(family),
      ...(this.#authorities && { authorities: this.#authorities }),
    };
  }

  #from(family: 4 | 6): string | undefined | { readonly why: string } {
    const { curlIface } = this.#settings;
    if (curlIface === undefined) return undefined;
    const ours = this.#ports.interfaceAddresses(curlIface).find((address) => address.family === family);
    return ours ? `${ours}` : { why: `curl-iface=${curlIface} has no IPv${family} address` };
  }
}
