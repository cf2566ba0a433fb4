/** Phase 2 between configuration and wire, RFC 2407 §4.4 and §4.5. */
import { encrKeyOctets, type Group, offeredKeyBits } from '../crypto/algorithms.ts';
import type { ChildSuite } from '../crypto/keys.ts';
import { formatProposal } from '../crypto/proposal.ts';
import type { Fault } from '../fault.ts';
import type { ChildPolicy } from '../policy.ts';
import { AH_TRANSFORM, AUTH_ALGORITHM, ESP_TRANSFORM, GROUP } from './crypto/oakley.ts';
import { type Life, lifeAttributes, readLife } from './lifetimes.ts';
import { isSameTransform, textOf } from './offers.ts';
import type { Proposal as WireProposal } from './wire/index.ts';
import { type Attribute, ENCAPSULATION, IPSEC, numberIn, PROTOCOL, type Transform } from './wire/index.ts';

/** What a child depends on besides the algorithms. */
export interface QuickTerms {
  /** With PFS: the group of the KE payload. */
  readonly group: Group | undefined;
  /** How a NAT between the ends is dealt with; undefined: there is none. */
  readonly nat: 'rfc' | 'drafts' | undefined;
}

export interface QuickAgreement {
  readonly suite: ChildSuite;
  /** The peer's: what we send with. */
  readonly spi: number;
  readonly life: Life;
}

const MODES = {
  plain: { tunnel: ENCAPSULATION.TUNNEL, transport: ENCAPSULATION.TRANSPORT },
  rfc: { tunnel: ENCAPSULATION.UDP_TUNNEL, transport: ENCAPSULATION.UDP_TRANSPORT },
  drafts: { tunnel: ENCAPSULATION.UDP_TUNNEL_DRAFT, transport: ENCAPSULATION.UDP_TRANSPORT_DRAFT },
} as const;

const modeNumber = (mode: ChildPolicy['mode'], nat: QuickTerms['nat']): number => MODES[nat ?? 'plain'][mode];

/** Ours: one proposal, a transform for each way. */
export function offerQuick(child: ChildPolicy, spi: Uint8Array, terms: QuickTerms): WireProposal[] {
  const protocol = child.proposals[0]?.protocol === 'ah' ? PROTOCOL.AH : PROTOCOL.ESP;
  const transforms = suitesOf(child, terms.group)
    .slice(0, 255)
    .map((suite, i) => ({ ...transformOf(suite, child, terms), number: i + 1 }));
  return [{ number: 1, protocol, spi, transforms }];
}

/** All that our proposals stand for and IKEv1 can say, in their order. */
function suitesOf({ proposals, esn }: ChildPolicy, group: Group | undefined): readonly ChildSuite[] {
  const withGroup = group ? { group } : {};
  const esns = { yes: [true], no: [false], either: [true, false] }[esn];
  return proposals.flatMap(({ protocol, encr, integ }): readonly ChildSuite[] => {
    const integs = integ.filter((row) => row.id !== 0 && AUTH_ALGORITHM.number(row) !== undefined);
    if (protocol === 'ah')
      return integs
        .filter((row) => AH_TRANSFORM.number(row) !== undefined)
        .flatMap((row) => esns.map((esn) => ({ protocol, encrBits: 0, integ: row, esn, ...withGroup })));
    return encr
      .filter(({ alg }) => ESP_TRANSFORM.number(alg) !== undefined)
      .flatMap(({ alg, bits }) =>
        offeredKeyBits(alg, bits).flatMap((encrBits) =>
          (alg.isAead ? [undefined] : integs).flatMap((row) =>
            esns.map((esn) => ({
              ...{ protocol: 'esp' as const, encr: alg, encrBits, esn, ...withGroup },
              ...(row && { integ: row }),
            })),
          ),
        ),
      );
  });
}

