/** What an end proves itself with: its certificate, raw keys and authority, from its settings. */
import { parseUsers } from '../net/eap-users.ts';
import { Id } from '../net/id.ts';
import type { Complaints } from './build-end.ts';
import type { EndAuth, EndKeys, RawKey, SecondProof } from './conn.ts';
import type { Side } from './keywords.ts';
import { shown } from './printable.ts';
import { KEY_KEYWORDS, parseCkaid, parseRawKey } from './raw-key.ts';
import type { Setting, Settings } from './sections.ts';
import { isFault, type ValueFault } from './values.ts';

/** Those of ends that say the same, by what they say. */
export type KeysCache = Map<string, EndKeys>;

/** Ten thousand conns with a key each share nothing, and need not be remembered. */
const MOST_CACHED = 1_000;

/** A wrong value refuses the conn. */
export function buildKeys(side: Side, settings: Settings, cache: KeysCache, say: Complaints): EndKeys {
  const given = NAMES[side].flatMap((key) => settings.get(key) ?? NOTHING);
  if (given.length === 0) return NO_KEYS;
  const text = given.map(({ key, raw }) => `${key.slice(side.length)}=${raw}`).join('\n');
  const known = cache.get(text);
  if (known) return known;
  let isWrong = false;
  const read = <T>(setting: Setting | undefined, parse: (text: string) => T | ValueFault): T | undefined => {
    if (!setting || typeof setting.value !== 'string') return undefined;
    const parsed = parse(setting.value);
    if (!isFault(parsed)) return parsed;
    isWrong = true;
    say.refuse(setting, parsed.fault);
    return undefined;
  };
  const get = (name: string) => settings.get(side + name);
  const raw = KEY_KEYWORDS.map((name) => read(get(name), (value) => parseRawKey(name, value)));
  const keys: EndKeys = Object.freeze({
    cert: textOf(get('cert')),
    ckaid: read(get('ckaid'), parseCkaid),
    publicKeys: rawKeys(raw.filter((key) => typeof key === 'object')),
    fromDns: raw.includes('dns'),
    ca: read(get('ca'), parseCa),
    sendCert: SEND_CERT[textOf(get('sendcert')) ?? ''] ?? 'always',
    eap: textOf(get('autheap')) === 'tls' ? 'tls' : 'none',
    eapId: read(get('eapid'), parseEapId),
    second: secondOf(get('auth2'), read(get('id2'), parseSecondId), textOf(get('cert2'))),
  });
  // What is wrong is to be said of each conn that has it.
  if (!isWrong) {
    if (cache.size >= MOST_CACHED) cache.clear();
    cache.set(text, keys);
  }
  return keys;
}

const NOTHING: readonly never[] = Object.freeze([]);
const NO_RAW_KEYS: readonly RawKey[] = NOTHING;

/** Those of an end that says nothing. */
const NO_KEYS: EndKeys = Object.freeze({
  cert: undefined,
  ckaid: undefined,
  publicKeys: NO_RAW_KEYS,
  fromDns: false,
  ca: undefined,
  sendCert: 'always',
  eap: 'none',
  eapId: undefined,
  second: undefined,
});

const KEYWORDS = [...KEY_KEYWORDS, 'cert', 'ckaid', 'ca', 'sendcert', 'autheap', 'eapid', 'auth2', 'id2', 'cert2'];
const NAMES: Readonly<Record<Side, readonly string[]>> = {
  left: KEYWORDS.map((name) => `left${name}`),
  right: KEYWORDS.map((name) => `right${name}`),
};

const SEND_CERT: Readonly<Record<string, EndKeys['sendCert']>> = {
  always: 'always',
  sendifasked: 'ifasked',
  never: 'never',
};

const textOf = (setting: Setting | undefined): string | undefined =>
  typeof setting?.value === 'string' && setting.value !== '' ? setting.value : undefined;

function rawKeys(keys: readonly RawKey[]): readonly RawKey[] {
  const each = new Map(keys.map((key) => [Buffer.from(key.spki).toString('latin1'), key]));
  return each.size === 0 ? NO_RAW_KEYS : Object.freeze([...each.values()]);
}

/** `%any` is what unset means. */
function parseCa(text: string): EndKeys['ca'] | ValueFault {
  if (text === '' || text === '%any') return undefined;
  if (text === '%same') return 'same';
  const id = Id.parse(text);
  if (id?.typeName === 'ID_DER_ASN1_DN') return id;
  return { fault: `expected a distinguished name such as "C=CA, CN=Our CA", %same or %any, got ${shown(text)}` };
}

function parseEapId(text: string): string | undefined | ValueFault {
  const users = parseUsers(text);
  return typeof users === 'object' ? { fault: `${users.wrong}, got ${shown(text)}` } : users;
}

function parseSecondId(text: string): Id | undefined | ValueFault {
  if (text === '' || text === '%none') return undefined;
  return (
    Id.parse(text) ?? { fault: `expected @FQDN, user@FQDN, an address or a distinguished name, got ${shown(text)}` }
  );
}

function secondOf(auth: Setting | undefined, id: Id | undefined, cert: string | undefined): SecondProof | undefined {
  return auth ? Object.freeze({ auth: auth.value as EndAuth, id, cert }) : undefined;
}
