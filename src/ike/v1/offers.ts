/** Phase 1 between configuration and wire: offering ours, choosing among theirs. RFC 2409 §5, appendix A. */
import { offeredKeyBits } from '../crypto/algorithms.ts';
import { formatProposal, type Proposal } from '../crypto/proposal.ts';
import type { Fault } from '../fault.ts';
import type { Policy } from '../policy.ts';
import type { IsakmpSuite } from './crypto/keys.ts';
import { GROUP, OAKLEY_ENCR, OAKLEY_HASH } from './crypto/oakley.ts';
import { type Life, lifeAttributes, readLife } from './lifetimes.ts';
import { Values } from './values.ts';
import type { Proposal as WireProposal } from './wire/index.ts';
import { type Attribute, AUTH_METHOD, KEY_IKE, numberIn, OAKLEY, PROTOCOL, type Transform } from './wire/index.ts';

/** How both ends prove who they are: IKEv1 has one way for the two of them. */
export type Method = 'secret' | 'rsa';

/** Which end proves itself by XAUTH as well, if any: that goes with the method. draft-beaulieu-ike-xauth-02 §7.2. */
type ByXauth = 'initiator' | 'responder' | 'nobody';

const METHOD_NUMBERS: Readonly<Record<Method, Readonly<Record<ByXauth, number>>>> = {
  secret: {
    nobody: AUTH_METHOD.PRESHARED_KEY,
    initiator: AUTH_METHOD.XAUTH_INIT_PRESHARED,
    responder: AUTH_METHOD.XAUTH_RESP_PRESHARED,
  },
  rsa: {
    nobody: AUTH_METHOD.RSA_SIG,
    initiator: AUTH_METHOD.XAUTH_INIT_RSA,
    responder: AUTH_METHOD.XAUTH_RESP_RSA,
  },
};

const METHODS = (['secret', 'rsa'] as const).flatMap((method) =>
  (['nobody', 'initiator', 'responder'] as const).map((xauth) => ({
    ...{ method, xauth, number: METHOD_NUMBERS[method][xauth] },
  })),
);

/** The client of XAUTH is who proves itself, whichever end it is. */
function byXauth({ v1 }: Policy, we: 'initiator' | 'responder'): ByXauth {
  if (!v1?.xauth) return 'nobody';
  const they = we === 'initiator' ? 'responder' : 'initiator';
  return v1.xauth.role === 'client' ? we : they;
}

const methodText = (method: Method, xauth: ByXauth): string =>
  xauth === 'nobody' ? method : `${method} with XAUTH of the ${xauth}`;

/** Ways that both ends of `policy` allow, in our order. */
export function methodsOf({ ours, theirs }: Policy): readonly Method[] {
  const known = METHODS_OF.get(ours);
  if (known?.theirs === theirs) return known.methods;
  const methods = methodsIn({ ours, theirs });
  METHODS_OF.set(ours, { theirs, methods });
  return methods;
}

/** A handshake asks several times, and all instances of a connection have the same lists. */
const METHODS_OF = new WeakMap<Policy['ours'], { readonly theirs: Policy['theirs']; readonly methods: Method[] }>();

function methodsIn({ ours, theirs }: Pick<Policy, 'ours' | 'theirs'>): Method[] {
  const of = ([{ ways }]: Policy['ours']) => new Set(ways.flatMap((way) => METHOD_OF(way)));
  const peers = of(theirs);
  return [...of(ours)].filter((method) => peers.has(method));
}

const METHOD_OF = (way: string): Method[] => (way === 'secret' ? ['secret'] : way.startsWith('rsa') ? ['rsa'] : []);

/** What is agreed on in phase 1. */
export interface Agreement {
  readonly suite: IsakmpSuite;
  readonly method: Method;
  /** As offered by the initiator. */
  readonly life: Life;
}

/** A transform that means something to us. */
interface Offer extends Agreement {
  readonly transform: Transform;
  readonly xauth: ByXauth;
}

