/** What newhostkey, rsasigkey and ecdsasigkey have in common: a key is made, kept, and named to whoever asked. */
import { hostname } from 'node:os';
import { wipe } from '../../ike/crypto/misc.ts';
import { generate } from '../../ike/crypto/signature/generate.ts';
import { ckaid } from '../../ike/crypto/signature/key-id.ts';
import { type KeyKind, kindRow } from '../../ike/crypto/signature/key-kind.ts';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import { FAILURE_EXIT } from '../ask.ts';
import type { Output } from '../output.ts';
import { type KeyPlaces, placesOf } from './places.ts';
import { storeKey } from './store.ts';

/** What to make; `bits` matter to RSA. */
export interface Wanted {
  readonly kind: KeyKind;
  readonly bits: number;
}

/** libreswan's least is 2192; NIST's is 2048. */
const LEAST_BITS = 2048;
const MOST_BITS = 16_384;
const USUAL_BITS = 3072;

/** Bits of RSA as somebody wrote them, or what is wrong with them. */
export function rsaBits(text: string | undefined): Wanted | Wrong {
  const bits = text === undefined ? USUAL_BITS : /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (bits < LEAST_BITS || bits > MOST_BITS || bits % 16 !== 0)
    return { wrong: `expected ${LEAST_BITS} to ${MOST_BITS} bits, a multiple of 16` };
  return { kind: 'rsa', bits };
}

/** A curve by one of its names. */
export function curveNamed(text: string | undefined): Wanted | Wrong {
  const kind = text === undefined ? 'p256' : CURVES[text.toLowerCase()];
  return kind ? { kind, bits: 0 } : { wrong: 'expected secp256r1, secp384r1, secp521r1 or a brainpool curve' };
}

const CURVES: Readonly<Record<string, KeyKind | undefined>> = Object.assign(Object.create(null), {
  ...{ secp256r1: 'p256', prime256v1: 'p256', nistp256: 'p256', 'p-256': 'p256', 256: 'p256' },
  ...{ secp384r1: 'p384', nistp384: 'p384', 'p-384': 'p384', 384: 'p384' },
  ...{ secp521r1: 'p521', nistp521: 'p521', 'p-521': 'p521', 521: 'p521' },
  ...{ brainpoolp256r1: 'bp256', brainpoolp384r1: 'bp384', brainpoolp512r1: 'bp512' },
});

/** The exit status. Scripts look for "showhostkey" on stderr, where libreswan says what has been made. */
export async function makeKey(wanted: Wanted, options: ReadonlyMap<string, string>, output: Output): Promise<number> {
  const fail = (text: string) => {
    output.err(`ipsec: ${text}`);
    return FAILURE_EXIT;
  };
  const usual = placesOf(options);
  if ('wrong' in usual) return fail(usual.wrong);
  const places: KeyPlaces = { ...usual, secretsFile: options.get('output') ?? usual.secretsFile };
  if (/[*?[]/.test(places.secretsFile)) return fail(`secretsfile= is ${places.secretsFile}: say --output FILE`);
  const { name, type } = kindRow(wanted.kind);
  const bits = wanted.bits || kindRow(wanted.kind).bits;
  if (options.has('verbose')) output.err(`making a pair of ${name} with ${bits} bits`);
  const made = await generate(wanted.kind, wanted.bits);
  const id = Buffer.from(ckaid(made.key.public)).toString('hex');
  const stored = storeKey(made, places, `${name} ${bits} bits, ${hostname()}, ${new Date().toISOString()}`);
  wipe(made.pem);
  if ('wrong' in stored) return fail(stored.wrong);
  if (options.has('json')) {
    const made = { type, name, bits, ckaid: id, path: stored.path, file: places.secretsFile };
    await output.out(`${JSON.stringify(made, undefined, 2)}\n`);
  }
  if (options.has('quiet')) return 0;
  output.err(`Generated ${bits} bit ${type} key pair with CKAID ${id} was stored in ${stored.path}`);
  output.err(`The public key can be displayed using: ipsec showhostkey --left --ckaid ${id}`);
  return 0;
}
