/** What all warriors of a crowd share. */
import { randomFillSync } from 'node:crypto';
import { type KeyPair, makeKey } from '../../../src/ike/crypto/dh.ts';
import { type Payload, PROTOCOL, SN_ID, TRANSFORM, type Transform } from '../../../src/ike/wire/index.ts';
import { Address } from '../../../src/net/address.ts';
import { Selector } from '../../../src/net/selector.ts';
import { Subnet } from '../../../src/net/subnet.ts';
import { addresses, type Credential, issuing } from './identity.ts';
import { type IsakmpOffers, isakmpOffers } from './isakmp-offers.ts';
import { type Profile, SECRET } from './profiles.ts';

export interface Common {
  readonly profile: Profile;
  readonly gateway: Address;
  /** What the gateway protects. */
  readonly subnet: Selector;
  readonly addressOf: (n: number) => Address;
  readonly secret: Uint8Array;
  /** The one key exchange value of all: nothing secret goes through these tunnels. */
  readonly pair: KeyPair;
  readonly ikeProposal: Payload;
  readonly childProposal: (spi: Uint8Array) => Payload;
  /** Of IKEv1. */
  readonly isakmp: IsakmpOffers | undefined;
  readonly credential: ((n: number) => Credential) | undefined;
  readonly random: (octets: number) => Uint8Array;
  readonly counts: Counts;
}

export interface Counts {
  sent: number;
  received: number;
  retransmitted: number;
  /** Cookies that we were asked for. */
  cookies: number;
  /** Requests of the responder's own. */
  asked: number;
}

export interface CommonSettings {
  readonly profile: Profile;
  readonly gateway: string;
  readonly subnet: string;
  /** The address of the first warrior; the others have those after it. */
  readonly first?: string;
  /** Of `writePki`. */
  readonly pki: string | undefined;
}

export function common({ profile, gateway, subnet, first, pki }: CommonSettings): Common {
  const [address, behind] = [Address.parse(gateway), Subnet.parse(subnet)];
  if (!address || !behind) throw new Error(`${gateway} and ${subnet} are to be an address and a subnet`);
  const { ike, child, auth } = profile;
  const cipher = (encr: typeof ike.encr, keyBits: number): Transform => ({
    type: TRANSFORM.ENCR,
    id: encr.id,
    keyBits,
  });
  const ikeTransforms: Transform[] = [
    cipher(ike.encr, ike.encrBits),
    { type: TRANSFORM.PRF, id: ike.prf.id },
    ...(ike.integ ? [{ type: TRANSFORM.INTEG, id: ike.integ.id }] : []),
    { type: TRANSFORM.DH, id: ike.group.id },
  ];
  const childTransforms: Transform[] = [
    ...(child.encr ? [cipher(child.encr, child.encrBits)] : []),
    ...(child.integ ? [{ type: TRANSFORM.INTEG, id: child.integ.id }] : []),
    { type: TRANSFORM.ESN, id: SN_ID.SEQUENTIAL_32 },
  ];
  const proposal = (protocol: number, spi: Uint8Array, transforms: readonly Transform[]): Payload => ({
    type: 'SA',
    proposals: [{ number: 1, protocol, spi, transforms }],
  });
  return {
    profile,
    gateway: address,
    subnet: Selector.ofSubnet(behind),
    addressOf: addresses(first),
    secret: new TextEncoder().encode(SECRET),
    pair: makeKey(ike.group),
    ikeProposal: proposal(PROTOCOL.IKE, new Uint8Array(), ikeTransforms),
    childProposal: (spi) => proposal(PROTOCOL.ESP, spi, childTransforms),
    isakmp: profile.v1 && isakmpOffers(profile),
    credential: auth === 'psk' || pki === undefined ? undefined : issuing(pki, auth),
    random: dice(),
    counts: { sent: 0, received: 0, retransmitted: 0, cookies: 0, asked: 0 },
  };
}

/** Thrown in bulk. */
function dice(): (octets: number) => Uint8Array {
  const pool = new Uint8Array(8192);
  let used = pool.length;
  return (octets) => {
    if (used + octets > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += octets;
    return pool.slice(used - octets, used);
  };
}
