/**
 * `ipsec simulate FILE FILE`: two configurations negotiate in memory. No socket, no kernel, no daemon, no root.
 * Exit status 0 if the tunnel would come up and last, 1 if not, 2 if that cannot be told.
 */
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

/** As `--initiator` and `--nat` name them; other words do not get here. */
const HOSTS: ReadonlyMap<string | undefined, 'A' | 'B'> = new Map([
  ['a', 'A'],
  ['b', 'B'],
]);

export async function run({ operands: [a, b], options }: IpsecLine, output: Output): Promise<number> {
  const nat = HOSTS.get(options.get('nat'));
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
      initiator: HOSTS.get(options.get('initiator')) ?? 'both',
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
