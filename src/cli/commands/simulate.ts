/**
 * `ipsec simulate FILE FILE`: two configurations negotiate in memory. No socket, no kernel, no daemon, no root.
 * Exit status 0 if the tunnel would come up and last, 1 if not, 2 if that cannot be told.
 */
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

const USAGE_EXIT = 2;
const INITIATORS = { a: 'A', b: 'B', both: 'both' } as const;
const HOSTS = { a: 'A', b: 'B' } as const;

export async function run({ operands, options }: IpsecLine, output: Output): Promise<number> {
  const [a, b] = operands;
  const initiator = word(options, 'initiator', INITIATORS, output);
  const nat = word(options, 'nat', HOSTS, output);
  if (initiator === null || nat === null || a === undefined || b === undefined) return USAGE_EXIT;
  const { reportText, simulate } = await import('../../sim/index.ts');
  const { nodeFileSystem } = await import('../../conf/node-file-system.ts');
  const of = <K extends string>(name: string, key: K) => {
    const value = options.get(name);
    return (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: string };
  };
  const report = simulate(
    {
      a: { conf: a, ...of('secrets-a', 'secrets'), ...of('address-a', 'address') },
      b: { conf: b, ...of('secrets-b', 'secrets'), ...of('address-b', 'address') },
      ...of('conn', 'conn'),
      ...of('conn-b', 'connB'),
      initiator: initiator ?? 'both',
      ...(nat ? { nat } : {}),
      rekeys: !options.has('no-rekey'),
    },
    nodeFileSystem,
  );
  if (options.has('json')) await output.out(`${JSON.stringify(report, undefined, 2)}\n`);
  else if (report.verdict === 'unknown') for (const error of report.errors) output.err(`ipsec: ${error}`);
  else {
    const { screen } = output;
    const isVerbose = options.has('verbose');
    await output.out(reportText(report, { isVerbose, hasColour: screen?.hasColour ?? false, width: screen?.columns }));
  }
  return report.exit;
}

/** What a word of a few stands for; null, and said so, if it is none of them. */
function word<T>(
  options: ReadonlyMap<string, string>,
  name: string,
  words: Readonly<Record<string, T>>,
  output: Output,
): T | null | undefined {
  const given = options.get(name)?.toLowerCase();
  if (given === undefined) return undefined;
  if (Object.hasOwn(words, given)) return words[given];
  output.err(`ipsec: --${name} is ${Object.keys(words).join(' or ')}`);
  return null;
}
