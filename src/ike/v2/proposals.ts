/** Proposals between configuration and wire: offering ours, choosing among theirs. RFC 7296 §2.7, §3.3. */
import { encrById, type Group, groupById, integById, offeredKeyBits, prfById } from '../crypto/algorithms.ts';
import type { ChildSuite, IkeSuite } from '../crypto/keys.ts';
import { formatProposal, type Proposal } from '../crypto/proposal.ts';
import type { Fault } from '../fault.ts';
import { PROTOCOL, TRANSFORM, type Transform, type Proposal as WireProposal } from '../wire/index.ts';
import { chooseAdditional } from './additional.ts';

/** What a Child SA's proposals depend on besides the algorithms. */
export interface ChildTerms {
  readonly esn: 'yes' | 'no' | 'either';
  /** The groups to offer or accept; empty in IKE_AUTH and without PFS. */
  readonly groups: readonly Group[];
  /** Proposals without any group will do too. */
  readonly isGroupOptional?: boolean;
  /** Additional key exchanges for proposals that name none, as in `Proposal.addke`; without any group there are none at all. */
  readonly addke?: Proposal['addke'];
}

/** Ours as an SA payload for an IKE SA; `spi` is empty in IKE_SA_INIT and ours in a rekey. */
export function offerIke(proposals: readonly Proposal[], spi: Uint8Array): WireProposal[] {
  return proposals.map((p, i) => ({
    number: i + 1,
    protocol: PROTOCOL.IKE,
    spi,
    transforms: [
      ...p.encr.flatMap(encrTransforms),
      ...p.prf.map((a) => ({ type: TRANSFORM.PRF, id: a.id })),
      ...p.integ.map((a) => ({ type: TRANSFORM.INTEG, id: a.id })),
      ...p.dh.map((a) => ({ type: TRANSFORM.DH, id: a.id })),
      ...additionalTransforms(p.addke),
    ],
  }));
}

export function offerChild(proposals: readonly Proposal[], spi: number, terms: ChildTerms): WireProposal[] {
  return proposals.map((p, i) => ({
    number: i + 1,
    protocol: p.protocol === 'ah' ? PROTOCOL.AH : PROTOCOL.ESP,
    spi: spiOctets(spi),
    transforms: [
      ...p.encr.flatMap(encrTransforms),
      ...p.integ.map((a) => ({ type: TRANSFORM.INTEG, id: a.id })),
      ...terms.groups.map((a) => ({ type: TRANSFORM.DH, id: a.id })),
      ...additionalTransforms(additionalOf(p, terms)),
      ...ESN_VALUES[terms.esn].map((id) => ({ type: TRANSFORM.ESN, id })),
    ],
  }));
}

export interface ChosenIke {
  readonly suite: IkeSuite;
  readonly spi: Uint8Array;
  /** What to answer with: one proposal, one transform of each type. */
  readonly answer: WireProposal;
}

/** The peer's first proposal that meets one of ours; its order of transforms decides, but `prefer`'s group first. */
export function chooseIke(
  ours: readonly Proposal[],
  theirs: readonly WireProposal[],
  prefer?: number,
): ChosenIke | Fault {
  for (const offer of theirs) {
    if (offer.protocol !== PROTOCOL.IKE) continue;
    for (const accept of ours) {
      const encr = pickEncr(accept, offer);
      const prf = pick(offer, TRANSFORM.PRF, accept.prf, prfById);
      const integ = encr?.alg.isAead
        ? absent(offer, TRANSFORM.INTEG)
        : pick(offer, TRANSFORM.INTEG, accept.integ, integById);
      const group = pick(offer, TRANSFORM.DH, accept.dh, groupById, prefer);
      if (!encr || !prf || !group || integ === undefined || hasUnknownType(offer, IKE_TYPES)) continue;
      const more = chooseAdditional(accept.addke, offer);
      if (!more) continue;
      const suite = ikeSuite({
        encr: encr.alg,
        encrBits: encr.bits,
        prf,
        integ: integ ?? undefined,
        group,
        ...more.suite,
      });
      const transforms: Transform[] = [
        encr.transform,
        { type: TRANSFORM.PRF, id: prf.id },
        ...(integ ? [{ type: TRANSFORM.INTEG, id: integ.id }] : []),
        { type: TRANSFORM.DH, id: group.id },
        ...more.transforms,
      ];
      return {
        suite,
        spi: offer.spi,
        answer: { number: offer.number, protocol: PROTOCOL.IKE, spi: offer.spi, transforms },
      };
    }
  }
  return {
    kind: 'incompatible',
    what: 'proposal',
    offered: wireText(theirs),
    wanted: ours.map(formatProposal).join(', '),
  };
}

export interface ChosenChild {
  readonly suite: ChildSuite;
  readonly spi: number;
  readonly answer: WireProposal;
}

