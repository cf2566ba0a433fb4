/** What every plane answers, also one that carries nothing. */
import assert from 'node:assert/strict';
import type { PlaneFault, PolicySpec, SaSpec } from '../../src/kernel/port.ts';
import { Address } from '../../src/net/address.ts';
import type { Case, TrafficRig } from './compliance.ts';
import { OUTER, policies, REQID, sa, WEST_SECOND } from './scene.ts';

const OUT = sa('west', 'west', {});
const IN = sa('west', 'east', {});
const [PROTECT] = policies('west', {});
const errno = (answer: unknown): string | undefined => (answer as PlaneFault | undefined)?.errno;
const spiRequest = { protocol: 'esp', src: OUT.dst, dst: OUT.src, reqid: REQID } as const;

export const BOOKKEEPING: readonly Case<TrafficRig>[] = [
  [
    'allocated SPIs differ and are not small',
    ({ plane }) => {
      const spis = Array.from({ length: 20 }, () => plane.allocateSpi(spiRequest) as number);
      assert.equal(new Set(spis).size, 20);
      assert.ok(spis.every((spi) => Number.isInteger(spi) && spi >= 0x1000 && spi <= 0xffffffff));
    },
  ],
  [
    'an allocated SPI takes one SA, once',
    ({ plane }) => {
      const spi = plane.allocateSpi(spiRequest) as number;
      assert.equal(plane.addSa({ ...IN, spi }), undefined);
      assert.equal(errno(plane.addSa({ ...IN, spi })), 'EEXIST');
      assert.equal(plane.deleteSa({ ...IN, spi }), undefined);
      assert.equal(errno(plane.deleteSa({ ...IN, spi })), 'ESRCH');
    },
  ],
  [
    'an allocated SPI can be given back',
    ({ plane }) => {
      const spi = plane.allocateSpi(spiRequest) as number;
      assert.equal(plane.deleteSa({ ...IN, spi }), undefined);
      assert.equal(errno(plane.deleteSa({ ...IN, spi })), 'ESRCH');
    },
  ],
  [
    'an SA of an SPI that the peer chose; the same again is refused and leaves the first alone',
    ({ plane }) => {
      assert.equal(plane.addSa(OUT), undefined);
      const again = plane.addSa(OUT);
      assert.equal(errno(again), 'EEXIST');
      assert.match(again!.why, /esp\.00002001@192\.0\.2\.2/);
      assert.equal(errno(plane.counters(OUT)), undefined);
    },
  ],
  [
    'an SA is found by destination, protocol and SPI',
    ({ plane }) => {
      plane.addSa(OUT);
      assert.equal(errno(plane.counters({ ...OUT, spi: 0x2003 })), 'ESRCH');
      assert.equal(errno(plane.counters({ ...OUT, dst: OUT.src })), 'ESRCH');
      assert.equal(errno(plane.deleteSa({ ...OUT, protocol: 'ah' })), 'ESRCH');
      const v6: SaSpec = { ...sa('west', 'west', { outer: 6 }), spi: OUT.spi };
      assert.equal(plane.addSa(v6), undefined);
      assert.equal(plane.deleteSa(v6), undefined);
      assert.equal(errno(plane.counters(OUT)), undefined);
    },
  ],
  [
    'counters begin at zero, at the time of the addition',
    ({ plane }) => {
      const before = Math.floor(Date.now() / 1000);
      plane.addSa(OUT);
      const counters = plane.counters(OUT);
      assert.ok('bytes' in counters);
      const { addedAt, ...rest } = counters;
      assert.deepEqual(rest, { bytes: 0, packets: 0, replayed: 0, unauthentic: 0, usedAt: 0 });
      assert.ok(addedAt >= before - 1 && addedAt <= before + 5, `added at ${addedAt}, it was ${before}`);
    },
  ],
  [
    'a moved SA is at its new address, and only there',
    ({ plane }) => {
      plane.addSa(IN);
      assert.equal(plane.moveSa(IN, { src: IN.src, dst: WEST_SECOND[4] }), undefined);
      assert.equal(errno(plane.counters(IN)), 'ESRCH');
      assert.equal(errno(plane.counters({ ...IN, dst: WEST_SECOND[4] })), undefined);
      plane.addSa(OUT);
      assert.equal(plane.moveSa(OUT, { src: WEST_SECOND[4], dst: OUT.dst }), undefined);
      assert.equal(errno(plane.counters(OUT)), undefined);
      assert.equal(errno(plane.moveSa({ ...OUT, spi: 9999 }, OUT)), 'ESRCH');
    },
  ],
  [
    'a policy is put, put again, deleted, and then not there',
    ({ plane }) => {
      assert.equal(plane.putPolicy(PROTECT), undefined);
      assert.equal(plane.putPolicy({ ...PROTECT, priority: 7 }), undefined);
      assert.equal(plane.deletePolicy(PROTECT), undefined);
      assert.equal(errno(plane.deletePolicy(PROTECT)), 'ENOENT');
    },
  ],
  [
    'policies that differ in direction, protocol, port or prefix are different',
    ({ plane }) => {
      const { src, dst } = PROTECT;
      const base = { src, dst, protocol: 6, action: 'drop', priority: 5 } as const;
      const all: PolicySpec[] = [
        { ...base, direction: 'out' },
        { ...base, direction: 'in' },
        { ...base, direction: 'fwd' },
        { ...base, direction: 'out', protocol: 17 },
        { ...base, direction: 'out', dstPort: 80 },
        { ...base, direction: 'out', srcPort: 80 },
        { ...base, direction: 'out', dst: src, src: dst },
      ];
      for (const policy of all) assert.equal(plane.putPolicy(policy), undefined);
      for (const policy of all) assert.equal(plane.deletePolicy(policy), undefined);
    },
  ],
  [
    'a batch carries out what it can, and says what it could not, in order',
    ({ plane }) => {
      plane.addSa(IN);
      const many = Array.from({ length: 200 }, (_, i) => ({ op: 'addSa', sa: { ...OUT, spi: 0x3000 + i } }) as const);
      const verdicts = plane.batch([
        { op: 'addSa', sa: IN },
        ...many,
        { op: 'deleteSa', key: { ...OUT, spi: 0x9999 } },
        { op: 'putPolicy', policy: PROTECT },
        { op: 'deletePolicy', key: { ...PROTECT, protocol: 6 } },
        { op: 'deletePolicy', key: PROTECT },
      ]);
      assert.equal(verdicts.length, 205);
      assert.equal(errno(verdicts[0]), 'EEXIST');
      assert.ok(verdicts.slice(1, 201).every((v) => v === undefined));
      assert.deepEqual(verdicts.slice(201).map(errno), ['ESRCH', undefined, 'ENOENT', undefined]);
      assert.deepEqual(plane.batch([]), []);
      assert.equal(errno(plane.counters({ ...OUT, spi: 0x3000 + 199 })), undefined);
    },
  ],
  [
    'flush takes out what is ours',
    ({ plane }) => {
      plane.addSa(OUT);
      plane.putPolicy(PROTECT);
      plane.flush();
      assert.equal(errno(plane.counters(OUT)), 'ESRCH');
      assert.equal(errno(plane.deletePolicy(PROTECT)), 'ENOENT');
      plane.flush();
    },
  ],
  [
    'flush leaves alone what is others’',
    ({ plane, another }) => {
      const others = another();
      const theirs = { ...OUT, dst: Address.parse('192.0.2.77')!, spi: 0x4001 };
      assert.equal(others.addSa(theirs), undefined);
      assert.equal(others.putPolicy({ ...PROTECT, src: PROTECT.dst, dst: PROTECT.src }), undefined);
      plane.addSa(OUT);
      plane.flush();
      assert.equal(errno(others.counters(theirs)), undefined);
      assert.equal(others.deletePolicy({ ...PROTECT, src: PROTECT.dst, dst: PROTECT.src }), undefined);
    },
    'xfrm', // the only one that others have a part in
  ],
  [
    'SPIs at different addresses do not meet',
    ({ plane }) => {
      const v6 = { protocol: 'esp', src: OUTER.east[6], dst: OUTER.west[6], reqid: REQID } as const;
      const spi = plane.allocateSpi(v6) as number;
      assert.equal(plane.addSa({ ...sa('west', 'east', { outer: 6 }), spi }), undefined);
      assert.equal(plane.addSa({ ...IN, spi }), undefined);
    },
  ],
];
