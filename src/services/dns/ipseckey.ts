/**
 * The IPSECKEY record. RFC 4025 §2.1, with the algorithms of RFC 8005 §5 and RFC 9373 §2:
 *
 *      0                   1                   2
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 ...
 *     +---------------+---------------+---------------+
 *     |  precedence   | gateway type  |   algorithm   |  gateway: none, 4 octets, 16 octets or a name
 *     +---------------+---------------+---------------+  public key: the rest
 */
import {
  encodeSpki,
  type PublicKey,
  parseEcdsaKey,
  parseEddsaKey,
  parseRsaKey,
} from '../../ike/crypto/signature/public-key.ts';

export interface IpsecKey {
  /** Lower ones are to be tried first. */
  readonly precedence: number;
  /** `rsa`, `p256`, ... */
  readonly kind: PublicKey['kind'];
  readonly bits: number;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
}

interface Wrong {
  readonly wrong: string;
}

type Reader = (octets: Uint8Array) => PublicKey | Wrong;

/** By IANA's "Algorithm Type Field" of IPSECKEY. */
const ALGORITHMS: Readonly<Record<number, Reader>> = {
  0: () => ({ wrong: 'there is no key in it' }),
  1: () => ({ wrong: 'DSA is not supported' }),
  2: parseRsaKey,
  3: parseEcdsaKey,
  4: parseEddsaKey,
};

/** The key of one record, or why it has none; both are for the log. The gateway is read over: the connection says who the peer is. */
export function readIpsecKey(rdata: Uint8Array): IpsecKey | Wrong {
  if (rdata.length < 3) return { wrong: `${rdata.length} octets are no IPSECKEY record` };
  const [precedence, gatewayType, algorithm] = rdata;
  const gateway = gatewayLength(gatewayType, rdata.subarray(3));
  if (typeof gateway !== 'number') return gateway;
  const reader = ALGORITHMS[algorithm];
  if (!reader) return { wrong: `algorithm ${algorithm} is unknown` };
  const key = reader(rdata.subarray(3 + gateway));
  if ('wrong' in key) return key;
  return { precedence, kind: key.kind, bits: key.bits, spki: encodeSpki(key) };
}

/** Octets that the gateway takes. */
function gatewayLength(type: number, rest: Uint8Array): number | Wrong {
  const fixed = FIXED[type];
  if (fixed !== undefined) return rest.length >= fixed ? fixed : { wrong: 'its gateway is cut off' };
  return type === 3 ? nameLength(rest) : { wrong: `gateway type ${type} is unknown` };
}

const FIXED: Readonly<Record<number, number>> = { 0: 0, 1: 4, 2: 16 };

/** A name on the wire, which MUST NOT be compressed. RFC 4025 §2.5. */
function nameLength(octets: Uint8Array): number | Wrong {
  for (let at = 0; at < octets.length && at < 255; at += 1 + octets[at]) {
    if (octets[at] === 0) return at + 1;
    if (octets[at] > 63) return { wrong: 'the name of its gateway is compressed' };
  }
  return { wrong: 'the name of its gateway has no end' };
}
