/**
 * What a policy and an SA cost through the xfrm plane, one at a time and in batches: µs each, the best of three.
 * SAs need a kernel with ESP; without one, policies alone are measured. As root: in a network namespace of its own
 * (`unshare -n node dist/test/bench/xfrm.js`), for the machine's policies are no place to measure in.
 */
import { parseArgs } from 'node:util';
import type { DataPlane, PlaneOperation, PolicySpec, SaSpec } from '../../src/kernel/port.ts';
import { openXfrm } from '../../src/kernel/xfrm/index.ts';
import { XfrmPlane } from '../../src/kernel/xfrm/plane.ts';
import { hashPolicies } from '../../src/kernel/xfrm/spd-hash.ts';
import { NETLINK, Netlink } from '../../src/native/index.ts';
import { Address } from '../../src/net/address.ts';
import { Subnet } from '../../src/net/subnet.ts';
import { policies, sa } from '../kernel/scene.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '10000' } } });
const COUNT = Number(values.count);
const ROUNDS = 3;

const opened = openXfrm(
  () => {},
  (text) => console.log(text),
);
if ('errno' in opened) console.log(`SAs are not measured: ${opened.why}`);
const plane = 'errno' in opened ? withoutEsp() : opened;

const [template] = policies('west', {});
const road = (i: number): Address => Address.fromBigInt(4, 0x0a000000n + BigInt(i));
const policyOf = (i: number): PolicySpec => ({ ...template, src: Subnet.all(4), dst: Subnet.of(road(i)) });
measure(
  'policy',
  (i) => ({ op: 'putPolicy', policy: policyOf(i) }),
  (i) => ({ op: 'deletePolicy', key: policyOf(i) }),
);
if (!('errno' in opened)) {
  const out = sa('west', 'west', {});
  const saOf = (i: number): SaSpec => ({ ...out, dst: road(i), spi: 0x1000 + i });
  measure(
    'SA',
    (i) => ({ op: 'addSa', sa: saOf(i) }),
    (i) => ({ op: 'deleteSa', key: saOf(i) }),
  );
}
plane.flush();
plane.close();

function withoutEsp(): DataPlane {
  const netlink = Netlink.open(NETLINK.xfrm);
  if ('errno' in netlink) throw new Error(netlink.why);
  const fault = hashPolicies(netlink);
  if (fault) throw new Error(fault.why);
  return new XfrmPlane(
    netlink,
    () => {},
    () => {},
  );
}

function measure(what: string, add: (i: number) => PlaneOperation, remove: (i: number) => PlaneOperation): void {
  const best = new Map<string, number>();
  const time = (name: string, operations: readonly PlaneOperation[], run: (all: readonly PlaneOperation[]) => void) => {
    const start = process.hrtime.bigint();
    run(operations);
    const each = Number(process.hrtime.bigint() - start) / 1000 / operations.length;
    best.set(name, Math.min(each, best.get(name) ?? Number.POSITIVE_INFINITY));
  };
  const single = (all: readonly PlaneOperation[]) => all.forEach((one) => void mustAll([one]));
  const indices = Array.from({ length: COUNT }, (_, i) => i);
  const [adds, removes] = [indices.map(add), indices.map(remove)];
  for (let round = 0; round < ROUNDS; round++) {
    time(`add a ${what}, one by one`, adds, single);
    time(`delete a ${what}, one by one`, removes, single);
    time(`add a ${what}, in a batch`, adds, mustAll);
    time(`delete a ${what}, in a batch`, removes, mustAll);
  }
  for (const [name, each] of best) console.log(`${name.padEnd(28)} ${each.toFixed(2).padStart(7)} µs (of ${COUNT})`);
}

function mustAll(operations: readonly PlaneOperation[]): void {
  for (const fault of plane.batch(operations)) if (fault) throw new Error(fault.why);
}
