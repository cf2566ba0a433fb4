/**
 * Whether a certificate names the identity that its owner claims, RFC 4945 §3.1: an address, a host name and a mailbox
 * must be among the alternative names, a distinguished name must be the subject. As with libreswan the subject's common
 * name is not looked at. A `*` in an alternative name stands for itself: whom a peer may be is for the connection to say.
 */
import { ID_TYPES, Id } from '../../../net/id.ts';
import type { Certificate } from './certificate.ts';
import { NAME } from './general-name.ts';
import { isEqual } from './name.ts';

/** Why not, to complete 'certificate "…": '; undefined if it does. */
export function misfitOf(id: Id, { subject, extensions: { altNames } }: Certificate): string | undefined {
  if (id.type === ID_TYPES.ID_DER_ASN1_DN) {
    const isSubject = isEqual(id.data, subject) || id.equals(new Id(ID_TYPES.ID_DER_ASN1_DN, subject));
    return isSubject ? undefined : `its subject is not the identity "${clipped(id)}"`;
  }
  const type = ALT_NAME_OF.get(id.type);
  if (type === undefined) return `no certificate names an identity of type ${id.typeName}`;
  const own = altNames.filter((name) => name.type === type);
  const isThere =
    own.some(({ value }) => isEqual(value, id.data)) || own.some(({ value }) => new Id(id.type, value).equals(id));
  return isThere ? undefined : `the identity "${clipped(id)}" is not among its subjectAltNames`;
}

const ALT_NAME_OF: ReadonlyMap<number, number> = new Map([
  [ID_TYPES.ID_IPV4_ADDR, NAME.ip],
  [ID_TYPES.ID_IPV6_ADDR, NAME.ip],
  [ID_TYPES.ID_FQDN, NAME.dns],
  [ID_TYPES.ID_USER_FQDN, NAME.email],
]);

const MOST_TEXT = 160;
function clipped(id: Id): string {
  const text = id.toString();
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}...` : text;
}
