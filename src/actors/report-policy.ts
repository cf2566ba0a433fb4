/** `IKEv2+PSK+ENCRYPT+TUNNEL+PFS+UP+…`: a connection's policy in libreswan's words and order. */
import { isGroup as ofGroup } from '../conf/build-pair.ts';
import type { Authby, Conn, ConnV1, End } from '../conf/conn.ts';
import type { Value } from '../conf/keyword.ts';

/** What is wanted of a connection beside what its configuration says. */
export interface Wishes {
  readonly isUp: boolean;
  readonly isRouted: boolean;
  readonly isInstance: boolean;
}

const SHUNTS: Partial<Record<Conn['type'], string>> = { passthrough: 'PASS', drop: 'DROP', reject: 'REJECT' };

/** A row: the word, and whether it applies. Those after the first few say nothing of a connection that is a shunt. */
export function policyWords(conn: Conn, { isUp, isRouted, isInstance }: Wishes): readonly string[] {
  const shunt = SHUNTS[conn.type];
  const isGroup = ofGroup(conn.left.host.t) || ofGroup(conn.right.host.t);
  const isOpportunistic = [conn.left, conn.right].some(({ host }) => host.t.startsWith('opportunistic'));
  const given: Given = conn.later ?? NOTHING;
  const words: string[] = [];
  if (!shunt) {
    words.push(conn.keyexchange === 'ikev1' ? 'IKEv1' : 'IKEv2');
    words.push(...authWords(conn.authby));
    if (!conn.v1?.isAlone) words.push(conn.phase2 === 'ah' ? 'AUTHENTICATE' : 'ENCRYPT');
    if (conn.bundledAh) words.push('AUTHENTICATE');
    if (conn.compress) words.push('COMPRESS');
    words.push(conn.type === 'transport' ? 'TRANSPORT' : 'TUNNEL');
    if (conn.pfs) words.push('PFS');
    if (given.size > 0) pushGiven(words, given, CHILD_WORDS);
    if (!conn.idOnCertificate) words.push('ALLOW_NO_SAN');
    if (given.size > 0) pushGiven(words, given, LATE_CHILD_WORDS);
    if (!conn.rekey) words.push('DONT_REKEY');
    if (is(given, 'reauth')) words.push('REAUTH');
  }
  if (shunt) words.push(...authWords(conn.authby));
  if (isOpportunistic) words.push('OPPORTUNISTIC');
  if (isGroup && isInstance) words.push('GROUPINSTANCE');
  if (isRouted) words.push('ROUTE');
  if (!shunt) {
    if (isUp) words.push('UP');
    if (conn.auto === 'keep') words.push('KEEP');
    if (conn.v1) words.push(...v1Words(conn.v1, conn));
    if (is(given, 'overlapip')) words.push('OVERLAPIP');
    if (conn.narrowing) words.push('IKEV2_ALLOW_NARROWING');
    if (given.size > 0) pushGiven(words, given, IKE_WORDS);
    if (conn.sendRedirect === 'yes') words.push('SEND_REDIRECT_ALWAYS');
    if (conn.sendRedirect === 'no') words.push('SEND_REDIRECT_NEVER');
    if (conn.acceptRedirect) words.push('ACCEPT_REDIRECT_YES');
    if (conn.fragmentation !== 'no') words.push('IKE_FRAG_ALLOW');
    if (conn.fragmentation === 'force' && conn.keyexchange === 'ikev1') words.push('IKE_FRAG_FORCE');
    if (given.size > 0) pushGiven(words, given, LATE_IKE_WORDS);
    if (conn.ppk !== 'no') words.push('PPK_ALLOW');
    if (conn.ppk === 'insist') words.push('PPK_INSIST');
    if (conn.esn !== 'yes') words.push('ESN_NO');
    if (conn.esn !== 'no') words.push('ESN_YES');
    if (conn.intermediate) words.push('INTERMEDIATE');
    if (given.size > 0) pushGiven(words, given, LAST_WORDS);
  }
  if (isGroup && !isInstance) words.push('GROUP');
  if (shunt) words.push(shunt);
  if (conn.negotiationShunt === 'passthrough') words.push('NEGO_PASS');
  if (conn.failureShunt !== 'none') words.push(FAILURE_WORDS[conn.failureShunt]);
  if (shunt) words.push('NEVER_NEGOTIATE');
  return words;
}

type Given = ReadonlyMap<string, Value>;
const NOTHING: Given = new Map();

/** The keyword, the value that makes the word apply, the word. */
type WordRow = readonly [keyword: string, value: Value, word: string];

