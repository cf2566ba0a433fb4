/**
 * Certificate policies, RFC 5280 §6.1, as far as they decide anything here: any policy will do, but where an authority
 * requires one explicitly, there must be one that all certificates below agree on. Of the tree of §6.1.2 (a) only the
 * lowest level is kept, as the policies that the next certificate may have: that is all that is asked of it, and it
 * cannot grow.
 */
import type { Certificate } from './certificate.ts';
import { ANY_POLICY, type Extensions } from './extensions.ts';

/** The certificate that has no policy where one is required. `chain`: the leaf first, the authority last. */
export function lacksPolicy(chain: readonly Certificate[]): Certificate | undefined {
  if (chain.every(({ extensions }) => extensions.policyConstraints.requireExplicit === undefined)) return undefined;
  const length = chain.length - 1;
  // How many more certificates may pass before an explicit policy is required, no mapping and no anyPolicy counts.
  let explicit = length + 1;
  let mapping = length + 1;
  let any = length + 1;
  let allowed: ReadonlySet<string> = new Set([ANY_POLICY]);
  for (let i = length - 1; i >= 0; i--) {
    const certificate = chain[i];
    const { extensions, isSelfIssued } = certificate;
    const isLeaf = i === 0;
    const agreed = agreeing(allowed, extensions.policies, any > 0 || (!isLeaf && isSelfIssued));
    if (explicit === 0 && agreed.size === 0) return certificate;
    const { requireExplicit, inhibitMapping } = extensions.policyConstraints;
    if (isLeaf) {
      const isRequired = explicit <= 1 || requireExplicit === 0;
      return isRequired && agreed.size === 0 ? certificate : undefined;
    }
    allowed = mapped(agreed, extensions.policyMappings, mapping > 0);
    if (!isSelfIssued) {
      explicit = Math.max(0, explicit - 1);
      mapping = Math.max(0, mapping - 1);
      any = Math.max(0, any - 1);
    }
    explicit = Math.min(explicit, requireExplicit ?? explicit);
    mapping = Math.min(mapping, inhibitMapping ?? mapping);
    any = Math.min(any, extensions.inhibitAnyPolicy ?? any);
  }
  return undefined;
}

/** §6.1.3 (d) and (e): which of `policies` may be there. */
function agreeing(allowed: ReadonlySet<string>, policies: Extensions['policies'], isAnyTaken: boolean): Set<string> {
  const agreed = new Set<string>();
  for (const policy of policies ?? [])
    if (policy !== ANY_POLICY && (allowed.has(policy) || allowed.has(ANY_POLICY))) agreed.add(policy);
  if (isAnyTaken && policies?.includes(ANY_POLICY)) for (const policy of allowed) agreed.add(policy);
  return agreed;
}

/** §6.1.4 (b): what the policies are called below. */
function mapped(
  agreed: ReadonlySet<string>,
  mappings: Extensions['policyMappings'],
  isMappingTaken: boolean,
): Set<string> {
  const from = new Set(mappings.map(([issuer]) => issuer));
  const below = new Set([...agreed].filter((policy) => !from.has(policy)));
  if (!isMappingTaken) return below;
  for (const [issuer, subject] of mappings) if (agreed.has(issuer) || agreed.has(ANY_POLICY)) below.add(subject);
  return below;
}