/** Ours as the one proposal of an SA payload; `onlyGroup`: Aggressive Mode has chosen its group beforehand; `methods`: those that we can do. */
export function offerIsakmp(
  policy: Policy,
  onlyGroup?: IsakmpSuite['group'],
  methods: readonly Method[] = methodsOf(policy),
): WireProposal[] {
  const numberOf = (method: Method) => METHOD_NUMBERS[method][byXauth(policy, 'initiator')];
  const transforms = suitesOf(policy.ike)
    .filter(({ group }) => !onlyGroup || group === onlyGroup)
    .flatMap((suite) => methods.map((method) => transformOf(suite, numberOf(method), policy.ikeLifetime)))
    .slice(0, MOST_TRANSFORMS)
    .map((transform, i) => ({ ...transform, number: i + 1 }));
  return [{ number: 1, protocol: PROTOCOL.ISAKMP, spi: new Uint8Array(), transforms }];
}

/** Its number is an octet. */
const MOST_TRANSFORMS = 255;

/** All that our proposals stand for and IKEv1 can say, in their order. */
export function suitesOf(proposals: readonly Proposal[]): readonly IsakmpSuite[] {
  const known = SUITES_OF.get(proposals);
  if (known) return known;
  const suites = suitesIn(proposals);
  SUITES_OF.set(proposals, suites);
  return suites;
}

/** A handshake asks several times, and thousands of connections share a few lists. */
const SUITES_OF = new WeakMap<readonly Proposal[], readonly IsakmpSuite[]>();

const suitesIn = (proposals: readonly Proposal[]): readonly IsakmpSuite[] =>
  proposals.flatMap(({ encr, prf: prfs, dh }) =>
    encr.flatMap(({ alg, bits }) =>
      offeredKeyBits(alg, bits).flatMap((encrBits) =>
        prfs.flatMap((prf) =>
          dh.flatMap((group) => {
            const isSayable =
              OAKLEY_ENCR.number(alg) !== undefined &&
              OAKLEY_HASH.number(prf) !== undefined &&
              GROUP.number(group) !== undefined;
            return isSayable ? [{ encr: alg, encrBits, prf, integ: undefined, group }] : [];
          }),
        ),
      ),
    ),
  );

function transformOf(suite: IsakmpSuite, method: number, ms: number): Transform {
  const { encr, encrBits, prf, group } = suite;
  const attributes: Attribute[] = [
    ...lifeAttributes(ms, OAKLEY),
    { type: OAKLEY.ENCRYPTION, value: OAKLEY_ENCR.number(encr)! },
    { type: OAKLEY.HASH, value: OAKLEY_HASH.number(prf)! },
    { type: OAKLEY.AUTHENTICATION, value: method },
    { type: OAKLEY.GROUP, value: GROUP.number(group)! },
    ...(encrBits === 0 ? [] : [{ type: OAKLEY.KEY_LENGTH, value: encrBits }]),
  ];
  return { number: 1, id: KEY_IKE, attributes };
}

/** What a transform asks for, or why it is none of ours. */
function readTransform(transform: Transform): Offer | string {
  if (transform.id !== KEY_IKE) return `transform ${transform.id}`;
  const read = readLife(transform.attributes, OAKLEY);
  if (typeof read === 'string') return read;
  const values = Values.of(read.rest);
  if (typeof values === 'string') return values;
  const [encrNumber, hashNumber, groupNumber] = [
    values.take(OAKLEY.ENCRYPTION),
    values.take(OAKLEY.HASH),
    values.take(OAKLEY.GROUP),
  ];
  const methodNumber = values.take(OAKLEY.AUTHENTICATION);
  const bits = values.take(OAKLEY.KEY_LENGTH);
  const encr = OAKLEY_ENCR.row(encrNumber ?? 0);
  const prf = OAKLEY_HASH.row(hashNumber ?? 0);
  const group = GROUP.row(groupNumber ?? 0);
  const how = METHODS.find(({ number }) => number === methodNumber);
  const unknown = values.unknown();
  if (unknown !== undefined) return unknown;
  if (!encr || !prf || !group || !how)
    return `cipher ${encrNumber} hash ${hashNumber} group ${groupNumber} authentication ${methodNumber}`;
  // RFC 2409 appendix A: no length for a cipher that has one only; AES without one has its shortest.
  const isFit = encr.fixedKeyLength ? bits === undefined : bits === undefined || encr.keyBits.includes(bits);
  if (!isFit) return `${encr.name} with keys of ${bits} bits`;
  const encrBits = encr.fixedKeyLength ? 0 : (bits ?? encr.defaultKeyBits);
  const { method, xauth } = how;
  return { suite: { encr, encrBits, prf, integ: undefined, group }, method, xauth, life: read.life, transform };
}