export function chooseChild(
  ours: readonly Proposal[],
  theirs: readonly WireProposal[],
  terms: ChildTerms,
  prefer?: number,
): ChosenChild | Fault {
  for (const offer of theirs) {
    for (const accept of ours) {
      const protocol = accept.protocol === 'ah' ? PROTOCOL.AH : PROTOCOL.ESP;
      if (offer.protocol !== protocol || offer.spi.length !== 4) continue;
      const encr = accept.protocol === 'ah' ? null : pickEncr(accept, offer);
      const integ = encr?.alg.isAead
        ? absent(offer, TRANSFORM.INTEG)
        : pick(offer, TRANSFORM.INTEG, accept.integ, integById);
      const group =
        terms.groups.length === 0 || (terms.isGroupOptional && absent(offer, TRANSFORM.DH) === null)
          ? absent(offer, TRANSFORM.DH)
          : pick(offer, TRANSFORM.DH, terms.groups, groupById, prefer);
      const esn = pickEsn(offer, terms.esn);
      if (encr === undefined || integ === undefined || group === undefined || esn === undefined) continue;
      if (hasUnknownType(offer, CHILD_TYPES)) continue;
      const more = chooseAdditional(group ? additionalOf(accept, terms) : [], offer);
      if (!more) continue;
      const suite = childSuite({
        protocol: accept.protocol === 'ah' ? 'ah' : 'esp',
        encrBits: encr?.bits ?? 0,
        esn: esn === 1,
        ...(encr ? { encr: encr.alg } : {}),
        ...(integ ? { integ } : {}),
        ...(group ? { group } : {}),
        ...more.suite,
      });
      const transforms: Transform[] = [
        ...(encr ? [encr.transform] : []),
        ...(integ ? [{ type: TRANSFORM.INTEG, id: integ.id }] : []),
        ...(group ? [{ type: TRANSFORM.DH, id: group.id }] : []),
        ...more.transforms,
        { type: TRANSFORM.ESN, id: esn },
      ];
      const [a, b, c, d] = offer.spi;
      const spi = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
      return { suite, spi, answer: { number: offer.number, protocol, spi: offer.spi, transforms } };
    }
  }
  return {
    kind: 'incompatible',
    what: 'proposal',
    offered: wireText(theirs),
    wanted: ours.map(formatProposal).join(', '),
  };
}

/**
 * 100,000 SAs have a handful of suites between them: each is one frozen object. Only what our own proposals allow
 * gets here, so the peer cannot make the maps grow.
 */
const SUITES = new Map<string, IkeSuite>();
const CHILD_SUITES = new Map<string, ChildSuite>();

function ikeSuite(suite: IkeSuite): IkeSuite {
  const { encr, encrBits, prf, integ, group, additional = [] } = suite;
  return shared(SUITES, `${encr.id} ${encrBits} ${prf.id} ${integ?.id} ${group.id}${idsOf(additional)}`, suite);
}

function childSuite(suite: ChildSuite): ChildSuite {
  const { protocol, encr, encrBits, integ, group, esn, additional = [] } = suite;
  const key = `${protocol} ${encr?.id} ${encrBits} ${integ?.id} ${group?.id} ${esn}${idsOf(additional)}`;
  return shared(CHILD_SUITES, key, suite);
}

const idsOf = (groups: readonly Group[]): string =>
  groups.length === 0 ? '' : `+${groups.map((g) => g.id).join('+')}`;

function shared<T>(known: Map<string, T>, key: string, fresh: T): T {
  const found = known.get(key);
  if (!found) known.set(key, Object.freeze(fresh));
  return found ?? fresh;
}

export const isFault = (x: object): x is Fault => 'kind' in x;

export function spiOctets(spi: number): Uint8Array {
  return Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi);
}

// ESN's transform values: 0 no, 1 yes (RFC 7296 §3.3.2). The order is the preference.
const ESN_VALUES = { no: [0], yes: [1], either: [1, 0] } as const;
const { ADDKE1, ADDKE2, ADDKE3, ADDKE4, ADDKE5, ADDKE6, ADDKE7 } = TRANSFORM;
const ADDITIONAL_TYPES = [ADDKE1, ADDKE2, ADDKE3, ADDKE4, ADDKE5, ADDKE6, ADDKE7];
const IKE_TYPES: readonly number[] = [
  ...[TRANSFORM.ENCR, TRANSFORM.PRF, TRANSFORM.INTEG, TRANSFORM.DH],
  ...ADDITIONAL_TYPES,
];
const CHILD_TYPES: readonly number[] = [
  ...[TRANSFORM.ENCR, TRANSFORM.INTEG, TRANSFORM.DH, TRANSFORM.ESN],
  ...ADDITIONAL_TYPES,
];

const encrTransforms = ({ alg, bits }: Proposal['encr'][number]): Transform[] =>
  offeredKeyBits(alg, bits).map((keyBits) => ({
    type: TRANSFORM.ENCR,
    id: alg.id,
    ...(keyBits === 0 ? {} : { keyBits }),
  }));

