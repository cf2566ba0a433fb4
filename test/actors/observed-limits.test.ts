/** The door, and limits that a peer has gone beyond, as metrics have them. */
import { expect, test } from 'vitest';
import { limitSamples } from '../../src/actors/observed-limits.ts';
import { decodeMessage, EXCHANGE, encodeMessage, NOTIFY } from '../../src/ike/wire/index.ts';
import { conn, EAST, type House, town } from './town.ts';

const samples = ({ world }: House, lag = 0) =>
  new Map(limitSamples(world, lag).map(({ metric, labels, value }) => [[metric, ...labels].join(' '), value]));

test('what is set, and whether the door is open', () => {
  const limits = { cookiesFrom: 1, maxHalfOpen: 2, maxPerSource: 7, delay: 1_500 };
  const { west, east, wire, clock } = town({ east: { limits } });
  const calm = samples(east, 250);
  expect(Object.fromEntries(calm)).toMatchObject({
    'limits ddos-ike-threshold': 1,
    'limits max-halfopen-ike': 2,
    'limits max-halfopen-per-source': 7,
    'limits ddos-delay': 1.5,
    'ddosMode auto': 1,
    'ddosMode busy': 0,
    cookiesDemanded: 0,
    accepting: 1,
    behind: 0.25,
  });
  // Its answers do not arrive: a peer that goes no further is half open.
  wire.loses = ({ peer }) => `${peer.address}` === EAST;
  west.whack({ kind: 'initiate', name: 'w-e' });
  clock.settle();
  expect(samples(east).get('cookiesDemanded')).toBe(1);
  east.world.switchboard.limits.maxHalfOpen = 1;
  expect(samples(east).get('accepting')).toBe(0);
  east.world.switchboard.limits.mode = 'unlimited';
  const open = samples(east);
  expect([open.get('ddosMode unlimited'), open.get('ddosMode auto'), open.get('cookiesDemanded')]).toEqual([1, 0, 0]);
});

test('a peer that asks for one cookie after the other is counted once, when that is enough', () => {
  const { west, wire, clock } = town({ west: { conf: conn('w-e', { auto: 'add', keyingtries: '1' }) } });
  const hits = () => west.world.stats.limitHits.of('restarts');
  let asked = 0;
  wire.connect(EAST, {
    receive: ({ local, peer, bytes }) => {
      const decoded = decodeMessage(bytes);
      if (!decoded.ok || decoded.value.header.exchange !== EXCHANGE.IKE_SA_INIT || asked === 6) return;
      const { spiI, messageId } = decoded.value.header;
      const header = { spiI, spiR: new Uint8Array(8), exchange: EXCHANGE.IKE_SA_INIT, messageId };
      const data = Uint8Array.of(++asked);
      const cookie = { type: 'N', critical: false, protocol: 0, spi: new Uint8Array(), notify: NOTIFY.COOKIE, data };
      expect(hits()).toBe(0);
      wire.carry(local, peer, encodeMessage({ ...header, isInitiator: false, isResponse: true }, [cookie as never]));
    },
  });
  west.whack({ kind: 'initiate', name: 'w-e' });
  clock.settle();
  expect([asked, hits()]).toEqual([6, 1]);
});
