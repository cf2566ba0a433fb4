/**
 * Which private key we prove an identity with, and which certificate goes along:
 *
 *     leftcert=      that certificate, and the key that belongs to it
 *     leftckaid=     that key, and a certificate that it has
 *     otherwise      what the connection says is our public key (`leftrsasigkey=`), a certificate that names our
 *                    identity, an entry of ipsec.secrets(5) that does, or the only key there is
 *
 * `leftca=` and `authby=` leave keys out; a certificate within its time is better than one that is not.
 */
import type { RawKey } from '../conf/conn.ts';
import { kindRow } from '../ike/crypto/signature/key-kind.ts';
import type { Wrong } from '../ike/crypto/signature/public-key.ts';
import type { AuthRound, AuthWay } from '../ike/policy.ts';
import type { Id } from '../net/id.ts';
import type { CertificateStore, StoredCertificate } from '../services/store/certificate-store.ts';
import { type KeyRing, meaning, type OurKey } from './key-ring.ts';

export interface Choosing {
  readonly round: AuthRound;
  readonly id: Id;
  /** Our public keys as the connection says them. */
  readonly said: readonly RawKey[];
  readonly keys: KeyRing;
  readonly certificates: CertificateStore;
  /** s since 1970. */
  readonly now: number;
}

export interface Chosen {
  readonly key: OurKey;
  readonly certificate: StoredCertificate | undefined;
}

export function chooseKey(choosing: Choosing): Chosen | Wrong {
  const { key } = choosing.round;
  if (key?.t === 'cert') return byCertificate(choosing, key.name);
  if (key?.t === 'ckaid') return byCkaid(choosing, Buffer.from(key.ckaid).toString('hex'));
  return byIdentity(choosing);
}

function byCertificate({ keys, certificates, round }: Choosing, name: string): Chosen | Wrong {
  const certificate = certificates.named(name);
  if (certificate === undefined) {
    const names = certificates.nicknames(FEW + 1);
    const there = names.length > FEW ? `${names.slice(0, FEW).join(', ')}…` : names.join(', ') || 'none';
    return { wrong: `there is no certificate "${name}" in ${certificates.dir}/certs (there: ${there})` };
  }
  const key = keys.matching(certificate.spki);
  if (key === undefined)
    return {
      wrong: `the private key of certificate "${name}" (CKAID ${certificate.ckaid}) is neither in ipsec.secrets nor in ${certificates.dir}/private`,
    };
  if (round.ca && !certificates.isBelow(certificate, round.ca))
    return { wrong: `certificate "${name}" does not come from leftca= ${round.ca}` };
  return { key, certificate };
}

function byCkaid(choosing: Choosing, ckaid: string): Chosen | Wrong {
  const [key] = choosing.keys.withCkaid(ckaid);
  if (key === undefined) return { wrong: `there is no private key with CKAID ${ckaid}${among(choosing)}` };
  return withCertificate(choosing, key, () => true);
}

function byIdentity(choosing: Choosing): Chosen | Wrong {
  const { keys, id, round, said } = choosing;
  const able = keys.list().filter(({ kind }) => isAllowed(round.ways, kindRow(kind).type));
  if (able.length === 0) {
    const there = keys.list().length === 0 ? 'there are no private keys' : `authby= allows none of the private keys`;
    return { wrong: `${there}${among(choosing)}` };
  }
  for (const { spki } of said) {
    const key = keys.matching(spki);
    if (key && able.includes(key)) return withCertificate(choosing, key, (names) => names(id));
  }
  const certified = best(choosing, able);
  if (certified) return certified;
  const meant = [3, 2].map((rank) => able.filter((key) => meaning(key, id) === rank)).find(({ length }) => length > 0);
  const forAll = able.filter((key) => meaning(key, id) === 1);
  const [key, another] = meant ?? forAll;
  if (key === undefined) return { wrong: `no private key is for ${id}${among(choosing)}` };
  if (another && !meant)
    return { wrong: `there are ${forAll.length} private keys, and none is for ${id}: say leftcert= or leftckaid=` };
  return withCertificate(choosing, key, (names) => names(id));
}

/** The key by itself, unless `leftca=` wants a certificate. */
function withCertificate(
  choosing: Choosing,
  key: OurKey,
  isWanted: (names: (id: Id) => boolean) => boolean,
): Chosen | Wrong {
  const { certificates, round } = choosing;
  const fit = certificates
    .withCkaid(key.ckaid)
    .filter((certificate) => !certificate.isCa && isWanted((id) => certificates.isNamed(certificate, id)));
  const certificate = freshest(choosing, fit);
  if (certificate === undefined && round.ca)
    return { wrong: `no certificate from leftca= ${round.ca} belongs to the private key with CKAID ${key.ckaid}` };
  return { key, certificate };
}

/** The certificate that names our identity and has one of these keys. */
function best(choosing: Choosing, able: readonly OurKey[]): Chosen | undefined {
  const { certificates, id } = choosing;
  const fit = able.flatMap(({ ckaid }) =>
    certificates.withCkaid(ckaid).filter((c) => !c.isCa && certificates.isNamed(c, id)),
  );
  const certificate = freshest(choosing, fit);
  const key = certificate && able.find(({ ckaid }) => ckaid === certificate.ckaid);
  return key && { key, certificate };
}

/** From the authority that is wanted: within its time if there is one, and the one that lasts longest. */
function freshest(
  { certificates, round, now }: Choosing,
  fit: readonly StoredCertificate[],
): StoredCertificate | undefined {
  const { ca } = round;
  const wanted = ca ? fit.filter((certificate) => certificates.isBelow(certificate, ca)) : fit;
  const isTimely = ({ notBefore, notAfter }: StoredCertificate) => notBefore <= now && now <= notAfter;
  return [...wanted].sort((a, b) => Number(isTimely(b)) - Number(isTimely(a)) || b.notAfter - a.notAfter).at(0);
}

function isAllowed(ways: readonly AuthWay[], type: 'RSA' | 'ECDSA' | 'EdDSA'): boolean {
  const family = type.toLowerCase();
  return ways.some((way) => way.startsWith(family));
}

/** Where we have looked. */
const among = ({ keys, certificates }: Choosing): string =>
  ` (${keys.list().length} from ipsec.secrets and ${certificates.dir}/private)`;

/** Names that a message has room for. */
const FEW = 8;
