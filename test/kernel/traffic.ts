/** What a plane that carries packets does with them. */
import assert from 'node:assert/strict';
import type { SaCounters } from '../../src/kernel/port.ts';
import type { Case, TrafficRig } from './compliance.ts';
import { INNER, outerOf, policies, REQID, SPI, sa, type Variation, WEST_SECOND } from './scene.ts';

const COUNT = 4;

const through = (name: string, v: Variation): Case<TrafficRig> => [
  name,
  async (rig) => {
    await rig.install(v);
    assert.equal(await rig.ping(v, COUNT), COUNT, 'answers');
    assert.equal(counters(rig, 'west', v).packets, COUNT, 'packets sent');
    assert.equal(counters(rig, 'east', v).packets, COUNT, 'packets received');
    assert.equal(await rig.far.packets('west', v), COUNT, 'packets received by the far side');
    assert.ok(counters(rig, 'east', v).bytes > 0);
    assert.ok(counters(rig, 'west', v).usedAt > 0);
  },
];

export const TRAFFIC: readonly Case<TrafficRig>[] = [
  through('tunnel, AES-GCM', {}),
  through('tunnel, AES-CBC and HMAC-SHA-256', { cipher: 'cbc' }),
  through('tunnel, ChaCha20-Poly1305', { cipher: 'chacha' }),
  through('tunnel, ESN, a window of 128', { esn: true, window: 128 }),
  through('tunnel, no replay protection', { window: 0 }),
  through('tunnel, IPv6 in IPv4', { inner: 6 }),
  through('tunnel, IPv4 in IPv6', { outer: 6 }),
  through('tunnel, IPv6 in IPv6', { inner: 6, outer: 6 }),
  through('transport, IPv4', { mode: 'transport' }),
  through('transport, IPv6', { mode: 'transport', outer: 6 }),
  through('tunnel, ESP in UDP', { encapsulated: true }),
  through('transport, ESP in UDP', { encapsulated: true, mode: 'transport' }),
  [
    'an SA that cannot be is refused in words',
    ({ plane }) => {
      const out = sa('west', 'west', {});
      const aead = { name: 'rfc4106(gcm(rot13))', key: new Uint8Array(36), icvBits: 128 };
      const unknown = plane.addSa({ ...out, algorithms: { aead } });
      assert.ok(unknown && unknown.errno !== 'EEXIST' && /^add esp\.00002001@/.test(unknown.why));
      const short = plane.addSa({
        ...out,
        algorithms: { aead: { ...aead, name: 'rfc4106(gcm(aes))', key: new Uint8Array(3) } },
      });
      assert.ok(short && !short.why.includes('undefined'));
      const mixed = plane.putPolicy({ ...policies('west', {})[0], dst: policies('west', { inner: 6 })[0].dst });
      assert.equal(mixed?.errno, 'EINVAL');
    },
  ],
  [
    'a packet without an SA raises an acquire and goes nowhere',
    async (rig) => {
      await rig.far.install({});
      for (const policy of policies('west', {})) assert.equal(rig.plane.putPolicy(policy), undefined);
      const answers = rig.ping({}, 1);
      const acquire = await rig.event('acquire');
      assert.equal(acquire.reqid, REQID);
      assert.ok(acquire.src.start.equals(INNER.west[4]), `from ${acquire.src}`);
      assert.ok(acquire.dst.start.equals(INNER.east[4]), `to ${acquire.dst}`);
      assert.equal(acquire.dst.protocol, 1);
      assert.equal(await answers, 0);
    },
  ],
  [
    'after the acquire the SA that comes is used',
    async (rig) => {
      // Over IPv6: between the IPv4 addresses the kernel waits for the SA of the acquire before, and raises no other.
      const v = { outer: 6 } as const;
      for (const policy of policies('west', v)) rig.plane.putPolicy(policy);
      await rig.ping(v, 1);
      await rig.event('acquire');
      await rig.install(v);
      assert.equal(await rig.ping(v, COUNT), COUNT);
    },
  ],
  [
    'what comes in the clear and should not, is dropped',
    async (rig) => {
      for (const policy of policies('west', {})) if (policy.direction !== 'out') rig.plane.putPolicy(policy);
      assert.equal(await rig.ping({}, 2), 0);
    },
  ],
  [
    'drop drops, and pass passes before it',
    async (rig) => {
      const [{ src, dst }] = policies('west', {});
      const key = { direction: 'out', src, dst, protocol: 0 } as const;
      assert.equal(await rig.ping({}, 1), 1, 'no policies');
      assert.equal(rig.plane.putPolicy({ ...key, action: 'drop', priority: 100 }), undefined);
      assert.equal(await rig.ping({}, 1), 0, 'drop');
      assert.equal(rig.plane.putPolicy({ ...key, protocol: 1, action: 'pass', priority: 50 }), undefined);
      assert.equal(await rig.ping({}, 1), 1, 'pass');
      assert.equal(rig.plane.deletePolicy(key), undefined);
    },
  ],
  [
    'soft, then hard expiry by packets, and the SA is gone',
    async (rig) => {
      await rig.install({});
      const out = sa('west', 'west', {});
      rig.plane.deleteSa(out);
      assert.equal(rig.plane.addSa({ ...out, soft: { packets: 2 }, hard: { packets: 5 } }), undefined);
      await rig.ping({}, 3);
      assert.deepEqual(hardness(await rig.event('expire')), [SPI.west, false]);
      await rig.ping({}, 4);
      assert.deepEqual(hardness(await rig.event('expire')), [SPI.west, true]);
      assert.ok('errno' in rig.plane.counters(out));
    },
  ],
  [
    'expiry by bytes',
    async (rig) => {
      await rig.install({});
      const incoming = sa('west', 'east', {});
      rig.plane.deleteSa(incoming);
      assert.equal(rig.plane.addSa({ ...incoming, soft: { bytes: 200 } }), undefined);
      await rig.ping({}, 4);
      assert.deepEqual(hardness(await rig.event('expire')), [SPI.east, false]);
    },
  ],
  [
    'expiry by seconds, without a packet',
    async (rig) => {
      const out = sa('west', 'west', {});
      assert.equal(rig.plane.addSa({ ...out, soft: { seconds: 1 }, hard: { seconds: 2 } }), undefined);
      assert.deepEqual(hardness(await rig.event('expire')), [SPI.west, false]);
      assert.deepEqual(hardness(await rig.event('expire')), [SPI.west, true]);
      assert.ok('errno' in rig.plane.counters(out));
    },
  ],
  [
    'a sequence number that came before is refused and counted',
    async (rig) => {
      await rig.install({});
      assert.equal(await rig.ping({}, COUNT), COUNT);
      await rig.far.restart({});
      assert.equal(await rig.ping({}, COUNT - 1), 0);
      assert.equal(counters(rig, 'east', {}).replayed, COUNT - 1);
      assert.equal(counters(rig, 'east', {}).packets, COUNT);
    },
  ],
  [
    'what does not authenticate is refused and counted',
    async (rig) => {
      const v = { wrongKey: true };
      await rig.install(v);
      assert.equal(await rig.ping(v, 2), 0);
      assert.equal(counters(rig, 'east', v).unauthentic, 2);
      assert.equal(counters(rig, 'east', v).packets, 0);
    },
  ],
  [
    'SAs that moved go on where they were',
    async (rig) => {
      const moved = { westMoved: true };
      await rig.install({});
      assert.equal(await rig.ping({}, COUNT), COUNT);
      const [out, incoming] = [sa('west', 'west', {}), sa('west', 'east', {})];
      assert.equal(rig.plane.moveSa(out, { src: WEST_SECOND[4], dst: out.dst }), undefined);
      assert.equal(rig.plane.moveSa(incoming, { src: incoming.src, dst: WEST_SECOND[4] }), undefined);
      for (const policy of policies('west', moved)) assert.equal(rig.plane.putPolicy(policy), undefined);
      await rig.far.clear();
      await rig.far.install(moved);
      await rig.far.restart(moved);
      // The far side began anew, west did not: its numbers go on, east's are old to west until they have caught up.
      assert.equal(counters(rig, 'west', moved).packets, COUNT);
      assert.equal(await rig.ping(moved, COUNT + 3), 3);
      assert.equal(counters(rig, 'west', moved).packets, 2 * COUNT + 3);
      assert.equal(counters(rig, 'east', moved).replayed, COUNT);
    },
  ],
  [
    'ESP in UDP from another port tells the new mapping, and moving there is heard no more',
    async (rig) => {
      const v = { encapsulated: true, eastPort: 4501 };
      await rig.install(v);
      assert.equal(await rig.ping(v, 1), 1);
      const { key, from } = await rig.event('mapping');
      assert.equal(key.spi, SPI.east);
      assert.equal(`${from}`, `${outerOf('east', v)}:4501`);
      const incoming = sa('west', 'east', v);
      const to = { src: incoming.src, dst: incoming.dst, encapsulation: { srcPort: 4501, dstPort: 4500 } };
      assert.equal(rig.plane.moveSa(incoming, to), undefined);
      assert.equal(await rig.ping(v, 2), 2);
      assert.deepEqual(
        rig.pending.filter((e) => e.t === 'mapping'),
        [],
      );
    },
  ],
];

function counters(rig: TrafficRig, from: 'west' | 'east', v: Variation): SaCounters {
  const answer = rig.plane.counters(sa('west', from, v));
  if ('errno' in answer) throw new Error(answer.why);
  return answer;
}

const hardness = (e: { key: { spi: number }; hard: boolean }): [number, boolean] => [e.key.spi, e.hard];