export interface Chosen extends Agreement {
  /** The one proposal to answer with, its attributes as they came. */
  readonly answer: WireProposal;
}

/** As responder: the peer's first transform that we would have offered too. */
export function chooseIsakmp(policy: Policy, theirs: readonly WireProposal[]): Chosen | Fault {
  const refused: string[] = [];
  const [proposal] = theirs;
  if (theirs.length !== 1 || proposal.protocol !== PROTOCOL.ISAKMP)
    return { kind: 'misbehaved', rule: 'RFC 2409 §5: one proposal, of protocol ISAKMP' };
  const ours = suitesOf(policy.ike);
  const methods = methodsOf(policy);
  const xauth = byXauth(policy, 'responder');
  for (const transform of proposal.transforms) {
    const offer = readTransform(transform);
    if (typeof offer === 'string') refused.push(offer);
    else if (!methods.includes(offer.method) || offer.xauth !== xauth)
      refused.push(`${suiteText(offer.suite)} ${methodText(offer.method, offer.xauth)}`);
    else {
      const suite = ours.find((own) => isSame(own, offer.suite));
      const { method, life } = offer;
      if (suite) return { method, life, suite: shared(suite), answer: { ...proposal, transforms: [transform] } };
      refused.push(suiteText(offer.suite));
    }
  }
  return {
    kind: 'incompatible',
    what: 'proposal',
    offered: textOf(refused),
    wanted: `${policy.ike.map(formatProposal).join(', ')} ${methods.map((method) => methodText(method, xauth)).join(' or ')}`,
  };
}

/** As initiator: the answer must be one of what we offered, unchanged but for how its numbers are written. */
export function acceptIsakmp(offered: readonly WireProposal[], answered: readonly WireProposal[]): Agreement | Fault {
  const [answer] = answered;
  const wrong = { kind: 'misbehaved', rule: 'RFC 2409 §5: the answer is one of the transforms offered' } as const;
  if (answered.length !== 1 || answer.protocol !== PROTOCOL.ISAKMP || answer.transforms.length !== 1) return wrong;
  const [transform] = answer.transforms;
  const same = offered[0].transforms.find((own) => isSameTransform(own, transform));
  const meant = same ? readTransform(same) : wrong.rule;
  return typeof meant === 'string' ? wrong : { suite: shared(meant.suite), method: meant.method, life: meant.life };
}

/** The same attributes with the same numbers, in any order; a life's type and duration keep together by theirs. */
export function isSameTransform(a: Transform, b: Transform): boolean {
  const key = (t: Transform) =>
    t.attributes
      .map((one) => `${one.type}=${numberIn(one) ?? 'unreadable'}`)
      .toSorted()
      .join();
  return a.id === b.id && key(a) === key(b);
}

const isSame = (a: IsakmpSuite, b: IsakmpSuite): boolean =>
  a.encr === b.encr && a.encrBits === b.encrBits && a.prf === b.prf && a.group === b.group;

/** Whether a connection's proposals allow what was agreed on for an address. */
export const allows = (policy: Policy, { suite, method }: Pick<Agreement, 'suite' | 'method'>): boolean =>
  methodsOf(policy).includes(method) && suitesOf(policy.ike).some((own) => isSame(own, suite));

/** libreswan's text: `AES_CBC_256-HMAC_SHA2_256-MODP2048`. */
const suiteText = ({ encr, encrBits, prf, group }: IsakmpSuite): string =>
  `${encr.name}${encrBits ? `_${encrBits}` : ''}-${prf.name}-${group.name}`;

/** As much as a line has room for, whatever the peer sends. */
export const textOf = (refused: readonly string[]): string =>
  refused.length === 0 ? 'nothing' : `${refused.slice(0, 8).join(', ')}${refused.length > 8 ? ', ...' : ''}`;

/** 100,000 SAs have a handful of suites between them; only what our own proposals allow gets here. */
const SUITES = new Map<string, IsakmpSuite>();

function shared(suite: IsakmpSuite): IsakmpSuite {
  const key = suiteText(suite);
  const known = SUITES.get(key) ?? Object.freeze(suite);
  SUITES.set(key, known);
  return known;
}
