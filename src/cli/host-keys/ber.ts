/** As much of BER (X.690) as PKCS#12 files need: some makers write lengths that are not known beforehand. */
import forge from 'node-forge';

export type Node = forge.asn1.Asn1;

/** What the octets stand for; undefined if that is nothing, or more than one thing. */
export function parseBer(octets: Uint8Array): Node | undefined {
  try {
    return forge.asn1.fromDer(Buffer.from(octets).toString('latin1'), false);
  } catch {
    return undefined;
  }
}

/** What a node consists of; nothing for one that has none. */
export const partsOf = (node: Node | undefined): readonly Node[] => (Array.isArray(node?.value) ? node.value : []);

/** Octets of a node; those of its pieces, one after another, if it comes in pieces. */
export function octetsOf(node: Node | undefined): Uint8Array {
  if (node === undefined) return new Uint8Array();
  if (typeof node.value === 'string') return Uint8Array.from(Buffer.from(node.value, 'latin1'));
  return Buffer.concat(partsOf(node).map(octetsOf));
}

/** Dotted; empty for what is no OBJECT IDENTIFIER. */
export function oidOf(node: Node | undefined): string {
  const { UNIVERSAL } = forge.asn1.Class;
  const isOid = node?.tagClass === UNIVERSAL && node.type === forge.asn1.Type.OID && typeof node.value === 'string';
  return isOid ? forge.asn1.derToOid(node.value as string) : '';
}

/** What a string says; a BMPString has been read as one by now. */
export const textOf = (node: Node | undefined): string => (typeof node?.value === 'string' ? node.value : '');

/** Up to six octets; undefined for what is larger, or no number. */
export function numberOf(node: Node | undefined): number | undefined {
  if (typeof node?.value !== 'string' || node.value.length === 0 || node.value.length > 6) return undefined;
  return Number.parseInt(Buffer.from(node.value, 'latin1').toString('hex'), 16);
}

/** A node as DER again. */
export const encode = (node: Node): Uint8Array =>
  Uint8Array.from(Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1'));
