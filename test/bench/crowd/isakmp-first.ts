/** A first message of IKEv1 that a responder would like: one transform, and in Aggressive Mode a key for it. */
import {
  AUTH_METHOD,
  attribute,
  EXCHANGE,
  encodeMessage,
  KEY_IKE,
  OAKLEY,
  type Payload,
  PROTOCOL,
} from '../../../src/ike/v1/wire/index.ts';

export type IsakmpMode = 'main' | 'aggressive';

/** What the gateway's conn allows: AES-CBC with 256 bits, SHA2-256, MODP2048. Numbers of RFC 2409 appendix A. */
export const ISAKMP_IKE = 'aes256-sha2_256-modp2048';
const [AES_CBC, SHA2_256, MODP2048] = [7, 4, 14];
const KEY_OCTETS = 256;

export function isakmpFirst(mode: IsakmpMode, random: (octets: number) => Uint8Array): Uint8Array {
  const exchange = mode === 'main' ? EXCHANGE.MAIN : EXCHANGE.AGGRESSIVE;
  const header = { cookieI: random(8), cookieR: new Uint8Array(8), exchange, isEncrypted: false, messageId: 0 };
  return encodeMessage(header, [offer, ...(mode === 'main' ? [] : [...rest(random)])]);
}

const offer: Payload = {
  type: 'SA',
  proposals: [
    {
      ...{ number: 1, protocol: PROTOCOL.ISAKMP, spi: new Uint8Array() },
      transforms: [
        {
          ...{ number: 1, id: KEY_IKE },
          attributes: [
            attribute(OAKLEY.ENCRYPTION, AES_CBC),
            attribute(OAKLEY.KEY_LENGTH, 256),
            attribute(OAKLEY.HASH, SHA2_256),
            attribute(OAKLEY.AUTHENTICATION, AUTH_METHOD.PRESHARED_KEY),
            attribute(OAKLEY.GROUP, MODP2048),
          ],
        },
      ],
    },
  ],
};

function* rest(random: (octets: number) => Uint8Array): Generator<Payload> {
  const data = random(KEY_OCTETS);
  // Below any prime of that length.
  data[0] &= 0x7f;
  yield { type: 'KE', data };
  yield { type: 'Nonce', data: random(32) };
  yield { type: 'ID', idType: ID_FQDN, protocol: 0, port: 0, data: Uint8Array.from(Buffer.from('nobody')) };
}
const ID_FQDN = 2;