function transformOf(suite: ChildSuite, child: ChildPolicy, { group, nat }: QuickTerms): Transform {
  const { encr, encrBits, integ, esn } = suite;
  const attributes: Attribute[] = [
    ...(group ? [{ type: IPSEC.GROUP, value: GROUP.number(group)! }] : []),
    { type: IPSEC.ENCAPSULATION, value: modeNumber(child.mode, nat) },
    ...lifeAttributes(child.lifetime, IPSEC),
    ...(integ ? [{ type: IPSEC.AUTH, value: AUTH_ALGORITHM.number(integ)! }] : []),
    ...(encrBits === 0 ? [] : [{ type: IPSEC.KEY_LENGTH, value: encrBits }]),
    ...(esn ? [{ type: IPSEC.ESN, value: 1 }] : []),
  ];
  const id = encr ? ESP_TRANSFORM.number(encr)! : AH_TRANSFORM.number(integ!)!;
  return { number: 1, id, attributes };
}

/** A transform that means something to us. */
interface Offer {
  readonly suite: ChildSuite;
  readonly mode: number;
  readonly life: Life;
}

function readTransform(protocol: number, transform: Transform): Offer | string {
  const read = readLife(transform.attributes, IPSEC);
  if (typeof read === 'string') return read;
  const values = new Map<number, number>();
  for (const one of read.rest) {
    const value = numberIn(one);
    if (value === undefined || values.has(one.type)) return `attribute ${one.type} twice, or too long`;
    values.set(one.type, value);
  }
  const take = (type: number) => {
    const value = values.get(type);
    values.delete(type);
    return value;
  };
  const groupNumber = take(IPSEC.GROUP);
  const mode = take(IPSEC.ENCAPSULATION);
  const authNumber = take(IPSEC.AUTH);
  const bits = take(IPSEC.KEY_LENGTH);
  const esn = take(IPSEC.ESN);
  const [unknown] = values.keys();
  if (unknown !== undefined) return `attribute ${unknown}`;
  const group = groupNumber === undefined ? undefined : GROUP.row(groupNumber);
  const integ = authNumber === undefined ? undefined : AUTH_ALGORITHM.row(authNumber);
  if ((groupNumber !== undefined && !group) || (authNumber !== undefined && !integ) || (esn !== undefined && esn !== 1))
    return `group ${groupNumber} authentication ${authNumber} sequence numbers ${esn}`;
  // RFC 2407 §4.5: what no encapsulation mode means depends on the host, so there must be one.
  if (mode === undefined) return 'no encapsulation mode';
  const about = { esn: esn === 1, ...(group && { group }) };
  if (protocol === PROTOCOL.AH) {
    const isTwiceTheSame = integ && AH_TRANSFORM.row(transform.id) === integ && bits === undefined;
    if (!isTwiceTheSame) return `AH transform ${transform.id} with authentication ${authNumber}`;
    return { suite: { protocol: 'ah', encrBits: 0, integ, ...about }, mode, life: read.life };
  }
  const encr = ESP_TRANSFORM.row(transform.id);
  if (!encr) return `ESP transform ${transform.id}`;
  const isFit = encr.fixedKeyLength ? bits === undefined : bits === undefined || encr.keyBits.includes(bits);
  if (!isFit) return `${encr.name} with keys of ${bits} bits`;
  if (encr.isAead !== (integ === undefined)) return `${encr.name} ${integ ? 'with' : 'without'} authentication`;
  const encrBits = encr.fixedKeyLength ? 0 : (bits ?? encr.defaultKeyBits);
  return { suite: { protocol: 'esp', encr, encrBits, ...(integ && { integ }), ...about }, mode, life: read.life };
}

export interface QuickChoice extends QuickAgreement {
  readonly answer: WireProposal;
}

/**
 * As responder: the first of the peer's transforms that we would have offered too. Proposals with the same number are
 * wanted together (RFC 2408 §4.2): what is more than one protocol is not configured here, and refused.
 */
