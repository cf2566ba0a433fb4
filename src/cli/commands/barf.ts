/** `ipsec barf`: everything for a bug report, without the secrets. */
import { FAILURE_EXIT } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Machine } from '../machine/machine.ts';
import { nodeMachine } from '../machine/node-machine.ts';
import { printSections } from '../machine/print-sections.ts';
import { barfSections, taken } from '../machine/sections.ts';
import { sceneOf } from '../machine/verify.ts';
import type { Output } from '../output.ts';

const LOG_LINES = 500;

export async function run(
  { options }: Pick<IpsecLine, 'options'>,
  output: Output,
  machine: Machine = nodeMachine,
): Promise<number> {
  const said = options.get('maxlines') ?? `${LOG_LINES}`;
  if (!/^\d{1,6}$/.test(said)) {
    output.err(`ipsec: --maxlines is a number of lines, not "${said}"`);
    return FAILURE_EXIT;
  }
  const maxLines = options.has('short') ? 0 : Number(said);
  await printSections(taken(barfSections({ maxLines }), await sceneOf(machine, options)), options.has('json'), output);
  return 0;
}
