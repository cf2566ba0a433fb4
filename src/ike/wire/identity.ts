/** Who the peers are and how they prove it: ID, CERT, CERTREQ, AUTH and EAP, RFC 7296 §3.5 to §3.8 and §3.16. */
import { Id } from '../../net/id.ts';
import { type Field, hidden, payload, reserved, rest, uint } from './field.ts';
import { AUTH_METHOD_NAMES, CERT_ENCODING_NAMES } from './registry.ts';

const ID_SHAPE = {
  idType: uint(1),
  _reserved: reserved(3),
  data: rest(0, 0xffff, (data, body) => new Id(body.idType as number, data).toString()),
};

/** §3.5. `idType`: `ID_TYPE` in registry.ts; `data`: as `Id` holds it. */
export const IDI = payload(35, 'IDi', ID_SHAPE);
export const IDR = payload(36, 'IDr', ID_SHAPE);

/** §3.6. `data`: one certificate, CRL or hash and URL, as `encoding` says. */
export const CERT = payload(37, 'CERT', { encoding: uint(1, CERT_ENCODING_NAMES), data: rest() });

/** §3.7. `data`: SHA-1 hashes of trust anchors' public keys, 20 octets each; empty for "any". */
export const CERTREQ = payload(38, 'CERTREQ', { encoding: uint(1, CERT_ENCODING_NAMES), data: rest() });

/** §3.8. `data`: MAC or signature; an offline guess at a weak PSK starts from it, so the dump hides it. */
export const AUTH = payload(39, 'AUTH', {
  method: uint(1, AUTH_METHOD_NAMES),
  _reserved: reserved(3),
  data: rest(0, 0xffff, hidden),
});

/**
 * §3.16: "Length […] MUST be four less than the Payload Length of the encapsulating payload", which makes two
 * lengths of one thing; an EAP parser that believed the inner one could be led astray.
 */
const eapPacket: Field<Uint8Array> = {
  read: (r) => {
    const at = r.at;
    const packet = r.octets(r.left);
    if (!isEapPacket(packet)) r.fail(`EAP packet that does not have the ${packet.length} octets of its payload`, at);
    return packet;
  },
  write: (w, packet) => {
    if (!isEapPacket(packet)) throw new RangeError(`no EAP packet of ${packet.length} octets`);
    w.octets(packet);
  },
  show: hidden,
};

const isEapPacket = (octets: Uint8Array): boolean =>
  octets.length >= 4 && ((octets[2] << 8) | octets[3]) === octets.length;

/** `data`: an EAP packet from its code on, RFC 3748 §4. It may carry a password. */
export const EAP = payload(48, 'EAP', { data: eapPacket });
