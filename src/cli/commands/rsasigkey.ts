/** `ipsec rsasigkey [BITS]`: `newhostkey --keytype rsa`, by its old name. */
import { makeKey, rsaBits } from '../host-keys/make.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

const USAGE_EXIT = 2;

export async function run({ operands, options }: IpsecLine, output: Output): Promise<number> {
  const wanted = operands.length > 1 ? { wrong: 'expected one number of bits' } : rsaBits(operands[0]);
  if (!('wrong' in wanted)) return await makeKey(wanted, options, output);
  output.err(`ipsec rsasigkey: ${wanted.wrong}`);
  return USAGE_EXIT;
}
