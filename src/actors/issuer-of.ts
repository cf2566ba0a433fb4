import { readElement, TAG } from '../ike/crypto/signature/der.ts';
import { ID_TYPES, Id } from '../net/id.ts';

/** The tag of a certificate's version, which those of old do not have. */
const VERSION = 0xa0;

/** Who has made a certificate (DER) of ours: `rightca=%same`. RFC 5280 §4.1. */
export function issuerOf(certificate: Uint8Array): Id | undefined {
  const whole = readElement(certificate, TAG.SEQUENCE);
  const signed = whole && readElement(whole.body, TAG.SEQUENCE);
  const version = signed && readElement(signed.body, VERSION);
  const serial = signed && readElement(version ? version.rest : signed.body, TAG.INTEGER);
  const algorithm = serial && readElement(serial.rest, TAG.SEQUENCE);
  const name = algorithm && readElement(algorithm.rest, TAG.SEQUENCE);
  if (!name) return undefined;
  return new Id(ID_TYPES.ID_DER_ASN1_DN, algorithm.rest.slice(0, algorithm.rest.length - name.rest.length));
}
