import { FAILURE_EXIT } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

export async function run(_line: IpsecLine, output: Output): Promise<number> {
  output.err('ipsec: completion is not built yet');
  return FAILURE_EXIT;
}
