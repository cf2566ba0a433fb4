/**
 * `base` but for `own`: what is made in thousands holds what it differs in and finds the rest where it comes from, as a
 * copy would hold twenty fields and box the numbers among them. What is inherited is not spread along.
 */
export const derived = <T extends object>(base: T, own: Partial<T>): T => ({ __proto__: base, ...own }) as T;
