/** The userspace data plane's side of the port. */

import { randomInt } from 'node:crypto';
import { closeSync } from 'node:fs';
import { linkUp, openTun, type SystemFault, systemFault, TUN_OFFLOAD } from '../../native/index.ts';
import { startEngine, type UserspaceEngine } from '../../native/userspace/engine.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { about, describePolicy, describeSa, planeFault } from '../describe.ts';
import { packPolicy, packSa } from '../keys.ts';
import type {
  DataPlane,
  OpenPlane,
  PlaneEvent,
  PlaneFault,
  PlaneOperation,
  PolicyKey,
  PolicySpec,
  SaCounters,
  SaKey,
  SaMove,
  SaSpec,
} from '../port.ts';
import { engineSa, planeEvent, policyRanges } from './convert.ts';
import { Guard } from './guard.ts';
import { Routes } from './routes.ts';

export interface UserspaceOptions {
  /** Of the TUN device, `%d` for the first free number; `ipsec%d`. */
  readonly device?: string;
  /** Of the TUN device, octets; with any transform, ESP in UDP over IPv6 then fits into 1500. */
  readonly mtu?: number;
  /** SO_MARK of what must not be led into the TUN device. */
  readonly mark?: number;
}

const DEVICE = 'ipsec%d';
/** Number of the first device's routing table and priority of its rule: those of other IPsec daemons. */
const TABLE = 220;
const MTU = 1380;
const MARK = 0x45535000; // 'ESP'
const SPI_MIN = 0x1000;
const SPI_MAX = 0xffffffff;
const RESERVED_FOR = 30_000; // ms
const LARGEST_WINDOW = 4096;

export const openUserspace: OpenPlane = (onEvent, warn) => openUserspaceWith({}, onEvent, warn);

/** As openUserspace, for a machine that needs another device name, MTU or mark. */
export function openUserspaceWith(
  { device = DEVICE, mtu = MTU, mark = MARK }: UserspaceOptions,
  onEvent: (event: PlaneEvent) => void,
  warn: (text: string) => void,
): UserspacePlane | PlaneFault {
  const tun = openDevice(device);
  if ('errno' in tun) return tun;
  const up = linkUp(tun.ifindex, mtu);
  const table = TABLE + Number(/\d{0,3}$/.exec(tun.name)?.[0] ?? 0);
  const routes = up
    ? { ...up, why: `${tun.name}: ${up.why}` }
    : Routes.open({ ifindex: tun.ifindex, mark, table }, warn);
  if ('errno' in routes) {
    closeSync(tun.fd);
    return routes;
  }
  const engine = startEngine(tun.fd, mark, (events) => {
    for (const event of events) onEvent(planeEvent(event));
  });
  if ('errno' in engine) {
    routes.close();
    return engine;
  }
  if (engine.warnings) warn(`userspace data plane: ${engine.warnings}`);
  return new UserspacePlane(engine, routes, new Guard(tun.name, mark, warn));
}

/** With all offloads that this kernel has: USO came with Linux 6.2. */
function openDevice(device: string) {
  const { checksum, tso4, tso6, uso4, uso6 } = TUN_OFFLOAD;
  const tcp = checksum | tso4 | tso6;
  const tun = openTun(device, { vnetHeader: true, offloads: tcp | uso4 | uso6 });
  return 'errno' in tun && tun.errno === 'EINVAL' ? openTun(device, { vnetHeader: true, offloads: tcp }) : tun;
}

export class UserspacePlane implements DataPlane {
  readonly name = 'userspace';
  readonly #engine: UserspaceEngine;
  readonly #routes: Routes;
  readonly #guard: Guard;
  /** Reserved SPIs and until when, in the order of their expiry. */
  readonly #reserved = new Map<string, number>();
  readonly #policies = new Map<string, { readonly id: number; readonly spec: PolicySpec }>();
  /** Descriptors of IKE's sockets, by where they are bound. */
  readonly #served = new Map<string, number>();
  #lastPolicyId = 0;
  #isOpen = true;

