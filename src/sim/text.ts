/** A report for people: arrow by arrow, then what came of it. Plain ASCII, and colour only where it is asked for. */
import { phaseOf } from './negotiation.ts';
import { span } from './prospects.ts';
import {
  type Agreed,
  type Arrow,
  type EndReport,
  type Lifetimes,
  type Name,
  type PairReport,
  type Rekey,
  type Report,
  type Run,
  SA_NAMES,
} from './report.ts';

export interface TextOptions {
  /** Every field of every payload, all arrows of rekeys, and both logs. */
  readonly isVerbose: boolean;
  readonly hasColour: boolean;
  /** Columns of the terminal; lines are as long as they are where there is none. */
  readonly width?: number | undefined;
}

export function reportText(report: Report, options: TextOptions): string {
  const paint = painter(options.hasColour);
  const lines = [
    ...report.notes.map((note) => `note: ${note}`),
    ...report.pairs.flatMap((pair) => ['', ...pairLines(pair, options, paint)]),
    '',
    verdictLine(report, paint),
  ];
  const { width } = options;
  const fitting = width === undefined ? lines : lines.map((line) => wrapped(line, width));
  return `${fitting.slice(lines[0] === '' ? 1 : 0).join('\n')}\n`;
}

/** At blanks, what follows indented below. */
function wrapped(line: string, width: number): string {
  const indent = line.search(/\S/) + 3;
  if (line.length <= width || width < 40) return line;
  const rows = [''];
  for (const word of line.split(/(?<=\S) /)) {
    const row = rows.at(-1) ?? '';
    if (row.length + 1 + word.length <= width || row.trim() === '')
      rows[rows.length - 1] = row === '' ? word : `${row} ${word}`;
    else rows.push(' '.repeat(indent) + word);
  }
  return rows.join('\n');
}

type Paint = (colour: 'good' | 'bad' | 'warn', text: string) => string;

function painter(hasColour: boolean): Paint {
  const codes = { good: 32, bad: 31, warn: 33 };
  return (colour, text) => (hasColour ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text);
}

function verdictLine({ verdict, pairs }: Report, paint: Paint): string {
  const what = pairs.length > 1 ? `all ${pairs.length} tunnels` : 'the tunnel';
  if (verdict === 'up') return paint('good', `result: ${what} would come up`);
  const outcomes = new Set(pairs.flatMap((pair) => pair.runs.map((run) => run.outcome)));
  if (outcomes.has('failed'))
    return paint(
      'bad',
      outcomes.has('up') ? 'result: not every negotiation succeeds' : `result: ${what} would not come up`,
    );
  return outcomes.has('up-without-rekey')
    ? paint('bad', `result: ${what} would come up and not last`)
    : paint('bad', 'result: neither end can initiate');
}

function pairLines({ a, b, notes, runs }: PairReport, options: TextOptions, paint: Paint): string[] {
  return [
    endLine('A', a),
    endLine('B', b),
    ...secretLines(a, b).map((line) => `   ${paint('warn', line)}`),
    ...notes.map((note) => `   note: ${note}`),
    ...runs.flatMap((run) => ['', ...runLines(run, options, paint)]),
  ];
}

function endLine(name: Name, { conf, conn, side, address, id, secrets }: EndReport): string {
  const from = secrets === null ? '' : `; secrets from ${secrets}`;
  return `${name}  ${conf}: conn ${conn}, ${side}: ${address}, '${id}'${from}`;
}

function secretLines(a: EndReport, b: EndReport): string[] {
  const missing = [a.secrets === null ? 'A' : '', b.secrets === null ? 'B' : ''].filter(Boolean);
  if (missing.length === 0) return [];
  const options = missing.map((name) => `--secrets-${name.toLowerCase()}`);
  return [
    `no ipsec.secrets for ${missing.join(' and ')}: that the secrets match is taken for granted (${options.join(', ')})`,
  ];
}

function runLines(run: Run, options: TextOptions, paint: Paint): string[] {
  const { initiator, outcome, messages, why, warnings, agreed, rekeys } = run;
  const reasons = why.flatMap(({ lines }) => lines.map((line) => `   ${paint('bad', 'why:')} ${line}`));
  if (outcome === 'skipped') return why.flatMap(({ lines }) => lines);
  const shown = options.isVerbose ? messages : messages.filter((m) => m.phase === 'negotiation' || fails(m, rekeys));
  return [
    `${initiator} initiates`,
    ...arrowLines(shown, options.isVerbose),
    paint(outcome === 'up' ? 'good' : 'bad', `   ${OUTCOMES[outcome]}`),
    ...(agreed ? agreedLines(agreed) : []),
    ...aftermath(messages, rekeys, agreed?.version ?? 2),
    ...reasons,
    ...warnings.map((warning) => `   ${paint('warn', 'warning:')} ${warning}`),
    ...(options.isVerbose ? logLines(run) : []),
  ];
}

