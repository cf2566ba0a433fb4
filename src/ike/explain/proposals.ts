/** Why proposals do not meet: what each side holds, and where the two that come closest part. RFC 7296 §2.7, §3.3. */
import { encrById, groupById, integById, prfById } from '../crypto/algorithms.ts';
import { PROTOCOL, type Proposal, TRANSFORM, type Transform } from '../wire/index.ts';
import { clip, has, type Parties, says, some } from './words.ts';

export type Kind = 'protocol' | 'encryption' | 'key length' | 'PRF' | 'integrity' | 'group' | 'ESN';

/** One thing in which two proposals have nothing in common. */
export interface Parting {
  readonly kind: Kind;
  readonly offered: string;
  readonly accepted: string;
}

export interface Nearest {
  readonly offered: Proposal;
  readonly accepted: Proposal;
  /** Empty: they meet after all. */
  readonly partings: readonly Parting[];
}

/** Of each side so many proposals are looked at, and transforms of each: a peer that sends more gets no more of our time. */
const MOST = 16;
const MOST_TRANSFORMS = 64;

/** The two proposals that part in the fewest things; `accepted` as its holder would offer it itself. */
export function nearest(offered: readonly Proposal[], accepted: readonly Proposal[]): Nearest | undefined {
  let best: Nearest | undefined;
  let least = Number.POSITIVE_INFINITY;
  const holds = accepted.slice(0, MOST).map(viewOf);
  for (const offer of offered.slice(0, MOST).map(viewOf)) {
    for (const accept of holds) {
      const partings = partingsOf(offer, accept);
      const distance = partings.reduce((sum, { kind }) => sum + WEIGHTS[kind], 0);
      if (distance >= least) continue;
      least = distance;
      best = { offered: offer.proposal, accepted: accept.proposal, partings };
    }
  }
  return best;
}

/** Two lines: what each side holds, and where the nearest two part. `keyword`: `ike=`, `esp=` or `ah=`; `words`: other ones. */
export function explainProposals(
  keyword: string,
  offered: readonly Proposal[],
  accepted: readonly Proposal[],
  { asker, asked }: Parties,
  words: Partial<Readonly<Record<Kind, string>>> = {},
): readonly string[] {
  const names = { ...NAMES, ...words };
  const holdings = `${keyword}: ${says(asker, 'offer')} ${proposalsText(offered)}; ${says(asked, 'accept')} ${proposalsText(accepted)}`;
  const closest = nearest(offered, accepted);
  if (!closest || closest.partings.length === 0) return [holdings];
  const where = closest.partings.map(
    (p) => `in ${names[p.kind]} (${has(asker)} ${clip(p.offered, 120)}, ${has(asked)} ${clip(p.accepted, 120)})`,
  );
  const which = offered.length > 1 || accepted.length > 1 ? 'the nearest two part' : 'they part';
  return [holdings, `${keyword}: ${which} ${where.join(' and ')}`];
}

/** `AES_GCM_16_256-HMAC_SHA2_512-DH19+DH31`: the shape of `ipsec algparse`; the first few proposals. */
export const proposalsText = (proposals: readonly Proposal[]): string =>
  proposals.length === 0 ? 'nothing' : clip(some(proposals.slice(0, MOST).map(proposalText), 3));

function proposalText(proposal: Proposal): string {
  const { encr, integ, prf, dh, esn } = viewOf(proposal);
  const named = (list: readonly string[]) => list.filter((name) => name !== NONE).join('+');
  const parts = [named(encr), named(integ), named(prf), named(dh), esn.includes('yes') ? 'ESN' : ''];
  return `${proposal.protocol === PROTOCOL.AH ? 'AH:' : ''}${parts.filter(Boolean).join('-')}`;
}

/** A key of another length is nearer than another cipher, and a proposal for AH is none for ESP at all. */
const WEIGHTS: Readonly<Record<Kind, number>> = {
  protocol: 100,
  encryption: 2,
  'key length': 1,
  PRF: 1,
  integrity: 1,
  group: 1,
  ESN: 1,
};

