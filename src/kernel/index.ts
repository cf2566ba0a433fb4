/** Chooses the data plane: the first that this machine can have, or the one that was asked for. */
import { isPlaneFault } from './describe.ts';
import { openNone } from './none.ts';
import type { DataPlane, OpenPlane, PlaneEvent, PlaneFault } from './port.ts';
import { openUserspace } from './userspace/index.ts';
import { openXfrm } from './xfrm/index.ts';

export type PlaneChoice = 'auto' | DataPlane['name'];

export interface OpenedPlane {
  readonly plane: DataPlane;
  /** One line for the log: which it is, and why not those before it. */
  readonly story: string;
}

/** In the order of probing (docs/DESIGN.md). */
const OPENERS: readonly (readonly [DataPlane['name'], OpenPlane])[] = [
  ['xfrm', openXfrm],
  ['userspace', openUserspace],
  ['none', openNone],
];

/** A plane that was asked for by name and cannot be had is a fault; `auto` ends with `none`, which always can. */
export function openPlane(
  which: PlaneChoice,
  onEvent: (event: PlaneEvent) => void,
  warn: (text: string) => void,
): OpenedPlane | PlaneFault {
  const refusals: string[] = [];
  let last: PlaneFault | undefined;
  for (const [name, open] of OPENERS) {
    if (which !== 'auto' && which !== name) continue;
    const plane = open(onEvent, warn);
    if (!isPlaneFault(plane)) return { plane, story: [`data plane: ${name}`, ...refusals].join('; ') };
    last = { ...plane, why: `${name}: ${plane.why}` };
    refusals.push(`not ${last.why}`);
  }
  return last ?? { kind: 'local', what: 'kernel', errno: 'EOPNOTSUPP', why: `there is no data plane ${which}` };
}
