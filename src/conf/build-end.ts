/** One end of a conn, from its settings. */
import type { Address, Family } from '../net/address.ts';
import { Id } from '../net/id.ts';
import { Selector } from '../net/selector.ts';
import { parseAddress, parseProtoport, parseSelector } from './address-text.ts';
import type { End, EndAuth, HostSpec, Nexthop, Protoport } from './conn.ts';
import type { Side } from './keywords.ts';
import { shown } from './printable.ts';
import type { Setting, Settings } from './sections.ts';

/** Why a setting cannot be; it ends the conn. */
export interface Refusal {
  readonly setting: Setting;
  readonly text: string;
}

/** A selector of `leftsubnet=`; equal texts give the same object, so that like conns share them. */
export type SelectorCache = Map<string, Selector>;

const NONE: readonly never[] = Object.freeze([]);

/** The end, or undefined if it has no host; what is wrong goes to `refuse`. `subnets` stands in for `SIDEsubnet=`. */
export function buildEnd(
  side: Side,
  settings: Settings,
  cache: SelectorCache,
  refuse: (refusal: Refusal) => void,
  subnets = settings.get(`${side}subnet`),
): End | undefined {
  const get = (name: string) => settings.get(`${side}${name}`);
  const text = (name: string) => {
    const value = get(name)?.value;
    return typeof value === 'string' ? value : undefined;
  };

  const hostSetting = get('');
  const host = hostSetting && parseHost(text('')!);
  if (hostSetting && !host)
    refuse({ setting: hostSetting, text: 'expected an address, a name, %any or %defaultroute' });

  const protoportSetting = get('protoport');
  const protoport = protoportSetting && parseProtoport(text('protoport')!);
  if (protoportSetting && !protoport)
    refuse({ setting: protoportSetting, text: 'expected PROTOCOL, PROTOCOL/PORT or PROTOCOL/%any' });

  const idText = text('id');
  const id = idText === undefined ? undefined : parseId(idText);
  const nexthopSetting = get('nexthop');
  const nexthop = nexthopSetting && parseNexthop(text('nexthop')!);
  if (nexthopSetting && !nexthop)
    refuse({ setting: nexthopSetting, text: 'expected an address, %direct or %defaultroute' });

  const end = {
    id,
    idText: id === undefined && idText !== '' && idText !== '%none' ? idText : undefined,
    subnets: selectors(subnets, protoport, cache, refuse),
    protoport,
    sourceip: addresses(get('sourceip'), refuse),
    ikeport: get('ikeport')?.value as number | undefined,
    nexthop,
    updown: parseUpdown(text('updown')),
    auth: get('auth')?.value as EndAuth | undefined,
  };
  return host && Object.freeze({ host, ...end });
}

const ANY: HostSpec = Object.freeze({ t: 'any' });
const HOST_WORDS: Readonly<Record<string, HostSpec>> = {
  '%any': ANY,
  '%': ANY,
  '%any4': ANY,
  '%any6': ANY,
  '%defaultroute': Object.freeze({ t: 'defaultroute' }),
  '%defaultroute4': Object.freeze({ t: 'defaultroute' }),
  '%defaultroute6': Object.freeze({ t: 'defaultroute' }),
  '%group': Object.freeze({ t: 'group' }),
  '%oppo': Object.freeze({ t: 'opportunistic' }),
  '%opportunistic': Object.freeze({ t: 'opportunistic' }),
  '%opportunisticgroup': Object.freeze({ t: 'opportunisticgroup' }),
  '%oppogroup': Object.freeze({ t: 'opportunisticgroup' }),
};

function parseHost(text: string): HostSpec | undefined {
  const word = text.toLowerCase();
  if (Object.hasOwn(HOST_WORDS, word)) return HOST_WORDS[word];
  if (word.startsWith('%'))
    return /^%[A-Za-z0-9._@-]{1,15}$/.test(text) ? { t: 'interface', name: text.slice(1) } : undefined;
  const address = parseAddress(text);
  if (address) return address.isAny ? ANY : { t: 'address', address };
  // Digits and colons that are no address were meant to be one.
  if (!/[A-Za-z]/.test(text) || text.includes(':') || text.length > 253) return undefined;
  return /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(text)
    ? { t: 'name', name: text }
    : undefined;
}

/** The family that a host word or address tells, if any. */
export function familyOfHost(text: string): Family | undefined {
  if (/^%(any|defaultroute)6$/i.test(text) || text.includes(':')) return 6;
  if (/^%(any|defaultroute)4$/i.test(text)) return 4;
  return parseAddress(text)?.family;
}

function parseNexthop(text: string): Nexthop | undefined {
  if (text === '%direct') return { t: 'direct' };
  if (/^%defaultroute[46]?$/.test(text)) return { t: 'defaultroute' };
  const address = parseAddress(text);
  return address && { t: 'address', address };
}

/** The identities that are octets now; a distinguished name has a `=`, an FQDN needs its `@`. */
function parseId(text: string): Id | undefined {
  if (text.includes('=') && !text.startsWith('@')) return undefined;
  const address = parseAddress(text);
  return address ? Id.ofAddress(address) : Id.parse(text);
}

function parseUpdown(text: string | undefined): string | null | undefined {
  return text === '' || text === '%disabled' ? null : text;
}

/** `vhost:%priv` and the like: subnets that the peer chooses from `virtual-private=`. */
export const isVirtual = (text: string): boolean => /^v(host|net):/.test(text);

function addresses(setting: Setting | undefined, refuse: (refusal: Refusal) => void): readonly Address[] {
  if (setting === undefined || !Array.isArray(setting.value)) return NONE;
  const found: Address[] = [];
  for (const text of setting.value as readonly string[]) {
    const address = parseAddress(text);
    if (address) found.push(address);
    else refuse({ setting, text: `${shown(text)} is no address` });
  }
  return Object.freeze(found);
}

function selectors(
  setting: Setting | undefined,
  protoport: Protoport | undefined,
  cache: SelectorCache,
  refuse: (refusal: Refusal) => void,
): readonly Selector[] {
  if (setting === undefined || !Array.isArray(setting.value)) return NONE;
  const found: Selector[] = [];
  for (const text of setting.value as readonly string[]) {
    if (isVirtual(text)) continue;
    const selector = cached(cache, text, protoport);
    if (typeof selector === 'string') refuse({ setting, text: selector });
    else found.push(selector);
  }
  return Object.freeze(found);
}

function cached(cache: SelectorCache, text: string, protoport: Protoport | undefined): Selector | string {
  const { protocol = 0, port = 0 } = protoport ?? {};
  const key = `${text} ${protocol} ${port}`;
  const known = cache.get(key);
  if (known) return known;
  const parsed = parseSelector(text);
  if (parsed === undefined) {
    return `${shown(text)} is no subnet: expected ADDRESS/BITS with no host bits set, FIRST-LAST or ADDRESS`;
  }
  if (protocol !== 0 && parsed.protocol !== 0) return `${shown(text)} names a protocol, and so does protoport=`;
  const selector =
    protocol === 0 ? parsed : new Selector(parsed.start, parsed.end, protocol, port, port === 0 ? 65535 : port);
  cache.set(key, selector);
  return selector;
}
