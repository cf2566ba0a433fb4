/** What crypto.ts and ecdsa.ts have in common: a class of the addon that works on an arena, and names that have numbers there. */
import { addon } from './addon.ts';

/** Undefined where the addon is not built, or was built for a Node whose OpenSSL is not to be reached. */
export function withArena<Raw, Made>(
  name: string,
  octets: number,
  make: (raw: Raw, arena: Uint8Array) => Made,
): Made | undefined {
  try {
    const Class = addon<Readonly<Record<string, (new (arena: Uint8Array) => Raw) | undefined>>>()[name];
    if (!Class) return undefined;
    const arena = new Uint8Array(octets);
    return make(new Class(arena), arena);
  } catch {
    return undefined;
  }
}

/** Asks once for each name. */
export function numbering(ask: (name: string) => number): (name: string) => number {
  const known = new Map<string, number>();
  return (name) => {
    const asked = known.get(name);
    if (asked !== undefined) return asked;
    const number = ask(name);
    known.set(name, number);
    return number;
  };
}
