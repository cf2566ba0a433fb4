/** One end of a conn, from its settings. */
import type { Address, Family } from '../net/address.ts';
import { ID_TYPES, Id } from '../net/id.ts';
import { parseAddress, parseProtoport } from './address-text.ts';
import { buildKeys, type KeysCache } from './build-keys.ts';
import { type SelectorCache, subnetsOf } from './build-subnets.ts';
import { parseAddresses, parseInterfaceIp, parsePool } from './build-text.ts';
import type { End, EndAuth, HostSpec, Nexthop } from './conn.ts';
import type { Side } from './keywords.ts';
import { shown } from './printable.ts';
import type { Setting, Settings } from './sections.ts';
import { isFault, type ValueFault } from './values.ts';

/** Where the builders say that a setting cannot be, which ends the conn, or that it is odd. */
export interface Complaints {
  /** `conn NAME`. */
  readonly section: string;
  refuse(setting: Setting, text: string): void;
  warn(setting: Setting, text: string): void;
  /** As `warn`, in words that name the keyword themselves. */
  remark(setting: Setting, text: string): void;
}

const NONE: readonly never[] = Object.freeze([]);

/** What ends that say the same share. */
export interface EndCaches {
  readonly selectors: SelectorCache;
  readonly keys: KeysCache;
}

/** The end, or undefined if it has no host. `subnets` stands in for `SIDEsubnet=`. */
export function buildEnd(
  side: Side,
  settings: Settings,
  caches: EndCaches,
  say: Complaints,
  subnets = settings.get(`${side}subnet`),
): End | undefined {
  const names = NAMES[side];
  const get = (name: EndKeyword) => settings.get(names[name]);
  /** What `parse` makes of the value; undefined if the keyword is not there, or wrong. */
  const read = <T>(name: EndKeyword, parse: (text: string) => T | ValueFault): T | undefined => {
    const setting = get(name);
    return setting && settle(setting, textOf(setting), parse, say);
  };
  const readList = <T>(name: EndKeyword, parse: (words: readonly string[]) => readonly T[] | ValueFault) => {
    const setting = get(name);
    return (setting && settle(setting, wordsOf(setting), parse, say)) ?? NONE;
  };

  const host = read('', parseHost);
  const protoport = read('protoport', (value) => parseProtoport(value) ?? PROTOPORT_FAULT);
  const idText = textOf(get('id'));
  const id = read('id', parseId);
  if (idText?.includes('*') && isTakenLiterally(idText, id)) say.warn(get('id')!, literalStar(side, idText));
  const sourceip = readList('sourceip', parseAddresses);
  const end = {
    id,
    idText: id === undefined && idText !== '' && idText !== '%none' ? idText : undefined,
    ...subnetsOf(subnets, protoport, caches.selectors, say),
    addresspool: readList('addresspool', parsePool),
    modecfg: roleOf(get('modecfgclient'), get('modecfgserver')),
    protoport,
    sourceip,
    interfaceIp: read('interface-ip', parseInterfaceIp),
    vti: read('vti', parseInterfaceIp),
    ikeport: get('ikeport')?.value as number | undefined,
    nexthop: read('nexthop', parseNexthop),
    updown: parseUpdown(textOf(get('updown'))),
    auth: get('auth')?.value as EndAuth | undefined,
    keys: buildKeys(side, settings, caches.keys, say),
    xauth: roleOf(get('xauthclient'), get('xauthserver')),
    username: textOf(get('username')) || undefined,
  };
  if (!host) return undefined;
  const stray = sourceip.length > 0 && straySourceip(side, host, end, settings);
  if (stray) say.refuse(get('sourceip')!, stray);
  return Object.freeze({ host, ...end });
}

/** What there is of an end, by the name without its side: made once, as joining the two costs more than looking up. */
const END_KEYWORDS = [
  ...(['', 'addresspool', 'auth', 'id', 'ikeport', 'interface-ip', 'modecfgclient', 'modecfgserver'] as const),
  ...(['nexthop', 'protoport', 'sourceip', 'updown', 'username', 'vti', 'xauthclient', 'xauthserver'] as const),
];
type EndKeyword = (typeof END_KEYWORDS)[number];
const namesAt = (side: Side) =>
  Object.fromEntries(END_KEYWORDS.map((name) => [name, side + name])) as Readonly<Record<EndKeyword, string>>;
const NAMES = { left: namesAt('left'), right: namesAt('right') };

const roleOf = (client: Setting | undefined, server: Setting | undefined): 'client' | 'server' | undefined =>
  client?.value === true ? 'client' : server?.value === true ? 'server' : undefined;

function settle<V, T>(
  setting: Setting,
  value: V | undefined,
  parse: (value: V) => T | ValueFault,
  say: Complaints,
): T | undefined {
  if (value === undefined) return undefined;
  const parsed = parse(value);
  if (!isFault(parsed)) return parsed;
  say.refuse(setting, parsed.fault);
  return undefined;
}

const textOf = (setting: Setting | undefined): string | undefined =>
  typeof setting?.value === 'string' ? setting.value : undefined;

