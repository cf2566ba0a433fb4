/** How the trust shelf's memory is laid out: what its writer and its readers agree about. */

export const KIND = { anchor: 1, intermediate: 2, crl: 3, ocsp: 4, responder: 5 } as const;
export type Kind = keyof typeof KIND;

/** So many of each; a CRL and its successor are there at once for a moment. */
export const MOST_OF: Readonly<Record<Kind, number>> = {
  ...{ anchor: 2048, intermediate: 2048, crl: 1024, ocsp: 4096, responder: 4 },
};

/** The key of all trusted responders: they are few. */
export const RESPONDERS = '';

const MOST_SLOTS = Object.values(MOST_OF).reduce((sum, count) => sum + count, 0);

/** Int32 before the slots: the generation, and how many slots have ever been in use. */
const BEFORE_SLOTS = 2;
/** Int32 of a slot: stamp (0: empty), kind, offset, length, hash of the key. */
const OF_SLOT = 5;

/** Where slot `place` begins, in Int32. */
export const slotAt = (place: number): number => BEFORE_SLOTS + OF_SLOT * place;

/** Octets before the first item. */
export const HEAD = 4 * slotAt(MOST_SLOTS);

/** What all items may have together, the head included. Memory that nothing was written to costs nothing. */
export const MOST_OCTETS = 256 << 20;
export const INITIAL_OCTETS = 1 << 20;

/** FNV-1a: which slots are worth a look. Equal for equal keys. */
export function keyHash(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash | 0;
}