const OUTCOMES = { up: 'comes up', 'up-without-rekey': 'comes up, and does not last', failed: 'fails' } as const;

/** Rekeys that work are a line each; one that does not is shown. */
const fails = (message: Arrow, rekeys: readonly Rekey[]): boolean =>
  rekeys.some((rekey) => !rekey.ok && message.phase === phaseOf(rekey));

function arrowLines(messages: readonly Arrow[], isVerbose: boolean): string[] {
  let phase = 'negotiation';
  return messages.flatMap((m) => {
    const heading = m.phase === phase ? [] : [`   ${m.phase}`];
    phase = m.phase;
    const arrow = m.from === 'A' ? 'A --> B' : 'A <-- B';
    const size = `${m.octets} octets${m.fragments > 1 ? ` in ${m.fragments} fragments` : ''}`;
    const fate = [m.isLost ? 'nobody is there' : '', m.repeated > 0 ? `sent again ${m.repeated} times` : ''];
    const tail = fate.filter(Boolean).map((text) => `, ${text}`);
    const payloads = m.payloads.length > 0 ? ` ${m.payloads.join(', ')}` : '';
    return [
      ...heading,
      `   ${m.at.toFixed(3).padStart(8)}  ${arrow}  ${exchangeText(m)} {${payloads} } ${size}${tail.join('')}`,
      ...(isVerbose ? m.detail.map((line) => `                        ${line}`) : []),
    ];
  });
}

/** IKEv1 counts no messages: an id is by dice, and phase 1 has none. */
function exchangeText({ version, exchange, messageId, isResponse }: Arrow): string {
  if (version === 2) return `${exchange} ${isResponse ? 'response' : 'request'} ${messageId}`;
  return messageId === 0 ? exchange : `${exchange} ${messageId.toString(16).padStart(8, '0')}`;
}

function agreedLines({ version, ike, child, traffic, ids, lifetimes }: Agreed): string[] {
  const cipher = [child.encr, child.integ].filter(Boolean).join(' with ');
  const extras = [
    child.ah ? `AH with ${child.ah} around it` : '',
    child.compress ? 'compressed' : '',
    child.esn ? 'extended sequence numbers' : '',
    child.encapsulated ? 'in UDP' : '',
  ].filter(Boolean);
  const suite =
    version === 1
      ? `${ike.encr}, hash ${ike.prf}`
      : `${ike.encr}${ike.integ ? ` with ${ike.integ}` : ''}, PRF ${ike.prf}`;
  const names = SA_NAMES[version];
  return [
    `   ${names.ike.padEnd(9)} ${suite}, group ${ike.group}`,
    `   ${names.child.padEnd(9)} ${[`${child.protocol} ${child.mode}`, cipher, ...extras].join(', ')}`,
    `   traffic   ${traffic.a.join(',')} at A, ${traffic.b.join(',')} at B`,
    `   who       A is '${ids.a}', B is '${ids.b}'`,
    `   lifetime  ${lifetimeText('A', lifetimes.a, version)}; ${lifetimeText('B', lifetimes.b, version)}`,
  ];
}

function lifetimeText(name: Name, { ike, ikeRekey, child, childRekey }: Lifetimes, version: 1 | 2): string {
  const one = (life: number, rekey: number | null) =>
    `${span(life)} (${rekey === null ? 'never rekeyed' : `rekeyed after about ${span(rekey)}`})`;
  const names = SA_NAMES[version];
  const [phase1, phase2] = [names.ike, names.child].map((text) => text.replace(' SA', ''));
  return `${name}: ${phase1} ${one(ike, ikeRekey)}, ${phase2} ${one(child, childRekey)}`;
}

function aftermath(messages: readonly Arrow[], rekeys: readonly Rekey[], version: 1 | 2): string[] {
  const lived = messages.filter((m) => m.phase === 'liveness');
  const [check] = lived;
  const alive = check
    ? [
        `   liveness  ${check.from} asks after ${span(check.at)}, ${lived.some((m) => m.isResponse) ? 'answered' : 'not answered'}`,
      ]
    : [];
  const outcomes = (of: Rekey['of']) =>
    rekeys.filter((r) => r.of === of).map((r) => `${r.ok ? 'works' : 'FAILS'} when ${r.by} asks`);
  return [
    ...alive,
    ...(['child', 'ike'] as const).flatMap((of) => {
      const said = outcomes(of);
      return said.length > 0 ? [`   rekey     ${SA_NAMES[version][of]}: ${said.join(', ')}`] : [];
    }),
  ];
}

const logLines = ({ log }: Run): string[] =>
  log.length === 0
    ? []
    : ['   log', ...log.map(({ at, of, text }) => `   ${at.toFixed(3).padStart(8)}  ${of}: ${text}`)];
