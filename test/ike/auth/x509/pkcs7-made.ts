/** PKCS #7 as Windows and OpenSSL wrap a chain in: signed data that signs nothing. RFC 2315 §9. */
import { explicit, integer, oid, seq, tlv } from './der.ts';

const SET = 0x31;

export const pkcs7 = (...certificates: readonly Uint8Array[]): Uint8Array =>
  seq(
    oid('1.2.840.113549.1.7.2'),
    explicit(0, seq(integer(1), tlv(SET), seq(oid('1.2.840.113549.1.7.1')), explicit(0, ...certificates), tlv(SET))),
  );
