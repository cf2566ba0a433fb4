/** `ipsec look`: SAs, policies, routes and interfaces at a glance, without the keys. */
import type { IpsecLine } from '../ipsec-line.ts';
import type { Machine } from '../machine/machine.ts';
import { nodeMachine } from '../machine/node-machine.ts';
import { printSections } from '../machine/print-sections.ts';
import { LOOK, taken } from '../machine/sections.ts';
import { sceneOf } from '../machine/verify.ts';
import type { Output } from '../output.ts';

export async function run(
  { options }: Pick<IpsecLine, 'options'>,
  output: Output,
  machine: Machine = nodeMachine,
): Promise<number> {
  await printSections(taken(LOOK, await sceneOf(machine, options)), options.has('json'), output);
  return 0;
}
