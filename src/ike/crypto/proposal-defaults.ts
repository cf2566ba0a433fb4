/** Proposals: what `ike=`, `esp=` and `ah=` ask for, what is offered without them, and how either is printed. */
import {
  type Encr,
  encrByName,
  type Group,
  groupByName,
  type Integ,
  integByName,
  integOfPrf,
  type Prf,
  prfByName,
} from './algorithms.ts';
import { formatAdditional } from './proposal-additional.ts';

export type Protocol = 'ike' | 'esp' | 'ah';

/** Alternatives for each transform, in order of preference; frozen. */
export interface Proposal {
  readonly protocol: Protocol;
  /** `bits` 0: no length was named; `offeredKeyBits` tells what then goes on the wire. Empty for AH. */
  readonly encr: readonly { readonly alg: Encr; readonly bits: number }[];
  /** Empty but for IKE. */
  readonly prf: readonly Prf[];
  /** Empty for an AEAD. */
  readonly integ: readonly Integ[];
  /** ESP and AH: empty when none was named, which with PFS means the IKE SA's own. */
  readonly dh: readonly Group[];
  /** Additional key exchanges, the first seven types of RFC 9370 in order; an empty list skips one. As a rule none. */
  readonly addke: readonly (readonly Group[])[];
}

export interface ProposalContext {
  readonly protocol: Protocol;
  readonly version: 1 | 2;
  /** FIPS 140 mode leaves only its approved algorithms. */
  readonly fips?: boolean;
}

/** What libreswan 5.2 offers, in its order. */
export function defaultProposals(protocol: Protocol, version: 1 | 2, fips = false): readonly Proposal[] {
  return DEFAULTS[`${protocol}${version}${fips ? 'f' : ''}`];
}

/** The algorithms that complete a proposal which leaves some out. IKEv1 has one of each in a proposal, IKEv2 all. */
export function fillers({ protocol, version, fips = false }: ProposalContext): {
  readonly prf: readonly Prf[];
  readonly integ: readonly Integ[];
  readonly dh: readonly Group[];
} {
  const rules = version === 1 ? V1 : V2;
  return {
    prf: protocol === 'ike' ? rules.prf : NONE,
    integ: protocol === 'ike' ? NONE : rules.integ,
    dh: protocol === 'ike' ? (fips ? rules.dhFips : rules.dh) : NONE,
  };
}

/** Whether FIPS 140 mode allows the algorithm. */
export const isApproved = (alg: { readonly name: string }): boolean => !UNAPPROVED.has(alg.name);

/**
 * libreswan's text: `AES_CBC_256-HMAC_SHA2_512+HMAC_SHA2_256-DH19+DH31`. IKE shows integrity only where it is not
 * the PRF's own, ESP always (`NONE` beside an AEAD), AH nothing before it.
 */
export function formatProposal(p: Proposal): string {
  const parts: string[] = [];
  if (p.encr.length > 0) parts.push(p.encr.map(({ alg, bits }) => (bits ? `${alg.name}_${bits}` : alg.name)).join('+'));
  const implied = p.prf.map(integOfPrf);
  const isImplied = p.integ.length === 0 || sameRows(p.integ, implied);
  if (p.protocol !== 'ike' || !isImplied) parts.push(names(p.integ) || 'NONE');
  if (p.prf.length > 0) parts.push(names(p.prf));
  if (p.dh.length > 0) parts.push(names(p.dh));
  if (p.addke.length > 0) parts.push(...formatAdditional(p.addke, p.dh.length > 0));
  return parts.join('-');
}

const names = (rows: readonly { readonly name: string }[]): string => rows.map((row) => row.name).join('+');

const sameRows = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((row, i) => row === b[i]);

const NONE: readonly never[] = Object.freeze([]);

const V2 = {
  prf: rows(prfByName, 'HMAC_SHA2_512 HMAC_SHA2_256'),
  integ: rows(integByName, 'HMAC_SHA2_512_256 HMAC_SHA2_256_128'),
  dh: rows(groupByName, 'DH19 DH20 DH21 DH31 MODP4096 MODP3072 MODP2048 MODP8192'),
  dhFips: rows(groupByName, 'DH19 DH20 DH21 DH31 MODP4096 MODP3072 MODP2048 MODP8192'),
};

