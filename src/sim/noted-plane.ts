import type { TestClock } from '../actors/runtime/index.ts';
import { describePolicy, describeSa, planeFault } from '../kernel/describe.ts';
import { packPolicy, packSa } from '../kernel/keys.ts';
import { carryOut } from '../kernel/one-by-one.ts';
import type {
  DataPlane,
  PlaneEvent,
  PlaneFault,
  PlaneOperation,
  PolicyKey,
  PolicySpec,
  SaCounters,
  SaKey,
  SaMove,
  SaSpec,
} from '../kernel/port.ts';

/** A data plane that remembers what it has, may refuse, and keeps a book of what it was asked wrongly. */
export class NotedPlane implements DataPlane {
  readonly name = 'none';
  readonly sas = new Map<string, SaSpec>();
  readonly policies = new Map<string, PolicySpec>();
  readonly reserved = new Set<string>();
  /** Deletions of what was not there, additions of what was: nobody may. */
  readonly mistakes: string[] = [];
  /** Asked before anything is added; a text is the refusal. */
  refuses: (what: 'spi' | 'sa' | 'policy' | 'move', direction?: string) => string | undefined = () => undefined;
  /** Octets and packets that every SA says it carried, and when last (seconds since 1970). */
  traffic = { bytes: 0, packets: 0, usedAt: 0 };
  readonly #clock: TestClock;
  readonly #onEvent: (event: PlaneEvent) => void;
  #lastSpi: number;

  constructor(clock: TestClock, seed: number, onEvent: (event: PlaneEvent) => void) {
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#lastSpi = seed << 16;
  }

  /** An event, as from the kernel's socket. */
  raise(event: PlaneEvent): void {
    this.#onEvent(event);
    this.#clock.settle();
  }

  inbound(): readonly SaSpec[] {
    return [...this.sas.values()].filter((s) => s.direction === 'in');
  }

  outbound(): readonly SaSpec[] {
    return [...this.sas.values()].filter((s) => s.direction === 'out');
  }

  allocateSpi({ protocol, dst }: Parameters<DataPlane['allocateSpi']>[0]): number | PlaneFault {
    const why = this.refuses('spi');
    if (why) return planeFault('ENOMEM', why);
    // A CPI has 16 bits, of which these are negotiated (RFC 3173 §3.3).
    const spi = protocol === 'ipcomp' ? 256 + (++this.#lastSpi % 61_184) : ++this.#lastSpi;
    this.reserved.add(packSa({ protocol, dst, spi }));
    return spi;
  }

  addSa(sa: SaSpec): PlaneFault | undefined {
    const why = this.refuses('sa', sa.direction);
    if (why) return planeFault('EINVAL', why);
    const key = packSa(sa);
    if (this.sas.has(key)) return this.#mistake('EEXIST', `add ${describeSa(sa)}`);
    this.reserved.delete(key);
    this.sas.set(key, sa);
    return undefined;
  }

  moveSa(key: SaKey, to: SaMove): PlaneFault | undefined {
    const why = this.refuses('move');
    if (why) return planeFault('EINVAL', why);
    const sa = this.sas.get(packSa(key));
    if (!sa) return this.#mistake('ESRCH', `move ${describeSa(key)}`);
    this.sas.delete(packSa(key));
    const moved = { ...sa, ...to };
    this.sas.set(packSa(moved), moved);
    return undefined;
  }

  deleteSa(key: SaKey): PlaneFault | undefined {
    const packed = packSa(key);
    const wasThere = this.sas.delete(packed) || this.reserved.delete(packed);
    return wasThere ? undefined : this.#mistake('ESRCH', `delete ${describeSa(key)}`);
  }

  counters(key: SaKey): SaCounters | PlaneFault {
    if (!this.sas.has(packSa(key))) return planeFault('ESRCH', 'No such process');
    return { ...this.traffic, replayed: 0, unauthentic: 0, addedAt: Math.floor(this.#clock.wall() / 1000) };
  }

  putPolicy(policy: PolicySpec): PlaneFault | undefined {
    const why = this.refuses('policy', policy.direction);
    if (why) return planeFault('EINVAL', why);
    this.policies.set(packPolicy(policy), policy);
    return undefined;
  }

  deletePolicy(key: PolicyKey): PlaneFault | undefined {
    return this.policies.delete(packPolicy(key))
      ? undefined
      : this.#mistake('ENOENT', `delete policy ${describePolicy(key)}`);
  }

  batch(operations: readonly PlaneOperation[]): readonly (PlaneFault | undefined)[] {
    return operations.map((operation) => carryOut(this, operation));
  }

  serve(): undefined {}

  unserve(): void {}

  flush(): void {
    this.sas.clear();
    this.policies.clear();
  }

  close(): void {}

  #mistake(errno: string, what: string): PlaneFault {
    this.mistakes.push(what);
    return planeFault(errno, what);
  }
}
