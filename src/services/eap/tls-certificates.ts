/** Whether the other end of a TLS tunnel is who it must be: by the rules that hold for IKE's own certificates. */
import { MOST_CERTIFICATES } from '../../ike/auth/check.ts';
import { type Certificate, parseCertificate } from '../../ike/auth/x509/certificate.ts';
import { misfitOf } from '../../ike/auth/x509/identity.ts';
import { findChain, told } from '../../ike/auth/x509/path.ts';
import { checkRevocation } from '../../ike/auth/x509/revocation.ts';
import type { Trust } from '../../ike/auth/x509/trust-reader.ts';
import { ID_TYPES, Id } from '../../net/id.ts';
import type { EapPorts } from './ports.ts';
import type { Judgement, Judging } from './tls-port.ts';

/** `chain` in DER, the other end's own first. */
export function judge(chain: readonly Uint8Array[], { id, ca, spkis, rules }: Judging, trust: Trust): Judgement {
  if (chain.length > MOST_CERTIFICATES)
    return bad(`${chain.length} certificates, and ${MOST_CERTIFICATES} are the most`);
  const [leaf, ...rest] = chain.map((der) => parseCertificate(der));
  if (leaf === undefined) return bad('there is no certificate');
  if ('wrong' in leaf) return bad(`the certificate cannot be read: ${leaf.wrong}`);
  const misfit = id && misfitOf(new Id(id[0], id.subarray(1)), leaf);
  if (misfit !== undefined) return bad(told(leaf, misfit));
  if (spkis && !spkis.some((spki) => Buffer.compare(spki, leaf.spki) === 0))
    return bad(told(leaf, 'its key is not the one that the connection names'));
  const sent = rest.filter((certificate): certificate is Certificate => !('wrong' in certificate));
  const path = findChain(leaf, sent, trust, rules.at);
  if ('wrong' in path) return bad(path.wrong);
  const authority = ca && new Id(ID_TYPES.ID_DER_ASN1_DN, ca, true);
  if (authority && !path.chain.slice(1).some((issuer) => isNamed(issuer, authority)))
    return bad(told(leaf, `it is of another authority than "${authority}"`));
  const revocation = checkRevocation(path.chain, [], trust, rules);
  if ('wrong' in revocation) return bad(revocation.wrong);
  const { wants } = revocation;
  return wants.length > 0 ? { t: 'undecided', wants } : { t: 'good' };
}

const isNamed = ({ subject }: Certificate, name: Id): boolean =>
  name.matches(new Id(ID_TYPES.ID_DER_ASN1_DN, subject).key) !== undefined;

const bad = (why: string): Judgement => ({ t: 'bad', why });

/** What a connection says of the other end's certificate; see `Judging`. */
interface Held {
  readonly id: Id | undefined;
  readonly ca: Id | undefined;
  readonly spkis: Judging['spkis'];
}

/** The same of an open tunnel, with what it takes to look up: what is wrong, or undefined. What of `held` is absent may be any. */
export async function wrongWith(
  { tls, rules, lookUp }: EapPorts,
  tunnel: number,
  held: Held,
): Promise<string | undefined> {
  const { id, ca, spkis } = held;
  const known = { id: id && Uint8Array.of(id.type, ...id.data), ca: ca?.data, spkis };
  const ask = (hasLooked: boolean) => tls.judge(tunnel, { ...known, rules: { ...rules(), hasLooked } });
  let judgement = await ask(false);
  if (judgement.t === 'undecided') {
    await lookUp(judgement.wants);
    judgement = await ask(true);
  }
  if (judgement.t === 'undecided') return 'whether its certificate has been revoked cannot be told';
  return judgement.t === 'bad' ? judgement.why : undefined;
}
