import type { Address } from '../net/address.ts';

/** `classes`: of RADIUS, as `Reply` has them; absent for users of our own. */
export interface EapUser {
  readonly name: string;
  /** It need not be the name of who has been let in. */
  readonly isHearsay?: boolean | undefined;
  readonly classes: readonly string[] | undefined;
  /** ms that it may stay; absent: as long as it likes. */
  readonly lasts?: number | undefined;
  /** Inner addresses that are this user's own, as whoever knows it says. */
  readonly addresses?: readonly Address[] | undefined;
}