export function wordsOf({ value }: Setting): readonly string[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

const PROTOPORT_FAULT: ValueFault = { fault: 'expected PROTOCOL, PROTOCOL/PORT or PROTOCOL/%any' };

const ANY: HostSpec = Object.freeze({ t: 'any' });
const HOST_WORDS: Readonly<Record<string, HostSpec>> = {
  '%any': ANY,
  '%': ANY,
  '%any4': ANY,
  '%any6': ANY,
  '%defaultroute': Object.freeze({ t: 'defaultroute' }),
  '%defaultroute4': Object.freeze({ t: 'defaultroute' }),
  '%defaultroute6': Object.freeze({ t: 'defaultroute' }),
  '%hostname': Object.freeze({ t: 'name', name: '%hostname' }),
  '%group': Object.freeze({ t: 'group' }),
  '%oppo': Object.freeze({ t: 'opportunistic' }),
  '%opportunistic': Object.freeze({ t: 'opportunistic' }),
  '%opportunisticgroup': Object.freeze({ t: 'opportunisticgroup' }),
  '%oppogroup': Object.freeze({ t: 'opportunisticgroup' }),
};

const HOST_FAULT: ValueFault = {
  fault: 'expected an address, a name, %any, %defaultroute, %group, %opportunistic, %opportunisticgroup or %INTERFACE',
};

function parseHost(text: string): HostSpec | ValueFault {
  const word = text.toLowerCase();
  if (Object.hasOwn(HOST_WORDS, word)) return HOST_WORDS[word];
  if (word.startsWith('%')) {
    return /^%[A-Za-z0-9._@-]{1,15}$/.test(text) ? { t: 'interface', name: text.slice(1) } : HOST_FAULT;
  }
  const address = parseAddress(text);
  if (address) return address.isAny ? ANY : { t: 'address', address };
  // Digits and colons that are no address were meant to be one.
  if (!/[A-Za-z]/.test(text) || text.includes(':') || text.length > 253) return HOST_FAULT;
  return /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(text)
    ? { t: 'name', name: text }
    : HOST_FAULT;
}

/** The family that a host word or address tells, if any. */
export function familyOfHost(text: string): Family | undefined {
  if (/^%(any|defaultroute)6$/i.test(text) || text.includes(':')) return 6;
  if (/^%(any|defaultroute)4$/i.test(text)) return 4;
  return parseAddress(text)?.family;
}

function parseNexthop(text: string): Nexthop | ValueFault {
  const word = text.toLowerCase();
  if (word === '%direct') return { t: 'direct' };
  if (/^%defaultroute[46]?$/.test(word)) return { t: 'defaultroute' };
  const address = parseAddress(text);
  return address ? { t: 'address', address } : { fault: 'expected an address, %direct or %defaultroute' };
}

/** Undefined is for words and host names, which are octets once somebody has looked. */
function parseId(text: string): Id | undefined | ValueFault {
  if (text === '' || ID_WORDS.has(text)) return undefined;
  if (text.startsWith('%') && text !== '%null')
    return { fault: `${shown(text)} is none of %fromcert, %myid, %any, %none and %null` };
  const address = parseAddress(text);
  const id = address ? Id.ofAddress(address) : Id.parse(text);
  if (id) return id;
  if (text.startsWith('@')) return { fault: `expected @FQDN, @#HEX, @[KEYID] or @~HEX, got ${shown(text)}` };
  return text.includes('=') ? { fault: `${shown(text)} is no distinguished name such as "C=CA, CN=east"` } : undefined;
}

const ID_WORDS: ReadonlySet<string> = new Set(['%fromcert', '%myid', '%any', '%none']);

/** It is no distinguished name, and was no fault either: `*` in it is a character like any other. */
function isTakenLiterally(text: string, id: Id | undefined): boolean {
  return id ? id.type !== ID_TYPES.ID_DER_ASN1_DN : !/^[@%]|=/.test(text);
}

const literalStar = (side: Side, text: string): string =>
  `${shown(text)} is that very name and nobody else's: only distinguished names have wildcards, such as "C=CA, CN=*", ` +
  `and patterns of EAP users belong in ${side}eapid=`;

function parseUpdown(text: string | undefined): string | null | undefined {
  return text === '' || text === '%disabled' ? null : text;
}

/** Why our own packets cannot be from there: it has to be an address that the tunnel is for, one of each family. */
function straySourceip(
  side: Side,
  host: HostSpec,
  { sourceip, subnets }: Pick<End, 'sourceip' | 'subnets'>,
  settings: Settings,
): string | undefined {
  // The conns that subnets= makes share it, and the alias that ties them together.
  const hasAlias = ['connalias', 'leftsubnets', 'rightsubnets'].some((key) => settings.has(key));
  const families = new Set<Family>();
  for (const address of sourceip) {
    if (address.isAny) return `${address} is no address to send from`;
    if (families.has(address.family)) return `${address} is a second address of IPv${address.family}`;
    families.add(address.family);
    const isOurs = subnets.length > 0 ? isWithin(subnets, address) || hasAlias : maySend(host, address);
    if (!isOurs) return `${address} is not within ${side}${subnets.length > 0 ? 'subnet' : ''}=`;
  }
  return undefined;
}

const isWithin = (subnets: End['subnets'], address: Address): boolean =>
  subnets.some(({ start, end, family }) => {
    return family === address.family && start.compare(address) <= 0 && address.compare(end) <= 0;
  });

/** Without subnets the tunnel is for the host itself; what `%defaultroute` and `%INTERFACE` are is known later. */
function maySend(host: HostSpec, address: Address): boolean {
  return host.t === 'address' ? host.address.equals(address) : host.t === 'defaultroute' || host.t === 'interface';
}
