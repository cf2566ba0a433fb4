/** docs/status.md: what each report consists of, an example of its text, and every member of its rows. */
import type { ReportKind } from '../../../src/control/protocol.ts';
import { jsonReport } from '../../../src/control/status/json.ts';
import { ONE, REPORT_PARTS } from '../../../src/control/status/parts.ts';
import { textReport } from '../../../src/control/status/report.ts';
import type { RowsOf } from '../../../src/control/status/rows.ts';
import { statusSchema } from '../../../src/control/status/schema.ts';
import type { Schema } from '../../../src/control/status/shape.ts';
import { SLICES } from './fixtures.ts';

const CLOCK = { now: 1_700_000_000, utc: true };

const ABOUT: Readonly<Record<ReportKind, string>> = {
  status: 'everything: the daemon, its connections, their SAs',
  briefstatus: 'how many SAs there are, and whether more are welcome',
  globalstatus: 'counters since the start',
  trafficstatus: 'what each Child SA has carried',
  showstates: 'each IKE SA and Child SA, and what it waits for',
  connectionstatus: 'each connection in full, or one by its name',
  briefconnectionstatus: 'connections with a tunnel, a line each',
  shuntstatus: 'policies of the kernel without an SA',
  fipsstatus: 'whether FIPS mode is on',
  processstatus: 'the processes and threads of the daemon',
  addresspoolstatus: 'pools and what is leased from them',
  listpubkeys: 'public keys that peers are checked by',
  checkpubkeys: 'those that have expired or soon will',
  listcerts: 'end certificates',
  listcacerts: 'certificates of authorities',
  listcrls: 'certificate revocation lists',
  listpsks: 'what there are secrets for, never the secrets',
  listevents: 'timers',
  listgroups: 'members of policy groups',
  listall: 'keys, secrets, certificates and CRLs',
};

export function statusPage(): string {
  const kinds = Object.keys(REPORT_PARTS) as ReportKind[];
  const parts = [...new Set(kinds.flatMap((kind) => REPORT_PARTS[kind]))];
  const { $defs } = statusSchema();
  return [
    '# Reports',
    INTRODUCTION,
    '| report | what it tells | parts |\n|---|---|---|',
    ...kinds.map((kind) => `| \`--${kind}\` | ${ABOUT[kind]} | ${REPORT_PARTS[kind].map(link).join(', ')} |`),
    '',
    '## Text',
    'Lines have the fields of libreswan 5.2 in their order. Examples:\n',
    ...kinds.flatMap((kind) => [`### --${kind}\n`, fence('text', textOf(kind)), '']),
    '## JSON',
    'As `--trafficstatus --json` prints it:\n',
    fence('json', jsonOf('trafficstatus')),
    '',
    ...parts.flatMap((of) => [
      `### ${of}\n`,
      ONE.has(of) ? 'An object.\n' : 'A list of objects.\n',
      members($defs[of]),
      '',
    ]),
  ]
    .join('\n')
    .replaceAll(/ +$/gm, '')
    .trimEnd()
    .concat('\n');
}

const INTRODUCTION = `
What \`ipsec status\`, \`whack --trafficstatus\` and the other reports print, as text and with \`--json\`. Rows come
from the daemon in slices, as fast as they are read, so that a listing of any length takes no memory on either side.

With \`--json\` a report is one object with a member for each of its parts: a list, or an object where there can be only
one, which is \`null\` where there is none. Times are seconds, moments seconds since 1970, counters numbers, or text from
2^53 on. A member that is unset is absent. [status.schema.json](status.schema.json) is the JSON Schema of all of them
(\`#/$defs/report.status\` and so on); members may be added to it, and none changes its meaning.

This page is made from the table that the daemon's rows are made by (\`test/control/status/page.ts\`).
`;

const link = (of: RowsOf) => `[${of}](#${of.toLowerCase()})`;
const fence = (language: string, text: string) => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;

function textOf(kind: ReportKind): string {
  const report = textReport(kind, CLOCK);
  return REPORT_PARTS[kind].map((of) => report.slice(SLICES[of])).join('') + report.finish();
}

function jsonOf(kind: ReportKind): string {
  const report = jsonReport(kind);
  return REPORT_PARTS[kind].map((of) => report.slice(SLICES[of])).join('') + report.finish();
}

function members({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).flatMap(([name, schema]) =>
    memberRows(name, schema, required.includes(name)),
  );
  return ['| member | type | |', '|---|---|---|', ...rows].join('\n');
}

/** The member, and below it those of what it consists of. */
function memberRows(name: string, schema: Schema, isRequired: boolean): string[] {
  const inner = schema.items?.properties ? schema.items : schema;
  const below = Object.entries(inner.properties ?? {}).flatMap(([member, one]) =>
    memberRows(`${name}.${member}`, one, inner.required?.includes(member) ?? false),
  );
  const about = [schema.description ?? '', isRequired ? '' : 'may be absent'].filter(Boolean).join('; ');
  return [`| \`${name}\` | ${typeOf(schema)} | ${about.replaceAll('|', '\\|')} |`, ...below];
}

function typeOf(schema: Schema): string {
  if (schema.anyOf) return 'number or text';
  if (schema.enum) return schema.enum.map((word) => `\`${word}\``).join(' ');
  if (schema.type === 'array') return `list of ${schema.items?.properties ? 'objects' : typeOf(schema.items ?? {})}`;
  return { integer: 'number', string: 'text', boolean: 'true or false', object: 'object', null: 'null' }[
    schema.type ?? 'null'
  ];
}