  constructor(engine: UserspaceEngine, routes: Routes, guard: Guard) {
    this.#engine = engine;
    this.#routes = routes;
    this.#guard = guard;
  }

  allocateSpi({ protocol, dst }: Parameters<DataPlane['allocateSpi']>[0]): number | PlaneFault {
    if (protocol !== 'esp') return lacks(protocol);
    this.#forgetExpired();
    for (;;) {
      const spi = randomInt(SPI_MIN, SPI_MAX + 1);
      const key = packSa({ protocol, dst, spi });
      if (this.#reserved.has(key) || typeof this.#engine.counters(spi, dst.toBytes()) !== 'number') continue;
      this.#reserved.set(key, Date.now() + RESERVED_FOR);
      return spi;
    }
  }

  addSa(sa: SaSpec): PlaneFault | undefined {
    const refusal = this.#refusal(sa);
    if (refusal) return about(refusal, () => `add ${describeSa(sa)}`);
    const refused = this.#engine.addSa(engineSa(sa));
    if (refused) return about(fault(...refused), () => `add ${describeSa(sa)}`);
    this.#reserved.delete(packSa(sa));
    return undefined;
  }

  moveSa(key: SaKey, { src, dst, encapsulation }: SaMove): PlaneFault | undefined {
    if (key.protocol !== 'esp') return noSuchSa('move', key);
    const errno = this.#engine.moveSa(
      key.spi,
      key.dst.toBytes(),
      src.toBytes(),
      dst.toBytes(),
      encapsulation !== undefined,
      encapsulation?.srcPort ?? 0,
      encapsulation?.dstPort ?? 0,
    );
    return errno === 0 ? undefined : about(fault(errno), () => `move ${describeSa(key)}`);
  }

  deleteSa(key: SaKey): PlaneFault | undefined {
    if (key.protocol !== 'esp') return noSuchSa('delete', key);
    const wasReserved = this.#reserved.delete(packSa(key));
    const errno = this.#engine.deleteSa(key.spi, key.dst.toBytes());
    return errno === 0 || wasReserved ? undefined : about(fault(errno), () => `delete ${describeSa(key)}`);
  }

  counters(key: SaKey): SaCounters | PlaneFault {
    if (key.protocol !== 'esp') return noSuchSa('read', key);
    const row = this.#engine.counters(key.spi, key.dst.toBytes());
    if (typeof row === 'number') return about(fault(row), () => `read ${describeSa(key)}`);
    const [bytes, packets, replayed, unauthentic, addedAt, usedAt] = row;
    return { bytes, packets, replayed, unauthentic, addedAt, usedAt };
  }

  putPolicy(policy: PolicySpec): PlaneFault | undefined {
    return this.#put(policy);
  }

  deletePolicy(key: PolicyKey): PlaneFault | undefined {
    return this.#delete(key);
  }

