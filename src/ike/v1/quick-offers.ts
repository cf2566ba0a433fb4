/**
 * Phase 2's proposals: offering ours, choosing among the peer's. Those with the same number are wanted together, and
 * answered together (RFC 2408 §4.2):
 *
 *     1: ESP { AES-SHA1, 3DES-SHA1 }  1: IPComp { DEFLATE }        with compress=yes, rather this
 *     2: ESP { AES-SHA1, 3DES-SHA1 }                               than that
 */
import { encrKeyOctets, type Group, type Integ } from '../crypto/algorithms.ts';
import type { ChildSuite } from '../crypto/keys.ts';
import { joined } from '../crypto/misc.ts';
import { formatProposal } from '../crypto/proposal.ts';
import type { Fault } from '../fault.ts';
import type { ChildPolicy } from '../policy.ts';
import { GROUP } from './crypto/oakley.ts';
import { type Life, shorterLife } from './lifetimes.ts';
import { isSameTransform, textOf } from './offers.ts';
import { COMPRESSION, readGroup, type Spis, shapeText, spiOf, together } from './quick-groups.ts';
import {
  isMode,
  isSamePart,
  LAYERS,
  type Layer,
  type Part,
  PROTOCOLS,
  partsOf,
  partText,
  type QuickTerms,
  readTransform,
  transformOf,
} from './quick-transforms.ts';
import { IPSEC, numberIn, PROTOCOL, type Transform, type Proposal as WireProposal } from './wire/index.ts';

export interface QuickAgreement {
  readonly suite: ChildSuite;
  /** The peer's: what we send with. */
  readonly spis: Spis;
  readonly life: Life;
}

/** What a policy wants together. */
const layersOf = ({ ah, proposals }: ChildPolicy): readonly Layer[] =>
  ah ? ['ah', 'esp'] : [proposals[0]?.protocol === 'ah' ? 'ah' : 'esp'];

/** AH covers the addresses that a NAT changes. */
export const passesNat = (child: ChildPolicy): boolean => !layersOf(child).includes('ah');

/** Ours: a transform for each way; with a CPI a bundle first. Empty: IKEv1 has no words for any. */
export function offerQuick(child: ChildPolicy, spis: Spis, terms: QuickTerms): readonly WireProposal[] {
  const layers = layersOf(child);
  const shapes = spis.cpi === undefined ? [layers] : [[...layers, COMPRESSION], layers];
  const offered = shapes.flatMap((shape, i) =>
    shape.map((layer) => ({
      number: i + 1,
      protocol: PROTOCOLS[layer],
      spi: spiOf(spis, layer, layers.includes('esp') ? 'esp' : 'ah'),
      transforms: partsOf(layer, child, terms.group)
        .slice(0, MOST_TRANSFORMS)
        .map((part, at) => ({ ...transformOf(part, child, terms), number: at + 1 })),
    })),
  );
  return offered.every(({ transforms }) => transforms.length > 0) ? offered : [];
}

/** Its number is an octet. */
const MOST_TRANSFORMS = 255;

export interface QuickChoice extends QuickAgreement {
  /** The peer's proposals with one transform each, and its SPIs. */
  readonly answer: readonly WireProposal[];
}

/** As responder: the first of the peer's that we would have offered too. */
export function chooseQuick(
  child: ChildPolicy,
  theirs: readonly WireProposal[],
  terms: QuickTerms,
): QuickChoice | Fault {
  const refused: string[] = [];
  for (const group of together(theirs)) {
    const chosen = chooseTogether(child, group, terms);
    if (typeof chosen !== 'string') return chosen;
    refused.push(chosen);
  }
  const wanted = [...child.proposals, ...(child.ah ?? [])].map(formatProposal).join(', ');
  const pfs = terms.group ? `-${terms.group.name}` : '';
  return {
    ...{ kind: 'incompatible', what: 'proposal', offered: textOf(refused) },
    wanted: `${wanted}${pfs} in ${child.mode} mode${terms.nat ? ' over UDP' : ''}${child.compress ? ', perhaps compressed' : ''}`,
  };
}

/** What is chosen, with our own SPIs: a CPI in as many octets as the peer's. */
export const answerWith = (spis: Spis, { answer, suite }: QuickChoice): readonly WireProposal[] =>
  answer.map((proposal) => {
    const layer = LAYERS.get(proposal.protocol)!;
    const octets = spiOf(spis, layer, suite.protocol);
    return { ...proposal, spi: layer === COMPRESSION && proposal.spi.length === 4 ? joined(ZEROS, octets) : octets };
  });

const ZEROS = new Uint8Array(2);