const CHILD_WORDS: readonly WordRow[] = [
  ['decap-dscp', true, 'DECAP_DSCP'],
  ['encap-dscp', false, 'DONT_ENCAP_DSCP'],
  ['nopmtudisc', true, 'NOPMTUDISC'],
  ['ms-dh-downgrade', true, 'MS_DH_DOWNGRADE'],
  ['pfs-rekey-workaround', true, 'PFS_REKEY_WORKAROUND'],
];
const LATE_CHILD_WORDS: readonly WordRow[] = [
  ['dns-match-id', true, 'DNS_MATCH_ID'],
  ['sha2-truncbug', true, 'SHA2_TRUNCBUG'],
];
const IKE_WORDS: readonly WordRow[] = [['pam-authorize', true, 'IKEV2_PAM_AUTHORIZE']];
const LATE_IKE_WORDS: readonly WordRow[] = [
  ['ikepad', 'yes', 'IKEPAD_YES'],
  ['ikepad', 'no', 'IKEPAD_NO'],
  ['mobike', true, 'MOBIKE'],
];
const LAST_WORDS: readonly WordRow[] = [
  ['ignore-peer-dns', true, 'IGNORE_PEER_DNS'],
  ['session-resumption', true, 'RESUME'],
];
const FAILURE_WORDS = {
  passthrough: 'failurePASS',
  drop: 'failureDROP',
  reject: 'failureREJECT',
} as const;

function pushGiven(words: string[], given: Given, rows: readonly WordRow[]): void {
  for (const [keyword, value, word] of rows) if (given.get(keyword) === value) words.push(word);
}

const is = (given: Given, keyword: string): boolean => given.get(keyword) === true;

const v1Words = ({ modecfgPull, aggressive }: ConnV1, { left, right }: Conn): readonly string[] => [
  ...(left.xauth || right.xauth ? ['XAUTH'] : NONE),
  ...(modecfgPull ? ['MODECFG_PULL'] : NONE),
  ...(aggressive ? ['AGGRESSIVE'] : NONE),
];

// --- authentication ----------------------------------------------------------------------------------------------

/** libreswan's words for ways to authenticate, in its order. */
const WAYS: readonly (readonly [word: string, test: (way: Authby) => boolean])[] = [
  ['PSK', (way) => way === 'secret'],
  ['RSASIG', (way) => way.startsWith('rsa-sha2')],
  ['ECDSA', (way) => way.startsWith('ecdsa')],
  ['AUTH_NEVER', (way) => way === 'never'],
  ['AUTH_NULL', (way) => way === 'null'],
  ['RSASIG_v1_5', (way) => way === 'rsasig-v1.5'],
  ['EDDSA', (way) => way === 'eddsa'],
];

const wordsOf = new WeakMap<readonly Authby[], readonly string[]>();

function authWords(authby: readonly Authby[]): readonly string[] {
  let words = wordsOf.get(authby);
  if (words === undefined) {
    words = WAYS.flatMap(([word, test]) => (authby.some(test) ? [word] : []));
    wordsOf.set(authby, words);
  }
  return words;
}

/** What an end proves itself by, of several ways the one that comes first here. */
const AUTHS: readonly (readonly [auth: string, words: readonly string[]])[] = [
  ['rsasig', ['RSASIG', 'RSASIG_v1_5']],
  ['ecdsa', ['ECDSA']],
  ['eddsa', ['EDDSA']],
  ['secret', ['PSK']],
  ['null', ['AUTH_NULL']],
  ['never', ['AUTH_NEVER']],
];

/**
 * `secret`, `rsasig(RSASIG+RSASIG_v1_5)`: the way, and its variants in brackets where they are not just that. Of the
 * peer, whose way is what it likes, only what it may choose from.
 */
export function authText(conn: Conn, end: End, isPeer: boolean): string {
  const words = authWords(conn.authby);
  const [auth, variants] =
    AUTHS.find(([name, of]) => (end.auth === undefined ? of.some((w) => words.includes(w)) : name === end.auth)) ??
    ([end.auth ?? 'never', []] as const);
  const allowed = end.auth !== undefined || !isPeer ? words.filter((w) => variants.includes(w)) : words;
  const isPlain = allowed.length === 0 || (allowed.length === 1 && allowed[0] === variants[0]);
  if (isPlain) return auth;
  return isPeer ? allowed.join('+') : `${auth}(${allowed.join('+')})`;
}

const hashesOf = new WeakMap<readonly Authby[], readonly string[]>();

/** `SHA2_256`…: hashes that digital signatures may use. */
export function authHashes({ authby, keyexchange }: Conn): readonly string[] {
  if (keyexchange === 'ikev1') return NONE;
  let hashes = hashesOf.get(authby);
  if (hashes === undefined) {
    hashes = ['256', '384', '512'].flatMap((bits) =>
      authby.some((way) => way.endsWith(`_${bits}`)) ? [`SHA2_${bits}`] : [],
    );
    hashesOf.set(authby, hashes);
  }
  return hashes;
}

const NONE: readonly string[] = Object.freeze([]);
