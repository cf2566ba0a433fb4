/** `ipsec algparse`: what `ike=`, `esp=` and `ah=` amount to, one algorithm per line. */
import { FAILURE_EXIT } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

const USAGE = `Usage: ipsec algparse [OPTION...] [ike|esp|ah][=][PROPOSALS]...

Prints what proposals amount to, one per line. The exit status is 0 if all of them were accepted.

  ike=PROPOSALS, esp=..., ah=...  as in ipsec.conf
  ike, esp, ah                    what is offered when the keyword is not given
  PROPOSALS                       read as all three; each has to accept them

Options are for what follows them, and may begin with -- as well:
  -v1, -v2          version of IKE; 2 unless said
  -pfs[=yes|no]     keep the groups of esp= and ah=; no unless said
  -fips[=yes|no]    only what FIPS 140 mode allows; no unless said
  -p1, -p2          libreswan's two parsers; here both mean the only one
  -tp               check that what is printed reads back as itself; of a built-in list if nothing is given
  -ta               run the self tests of the algorithms first
  -ignore           exit status 0 whatever was refused
  -json             an array of {ikev, pfs, fips, proto, input, ok, canonical, error, notes}
  -help             this text
`;

type Protocol = 'ike' | 'esp' | 'ah';

/** One thing to parse. `input` null: the keyword is not given. */
interface Query {
  readonly ikev: 1 | 2;
  readonly pfs: boolean;
  readonly fips: boolean;
  readonly proto: Protocol;
  readonly input: string | null;
}

/** What came of it; `canonical` is empty and `error` is there when it was refused. */
interface Answer extends Query {
  readonly ok: boolean;
  readonly canonical: readonly string[];
  readonly error: string | null;
  readonly notes: readonly string[];
}

interface Line {
  readonly queries: readonly Query[];
  readonly flags: ReadonlySet<string>;
}

export async function run({ operands }: IpsecLine, output: Output): Promise<number> {
  if (operands.length === 0) {
    output.err(USAGE.trimEnd());
    return FAILURE_EXIT;
  }
  const line = parse(operands);
  if ('wrong' in line) {
    output.err(`ipsec algparse: ${line.wrong}`);
    return FAILURE_EXIT;
  }
  const { flags, queries } = line;
  if (flags.has('help')) {
    await output.out(USAGE);
    return 0;
  }
  let isFine = !flags.has('ta') || (await testAlgorithms(output));
  const { ask, readsBack } = await parser();
  const answers = queries.map(ask);
  const isSuite = flags.has('tp') && line.isSuite;
  if (!isSuite) isFine &&= answers.every(({ ok }) => ok);
  if (flags.has('json')) await output.out(`${JSON.stringify(answers, undefined, 2)}\n`);
  else await print(answers, output);
  if (flags.has('tp')) {
    for (const answer of answers.filter((answer) => !readsBack(answer))) {
      output.err(`ipsec algparse: ${title(answer)}: what is printed does not read back as itself`);
      isFine = false;
    }
  }
  return isFine || flags.has('ignore') ? 0 : FAILURE_EXIT;
}

const PROTOCOLS: readonly Protocol[] = ['ike', 'ah', 'esp'];
const YES_NO: ReadonlyMap<string, boolean> = new Map([
  ['', true],
  ['yes', true],
  ['on', true],
  ['no', false],
  ['off', false],
  ['unknown', false],
]);