const V1 = {
  prf: rows(prfByName, 'HMAC_SHA2_256 HMAC_SHA2_512 HMAC_SHA1'),
  integ: rows(integByName, 'HMAC_SHA1_96 HMAC_SHA2_512_256 HMAC_SHA2_256_128'),
  dh: rows(groupByName, 'MODP2048 MODP1536 DH19 DH31'),
  dhFips: rows(groupByName, 'MODP2048 DH19'),
};

const UNAPPROVED: ReadonlySet<string> = new Set([
  ...['CHACHA20_POLY1305', 'CAMELLIA_CBC', 'CAMELLIA_CTR', 'HMAC_MD5', 'HMAC_MD5_96', 'AES_XCBC', 'AES_XCBC_96'],
  ...['MODP1024', 'MODP1536', 'DH22', 'DH23', 'DH24', 'DH28', 'DH29', 'DH30', 'DH32'],
]);

const DEFAULTS: Readonly<Record<string, readonly Proposal[]>> = Object.fromEntries(
  ([false, true] as const).flatMap((fips) => [
    [`ike2${fips ? 'f' : ''}`, offerV2('ike', fips)],
    [`esp2${fips ? 'f' : ''}`, offerV2('esp', fips)],
    [`ah2${fips ? 'f' : ''}`, each(V2.integ, (integ) => proposal('ah', { integ: [integ] }))],
    [`ike1${fips ? 'f' : ''}`, offerIkeV1(fips)],
    [`esp1${fips ? 'f' : ''}`, offerEspV1()],
    [`ah1${fips ? 'f' : ''}`, each(V1.integ, (integ) => proposal('ah', { integ: [integ] }))],
  ]),
);

function offerV2(protocol: 'ike' | 'esp', fips: boolean): readonly Proposal[] {
  const { prf, dh } = fillers({ protocol, version: 2, fips });
  const ciphers = [cipher('AES_GCM_16', 256), cipher('AES_GCM_16', 128), cipher('CHACHA20_POLY1305')];
  ciphers.push(cipher('AES_CBC', 256), cipher('AES_CBC', 128));
  const allowed = ciphers.filter(({ alg }) => !fips || isApproved(alg));
  return each(allowed, (encr) =>
    proposal(protocol, { encr: [encr], prf, integ: encr.alg.isAead ? NONE : V2.integ, dh }),
  );
}

function offerIkeV1(fips: boolean): readonly Proposal[] {
  const { prf, dh } = fillers({ protocol: 'ike', version: 1, fips });
  const suites = [cipher('AES_CBC'), cipher('3DES_CBC')].flatMap((encr) =>
    prf.flatMap((prf) => dh.map((dh) => ({ encr: [encr], prf: [prf], integ: [integOfPrf(prf)], dh: [dh] }))),
  );
  return each(suites, (suite) => proposal('ike', suite));
}

function offerEspV1(): readonly Proposal[] {
  const withEach = (encr: Proposal['encr'][number]) => V1.integ.map((integ) => ({ encr: [encr], integ: [integ] }));
  const aeads = [cipher('AES_GCM_16', 128), cipher('AES_GCM_16', 256)].map((encr) => ({ encr: [encr] }));
  return each([...withEach(cipher('AES_CBC')), ...aeads, ...withEach(cipher('3DES_CBC'))], (suite) =>
    proposal('esp', suite),
  );
}

/** A frozen proposal of what is given. */
export function proposal(protocol: Protocol, parts: Partial<Proposal>): Proposal {
  const { encr = NONE, prf = NONE, integ = NONE, dh = NONE, addke = NONE } = parts;
  for (const part of [encr, prf, integ, dh, addke, ...addke]) Object.freeze(part);
  return Object.freeze({ protocol, encr, prf, integ, dh, addke });
}

function cipher(name: string, bits = 0): Proposal['encr'][number] {
  return Object.freeze({ alg: encrByName(name)!, bits });
}

function rows<T>(byName: (name: string) => T | undefined, list: string): readonly T[] {
  return Object.freeze(list.split(' ').map((name) => byName(name)!));
}

function each<T>(of: readonly T[], make: (item: T) => Proposal): readonly Proposal[] {
  return Object.freeze(of.map(make));
}
