/** Figures and verdicts, as every form of the report spells them. */

export function figure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

export const verdict = (isHeld: boolean | undefined): string =>
  isHeld === undefined ? 'not judged' : isHeld ? 'held' : 'MISSED';
