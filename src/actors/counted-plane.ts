/** The data plane, with its refusals counted by operation. */
import type { DataPlane, PlaneFault } from '../kernel/port.ts';
import type { Family } from '../ops/registry.ts';

export function counted(plane: DataPlane, faults: Family): DataPlane {
  const noted = <R>(operation: string, result: R): R => {
    if (isFault(result)) faults.count(operation);
    return result;
  };
  return {
    name: plane.name,
    allocateSpi: (request) => noted('allocateSpi', plane.allocateSpi(request)),
    addSa: (sa) => noted('addSa', plane.addSa(sa)),
    moveSa: (key, to) => noted('moveSa', plane.moveSa(key, to)),
    // What has expired by itself is gone as well.
    deleteSa: (key) => plane.deleteSa(key),
    counters: (key) => plane.counters(key),
    putPolicy: (policy) => noted('putPolicy', plane.putPolicy(policy)),
    deletePolicy: (key) => plane.deletePolicy(key),
    batch: (operations) => {
      const results = plane.batch(operations);
      results.forEach((result, i) => void (operations[i].op.startsWith('delete') || noted(operations[i].op, result)));
      return results;
    },
    serve: (socket) => noted('serve', plane.serve(socket)),
    unserve: (local) => plane.unserve(local),
    flush: () => plane.flush(),
    close: () => plane.close(),
  };
}

const isFault = (result: unknown): result is PlaneFault =>
  typeof result === 'object' && result !== null && 'errno' in result;