/** A proposal's own, or those that go with it when it leaves them to the IKE SA. */
const additionalOf = (p: Proposal, terms: ChildTerms): Proposal['addke'] =>
  terms.groups.length === 0 ? [] : p.addke.length > 0 || p.dh.length > 0 ? p.addke : (terms.addke ?? []);

const additionalTransforms = (addke: Proposal['addke']): Transform[] =>
  addke.flatMap((groups, i) => groups.map(({ id }) => ({ type: TRANSFORM.ADDKE1 + i, id })));

/** An unknown transform type makes a proposal unacceptable (RFC 7296 §3.3.6), unless it only says "none". */
const hasUnknownType = (offer: WireProposal, known: readonly number[]) =>
  offer.transforms.some(
    (t) => !known.includes(t.type) && !offer.transforms.some((o) => o.type === t.type && o.id === 0),
  );

/** Unknown attributes make a transform unacceptable (RFC 7296 §3.3.6). */
const isPlain = (t: Transform) => !t.attributes || t.attributes.length === 0;

function pickEncr(accept: Proposal, offer: WireProposal) {
  for (const transform of offer.transforms) {
    if (transform.type !== TRANSFORM.ENCR || !isPlain(transform)) continue;
    const hit = accept.encr.find(
      (e) => e.alg.id === transform.id && offeredKeyBits(e.alg, e.bits).includes(transform.keyBits ?? 0),
    );
    if (hit) return { alg: hit.alg, bits: transform.keyBits ?? hit.alg.defaultKeyBits, transform };
  }
  return undefined;
}

/** The peer's first transform of `type` that we accept, or the one with id `prefer` if we accept that. */
function pick<A extends { readonly id: number }>(
  offer: WireProposal,
  type: number,
  accept: readonly A[],
  byId: (id: number) => A | undefined,
  prefer?: number,
): A | null | undefined {
  const fits = offer.transforms.filter((t) => t.type === type && isPlain(t) && accept.some((a) => a.id === t.id));
  const chosen = fits.find((t) => t.id === prefer) ?? fits[0];
  if (chosen) return byId(chosen.id);
  // Nothing wanted (AEAD named without integrity) and nothing offered.
  return accept.every((a) => a.id === 0) ? absent(offer, type) : undefined;
}

/** null: none offered, or an explicit NONE, both of which mean none (RFC 7296 §3.3.3). */
function absent(offer: WireProposal, type: number): null | undefined {
  const offered = offer.transforms.filter((t) => t.type === type);
  return offered.length === 0 || offered.some((t) => t.id === 0) ? null : undefined;
}

function pickEsn(offer: WireProposal, wanted: 'yes' | 'no' | 'either'): 0 | 1 | undefined {
  const offered = offer.transforms.filter((t) => t.type === TRANSFORM.ESN).map((t) => t.id);
  // Absent from old peers, whose proposals then mean no.
  if (offered.length === 0) return wanted === 'yes' ? undefined : 0;
  return ESN_VALUES[wanted].find((id) => offered.includes(id));
}

/** `1:IKE=AES_GCM_16_256-HMAC_SHA2_512-MODP2048`: as much of it as a line has room for, whatever the peer sends. */
export function wireText(proposals: readonly WireProposal[]): string {
  const shown = proposals.slice(0, MOST_SHOWN).map((p) => {
    const transforms = p.transforms.slice(0, MOST_SHOWN).map(transformText);
    const more = p.transforms.length > MOST_SHOWN ? '-...' : '';
    return `${p.number}:${PROTOCOL_TEXT.get(p.protocol) ?? p.protocol}=${transforms.join('-')}${more}`;
  });
  return `${shown.join(', ')}${proposals.length > MOST_SHOWN ? ', ...' : ''}`;
}

const MOST_SHOWN = 16;

const PROTOCOL_TEXT = new Map<number, string>([
  [PROTOCOL.IKE, 'IKE'],
  [PROTOCOL.AH, 'AH'],
  [PROTOCOL.ESP, 'ESP'],
]);

function transformText(t: Transform): string {
  switch (t.type) {
    case TRANSFORM.ENCR:
      return `${encrById(t.id)?.name ?? `ENCR${t.id}`}${t.keyBits ? `_${t.keyBits}` : ''}`;
    case TRANSFORM.PRF:
      return prfById(t.id)?.name ?? `PRF${t.id}`;
    case TRANSFORM.INTEG:
      return integById(t.id)?.name ?? `INTEG${t.id}`;
    case TRANSFORM.DH:
      return groupById(t.id)?.name ?? `DH${t.id}`;
    case TRANSFORM.ESN:
      return t.id === 1 ? 'ESN' : 'NO_ESN';
    default:
      return ADDITIONAL_TYPES.includes(t.type as (typeof ADDITIONAL_TYPES)[number])
        ? `ADDKE${t.type - ADDKE1 + 1}=${groupById(t.id)?.name ?? t.id}`
        : `T${t.type}=${t.id}`;
  }
}
