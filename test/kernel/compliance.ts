/**
 * One suite for every data plane. The bookkeeping part needs the plane alone and runs anywhere; the traffic part
 * needs a far side (scene.ts) and a plane that carries packets. `report` hears of each case as it ends.
 */
import type { DataPlane, OpenPlane, PlaneEvent } from '../../src/kernel/port.ts';
import { BOOKKEEPING } from './bookkeeping.ts';
import type { Side, Variation } from './scene.ts';
import { TRAFFIC } from './traffic.ts';

export interface Verdict {
  readonly name: string;
  readonly ok: boolean;
  /** Why not; empty if it is. */
  readonly detail: string;
}

/** What a case has to work with. */
export interface Rig {
  readonly plane: DataPlane;
  /** A second opening of the same plane, by somebody else. */
  another(): DataPlane;
  /** The next event of this kind, those of others dropped; fails if none comes in `within` ms. */
  event<T extends PlaneEvent['t']>(t: T, within?: number): Promise<Extract<PlaneEvent, { t: T }>>;
  /** Events heard and not yet taken. */
  readonly pending: readonly PlaneEvent[];
}

/** East, in a network namespace of its own, driven from west. */
export interface FarSide {
  install(variation: Variation): Promise<void>;
  /** Begins its outgoing SA anew, at sequence number 1. */
  restart(variation: Variation): Promise<void>;
  packets(from: Side, variation: Variation): Promise<number>;
  clear(): Promise<void>;
}

/** `only`: the plane that this is asked of. */
export type Case<R> = readonly [name: string, run: (rig: R) => Promise<void> | void, only?: DataPlane['name']];

export interface TrafficRig extends Rig {
  readonly far: FarSide;
  install(variation: Variation): Promise<void>;
  /** Sends echo requests from west's inner address; resolves to how many were answered. */
  ping(variation: Variation, count: number): Promise<number>;
}

export async function compliance(
  which: DataPlane['name'],
  open: OpenPlane,
  options: {
    readonly traffic?: { far: FarSide; ping: TrafficRig['ping']; install: (plane: DataPlane, v: Variation) => void };
  },
  report: (verdict: Verdict) => void,
): Promise<boolean> {
  let isGood = true;
  const cases: Case<TrafficRig>[] = [...BOOKKEEPING, ...(options.traffic ? TRAFFIC : [])];
  for (const [name, run, only] of cases) {
    if (only !== undefined && only !== which) continue;
    const verdict = await runOne(open, name, async (rig) => {
      const { traffic } = options;
      if (!traffic) return run(rig as TrafficRig); // BOOKKEEPING asks for no more than a Rig
      const { far, ping } = traffic;
      const install = async (v: Variation) => {
        traffic.install(rig.plane, v);
        await far.install(v);
      };
      try {
        await run(Object.assign(rig, { far, ping, install }));
      } finally {
        await far.clear();
      }
    });
    isGood &&= verdict.ok;
    report(verdict);
  }
  return isGood;
}

async function runOne(open: OpenPlane, name: string, run: (rig: Rig) => Promise<void>): Promise<Verdict> {
  const opened: DataPlane[] = [];
  const pending: PlaneEvent[] = [];
  let wake = () => {};
  const openOne = (onEvent: (event: PlaneEvent) => void): DataPlane => {
    const plane = open(onEvent, () => {});
    if ('errno' in plane) throw new Error(plane.why);
    opened.push(plane);
    return plane;
  };
  const event: Rig['event'] = async (t, within = 5000) => {
    const end = Date.now() + within;
    for (;;) {
      const found = pending.splice(0).find((e) => e.t === t);
      if (found) return found as Extract<PlaneEvent, { t: typeof t }>;
      if (Date.now() >= end) throw new Error(`no ${t} within ${within} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, end - Date.now());
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  try {
    const plane = openOne((e) => {
      pending.push(e);
      wake();
    });
    await run({ plane, pending, event, another: () => openOne(() => {}) });
    return { name, ok: true, detail: '' };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const plane of opened) {
      plane.flush();
      plane.close();
    }
  }
}
