/** `ipsec completion bash|zsh|fish`: a script for the shell, made of the tables. */
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { completedCommands } from '../completion/table.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** Other shells have been refused by the command line. */
export async function run({ operands }: Pick<IpsecLine, 'operands'>, output: Output): Promise<number> {
  await output.out(SHELLS[operands[0] as keyof typeof SHELLS](completedCommands()));
  return 0;
}
