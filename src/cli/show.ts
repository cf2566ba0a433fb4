/** The whack command that says the same, ready to paste. */
import { parseAuthby } from '../conf/authby.ts';
import { asFreeswan } from '../conf/freeswan.ts';
import type { Keyword } from '../conf/keyword.ts';
import { lookup, type Side } from '../conf/keywords.ts';
import { isFault, parseTyped, splitList } from '../conf/values.ts';
import type { ConnText } from '../control/protocol.ts';
import type { WhackOption } from './whack-option.ts';
import { WHACK_OPTIONS } from './whack-options.ts';

export function whackCommand(argv: readonly string[]): string {
  return `ipsec whack ${argv.map(quoted).join(' ')}`;
}

export function whackAdd(conn: ConnText, kind: 'add' | 'replace'): string[] {
  return say(conn, kind).argv;
}

/**
 * The command, or one for each pair of `subnets=`, others for its keys, and in a comment below the keywords that whack
 * has no words for.
 */
export function showAdd(conn: ConnText, kind: 'add' | 'replace'): string {
  return pairs(conn)
    .map((pair) => showOne(pair, kind))
    .join('\n');
}

/** What `leftsubnets=` and `rightsubnets=` make of one conn, as pluto names them: `NAME/1x2`, and all of them NAME. */
function pairs({ keywords, ...conn }: ConnText): readonly ConnText[] {
  const { leftsubnets, rightsubnets, ...others } = keywords;
  // Both of a side are refused by pluto, and so are lists without a pair of one family: whack has no words for them.
  if (others.leftsubnet !== undefined && leftsubnets !== undefined) return [{ keywords, ...conn }];
  if (others.rightsubnet !== undefined && rightsubnets !== undefined) return [{ keywords, ...conn }];
  if (leftsubnets === undefined && rightsubnets === undefined) return [{ keywords, ...conn }];
  const connalias = others.connalias === undefined ? conn.name : `${conn.name},${others.connalias}`;
  const found = choices('left', leftsubnets).flatMap(([l, left]) =>
    choices('right', rightsubnets)
      .filter(([, right]) => isOneFamily(left.leftsubnet, right.rightsubnet))
      .map(([r, right]) => ({
        ...conn,
        name: `${conn.name}/${l}x${r}`,
        keywords: { ...others, connalias, ...left, ...right },
      })),
  );
  return found.length > 0 ? found : [{ keywords, ...conn }];
}

function choices(side: Side, subnets: string | undefined): readonly (readonly [number, Record<string, string>])[] {
  if (subnets === undefined) return [[0, {}]];
  return splitList(subnets).map((subnet, i) => [i + 1, { [`${side}subnet`]: subnet }]);
}

const isOneFamily = (left?: string, right?: string): boolean =>
  left === undefined || right === undefined || left.includes(':') === right.includes(':');

function showOne(conn: ConnText, kind: 'add' | 'replace'): string {
  const { argv, unsaid } = say(conn, kind);
  const keys = RSA_KEYS.filter((key) => unsaid.includes(key) && /^0[xst]/i.test(conn.keywords[key]));
  const rest = unsaid.filter((key) => !keys.includes(key));
  return [
    whackCommand(argv),
    ...keys.map((key) => whackCommand(whackKey(conn, key))),
    ...(rest.length > 0 ? [`# not sayable by whack: ${rest.join(', ')}`] : []),
  ].join('\n');
}

/** A public key belongs to an identity, not to a connection. */
const RSA_KEYS = ['leftrsasigkey', 'rightrsasigkey'];

function whackKey({ keywords }: ConnText, key: string): string[] {
  const side = key.slice(0, -'rsasigkey'.length);
  const id = keywords[`${side}id`] ?? keywords[side] ?? '%any';
  return ['--keyid', id, '--addkey', '--pubkeyrsa', keywords[key]];
}

/** Families come first, whack wants them before their addresses. */
function say({ name, keywords }: ConnText, kind: 'add' | 'replace') {
  const families: string[] = [];
  const ends: Record<Side, string[]> = { left: [], right: [] };
  const others: string[] = [];
  const unsaid: string[] = [];
  for (const [key, value] of Object.entries(inForce(keywords))) {
    const spelling = lookup('conn', key);
    const words = spelling && wordsFor(spelling.keyword, value);
    if (words === undefined) unsaid.push(key);
    else if (spelling?.side !== undefined) ends[spelling.side].push(...words);
    else if (key === 'hostaddrfamily' || key === 'clientaddrfamily') families.push(...words);
    else others.push(...words);
  }
  const replacing = kind === 'replace' ? ['--delete'] : [];
  const argv = ['--name', name, ...replacing, ...families, ...ends.left, '--to', ...ends.right, ...others];
  return { argv, unsaid };
}

