/** Identities as EAP writes them: names without a type, RFC 3748 §5.1. */
import { ID_TYPES, Id } from '../../../net/id.ts';

/** Octets of an identity; longer ones are refused. RFC 4282 §2.2 has 253 for a NAI. */
export const MAX_IDENTITY = 253;

/** What we call ourselves: `@carol` is `carol`; a distinguished name its text. */
export function nameOf(id: Id): string {
  if (id.type === ID_TYPES.ID_FQDN || id.type === ID_TYPES.ID_USER_FQDN || id.type === ID_TYPES.ID_KEY_ID) {
    return Buffer.from(id.data).toString('utf8');
  }
  return id.toString();
}

/** The identity that a name stands for: a mailbox, a distinguished name, an address, or else a host's or user's name. */
export function idOfName(name: string): Id {
  const parsed = name.startsWith('@') || name.startsWith('%') ? undefined : Id.parse(name);
  return parsed ?? new Id(ID_TYPES.ID_FQDN, Buffer.from(name));
}

/**
 * One of all the ways to write a name by which the same password is found: in small letters, without a dot at its end. A
 * user must not become several, each with an address of its own, by the spelling.
 */
export function spelled(name: string): string {
  const { type, key } = idOfName(name);
  const prefix = `${type}:`;
  return key.startsWith(prefix) ? key.slice(prefix.length) : name;
}

/** For logs: quoted, printable ASCII and not long. */
export function shown(user: string): string {
  const text = user.replace(/[^\x20-\x7e]/g, '?').replaceAll('"', '?');
  return `"${text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text}"`;
}
const MOST_SHOWN = 80;

/** The name in the data of an Identity response, which may have options behind a zero; undefined if it is too long. */
export function readIdentity(data: Uint8Array): string | undefined {
  const end = data.indexOf(0);
  const name = end < 0 ? data : data.subarray(0, end);
  return name.length > MAX_IDENTITY ? undefined : Buffer.from(name).toString('utf8');
}