const NAMES: Readonly<Record<Kind, string>> = {
  protocol: 'the protocol',
  encryption: 'the cipher',
  'key length': 'the key length',
  PRF: 'the PRF',
  integrity: 'integrity',
  group: 'the group',
  ESN: 'extended sequence numbers',
};

/** A proposal by the kinds of its transforms, in names. */
interface View {
  readonly proposal: Proposal;
  readonly ciphers: readonly number[];
  readonly encr: readonly string[];
  readonly prf: readonly string[];
  readonly integ: readonly string[];
  readonly dh: readonly string[];
  readonly esn: readonly string[];
}

function viewOf(proposal: Proposal): View {
  const transforms = proposal.transforms.slice(0, MOST_TRANSFORMS);
  const of = (type: number) => [...new Set(transforms.filter((t) => t.type === type).map(transformText))];
  const orElse = (names: readonly string[], absent: string) => (names.length > 0 ? names : [absent]);
  return {
    proposal,
    ciphers: transforms.filter((t) => t.type === TRANSFORM.ENCR).map((t) => t.id),
    encr: of(TRANSFORM.ENCR),
    prf: of(TRANSFORM.PRF),
    integ: orElse(of(TRANSFORM.INTEG), NONE),
    dh: orElse(of(TRANSFORM.DH), NONE),
    // Old peers leave it out and mean no.
    esn: orElse(of(TRANSFORM.ESN), 'no'),
  };
}

/** Saying nothing of integrity or a group says that there is none. */
const NONE = 'NONE';

function partingsOf(offer: View, accept: View): Parting[] {
  const protocols = [offer.proposal.protocol, accept.proposal.protocol];
  if (protocols[0] !== protocols[1])
    return [{ kind: 'protocol', offered: protocolText(protocols[0]), accepted: protocolText(protocols[1]) }];
  const partings: Parting[] = [];
  const compare = (kind: Kind, offered: readonly string[], accepted: readonly string[]) => {
    if (!offered.some((o) => accepted.includes(o)))
      partings.push({ kind, offered: offered.join('+'), accepted: accepted.join('+') });
  };
  const [protocol] = protocols;
  if (protocol !== PROTOCOL.AH) {
    const isSameCipher = offer.ciphers.some((id) => accept.ciphers.includes(id));
    compare(isSameCipher ? 'key length' : 'encryption', offer.encr, accept.encr);
  }
  // Whether there is integrity besides follows from the cipher, which has been named then.
  if (isAead(offer) === isAead(accept)) compare('integrity', offer.integ, accept.integ);
  if (protocol === PROTOCOL.IKE) compare('PRF', offer.prf, accept.prf);
  compare('group', offer.dh, accept.dh);
  if (protocol !== PROTOCOL.IKE) compare('ESN', offer.esn, accept.esn);
  return partings;
}

const isAead = ({ ciphers }: View): boolean => ciphers.some((id) => encrById(id)?.isAead);

function transformText(t: Transform): string {
  switch (t.type) {
    case TRANSFORM.ENCR: {
      const alg = encrById(t.id);
      return `${alg?.name ?? `cipher ${t.id}`}${t.keyBits ? `_${t.keyBits}` : ''}`;
    }
    case TRANSFORM.PRF:
      return prfById(t.id)?.name ?? `PRF ${t.id}`;
    case TRANSFORM.INTEG:
      return integById(t.id)?.name ?? `integrity ${t.id}`;
    case TRANSFORM.ESN:
      return t.id === 1 ? 'yes' : 'no';
    default:
      return groupById(t.id)?.name ?? `group ${t.id}`;
  }
}

const protocolText = (protocol: number): string =>
  protocol === PROTOCOL.AH ? 'AH' : protocol === PROTOCOL.ESP ? 'ESP' : `protocol ${protocol}`;