/** With `ikev2=` said as `keyexchange=`, and the proposals of the protocol there is as `esp=`, which `--esp` sets. */
function inForce(keywords: ConnText['keywords']): ConnText['keywords'] {
  const { ikev2, ...others } = keywords;
  const isOld = ikev2 !== undefined && others.keyexchange === undefined;
  const said = isOld ? { ...others, keyexchange: typed('ikev2', ikev2) === '"no"' ? 'ikev1' : 'ikev2' } : others;
  const { ah, ...rest } = said;
  if (ah !== undefined && typed('phase2', said.phase2 ?? '') === '"ah"') return { ...rest, esp: ah };
  if (said.keyexchange === 'ikev1' && said.phase2 === 'none') {
    // What there is nothing to protect by would have whack protect something.
    const { phase2, esp, ah: around, compress, ...alone } = said;
    return alone;
  }
  const left = asFreeswan(said, true);
  // What whack would take for FreeS/WAN's ISAKMP SA alone.
  if (left?.keyexchange) return { ...said, keyexchange: 'ikev2' };
  return left?.phase2 ? { ...said, phase2: 'esp' } : said;
}

/** `auto=` that the command itself amounts to. */
const IMPLIED_AUTO: readonly string[] = ['"ignore"', '"add"'];

/** None where the value is the default anyway; undefined where whack has no words for it. */
function wordsFor(keyword: Keyword, value: string): readonly string[] | undefined {
  const options = OPTIONS.get(keyword) ?? [];
  if (options.some(({ isWord }) => isWord)) return listWords(options, value);
  const same = typedBy(keyword, value);
  if (same === undefined) return undefined;
  if (keyword.name === 'phase2' && same === '"esp+ah"') return ['--encrypt', '--authenticate'];
  if (keyword.name === 'auto' && IMPLIED_AUTO.includes(same)) return [];
  const isMeant = (option: WhackOption) => option.value !== undefined && typedBy(keyword, option.value) === same;
  const exact = options.find((option) => option.arg !== 'required' && isMeant(option));
  if (exact) return [`--${exact.name}`];
  const option = options.find(({ arg }) => arg !== 'none');
  const arg = option && argumentFor(option, (text) => typedBy(keyword, text) === same, value);
  if (option && arg !== undefined)
    return option.arg === 'required' ? [`--${option.name}`, arg] : [`--${option.name}=${arg}`];
  return keyword.default !== undefined && typedBy(keyword, keyword.default) === same ? [] : undefined;
}

/** whack's own word if it has one, else the file's. */
function argumentFor(
  { argName = '', meanings = {}, suffix = '' }: WhackOption,
  isSame: (text: string) => boolean,
  value: string,
): string | undefined {
  if (!value.endsWith(suffix)) return undefined;
  const text = value.slice(0, value.length - suffix.length);
  if (argName.split('|').includes(text)) return text;
  return Object.keys(meanings).find((word) => isSame(meanings[word])) ?? text;
}

/** An option for each word: the one that proves identities in the same ways. */
function listWords(options: readonly WhackOption[], value: string): readonly string[] | undefined {
  const ways = (word: string) => JSON.stringify(parseAuthby([word], 2));
  const found = splitList(value).map((word) => options.find((option) => ways(option.value ?? '') === ways(word)));
  return found.length > 0 && found.every((option) => option !== undefined)
    ? found.map(({ name }) => `--${name}`)
    : undefined;
}

/** Options by the keyword they set, former spellings aside. */
const OPTIONS: ReadonlyMap<Keyword, readonly WhackOption[]> = optionsByKeyword();

function optionsByKeyword(): ReadonlyMap<Keyword, readonly WhackOption[]> {
  const all = new Map<Keyword, WhackOption[]>();
  for (const option of WHACK_OPTIONS.values()) {
    if (option.keyword === undefined || option.isObsolete) continue;
    const name = option.group === 'end' ? `left${option.keyword}` : option.keyword;
    const keyword = lookup('conn', name)?.keyword;
    if (!keyword) throw new Error(`--${option.name} sets ${name}=, which is no keyword`);
    all.set(keyword, [...(all.get(keyword) ?? []), option]);
  }
  return all;
}

const typed = (key: string, value: string): string | undefined => {
  const keyword = lookup('conn', key)?.keyword;
  return keyword && typedBy(keyword, value);
};

/** Equal for texts that mean the same; undefined for one that means nothing. */
function typedBy({ type }: Keyword, value: string): string | undefined {
  const parsed = parseTyped(type, value);
  return isFault(parsed) ? undefined : JSON.stringify(parsed);
}

/** One word to any POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-][\w@%+=:,./#-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
