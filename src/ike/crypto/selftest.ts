/** `pluto --selftest`: does every algorithm of the registry work on this machine, with this OpenSSL? */
import { ENCRS, type Encr, encrKeyOctets, GROUPS, type Group, INTEGS, PRFS, type Prf } from './algorithms.ts';
import { makeKey, meet, sharedSecret } from './dh.ts';
import { prf } from './prf.ts';
import { open, seal, sealedOctets } from './protect.ts';

export interface SelfTest {
  readonly name: string;
  /** Undefined: it works. */
  readonly fault?: string;
}

/** Every algorithm that IKE uses; a few milliseconds each at most, half a second for all. */
export function* selfTests(): Generator<SelfTest> {
  for (const alg of PRFS) yield run(`PRF ${alg.name}`, () => tryPrf(alg));
  for (const alg of ENCRS.filter((a) => a.ike)) {
    for (const bits of alg.keyBits.length > 0 ? alg.keyBits : [alg.defaultKeyBits]) {
      yield run(`ENCR ${alg.name}_${bits}`, () => tryCipher(alg, bits));
    }
  }
  for (const group of GROUPS.filter((g) => g.id !== 0)) yield run(`DH ${group.name}`, () => tryGroup(group));
}

function run(name: string, attempt: () => string | undefined): SelfTest {
  try {
    const fault = attempt();
    return fault === undefined ? { name } : { name, fault };
  } catch (error) {
    return { name, fault: error instanceof Error ? error.message : String(error) };
  }
}

/** PRF(key 0x0b × 20, "Hi There"): RFC 4231 case 1, and its like in RFC 2202 (for MD5 with that key too). */
const HI_THERE: Readonly<Record<string, string>> = {
  HMAC_MD5: '5ccec34ea9656392457fa1ac27f08fbc',
  HMAC_SHA1: 'b617318655057264e28bc0b6fb378c8ef146be00',
  HMAC_SHA2_256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  HMAC_SHA2_384: 'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
  HMAC_SHA2_512:
    '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
};

function tryPrf(alg: Prf): string | undefined {
  const got = Buffer.from(prf(alg, new Uint8Array(20).fill(0x0b), Buffer.from('Hi There'))).toString('hex');
  const expected = HI_THERE[alg.name];
  if (expected !== undefined) return got === expected ? undefined : 'wrong answer';
  return got.length === alg.outOctets * 2 ? undefined : `${got.length / 2} octets instead of ${alg.outOctets}`;
}

/** There and back, and not back with one bit changed. */
function tryCipher(encr: Encr, bits: number): string | undefined {
  const integ = encr.isAead ? undefined : INTEGS.find((i) => i.name === 'HMAC_SHA2_256_128');
  const suite = { encr, encrBits: bits, integ };
  const key = new Uint8Array(encrKeyOctets(encr, bits)).fill(7);
  const integKey = new Uint8Array(integ?.keyOctets ?? 0).fill(9);
  const plain = Buffer.from('a message of no particular length');
  const prefix = new Uint8Array(32).fill(1);
  const sealed = seal(suite, key, integKey, new Uint8Array(encr.ivOctets).fill(3), prefix, plain);
  if (sealed.length !== prefix.length + sealedOctets(suite, plain.length)) return `${sealed.length} octets sealed`;
  const opened = open(suite, key, integKey, sealed, prefix.length);
  if (!opened.ok || Buffer.compare(opened.plaintext, plain) !== 0) return 'does not decrypt what it encrypted';
  sealed[sealed.length - 1] ^= 1;
  return open(suite, key, integKey, sealed, prefix.length).ok ? 'accepts what was changed' : undefined;
}

function tryGroup(group: Group): string | undefined {
  const mine = makeKey(group);
  const met = meet(group, mine.public);
  const mixed = met.ok ? sharedSecret(group, mine.private, met.public) : met;
  if (!met.ok || !mixed.ok) return 'refuses its own public value';
  if (mine.public.length !== group.publicOctets) return `${mine.public.length} octets instead of ${group.publicOctets}`;
  return Buffer.compare(met.shared, mixed.shared) === 0 ? undefined : 'the two ends do not agree';
}