  batch(operations: readonly PlaneOperation[]): readonly (PlaneFault | undefined)[] {
    return operations.map((operation) => this.#carryOut(operation));
  }

  serve({ fd, local, encapsulates }: Parameters<DataPlane['serve']>[0]): PlaneFault | undefined {
    // Once is enough; a socket opened anew at the same place is another one.
    if (this.#served.get(`${local}`) === fd) return undefined;
    this.unserve(local);
    const errno = this.#engine.serve(fd, local.address.toBytes(), local.port, encapsulates);
    if (errno !== 0) return about(fault(errno), () => `ESP beside IKE at ${local}`);
    this.#served.set(`${local}`, fd);
    this.#guard.serve(local);
    return undefined;
  }

  unserve(local: Endpoint): void {
    if (!this.#served.delete(`${local}`)) return;
    this.#engine.unserve(local.address.toBytes(), local.port);
    this.#guard.unserve(local);
  }

  /** Packets that no SA counts, by what became of them. */
  totals() {
    return this.#engine.totals();
  }

  flush(): void {
    this.#engine.flush();
    this.#reserved.clear();
    this.#policies.clear();
    this.#routes.clear();
    this.#guard.clear();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#routes.close();
    this.#guard.close();
    this.#engine.close();
  }

  #carryOut(operation: PlaneOperation): PlaneFault | undefined {
    switch (operation.op) {
      case 'addSa':
        return this.addSa(operation.sa);
      case 'deleteSa':
        return this.deleteSa(operation.key);
      case 'putPolicy':
        return this.#put(operation.policy);
      case 'deletePolicy':
        return this.#delete(operation.key);
    }
  }

  #put(policy: PolicySpec): PlaneFault | undefined {
    const strange =
      policy.tunnel && (policy.tunnel.layers ?? [policy.tunnel.protocol]).find((layer) => layer !== 'esp');
    if (strange) return lacks(strange);
    const what = () => `policy ${describePolicy(policy)}`;
    if (policy.src.family !== policy.dst.family)
      return about(planeFault('EINVAL', 'its ends are of two families'), what);
    if (policy.action === 'protect' && !policy.tunnel)
      return about(planeFault('EINVAL', 'it protects, but does not say by what'), what);
    const key = packPolicy(policy);
    const old = this.#policies.get(key);
    const id = old?.id ?? ++this.#lastPolicyId;
    this.#policies.set(key, { id, spec: policy });
    // First the guard, that nothing slips by while routes change.
    this.#guard.put(key, policy);
    if (policy.direction === 'out') {
      const [src, dst] = policyRanges(policy);
      this.#engine.putPolicy(id, policy.action, policy.priority, policy.tunnel?.reqid ?? 0, src, dst);
    }
    return this.#routes.change(old?.spec, policy);
  }

  #delete(key: PolicyKey): PlaneFault | undefined {
    const packed = packPolicy(key);
    const policy = this.#policies.get(packed);
    if (!policy)
      return about(planeFault('ENOENT', 'No such file or directory'), () => `delete policy ${describePolicy(key)}`);
    this.#policies.delete(packed);
    const refused = this.#routes.change(policy.spec, undefined);
    if (key.direction === 'out') this.#engine.deletePolicy(policy.id);
    this.#guard.remove(packed, key);
    return refused;
  }

  #refusal(sa: SaSpec): PlaneFault | undefined {
    if (sa.protocol !== 'esp') return lacks(sa.protocol);
    if (sa.spi < 256) return planeFault('EINVAL', 'SPIs below 256 are reserved (RFC 4303 §2.1)');
    if (sa.src.family !== sa.dst.family) return planeFault('EINVAL', `${sa.src} and ${sa.dst} are of two families`);
    if (sa.replayWindow > LARGEST_WINDOW)
      return planeFault('EINVAL', `a replay window of ${sa.replayWindow} packets; ${LARGEST_WINDOW} at most`);
    if (sa.esn && sa.direction === 'in' && sa.replayWindow === 0)
      return planeFault('EINVAL', 'extended sequence numbers need a replay window (RFC 4303 §3.4.3)');
    return undefined;
  }

  #forgetExpired(): void {
    const now = Date.now();
    for (const [key, until] of this.#reserved) {
      if (until > now) return;
      this.#reserved.delete(key);
    }
  }
}

const fault = (errno: number, why = ''): SystemFault => {
  const named = systemFault(errno, why);
  return why ? named : { ...named, why: (WORDS as Readonly<Record<string, string>>)[named.errno] ?? named.errno };
};

const WORDS = {
  EEXIST: 'File exists',
  ESRCH: 'No such process',
  EADDRINUSE: 'Address already in use',
};

const noSuchSa = (what: string, key: SaKey) =>
  about(planeFault('ESRCH', WORDS.ESRCH), () => `${what} ${describeSa(key)}`);
const lacks = (protocol: 'ah' | 'ipcomp') =>
  planeFault('EPROTONOSUPPORT', `the userspace data plane has ESP only, no ${protocol === 'ah' ? 'AH' : 'IPComp'}`);
