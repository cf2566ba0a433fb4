/** Reads `ike=`, `esp=` and `ah=`; what else there is to proposals is at hand here too. */
import { integOfPrf } from './algorithms.ts';
import {
  defaultProposals,
  fillers,
  formatProposal,
  type Proposal,
  type ProposalContext,
  proposal,
} from './proposal-defaults.ts';
import { Parser, Refusal } from './proposal-parser.ts';

export { defaultProposals, formatProposal, type Proposal } from './proposal-defaults.ts';

export type ParsedProposals =
  | { readonly ok: true; readonly proposals: readonly Proposal[]; readonly notes: string[] }
  | { readonly ok: false; readonly error: string };

/**
 * `text` undefined stands for a keyword that was not given: the defaults. With `pfs` false the groups of ESP and AH are
 * dropped, with a note. `notes` are libreswan's remarks, without a prefix.
 */
export function parseProposals(
  text: string | undefined,
  context: ProposalContext & { readonly pfs?: boolean },
): ParsedProposals {
  const { protocol, version, fips, pfs = true } = context;
  if (text === undefined) return { ok: true, proposals: defaultProposals(protocol, version, fips), notes: [] };
  const label = protocol.toUpperCase();
  if (text === '') return { ok: false, error: `${label} proposal is empty` };
  const parser = new Parser(context, label);
  try {
    const named = unique(text.split(',').map((one) => parser.proposal(one)));
    const settled = protocol === 'ike' ? named : settleGroups(named, pfs, label, parser.notes);
    return {
      ok: true,
      proposals: Object.freeze(unique(settled.flatMap((p) => complete(p, context)))),
      notes: parser.notes,
    };
  } catch (refused) {
    if (refused instanceof Refusal) return { ok: false, error: refused.message };
    throw refused;
  }
}

function settleGroups(proposals: Proposal[], pfs: boolean, label: string, notes: string[]): Proposal[] {
  if (pfs) {
    const naming = proposals.filter((p) => p.dh.length > 0 || p.addke.length > 0).length;
    if (naming === 0 || naming === proposals.length) return proposals;
    throw new Refusal(`either all or no ${label} proposals should specify DH`);
  }
  return proposals.map((p) => {
    for (const group of p.dh) {
      const what = group.id === 0 ? 'redundant ' : '';
      notes.push(`ignoring ${what}${label} DH algorithm ${group.name} as PFS policy is disabled`);
    }
    if (p.addke.length > 0) notes.push(`ignoring additional key exchanges of ${label} as PFS policy is disabled`);
    return p.dh.length > 0 || p.addke.length > 0 ? proposal(p.protocol, { ...p, dh: [], addke: [] }) : p;
  });
}

/** Fills in what is missing: in IKEv2 as alternatives, in IKEv1 as a proposal for each. */
function complete(p: Proposal, context: ProposalContext): Proposal[] {
  const filler = fillers(context);
  const isAead = p.encr[0]?.alg.isAead ?? false;
  const prf = p.prf.length > 0 ? p.prf : filler.prf;
  const dh = p.dh.length > 0 ? p.dh : filler.dh;
  const integ = isAead || p.integ.length > 0 ? p.integ : p.protocol === 'ike' ? prf.map(integOfPrf) : filler.integ;
  if (context.version === 2) return [proposal(p.protocol, { ...p, prf, integ, dh })];

  // An empty list makes one proposal without it.
  const one = <T>(list: readonly T[]): (readonly T[])[] => (list.length > 0 ? list.map((item) => [item]) : [[]]);
  const hashes =
    p.protocol === 'ike'
      ? prf.map((row) => ({ prf: [row], integ: [integOfPrf(row)] }))
      : one(integ).map((integ) => ({ integ }));
  return hashes.flatMap((hash) => one(dh).map((dh) => proposal(p.protocol, { encr: p.encr, ...hash, dh })));
}

function unique(proposals: Proposal[]): Proposal[] {
  return [...new Map(proposals.map((p) => [formatProposal(p), p])).values()];
}
