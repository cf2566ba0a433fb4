/** What warriors of IKEv1 propose: one transform each, with numbers of RFC 2409 appendix A and RFC 2407 §4.5. */
import { AUTH_ALGORITHM, ESP_TRANSFORM, GROUP, OAKLEY_ENCR, OAKLEY_HASH } from '../../../src/ike/v1/crypto/oakley.ts';
import { lifeAttributes } from '../../../src/ike/v1/lifetimes.ts';
import { VENDOR, vendorId } from '../../../src/ike/v1/vendor-ids.ts';
import {
  type Attribute,
  AUTH_METHOD,
  ENCAPSULATION,
  IPSEC,
  KEY_IKE,
  OAKLEY,
  type Payload,
  PROTOCOL,
} from '../../../src/ike/v1/wire/index.ts';
import type { Profile } from './profiles.ts';

export interface IsakmpOffers {
  readonly ike: Payload;
  readonly child: (spi: Uint8Array) => Payload;
  readonly vendors: readonly Payload[];
}

/** ms: what the conns have, so that nobody has to say that it wants less. */
const LIFE = 8 * 3_600_000;

export function isakmpOffers({ ike, child }: Profile): IsakmpOffers {
  const number = (of: number | undefined): number => {
    if (of === undefined) throw new Error('IKEv1 has no number for an algorithm of the bench');
    return of;
  };
  const bits = (type: number, value: number): Attribute[] => (value === 0 ? [] : [{ type, value }]);
  const offer = (protocol: number, spi: Uint8Array, id: number, attributes: readonly Attribute[]): Payload => ({
    type: 'SA',
    proposals: [{ number: 1, protocol, spi, transforms: [{ number: 1, id, attributes }] }],
  });
  const phaseOne: Attribute[] = [
    { type: OAKLEY.ENCRYPTION, value: number(OAKLEY_ENCR.number(ike.encr)) },
    { type: OAKLEY.HASH, value: number(OAKLEY_HASH.number(ike.prf)) },
    { type: OAKLEY.AUTHENTICATION, value: AUTH_METHOD.PRESHARED_KEY },
    { type: OAKLEY.GROUP, value: number(GROUP.number(ike.group)) },
    ...lifeAttributes(LIFE, OAKLEY),
    ...bits(OAKLEY.KEY_LENGTH, ike.encrBits),
  ];
  const phaseTwo: Attribute[] = [
    { type: IPSEC.ENCAPSULATION, value: ENCAPSULATION.TUNNEL },
    ...lifeAttributes(LIFE, IPSEC),
    ...(child.integ ? [{ type: IPSEC.AUTH, value: number(AUTH_ALGORITHM.number(child.integ)) }] : []),
    ...bits(IPSEC.KEY_LENGTH, child.encrBits),
  ];
  const esp = number(child.encr && ESP_TRANSFORM.number(child.encr));
  return {
    ike: offer(PROTOCOL.ISAKMP, new Uint8Array(), KEY_IKE, phaseOne),
    child: (spi) => offer(PROTOCOL.ESP, spi, esp, phaseTwo),
    vendors: [vendorId(VENDOR.DPD), vendorId(VENDOR.NAT_RFC)],
  };
}
