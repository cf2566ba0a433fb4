/** `ipsec verify`: is this machine fit for IPsec, and what is to be done? Exit status 0 unless a check fails. */
import { FAILURE_EXIT } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Verdict } from '../machine/check.ts';
import type { Machine } from '../machine/machine.ts';
import { nodeMachine } from '../machine/node-machine.ts';
import { type Checked, sceneOf, verify } from '../machine/verify.ts';
import type { Output } from '../output.ts';

export async function run(
  { options }: Pick<IpsecLine, 'options'>,
  output: Output,
  machine: Machine = nodeMachine,
): Promise<number> {
  const counts = { OK: 0, WARN: 0, FAIL: 0, SKIP: 0 };
  const checks: Checked[] = [];
  let group: string | undefined;
  for await (const checked of verify(await sceneOf(machine, options))) {
    counts[checked.verdict] += 1;
    if (options.has('json')) {
      checks.push(checked);
      continue;
    }
    if (checked.group !== group) await output.out(`${group === undefined ? '' : '\n'}${checked.group}\n`);
    group = checked.group;
    await output.out(`${linesOf(checked, output.screen?.hasColour ?? false).join('\n')}\n`);
  }
  if (options.has('json')) await output.out(`${JSON.stringify({ checks, counts }, undefined, 2)}\n`);
  else await output.out(`\n${counts.OK} OK, ${counts.WARN} WARN, ${counts.FAIL} FAIL, ${counts.SKIP} SKIP\n`);
  return counts.FAIL === 0 ? 0 : FAILURE_EXIT;
}

function linesOf({ verdict, name, why, todo }: Checked, hasColour: boolean): string[] {
  const shown = `[${verdict}]`.padEnd(6);
  const line = `  ${hasColour ? `${COLOURS[verdict]}${shown}\x1b[0m` : shown} ${name}: ${why}`;
  return todo === undefined ? [line] : [line, `         to do: ${todo}`];
}

/** Green, yellow, red, dim. */
const COLOURS: Readonly<Record<Verdict, string>> = {
  OK: '\x1b[32m',
  WARN: '\x1b[33m',
  FAIL: '\x1b[31m',
  SKIP: '\x1b[2m',
};
