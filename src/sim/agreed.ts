/** What two ends of a tunnel that is up have agreed on, and how long it lasts at each. */
import { versionOf } from '../actors/protocol.ts';
import { MOST_IPSEC_LIFE, MOST_ISAKMP_LIFE } from '../ike/v1/lifetimes.ts';
import type { Standing } from './negotiation.ts';
import type { Agreed, Lifetimes, Name } from './report.ts';

export function agreedOn({ A, B }: Readonly<Record<Name, Standing>>): Agreed {
  const { suite } = A.sa;
  if (!suite) throw new Error('an IKE SA that is up has no suite');
  const { child } = A;
  const named = (alg: { readonly name: string; readonly fixedKeyLength: boolean }, bits: number) =>
    bits > 0 && !alg.fixedKeyLength ? `${alg.name}_${bits}` : alg.name;
  const version = versionOf(A.sa);
  return {
    version,
    ike: {
      encr: named(suite.encr, suite.encrBits),
      integ: version === 1 ? suite.prf.name : (suite.integ?.name ?? null),
      prf: suite.prf.name,
      group: [suite.group, ...(suite.additional ?? [])].map(({ name }) => name).join('+'),
    },
    child: {
      protocol: child.suite.protocol === 'ah' ? 'AH' : 'ESP',
      mode: child.mode,
      encr: child.suite.encr ? named(child.suite.encr, child.suite.encrBits) : null,
      integ: child.suite.integ?.name ?? null,
      ah: child.suite.ah?.name ?? null,
      compress: child.suite.compresses === true,
      esn: child.suite.esn,
      encapsulated: A.sa.weAreNatted || A.sa.peerIsNatted,
    },
    traffic: { a: child.selectorsLocal.map(String), b: child.selectorsRemote.map(String) },
    ids: { a: `${A.sa.policy.localId}`, b: `${B.sa.policy.localId}` },
    conns: { a: A.child.policy.name, b: B.child.policy.name },
    lifetimes: { a: lifetimesOf(A), b: lifetimesOf(B) },
  };
}

function lifetimesOf({ sa, child, timers }: Standing): Lifetimes {
  const due = (name: string, serial?: number) => {
    const timer = timers.find((t) => t.name === name && t.serial === serial);
    return timer ? Math.round(timer.in / 1000) : null;
  };
  const most = versionOf(sa) === 1 ? V1_LIVES : FOREVER;
  return {
    ike: Math.min(sa.policy.ikeLifetime, most.ike) / 1000,
    ikeRekey: due('rekey'),
    child: Math.min(child.policy.child.lifetime, most.child) / 1000,
    childRekey: due('childRekey', child.serial),
  };
}

/** ms: longer ones are cut. */
const V1_LIVES = { ike: MOST_ISAKMP_LIFE, child: MOST_IPSEC_LIFE } as const;
const FOREVER = { ike: Number.POSITIVE_INFINITY, child: Number.POSITIVE_INFINITY } as const;