export function chooseQuick(
  child: ChildPolicy,
  theirs: readonly WireProposal[],
  terms: QuickTerms,
): QuickChoice | Fault {
  const refused: string[] = [];
  const ours = suitesOf(child, terms.group);
  const modes = terms.nat
    ? [modeNumber(child.mode, 'rfc'), modeNumber(child.mode, 'drafts')]
    : [modeNumber(child.mode, undefined)];
  for (const proposal of theirs) {
    const isBundle = theirs.some((other) => other !== proposal && other.number === proposal.number);
    const name = protocolNames.get(proposal.protocol) ?? `protocol ${proposal.protocol}`;
    if (isBundle || !protocolNames.has(proposal.protocol) || proposal.spi.length !== 4) {
      refused.push(isBundle ? `${name} with another protocol` : `${name} with an SPI of ${proposal.spi.length} octets`);
      continue;
    }
    for (const transform of proposal.transforms) {
      const offer = readTransform(proposal.protocol, transform);
      const suite = typeof offer === 'string' ? undefined : ours.find((own) => isSame(own, offer.suite));
      if (typeof offer === 'string') refused.push(offer);
      else if (!suite) refused.push(suiteText(offer.suite));
      else if (!modes.includes(offer.mode)) refused.push(`encapsulation mode ${offer.mode}`);
      else
        return {
          ...{ suite: shared(suite), spi: spiOf(proposal), life: offer.life },
          answer: { ...proposal, transforms: [transform] },
        };
    }
  }
  return {
    kind: 'incompatible',
    what: 'proposal',
    offered: textOf(refused),
    wanted: `${child.proposals.map(formatProposal).join(', ')}${terms.group ? `-${terms.group.name}` : ''} in ${child.mode} mode${terms.nat ? ' over UDP' : ''}`,
  };
}

/** As initiator: the answer must be one of what we offered. */
export function acceptQuick(
  offered: readonly WireProposal[],
  answered: readonly WireProposal[],
): QuickAgreement | Fault {
  const [ours] = offered;
  const [answer] = answered;
  const isOne = answered.length === 1 && answer.transforms.length === 1 && answer.protocol === ours.protocol;
  const same = isOne && ours.transforms.find((own) => isSameTransform(own, answer.transforms[0]));
  const meant = same ? readTransform(ours.protocol, same) : 'none of ours';
  if (typeof meant === 'string' || answer.spi.length !== 4)
    return { kind: 'misbehaved', rule: 'RFC 2409 §5.5: the answer is one of the transforms offered' };
  return { suite: shared(meant.suite), spi: spiOf(answer), life: meant.life };
}

/** The group that an offer asks for, which all of its transforms must. RFC 2409 §5.5. */
export function groupOffered(theirs: readonly WireProposal[]): Group | undefined {
  const numbers = theirs.flatMap((p) => p.transforms.map((t) => t.attributes.find((a) => a.type === IPSEC.GROUP)));
  const [first] = numbers;
  return first && GROUP.row(numberIn(first) ?? 0);
}

/** Octets of the keys of one direction. */
export const childKeyOctets = ({
  encr,
  encrBits,
  integ,
}: ChildSuite): { readonly encr: number; readonly integ: number } => ({
  encr: encr ? encrKeyOctets(encr, encrBits) : 0,
  integ: integ?.keyOctets ?? 0,
});

export const protocolNumber = ({ protocol }: Pick<ChildSuite, 'protocol'>): number =>
  protocol === 'ah' ? PROTOCOL.AH : PROTOCOL.ESP;

const protocolNames: ReadonlyMap<number, string> = new Map([
  [PROTOCOL.AH, 'AH'],
  [PROTOCOL.ESP, 'ESP'],
]);

const spiOf = ({ spi }: WireProposal): number => new DataView(spi.buffer, spi.byteOffset).getUint32(0);

const isSame = (a: ChildSuite, b: ChildSuite): boolean => suiteText(a) === suiteText(b);

/** libreswan's text: `AES_CBC_128-HMAC_SHA1_96`. */
const suiteText = ({ protocol, encr, encrBits, integ, group, esn }: ChildSuite): string =>
  [
    encr ? `${encr.name}${encrBits ? `_${encrBits}` : ''}` : protocol.toUpperCase(),
    integ?.name ?? 'NONE',
    ...(group ? [group.name] : []),
    ...(esn ? ['ESN'] : []),
  ].join('-');

const SUITES = new Map<string, ChildSuite>();

/** 100,000 children have a handful of suites between them; only what our own proposals allow gets here. */
function shared(suite: ChildSuite): ChildSuite {
  const key = `${suite.protocol} ${suiteText(suite)}`;
  const known = SUITES.get(key) ?? Object.freeze(suite);
  SUITES.set(key, known);
  return known;
}