function parse(words: readonly string[]): (Line & { readonly isSuite: boolean }) | { readonly wrong: string } {
  let context: Omit<Query, 'proto' | 'input'> = { ikev: 2, pfs: false, fips: false };
  const flags = new Set<string>();
  const queries: Query[] = [];
  for (const word of words) {
    if (!word.startsWith('-')) {
      const [, proto, , input] = /^(ike|esp|ah)(=(.*))?$/s.exec(word) ?? [];
      if (proto !== undefined) queries.push({ ...context, proto: proto as Protocol, input: input ?? null });
      else if (word.includes('=')) return { wrong: `${JSON.stringify(word)}: expected ike=, esp= or ah=` };
      else queries.push(...PROTOCOLS.map((each) => ({ ...context, proto: each, input: word })));
      continue;
    }
    const [, name, value = ''] = /^--?([^=]*)=?(.*)$/s.exec(word) ?? [];
    const isYes = YES_NO.get(value);
    if (name === 'v1' || name === 'ikev1') context = { ...context, ikev: 1 };
    else if (name === 'v2' || name === 'ikev2') context = { ...context, ikev: 2 };
    else if ((name === 'pfs' || name === 'fips') && isYes !== undefined) context = { ...context, [name]: isYes };
    else if (FLAGS.has(name) && !word.includes('=')) flags.add(name === 'h' || name === '?' ? 'help' : name);
    else return { wrong: `unknown option ${word}; -help lists them` };
  }
  const isSuite = flags.has('tp') && queries.length === 0;
  if (isSuite) for (const [proto, input] of SUITE) queries.push({ ...context, proto, input });
  return { queries, flags, isSuite };
}

const FLAGS: ReadonlySet<string> = new Set(['p1', 'p2', 'tp', 'ta', 'ignore', 'json', 'help', 'h', '?']);

/** The shapes that proposals come in, sound and not, for `-tp`. */
const SUITE: readonly (readonly [Protocol, string | null])[] = [
  ...each('ike', 'aes aes128 aes-256-sha2 aes_gcm 3des-sha1;modp2048 aes_gcm-sha2-dh31 aes+aes_gcm ,aes ; aes+ id2'),
  ...each('ah', 'sha1 sha2_256 sha2;modp2048 aes_xcbc md5 null aes_ccm sha1-modp8192,sha1-modp8192'),
  ...each('esp', 'aes aes-sha1 aes_gcm256-null aes_ccm_b-128-null 3des-sha1;modp2048 aes-sha1-modp8192,3des-sha1 des'),
];

function each(proto: Protocol, texts: string): (readonly [Protocol, string | null])[] {
  return [null, '', ...texts.split(' ')].map((input) => [proto, input] as const);
}

async function parser() {
  const { formatProposal, parseProposals } = await import('../../ike/crypto/proposal.ts');
  const ask = (query: Query): Answer => {
    const { ikev: version, pfs, fips, proto: protocol, input } = query;
    const parsed = parseProposals(input ?? undefined, { protocol, version, pfs, fips });
    if (!parsed.ok) return { ...query, ok: false, canonical: [], error: parsed.error, notes: [] };
    const canonical = parsed.proposals.map(formatProposal);
    return { ...query, ok: true, canonical, error: null, notes: parsed.notes };
  };
  // A list that names groups names them in every line, so with PFS it is one that PFS allows.
  const readsBack = (answer: Answer): boolean => {
    if (!answer.ok) return true;
    const again = ask({ ...answer, pfs: true, input: answer.canonical.join(',') });
    return again.canonical.join() === answer.canonical.join();
  };
  return { ask, readsBack };
}

const title = ({ proto, input }: Query): string => (input === null ? proto : `${proto}=${input}`);

/** Lists alone when there is one, each under its title when there are more. Remarks and refusals go to stderr. */
async function print(answers: readonly Answer[], output: Output): Promise<void> {
  const isAlone = answers.length === 1;
  for (const answer of answers) {
    const lines = answer.canonical.map((line) => (isAlone ? `${line}\n` : `\t${line}\n`));
    if (!isAlone) lines.unshift(`${title(answer)}\n`);
    await output.out(lines.join(''));
    const remarks = answer.error === null ? answer.notes : [answer.error];
    for (const remark of remarks) output.err(`ipsec algparse: ${title(answer)}: ${remark}`);
  }
}

async function testAlgorithms(output: Output): Promise<boolean> {
  const { selfTests } = await import('../../ike/crypto/selftest.ts');
  let isFine = true;
  for (const { name, fault } of selfTests()) {
    if (fault === undefined) continue;
    output.err(`ipsec algparse: ${name}: ${fault}`);
    isFine = false;
  }
  return isFine;
}
