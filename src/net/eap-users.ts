/** Which users `righteapid=` lets log in, by the names that EAP's methods prove: `carol`, `*@example.com`. */

/** Octets of a name. RFC 4282 §2.2 has as many for a NAI. */
const MOST_OCTETS = 253;
/** A pattern with more is none that anybody means. */
const MOST_STARS = 8;

/** The name or pattern in a value; undefined: anybody, or as IKE has it. */
export function parseUsers(text: string): string | undefined | { readonly wrong: string } {
  if (text === '' || text === '%any') return undefined;
  if (/^%/.test(text)) return { wrong: 'expected the name of a user, a pattern such as *@example.com, or %any' };
  // As an identity is written that is no mailbox.
  const name = /^@[^#~[]/.test(text) ? text.slice(1) : text;
  const octets = Buffer.byteLength(name);
  if (octets > MOST_OCTETS) return { wrong: `expected ${MOST_OCTETS} octets at most, got ${octets}` };
  if (name.includes('\0')) return { wrong: 'expected a name without NUL' };
  return name.split('*').length - 1 <= MOST_STARS ? name : { wrong: `expected ${MOST_STARS} asterisks at most` };
}

export const isPattern = (users: string): boolean => users.includes('*');

/**
 * `users` as `parseUsers` has it. Passwords are found without regard to case, and so are users: of ASCII only, because
 * there are other letters whose small form is one of ASCII's.
 */
export function isAmong(users: string, user: string): boolean {
  const [first, ...rest] = small(users).split('*');
  const name = small(user);
  const last = rest.pop();
  if (last === undefined) return name === first;
  const end = name.length - last.length;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  // Each part where it first stands leaves the most to those behind it.
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= end;
}

const small = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
