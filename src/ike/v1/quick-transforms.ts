/** Transforms of ESP, AH and IPComp between configuration and wire: RFC 2407 §4.4 and §4.5, RFC 3173 §4.1. */
import { type Encr, type Group, type Integ, offeredKeyBits } from '../crypto/algorithms.ts';
import type { Proposal } from '../crypto/proposal.ts';
import type { ChildPolicy } from '../policy.ts';
import { AH_TRANSFORM, AUTH_ALGORITHM, ESP_TRANSFORM, GROUP } from './crypto/oakley.ts';
import { type Life, lifeAttributes, readLife } from './lifetimes.ts';
import { Values } from './values.ts';
import { type Attribute, ENCAPSULATION, IPSEC, numberIn, PROTOCOL, type Transform } from './wire/index.ts';

/** What a child depends on besides the algorithms. */
export interface QuickTerms {
  /** With PFS: the group of the KE payload. */
  readonly group: Group | undefined;
  /** How a NAT between the ends is dealt with; undefined: there is none. */
  readonly nat: 'rfc' | 'drafts' | undefined;
}

/** In the order in which their proposals stand. */
export type Layer = 'ah' | 'esp' | 'ipcomp';

export const PROTOCOLS: Readonly<Record<Layer, number>> = {
  ah: PROTOCOL.AH,
  esp: PROTOCOL.ESP,
  ipcomp: PROTOCOL.IPCOMP,
};

export const LAYERS: ReadonlyMap<number, Layer> = new Map(
  Object.entries(PROTOCOLS).map(([layer, number]) => [number, layer as Layer]),
);

/** One protocol's share in a child. `integ` is undefined with an AEAD, within AH, and of IPComp. */
export interface Part {
  readonly layer: Layer;
  readonly encr: Encr | undefined;
  readonly encrBits: number;
  readonly integ: Integ | undefined;
  readonly esn: boolean;
  readonly group: Group | undefined;
}

/** "IPCOMP Transform Identifiers": the only one that kernels have. */
const DEFLATE = 2;

const DEFLATED: Part = {
  ...{ layer: 'ipcomp', encr: undefined, encrBits: 0, integ: undefined, esn: false, group: undefined },
};

const ENCAPSULATIONS = {
  plain: { tunnel: ENCAPSULATION.TUNNEL, transport: ENCAPSULATION.TRANSPORT },
  rfc: { tunnel: ENCAPSULATION.UDP_TUNNEL, transport: ENCAPSULATION.UDP_TRANSPORT },
  drafts: { tunnel: ENCAPSULATION.UDP_TUNNEL_DRAFT, transport: ENCAPSULATION.UDP_TRANSPORT_DRAFT },
} as const;

/** Whether `number` is what a child in `mode` wants; peers tell both forms of NAT traversal by either's numbers. */
export function isMode(
  number: number | undefined,
  mode: ChildPolicy['mode'],
  layer: Layer,
  isNatted: boolean,
): boolean {
  const { plain, rfc, drafts } = ENCAPSULATIONS;
  const inUdp = number === rfc[mode] || number === drafts[mode];
  // What is inside is not what goes through the NAT: some say it is, some say it is not, some say nothing.
  if (layer === 'ipcomp') return number === undefined || inUdp || number === plain[mode];
  return isNatted ? inUdp : number === plain[mode];
}

/** All that our proposals stand for and IKEv1 can say, in their order. */
export function partsOf(layer: Layer, child: ChildPolicy, group: Group | undefined): readonly Part[] {
  if (layer === 'ipcomp') return [DEFLATED];
  const esns = { yes: [true], no: [false], either: [true, false] }[child.esn];
  const proposals = layer === 'ah' && child.ah ? child.ah : child.proposals;
  const bare = layer === 'ah' ? authentications(proposals) : ciphers(proposals, child.ah !== undefined);
  return bare.flatMap((part) => esns.map((esn) => ({ layer, ...part, esn, group })));
}

type Bare = Pick<Part, 'encr' | 'encrBits' | 'integ'>;

const authentications = (proposals: readonly Proposal[]): readonly Bare[] =>
  proposals
    .flatMap(({ integ }) => integ)
    .filter((row) => AH_TRANSFORM.number(row) !== undefined && AUTH_ALGORITHM.number(row) !== undefined)
    .map((integ) => ({ encr: undefined, encrBits: 0, integ }));

/** `isWithinAh`: what AH authenticates need not be so twice, as FreeS/WAN has it. */
const ciphers = (proposals: readonly Proposal[], isWithinAh: boolean): readonly Bare[] =>
  proposals.flatMap(({ encr, integ }) => {
    const integs = integ.filter((row) => row.id !== 0 && AUTH_ALGORITHM.number(row) !== undefined);
    return encr
      .filter(({ alg }) => ESP_TRANSFORM.number(alg) !== undefined)
      .flatMap(({ alg, bits }) =>
        offeredKeyBits(alg, bits).flatMap((encrBits) => {
          const rows = alg.isAead ? [undefined] : [...integs, ...(isWithinAh ? [undefined] : [])];
          return rows.map((row) => ({ encr: alg, encrBits, integ: row }));
        }),
      );
  });

