import type { DataPlane, PlaneFault, PlaneOperation } from './port.ts';

/** One operation of a batch, for planes to which a batch is no more than its parts. */
export function carryOut(
  plane: Pick<DataPlane, PlaneOperation['op']>,
  operation: PlaneOperation,
): PlaneFault | undefined {
  switch (operation.op) {
    case 'addSa':
      return plane.addSa(operation.sa);
    case 'deleteSa':
      return plane.deleteSa(operation.key);
    case 'putPolicy':
      return plane.putPolicy(operation.policy);
    case 'deletePolicy':
      return plane.deletePolicy(operation.key);
  }
}
