/** `ipsec newhostkey`: a key of any kind for this host. */

import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import { curveNamed, makeKey, rsaBits, type Wanted } from '../host-keys/make.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

/** Exit status for a command line that is not understood. */
const USAGE_EXIT = 2;

export async function run({ options }: Pick<IpsecLine, 'options'>, output: Output): Promise<number> {
  const wanted = wantedOf(options);
  if (!('wrong' in wanted)) return await makeKey(wanted, options, output);
  output.err(`ipsec newhostkey: ${wanted.wrong}`);
  return USAGE_EXIT;
}

function wantedOf(options: ReadonlyMap<string, string>): Wanted | Wrong {
  const [bits, curve] = [options.get('bits'), options.get('curve')];
  const type = options.get('keytype') ?? 'rsa';
  switch (type) {
    case 'rsa':
      if (curve !== undefined) return { wrong: '--curve is for --keytype ecdsa' };
      return rsaBits(bits);
    case 'ecdsa':
      if (curve !== undefined && bits !== undefined) return { wrong: '--bits and --curve say the same' };
      return curveNamed(curve ?? bits);
    case 'ed25519':
    case 'ed448':
      if (bits !== undefined || curve !== undefined)
        return { wrong: `there is one ${type}, without --bits or --curve` };
      return { kind: type, bits: 0 };
    default:
      return { wrong: `--keytype: expected rsa, ecdsa, ed25519 or ed448` };
  }
}