export function transformOf(part: Part, child: ChildPolicy, { nat }: QuickTerms): Omit<Transform, 'number'> {
  const { layer, encrBits, integ, esn, group } = part;
  const attributes: Attribute[] = [
    ...(group ? [{ type: IPSEC.GROUP, value: GROUP.number(group)! }] : []),
    { type: IPSEC.ENCAPSULATION, value: ENCAPSULATIONS[nat ?? 'plain'][child.mode] },
    ...lifeAttributes(child.lifetime, IPSEC, layer === 'ipcomp' ? undefined : child.maxBytes),
    ...(integ ? [{ type: IPSEC.AUTH, value: AUTH_ALGORITHM.number(integ)! }] : []),
    ...(encrBits === 0 ? [] : [{ type: IPSEC.KEY_LENGTH, value: encrBits }]),
    ...(esn ? [{ type: IPSEC.ESN, value: 1 }] : []),
  ];
  return { id: transformId(part), attributes };
}

function transformId({ layer, encr, integ }: Part): number {
  if (layer === 'ipcomp') return DEFLATE;
  return encr ? ESP_TRANSFORM.number(encr)! : AH_TRANSFORM.number(integ!)!;
}

/** A transform that means something to us. */
export interface Offer {
  readonly part: Part;
  readonly mode: number | undefined;
  readonly life: Life;
}

export function readTransform(layer: Layer, transform: Transform): Offer | string {
  const read = readLife(transform.attributes, IPSEC);
  if (typeof read === 'string') return read;
  if (layer === 'ipcomp') return readDeflate(transform.id, read);
  const values = Values.of(read.rest);
  if (typeof values === 'string') return values;
  const groupNumber = values.take(IPSEC.GROUP);
  const mode = values.take(IPSEC.ENCAPSULATION);
  const authNumber = values.take(IPSEC.AUTH);
  const bits = values.take(IPSEC.KEY_LENGTH);
  const esn = values.take(IPSEC.ESN);
  const unknown = values.unknown();
  if (unknown !== undefined) return unknown;
  const group = groupNumber === undefined ? undefined : GROUP.row(groupNumber);
  const integ = authNumber === undefined ? undefined : AUTH_ALGORITHM.row(authNumber);
  if ((groupNumber !== undefined && !group) || (authNumber !== undefined && !integ) || (esn !== undefined && esn !== 1))
    return `group ${groupNumber} authentication ${authNumber} sequence numbers ${esn}`;
  // RFC 2407 §4.5: what no encapsulation mode means depends on the host, so there must be one.
  if (mode === undefined) return 'no encapsulation mode';
  const part = READERS[layer](transform.id, { integ, bits });
  if (typeof part === 'string') return part;
  return { part: { layer, esn: esn === 1, group, ...part }, mode, life: read.life };
}

/** RFC 3173 §4.1: what is not about IPComp is ignored, and that it is missing is no reason to refuse. */
function readDeflate(id: number, { life, rest }: Exclude<ReturnType<typeof readLife>, string>): Offer | string {
  if (id !== DEFLATE) return `IPComp transform ${id}`;
  const mode = rest.find(({ type }) => type === IPSEC.ENCAPSULATION);
  return { part: DEFLATED, mode: mode && numberIn(mode), life };
}

interface Named {
  readonly integ: Integ | undefined;
  readonly bits: number | undefined;
}

const READERS: Readonly<Record<'ah' | 'esp', (id: number, named: Named) => Bare | string>> = {
  ah: (id, { integ, bits }) => {
    const isTwiceTheSame = integ && AH_TRANSFORM.row(id) === integ && bits === undefined;
    return isTwiceTheSame
      ? { encr: undefined, encrBits: 0, integ }
      : `AH transform ${id} with ${integ ? `authentication ${integ.name}` : 'no authentication'}`;
  },
  esp: (id, { integ, bits }) => {
    const encr = ESP_TRANSFORM.row(id);
    if (!encr) return `ESP transform ${id}`;
    const isFit = encr.fixedKeyLength ? bits === undefined : bits === undefined || encr.keyBits.includes(bits);
    if (!isFit) return `${encr.name} with keys of ${bits} bits`;
    if (encr.isAead && integ) return `${encr.name} with authentication`;
    return { encr, encrBits: encr.fixedKeyLength ? 0 : (bits ?? encr.defaultKeyBits), integ };
  },
};

export const isSamePart = (a: Part, b: Part): boolean =>
  a.layer === b.layer &&
  a.encr === b.encr &&
  a.encrBits === b.encrBits &&
  a.integ === b.integ &&
  a.esn === b.esn &&
  a.group === b.group;

/** libreswan's text: `AES_CBC_128-HMAC_SHA1_96`. */
export function partText({ layer, encr, encrBits, integ, group, esn }: Part): string {
  if (layer === 'ipcomp') return 'IPCOMP_DEFLATE';
  return [
    encr ? `${encr.name}${encrBits ? `_${encrBits}` : ''}` : layer.toUpperCase(),
    integ?.name ?? 'NONE',
    ...(group ? [group.name] : []),
    ...(esn ? ['ESN'] : []),
  ].join('-');
}
