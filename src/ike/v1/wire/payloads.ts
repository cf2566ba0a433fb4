/** Every payload of IKEv1 but the SA: RFC 2408 §3.7 to §3.16, RFC 2407 §4.6, and what was added to them. */
import { Id } from '../../../net/id.ts';
import { type Field, hidden, lengthOf, measured, payload, reserved, rest, uint } from '../../wire/field.ts';
import { D as D_V2 } from '../../wire/notify.ts';
import { CERT_ENCODING_NAMES } from '../../wire/registry.ts';
import { configuration } from './attributes.ts';
import { CFG_TYPE_NAMES, NOTIFY_NAMES, PAYLOAD, PROTOCOL_NAMES } from './registry.ts';
import { doi } from './sa.ts';

/** RFC 2409 §5. */
const NONCE_OCTETS = { min: 8, max: 256 } as const;

const NAT_OA_SHAPE = {
  idType: uint(1),
  _reserved: reserved(3),
  data: rest(0, 0xffff, (data, body) => showId(data, body)),
};

/** `data`: public value, big-endian, its length fixed by the group that was agreed. */
export const KE = payload(PAYLOAD.KE, 'KE', { data: rest(1) });

/**
 * In phase 1 who the sender is, in phase 2 whose traffic it is about. `protocol` and `port`: 0 for any, in phase 1 also
 * UDP and 500. RFC 2407 §4.6.2.
 */
export const ID = payload(PAYLOAD.ID, 'ID', {
  idType: uint(1),
  protocol: uint(1),
  port: uint(2),
  data: rest(0, 0xffff, (data, body) => showId(data, body)),
});

export const CERT = payload(PAYLOAD.CERT, 'CERT', { encoding: uint(1, CERT_ENCODING_NAMES), data: rest() });

/** `data`: the authority's name in DER; empty for any. RFC 2408 §3.10. */
export const CERTREQ = payload(PAYLOAD.CERTREQ, 'CERTREQ', { encoding: uint(1, CERT_ENCODING_NAMES), data: rest() });

/** As long as the hash that was agreed. An offline guess at a weak PSK starts from it, so the dump hides it. */
export const HASH = payload(PAYLOAD.HASH, 'HASH', { data: rest(1, 64, hidden) });

export const SIG = payload(PAYLOAD.SIG, 'SIG', { data: rest(1, 0xffff, hidden) });

export const NONCE = payload(PAYLOAD.Nonce, 'Nonce', { data: rest(NONCE_OCTETS.min, NONCE_OCTETS.max) });

export const N = payload(PAYLOAD.N, 'N', {
  doi,
  protocol: uint(1, PROTOCOL_NAMES),
  _spiSize: lengthOf(1, 'spi'),
  notify: uint(2, NOTIFY_NAMES),
  spi: measured(),
  data: rest(),
});

/** For ISAKMP an SPI is both cookies, 16 octets. */
export const D = payload(PAYLOAD.D, 'D', {
  doi,
  protocol: uint(1, PROTOCOL_NAMES),
  spiSize: D_V2.shape.spiSize,
  spis: D_V2.shape.spis,
});

export const VID = payload(PAYLOAD.VID, 'VID', { data: rest() });

/** Of a transaction, draft-dukes-ike-mode-cfg §3.2. */
export const ATTRIBUTES = payload(PAYLOAD.ATTRIBUTES, 'ATTRIBUTES', {
  cfgType: uint(1, CFG_TYPE_NAMES),
  _reserved: reserved(1),
  identifier: uint(2),
  attributes: configuration,
});

/** RFC 3947 §3.2: a hash of cookies, address and port. */
export const NAT_D = payload(PAYLOAD.NAT_D, 'NAT_D', { data: rest(1, 64) });
export const NAT_D_DRAFT = payload(PAYLOAD.NAT_D_DRAFT, 'NAT_D_DRAFT', { data: rest(1, 64) });

/** RFC 3947 §5.2: an address before translation. */
export const NAT_OA = payload(PAYLOAD.NAT_OA, 'NAT_OA', NAT_OA_SHAPE);
export const NAT_OA_DRAFT = payload(PAYLOAD.NAT_OA_DRAFT, 'NAT_OA_DRAFT', NAT_OA_SHAPE);

/** Counted from 1: a fragment 0 would be none. */
const number: Field<number> = {
  read: (r) => {
    const value = r.uint(1);
    if (value === 0) r.fail('fragment 0', r.at - 1);
    return value;
  },
  write: (w, value) => w.uint(1, value),
};

/** A piece of a whole message, header and all. `flags`: 1 in the last one. */
export const FRAGMENT = payload(PAYLOAD.FRAGMENT, 'FRAGMENT', {
  id: uint(2),
  number,
  flags: uint(1),
  data: rest(1, 0xffff, hidden),
});

/** Those of Quick Mode are no identities, and the text of an Id of unknown type is its octets. */
const showId = (data: Uint8Array, body: Readonly<Record<string, unknown>>): string =>
  new Id(body.idType as number, data).toString();
