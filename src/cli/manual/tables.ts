/** The tables of the manual, in Markdown, from the tables of the program. */
import { DEBUG_CLASSES } from '../../conf/debug-classes.ts';
import type { Keyword } from '../../conf/keyword.ts';
import { RC, type ReplyCodeName } from '../../control/reply-codes.ts';
import { type CommandOption, usageOfCommand } from '../ipsec-command.ts';
import { AUTO_OPERATIONS, AUTO_OPTIONS, COMMANDS, commandNamed, GROUP_TITLES } from '../ipsec-commands.ts';
import { IPSEC_OPTIONS } from '../ipsec-options.ts';
import { CHECKS } from '../machine/verify.ts';
import { type OptionRow, usageOf } from '../options.ts';
import { PLUTO_GROUPS, PLUTO_OPTIONS } from '../pluto-options.ts';
import type { WhackOption } from '../whack-option.ts';
import { WHACK_OPTIONS } from '../whack-options.ts';
import { byTopic, meaningOf, namesOf, valuesOf, whackOf } from './keyword.ts';

/** By the name that stands in the marker. */
export const TABLES = {
  'ipsec commands': ipsecCommands,
  'ipsec options': () => table(['option', 'meaning'], [...IPSEC_OPTIONS.values()].map(optionCells)),
  'ipsec own options': ownOptions,
  'ipsec later': () =>
    table(
      ['command', 'instead'],
      COMMANDS.flatMap(({ name, later }) => (later === undefined ? [] : [[code(name), later]])),
    ),
  'verify checks': () =>
    table(
      ['about', 'checks'],
      Object.entries(CHECKS).map(([group, checks]) => [group, checks.map(({ name }) => name).join('; ')]),
    ),
  'auto operations': autoOperations,
  'auto options': () => table(['option', 'meaning'], [...AUTO_OPTIONS, ...IPSEC_OPTIONS.values()].map(optionCells)),
  'whack options': whackOptions,
  'whack former options': whackFormerOptions,
  'reply codes': replyCodes,
  'debug classes': () =>
    table(
      ['class', 'what it logs'],
      Object.entries(DEBUG_CLASSES).map(([name, what]) => [code(name), what]),
    ),
  'pluto options': plutoOptions,
  'pluto former options': plutoFormerOptions,
  'setup keywords': () => keywords('setup'),
  'conn keywords': () => keywords('conn'),
} as const satisfies Record<string, () => string>;

export type TableName = keyof typeof TABLES;

/** Sections under `### HEADING`. */
const under = (sections: Iterable<readonly [heading: string, text: string]>): string =>
  [...sections].map(([heading, text]) => `### ${heading}\n\n${text}`).join('\n\n');

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), `|${heads.map(() => ' --- |').join('')}`, ...rows.map(line)].join('\n');
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

const optionCells = (row: CommandOption): readonly string[] => [
  `${row.short === undefined ? '' : `${code(`-${row.short}`)}, `}${code(usageOf(row))}`,
  row.help ?? '',
];

function ipsecCommands(): string {
  const groups = Object.entries(GROUP_TITLES).map(([group, title]) => {
    const rows = COMMANDS.filter((command) => command.group === group && command.later === undefined);
    const cells = rows.map((command) => {
      const also = (command.aliases ?? []).filter((alias) => !alias.startsWith('-')).map(code);
      return [code(usageOfCommand(command)), `${command.help}${also.length > 0 ? ` (also ${also.join(', ')})` : ''}`];
    });
    return [title, table(['command', 'what it does'], cells)] as const;
  });
  return under(groups);
}

function ownOptions(): string {
  return under(
    COMMANDS.filter(({ options }) => options !== undefined).map(
      (command) =>
        [
          `ipsec ${usageOfCommand(command)}`,
          table(['option', 'meaning'], (command.options ?? []).map(optionCells)),
        ] as const,
    ),
  );
}

function autoOperations(): string {
  const rows = AUTO_OPERATIONS.flatMap((name) => {
    const command = commandNamed(name);
    return command ? [[code(`--${usageOfCommand({ ...command, name })}`), command.help]] : [];
  });
  return table(['operation', 'what it does'], rows);
}

const isFormer = ({ isObsolete, ignored }: WhackOption): boolean => isObsolete === true || ignored !== undefined;

