/** `ipsec ecdsasigkey [CURVE]`: `newhostkey --keytype ecdsa`, by its old name. */
import { curveNamed, makeKey } from '../host-keys/make.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

const USAGE_EXIT = 2;

export async function run({ operands, options }: IpsecLine, output: Output): Promise<number> {
  const names = [...operands, ...(options.has('curve') ? [options.get('curve')] : [])];
  const wanted = names.length > 1 ? { wrong: 'expected one curve' } : curveNamed(names[0]);
  if (!('wrong' in wanted)) return await makeKey(wanted, options, output);
  output.err(`ipsec ecdsasigkey: ${wanted.wrong}`);
  return USAGE_EXIT;
}
