/** Proposals that are wanted together: those with one number, RFC 2408 §4.2. Which protocols they are of, and their SPIs. */
import { LAYERS, type Layer } from './quick-transforms.ts';
import type { Proposal as WireProposal } from './wire/index.ts';

/** Of one end: each is where that end receives. `main` is ESP's or, without any, AH's; `ah` that of the AH around ESP. */
export interface Spis {
  readonly main: number;
  readonly ah: number | undefined;
  readonly cpi: number | undefined;
}

export const COMPRESSION: Layer = 'ipcomp';

/** In order; those with one number should stand in a row, and belong together where they do not. */
export function together(proposals: readonly WireProposal[]): readonly (readonly WireProposal[])[] {
  const groups = new Map<number, WireProposal[]>();
  for (const proposal of proposals) {
    const group = groups.get(proposal.number);
    if (group) group.push(proposal);
    else groups.set(proposal.number, [proposal]);
  }
  return [...groups.values()];
}

/** Which protocols are wanted together, and the sender's SPIs; a text: what makes no sense about them. */
export function readGroup(
  group: readonly WireProposal[],
): { readonly layers: readonly Layer[]; readonly spis: Spis } | string {
  const spis = new Map<Layer, number>();
  for (const { protocol, spi } of group) {
    const layer = LAYERS.get(protocol);
    if (!layer) return `protocol ${protocol}`;
    if (spis.has(layer)) return `${NAMES[layer]} twice in one`;
    const value = spiIn(layer, spi);
    if (typeof value === 'string') return value;
    spis.set(layer, value);
  }
  const layers = [...spis.keys()];
  const main = spis.get('esp') ?? spis.get('ah');
  if (main === undefined) return shapeText(layers);
  return { layers, spis: { main, ah: spis.has('esp') ? spis.get('ah') : undefined, cpi: spis.get(COMPRESSION) } };
}

/**
 * RFC 3173 §4.1: a CPI in two octets, or in the lower two of four, the upper ones ignored; the transform's own number is as
 * good as one drawn.
 */
function spiIn(layer: Layer, octets: Uint8Array): number | string {
  const isCpi = layer === COMPRESSION;
  if (octets.length !== 4 && !(isCpi && octets.length === 2))
    return `${NAMES[layer]} with an SPI of ${octets.length} octets`;
  const value = octets.slice(isCpi ? -2 : 0).reduce((sum, octet) => sum * 256 + octet, 0);
  const isSound = isCpi ? value === WELL_KNOWN || (value >= 256 && value <= 61_439) : value >= 256;
  return isSound ? value : `${NAMES[layer]} with the reserved ${isCpi ? 'CPI' : 'SPI'} ${value}`;
}

/** "IPCOMP Transform Identifiers": DEFLATE. */
const WELL_KNOWN = 2;

const NAMES: Readonly<Record<Layer, string>> = { ah: 'AH', esp: 'ESP', ipcomp: 'IPComp' };

export const shapeText = (layers: readonly Layer[]): string => layers.map((layer) => NAMES[layer]).join('+');

/** As it is told; RFC 3173 §4.1: a CPI in two octets. */
export function spiOf(spis: Spis, layer: Layer, main: 'esp' | 'ah'): Uint8Array {
  const { cpi = 0, ah = 0 } = spis;
  if (layer === COMPRESSION) return Uint8Array.of(cpi >> 8, cpi & 255);
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, layer === main ? spis.main : ah);
  return octets;
}
