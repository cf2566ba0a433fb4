/** Files of certificates and CRLs: PEM, many to a file (RFC 7468), or one in DER. */

/** What a file consists of. Of what is in no PEM the label is unknown. */
export interface Block {
  /** `CERTIFICATE`, `X509 CRL`…; empty for DER. */
  readonly label: string;
  /** In memory of its own, off the heap. */
  readonly der: Uint8Array;
}

/** In the order of the file; text around the blocks is passed over. What is no base64 in a block comes out as no DER. */
export function* blocksOf(octets: Uint8Array): Generator<Block, void> {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  let at = text.indexOf(BEGIN);
  if (at < 0 && octets[0] === SEQUENCE) yield { label: '', der: isOwn(octets) ? octets : ownCopy(octets) };
  while (at >= 0) {
    const labelEnd = text.indexOf(DASHES, at + BEGIN.length);
    if (labelEnd < 0 || labelEnd - at - BEGIN.length > MAX_LABEL) return;
    const label = text.toString('latin1', at + BEGIN.length, labelEnd);
    const end = text.indexOf(`-----END ${label}-----`, labelEnd);
    if (end < 0) return yield { label, der: new Uint8Array() };
    const body = text.toString('latin1', labelEnd + DASHES.length, end);
    yield { label, der: NO_BASE64.test(body) ? new Uint8Array() : ownCopy(Buffer.from(body, 'base64')) };
    at = text.indexOf(BEGIN, end);
  }
}

/** As `openssl` writes it, lines of 64. */
export function pemOf(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?!$)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';
const SEQUENCE = 0x30;
const MAX_LABEL = 64;
const NO_BASE64 = /[^A-Za-z0-9+/=\s]/;

/** A file that is nothing else needs no copy. */
const isOwn = ({ length, buffer }: Uint8Array): boolean => length === buffer.byteLength;

/** Ten thousand certificates are to be out of the collector's way. */
function ownCopy(octets: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(octets.length));
  copy.set(octets);
  return copy;
}