function whackOptions(): string {
  const topics = new Map<string, (readonly string[])[]>();
  for (const row of WHACK_OPTIONS.values()) {
    if (isFormer(row) || row.sameAs !== undefined) continue;
    const also = [...WHACK_OPTIONS.values()].filter((other) => other.sameAs === row.name && !isFormer(other));
    const meaning = [row.help, also.length > 0 && `(also ${also.map(({ name }) => code(`--${name}`)).join(', ')})`];
    const rows = topics.get(row.topic) ?? [];
    rows.push([code(usageOf(row)), meaning.filter(Boolean).join(' ')]);
    topics.set(row.topic, rows);
  }
  return under([...topics].map(([topic, rows]) => [topic, table(['option', 'meaning'], rows)] as const));
}

function whackFormerOptions(): string {
  const rows = [...WHACK_OPTIONS.values()].filter(isFormer).map((row) => [code(usageOf(row)), formerly(row)]);
  return table(['option', 'today'], rows);
}

function formerly({ sameAs, ignored, help, keyword, value }: WhackOption): string {
  if (sameAs !== undefined) return code(`--${sameAs}`);
  if (ignored !== undefined) return ignored === '' ? 'nothing' : `nothing: ${ignored}`;
  return help || (keyword === undefined ? (value ?? '') : `${keyword}=${value ?? ''}`);
}

function plutoOptions(): string {
  const rowsOf = (group: string) =>
    [...PLUTO_OPTIONS.values()]
      .filter((row) => row.group === group && !row.isObsolete)
      .map((row) => [code(usageOf(row)), plutoMeaning(row)]);
  return under(
    Object.entries(PLUTO_GROUPS).map(
      ([group, title]) => [title.replace(/:$/, ''), table(['option', 'meaning'], rowsOf(group))] as const,
    ),
  );
}

function plutoFormerOptions(): string {
  const rows = [...PLUTO_OPTIONS.values()]
    .filter(({ isObsolete }) => isObsolete)
    .map((row) => {
      const today = row.sameAs ?? row.name.replace(/^debug-/, 'debug ');
      return [code(usageOf(row)), today === row.name ? row.help || 'nothing' : code(`--${today}`)];
    });
  return table(['option', 'today'], rows);
}

function plutoMeaning({ sameAs, help, isLater }: OptionRow & { readonly isLater?: true }): string {
  const meaning = sameAs === undefined ? (help ?? '') : `as ${code(`--${sameAs}`)}`;
  return isLater ? `${meaning} (has no effect yet)` : meaning;
}

function keywords(section: Keyword['section']): string {
  const heads = ['keyword', 'meaning', 'values', 'default', ...(section === 'conn' ? ['whack'] : [])];
  const cells = (keyword: Keyword) => [
    code(namesOf(keyword)),
    meaningOf(keyword),
    valuesOf(keyword),
    keyword.default ?? '',
    ...(section === 'conn' ? [code(whackOf(keyword))] : []),
  ];
  return under([...byTopic(section)].map(([topic, rows]) => [topic, table(heads, rows.map(cells))] as const));
}

/** Why a command has failed, where its exit status is from 20 on. */
const REASONS: Readonly<Record<ReplyCodeName, string>> = {
  LOG: '',
  SUCCESS: '',
  ENTERSECRET: '',
  USERPROMPT: '',
  DUPNAME: 'there is a connection of that name',
  UNKNOWN_NAME: 'there is no connection, or no SA, of that name',
  ORIENT: 'neither end of the connection is this machine, or both are',
  CLASH: 'another connection is in the way',
  DEAF: 'pluto does not listen: `ipsec listen`',
  ROUTE: 'routes or policies could not be set',
  RTBUSY: 'another connection has the route',
  BADID: 'the identity is none',
  NOKEY: 'there is no key for the peer',
  NOPEERIP: 'the address of the peer is not known',
  INITSHUNT: 'the connection is a shunt, which is not negotiated',
  WILDCARD: 'the connection is a template: `--remote-host` says for whom',
  CRLERROR: 'a revocation list could not be had',
  WHACK_PROBLEM: 'whack itself does not accept the command line, or may not talk to pluto',
  BADWHACKMESSAGE: 'pluto does not understand what it is asked',
  NORETRANSMISSION: 'the peer has not answered',
  INTERNAL_ERROR: 'a bug',
  OPPOFAILURE: 'opportunistic negotiation has failed',
  CRYPTOFAILED: 'arithmetic has failed',
  AGGRALGO: 'aggressive mode needs one proposal',
  FATAL: 'the negotiation has failed for good',
};

function replyCodes(): string {
  const FLOOR = 20;
  const rows = (Object.keys(RC) as ReplyCodeName[])
    .filter((name) => RC[name] >= FLOOR)
    .map((name) => [`${RC[name]}`, REASONS[name]]);
  return table(['status', 'meaning'], rows);
}
