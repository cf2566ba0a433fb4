/** Why a peer is not believed, or we have nothing to show it: for the log, the statistics, and whoever has to mend it. */
import type { Id } from '../net/id.ts';
import type { Distrust } from './distrust.ts';

export interface Refusal {
  readonly wrong: string;
  readonly kind: Distrust;
  /** What might mend it, a line each; put together only where it is said. */
  readonly why: () => readonly string[];
}

export const plain = (wrong: string, kind: Distrust): Refusal => ({ wrong, kind, why: () => [] });

/** `ID_FQDN '@east'`. */
export const named = (id: Id): string => `${id.typeName} '${id}'`;
