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

/** Of each side's proposals so many are looked at: a peer may send 64 of them, and gets no more of our time. */
const MOST = 16;

/** The two proposals that part in the fewest things; `accepted` as its holder would offer it itself. */
export function nearest(offered: readonly Proposal[], accepted: readonly Proposal[]): Nearest | undefined {
  let best: Nearest | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const offer of offered.slice(0, MOST)) {
    for (const accept of accepted.slice(0, MOST)) {
      const partings = partingsOf(offer, accept);
      const distance = partings.reduce((sum, { kind }) => sum + WEIGHTS[kind], 0);
      if (distance >= least) continue;
      least = distance;
      best = { offered: offer, accepted: accept, partings };
    }
  }
  return best;
}

/** Two lines: what each side holds, and where the nearest two part. `keyword`: `ike=`, `esp=` or `ah=`. */
export function explainProposals(
  keyword: string,
  offered: readonly Proposal[],
  accepted: readonly Proposal[],
  { asker, asked }: Parties,
): readonly string[] {
  const holdings = `${keyword} ${says(asker, 'offer')} ${proposalsText(offered)}; ${says(asked, 'accept')} ${proposalsText(accepted)}`;
  const closest = nearest(offered, accepted);
  if (!closest || closest.partings.length === 0) return [holdings];
  const where = closest.partings.map(
    (p) => `in ${NAMES[p.kind]} (${has(asker)} ${clip(p.offered, 120)}, ${has(asked)} ${clip(p.accepted, 120)})`,
  );
  const which = offered.length > 1 || accepted.length > 1 ? 'the nearest two part' : 'they part';
  return [holdings, `${keyword} ${which} ${where.join(' and ')}`];
}

/** `AES_GCM_16_256-HMAC_SHA2_512-DH19+DH31`: the shape of `ipsec algparse`; the first few proposals. */
export const proposalsText = (proposals: readonly Proposal[]): string =>
  proposals.length === 0 ? 'nothing' : clip(some(proposals.slice(0, MOST).map(proposalText), 3));

function proposalText(proposal: Proposal): string {
  const of = (type: number) => names(proposal, type).join('+');
  const integ = names(proposal, TRANSFORM.INTEG).filter((name) => name !== 'NONE');
  const esn = proposal.transforms.some((t) => t.type === TRANSFORM.ESN && t.id === 1) ? 'ESN' : '';
  const parts = [of(TRANSFORM.ENCR), integ.join('+'), of(TRANSFORM.PRF), of(TRANSFORM.DH), esn];
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

function partingsOf(offer: Proposal, accept: Proposal): Parting[] {
  const partings: Parting[] = [];
  const compare = (kind: Kind, offered: readonly string[], accepted: readonly string[]) => {
    if (!offered.some((o) => accepted.includes(o)))
      partings.push({ kind, offered: offered.join('+'), accepted: accepted.join('+') });
  };
  const orNone = (proposal: Proposal, type: number) => {
    const found = names(proposal, type);
    return found.length > 0 ? found : ['NONE'];
  };
  if (offer.protocol !== accept.protocol)
    return [{ kind: 'protocol', offered: protocolText(offer), accepted: protocolText(accept) }];
  if (offer.protocol !== PROTOCOL.AH) {
    const isSameCipher = ciphers(offer).some((id) => ciphers(accept).includes(id));
    compare(isSameCipher ? 'key length' : 'encryption', names(offer, TRANSFORM.ENCR), names(accept, TRANSFORM.ENCR));
  }
  // Whether there is integrity besides follows from the cipher, which has been named then.
  if (isAead(offer) === isAead(accept))
    compare('integrity', orNone(offer, TRANSFORM.INTEG), orNone(accept, TRANSFORM.INTEG));
  if (offer.protocol === PROTOCOL.IKE) compare('PRF', names(offer, TRANSFORM.PRF), names(accept, TRANSFORM.PRF));
  compare('group', orNone(offer, TRANSFORM.DH), orNone(accept, TRANSFORM.DH));
  if (offer.protocol !== PROTOCOL.IKE) compare('ESN', esn(offer), esn(accept));
  return partings;
}

const ciphers = ({ transforms }: Proposal) => transforms.flatMap((t) => (t.type === TRANSFORM.ENCR ? [t.id] : []));

const isAead = (proposal: Proposal): boolean => ciphers(proposal).some((id) => encrById(id)?.isAead);

function esn({ transforms }: Proposal): string[] {
  const said = transforms.flatMap((t) => (t.type === TRANSFORM.ESN ? [t.id === 1 ? 'yes' : 'no'] : []));
  return said.length > 0 ? said : ['no'];
}

function names({ transforms }: Proposal, type: number): string[] {
  return [...new Set(transforms.flatMap((t) => (t.type === type ? [transformText(t)] : [])))];
}

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
    default:
      return groupById(t.id)?.name ?? `group ${t.id}`;
  }
}

const protocolText = ({ protocol }: Proposal): string =>
  protocol === PROTOCOL.AH ? 'AH' : protocol === PROTOCOL.ESP ? 'ESP' : `protocol ${protocol}`;