function chooseTogether(child: ChildPolicy, group: readonly WireProposal[], terms: QuickTerms): QuickChoice | string {
  const read = readGroup(group);
  if (typeof read === 'string') return read;
  const { layers, spis } = read;
  const wanted = layersOf(child);
  if (layers.includes(COMPRESSION) && !child.compress) return `${shapeText(layers)}, and compress=no`;
  const isWanted = wanted.every((layer) => layers.includes(layer));
  const bare = layers.filter((layer) => layer !== COMPRESSION);
  if (!isWanted || bare.length !== wanted.length) return shapeText(layers);
  if (terms.nat && layers.includes('ah')) return `${shapeText(layers)}, which passes no NAT`;
  const parts: Part[] = [];
  const answer: WireProposal[] = [];
  let life: Life = {};
  for (const proposal of group) {
    const layer = LAYERS.get(proposal.protocol)!;
    // Sequence numbers are as long in all of a bundle.
    const [first] = parts;
    const ours = partsOf(layer, child, terms.group).filter(
      (part) => !first || layer === COMPRESSION || first.layer === COMPRESSION || part.esn === first.esn,
    );
    const found = firstFit(layer, ours, proposal, child, terms);
    if (typeof found === 'string') return found;
    parts.push(found.part);
    answer.push({ ...proposal, transforms: [found.transform] });
    life = shorterLife(life, found.life);
  }
  return { suite: suiteOf(parts), spis, life, answer };
}

function firstFit(
  layer: Layer,
  ours: readonly Part[],
  { transforms }: WireProposal,
  child: ChildPolicy,
  { nat }: QuickTerms,
): { readonly part: Part; readonly transform: Transform; readonly life: Life } | string {
  const refused: string[] = [];
  for (const transform of transforms) {
    const offer = readTransform(layer, transform);
    if (typeof offer === 'string') refused.push(offer);
    else {
      const part = ours.find((own) => isSamePart(own, offer.part));
      const isFit = isMode(offer.mode, child.mode, layer, nat !== undefined);
      if (part && isFit) return { part, transform, life: offer.life };
      refused.push(part ? `encapsulation mode ${offer.mode}` : partText(offer.part));
    }
  }
  return textOf(refused);
}

/** As initiator: the answer must be one of what we offered. */
export function acceptQuick(
  offered: readonly WireProposal[],
  answered: readonly WireProposal[],
): QuickAgreement | Fault {
  const wrong = { kind: 'misbehaved', rule: 'RFC 2409 §5.5: the answer is one of the transforms offered' } as const;
  const [answers, ...more] = together(answered);
  const read = answers && more.length === 0 ? readGroup(answers) : 'several';
  if (typeof read === 'string') return wrong;
  // Numbers are kept, as a rule; that it is the same protocols is what counts.
  const shape = shapeOf(answers);
  const fit = together(offered).filter((group) => shapeOf(group) === shape);
  const ours = fit.find(([{ number }]) => number === answers[0].number) ?? fit.at(0);
  if (!ours) return wrong;
  const parts: Part[] = [];
  let life: Life = {};
  for (const { protocol, transforms } of answers) {
    const mine = ours.find((own) => own.protocol === protocol)!;
    const same = transforms.length === 1 && mine.transforms.find((own) => isSameTransform(own, transforms[0]));
    const meant = same ? readTransform(LAYERS.get(protocol)!, same) : 'none of ours';
    if (typeof meant === 'string') return wrong;
    parts.push(meant.part);
    life = shorterLife(life, meant.life);
  }
  const [first, second] = parts.filter(({ layer }) => layer !== COMPRESSION);
  if (second && first.esn !== second.esn) return wrong;
  return { suite: suiteOf(parts), spis: read.spis, life };
}

const shapeOf = (group: readonly WireProposal[]): string =>
  group
    .map(({ protocol }) => protocol)
    .toSorted()
    .join();

/** The group that an offer asks for, which all of its transforms must. RFC 2409 §5.5. */
export function groupOffered(theirs: readonly WireProposal[]): Group | undefined {
  const first = theirs
    .filter(({ protocol }) => protocol !== PROTOCOL.IPCOMP)
    .flatMap((p) => p.transforms.map((t) => t.attributes.find((a) => a.type === IPSEC.GROUP)))
    .at(0);
  return first && GROUP.row(numberIn(first) ?? 0);
}

/** Octets of the keys of one direction. */
export const childKeyOctets = ({
  encr,
  encrBits,
  integ,
}: Pick<ChildSuite, 'encr' | 'encrBits' | 'integ'>): { readonly encr: number; readonly integ: number } => ({
  encr: encr ? encrKeyOctets(encr, encrBits) : 0,
  integ: integ?.keyOctets ?? 0,
});

export const protocolNumber = ({ protocol }: Pick<ChildSuite, 'protocol'>): number => PROTOCOLS[protocol];

const SUITES = new Map<string, ChildSuite>();

/** 100,000 children have a handful of suites between them; only what our own proposals allow gets here. */
function suiteOf(parts: readonly Part[]): ChildSuite {
  const key = parts.map(partText).toSorted().join(' ');
  const known = SUITES.get(key);
  if (known) return known;
  const of = (layer: Layer) => parts.find((part) => part.layer === layer);
  const [esp, ah] = [of('esp'), of('ah')];
  const main = esp ?? ah;
  if (!main) throw new Error('a child of no protocol');
  const { encr, encrBits, integ, esn, group } = main;
  const around: Integ | undefined = esp && ah?.integ;
  const suite: ChildSuite = Object.freeze({
    ...{ protocol: esp ? 'esp' : 'ah', encrBits, esn },
    ...(encr && { encr }),
    ...(integ && { integ }),
    ...(group && { group }),
    ...(around && { ah: around }),
    ...(of(COMPRESSION) && { compresses: true as const }),
  } as const);
  SUITES.set(key, suite);
  return suite;
}
