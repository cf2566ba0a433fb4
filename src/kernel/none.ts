/** The data plane that carries nothing (FreeS/WAN's `--noklips`): a book of what would be installed. */

import { randomInt } from 'node:crypto';
import { about, describePolicy, describeSa, planeFault } from './describe.ts';
import { packPolicy, packSa } from './keys.ts';
import { carryOut } from './one-by-one.ts';
import type {
  DataPlane,
  OpenPlane,
  PlaneFault,
  PlaneOperation,
  PolicyKey,
  PolicySpec,
  SaCounters,
  SaKey,
  SaMove,
  SaSpec,
} from './port.ts';

const SPI_MIN = 0x1000;
const SPI_MAX = 0xffffffff;
const CPI_MIN = 256;
const CPI_MAX = 61_439;
const RESERVED_FOR = 30_000; // ms

export const openNone: OpenPlane = () => new NonePlane();

class NonePlane implements DataPlane {
  readonly name = 'none';
  /** Seconds since the epoch of each SA's addition. */
  readonly #sas = new Map<string, number>();
  /** Reserved SPIs and until when, in the order of their expiry. */
  readonly #reserved = new Map<string, number>();
  readonly #policies = new Set<string>();

  allocateSpi({ protocol, dst }: Parameters<DataPlane['allocateSpi']>[0]): number {
    this.#forgetExpired();
    for (;;) {
      const spi = protocol === 'ipcomp' ? randomInt(CPI_MIN, CPI_MAX + 1) : randomInt(SPI_MIN, SPI_MAX + 1);
      const key = packSa({ protocol, dst, spi });
      if (this.#sas.has(key) || this.#reserved.has(key)) continue;
      this.#reserved.set(key, Date.now() + RESERVED_FOR);
      return spi;
    }
  }

  addSa(sa: SaSpec): PlaneFault | undefined {
    const key = packSa(sa);
    if (this.#sas.has(key)) return refuse('EEXIST', 'File exists', `add ${describeSa(sa)}`);
    this.#reserved.delete(key);
    this.#sas.set(key, Math.floor(Date.now() / 1000));
    return undefined;
  }

  moveSa(key: SaKey, to: SaMove): PlaneFault | undefined {
    const from = packSa(key);
    const moved = packSa({ ...key, dst: to.dst });
    const addedAt = this.#sas.get(from);
    if (addedAt === undefined) return noSuchSa('move', key);
    if (moved !== from && this.#sas.has(moved)) return refuse('EEXIST', 'File exists', `move ${describeSa(key)}`);
    this.#sas.delete(from);
    this.#sas.set(moved, addedAt);
    return undefined;
  }

  deleteSa(key: SaKey): PlaneFault | undefined {
    const packed = packSa(key);
    return this.#sas.delete(packed) || this.#reserved.delete(packed) ? undefined : noSuchSa('delete', key);
  }

  counters(key: SaKey): SaCounters | PlaneFault {
    const addedAt = this.#sas.get(packSa(key));
    if (addedAt === undefined) return noSuchSa('read', key);
    return { bytes: 0, packets: 0, replayed: 0, unauthentic: 0, addedAt, usedAt: 0 };
  }

  putPolicy(policy: PolicySpec): PlaneFault | undefined {
    this.#policies.add(packPolicy(policy));
    return undefined;
  }

  deletePolicy(key: PolicyKey): PlaneFault | undefined {
    if (this.#policies.delete(packPolicy(key))) return undefined;
    return refuse('ENOENT', 'No such file or directory', `delete policy ${describePolicy(key)}`);
  }

  batch(operations: readonly PlaneOperation[]): readonly (PlaneFault | undefined)[] {
    return operations.map((operation) => carryOut(this, operation));
  }

  serve(): undefined {}

  unserve(): void {}

  flush(): void {
    this.#sas.clear();
    this.#reserved.clear();
    this.#policies.clear();
  }

  close(): void {
    this.flush();
  }

  #forgetExpired(): void {
    const now = Date.now();
    for (const [key, until] of this.#reserved) {
      if (until > now) return;
      this.#reserved.delete(key);
    }
  }
}

const refuse = (errno: string, why: string, what: string): PlaneFault => about(planeFault(errno, why), () => what);
const noSuchSa = (what: string, key: SaKey): PlaneFault =>
  refuse('ESRCH', 'No such process', `${what} ${describeSa(key)}`);
