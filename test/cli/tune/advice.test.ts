import { expect, test } from 'vitest';
import { adviceText, advise, type Measured } from '../../../src/cli/tune/advice.ts';
import { bestHelpers, bufferFor, expected, limitsFor, mainWork, packetsIn } from '../../../src/cli/tune/model.ts';
import { type Here, profilesOf, USUAL } from '../../../src/cli/tune/profiles.ts';
import { loadConfig } from '../../../src/conf/load.ts';
import { Address } from '../../../src/net/address.ts';
import { connsIn } from '../../actors/town.ts';
import { memoryFiles } from '../../conf/memory-files.ts';

const NOWHERE: Here = { addresses: [], keyOf: () => undefined };
const light = { main: 320, crypto: 100, offload: 40, jobs: 1 };
const heavy = { main: 320, crypto: 2_000, offload: 40, jobs: 1 };
const weighted = (...all: (typeof light)[]) => all.map((costs) => ({ ...costs, weight: 1 }));

test('the rate is that of whoever is busiest: the main thread, the helpers, or all processors', () => {
  const share = 0.85;
  expect(expected(light, 0, 8).rate).toBeCloseTo((share * 1e6) / 420, 3);
  expect(expected(light, 4, 8).rate).toBeCloseTo((share * 1e6) / 360, 3);
  expect(expected(heavy, 1, 8).rate).toBeCloseTo((share * 1e6) / 2_000, 3);
  expect(expected(heavy, 8, 2).rate).toBeCloseTo((share * 2e6) / (320 * 1.2 + 2_000 + 40), 3);
});

test('more helpers than gain anything are not advised', () => {
  expect(bestHelpers(weighted({ ...light, crypto: 30 }), 8)).toBe(0);
  expect(bestHelpers(weighted(light), 8)).toBe(1);
  expect(bestHelpers(weighted(heavy), 8)).toBe(6);
  expect(bestHelpers(weighted(light, heavy), 1)).toBeLessThanOrEqual(1);
});

test('all that the main thread does grows with what the protocol costs', () => {
  expect(mainWork(215)).toBe(258);
  expect(mainWork(100)).toBe(120);
});

test('a default buffer holds what it was seen to hold, and the one that is advised holds the burst', () => {
  expect(packetsIn(212_992)).toBe(166);
  expect(packetsIn(2 * bufferFor(5_000))).toBeGreaterThanOrEqual(5_000);
});

test('limits follow the rate, and are in the order that the daemon wants', () => {
  expect(limitsFor(2_000, 1_000)).toEqual({ cookiesFrom: 4_000, maxHalfOpen: 60_000, maxPerSource: 600, delay: 500 });
  const slow = { cookiesFrom: 100, maxHalfOpen: 100, maxPerSource: 32, delay: 4_000 };
  expect(limitsFor(1, 200_000)).toEqual(slow);
});

test('what connections use, the most frequent first; nothing of IKEv1', () => {
  const conn = (name: string, more: string) => `conn ${name}\n  left=192.0.2.1\n  right=192.0.2.2\n  ${more}\n\n`;
  const conf = [
    conn('a', 'authby=secret\n  ike=aes_gcm256-sha2_512-dh31'),
    conn('b', 'authby=rsasig\n  ike=aes256-sha2_256-modp2048'),
    conn('c', 'authby=rsasig\n  ike=aes128-sha2_256-modp2048'),
    conn('d', 'authby=ecdsa-sha2_384\n  ike=aes256-sha2_256-dh20'),
  ].join('');
  expect(profilesOf(connsIn(conf), NOWHERE).map(({ name, conns, assumed }) => [name, conns, assumed])).toEqual([
    ['MODP2048 RSA-2048', 2, true],
    ['DH31 PSK', 1, false],
    ['DH20 ECDSA P-384', 1, true],
  ]);
  expect(profilesOf([], NOWHERE)).toBe(USUAL);
});

test('the key of our end counts, of which kind and size it is; only what nobody has seen is assumed', () => {
  const conf =
    'conn a\n  left=192.0.2.1\n  leftcert=west\n  right=192.0.2.2\n  rightcert=east\n  ike=aes256-sha2_256-dh31\n';
  const keyOf: Here['keyOf'] = ({ cert }) =>
    cert === 'west' ? { kind: 'p256', bits: 256 } : { kind: 'rsa', bits: 3072 };
  const named = (here: Here) => profilesOf(connsIn(conf), here).map(({ name, assumed }) => [name, assumed]);
  const at = (text: string) => [Address.parse(text)!];
  expect(named({ keyOf, addresses: [] })).toEqual([['DH31 ECDSA P-256', false]]);
  expect(named({ keyOf, addresses: at('192.0.2.2') })).toEqual([['DH31 RSA-3072', false]]);
  expect(named({ keyOf: () => undefined, addresses: at('192.0.2.2') })).toEqual([['DH31 RSA-2048', true]]);
});

test('the text says what was assumed, and nothing where nothing was', () => {
  const machine = { cpus: 2, bufferNow: 212_992, bufferMost: 212_992, load: 0 };
  const text = (assumed: boolean) => {
    const measured = [{ profile: { ...USUAL[2], conns: 3, assumed }, keys: 100, proof: 900, costs: heavy }];
    return adviceText(advise(measured, machine, 100, 160));
  };
  expect(text(true)).toContain('DH31 RSA-2048 (3, assumed)');
  expect(text(true)).toContain('\nassumed: no certificate or key could be read');
  expect(text(false)).toContain('DH31 RSA-2048 (3) ');
  expect(text(false)).not.toContain('assumed');
});

test('the advice can be pasted, and says why', () => {
  const measured: Measured[] = [{ profile: USUAL[0], keys: 100, proof: 0, costs: light }];
  const machine = { cpus: 2, bufferNow: 212_992, bufferMost: 212_992, load: 0 };
  const advice = advise(measured, machine, 5_000, 160);
  expect(advice.nhelpers).toBe(1);
  const text = adviceText(advice);
  expect(text).toMatch(/^config setup\n {4}nhelpers=1\n/m);
  expect(text).toContain('DH31 PSK: 17 % more than without helpers');
  expect(text).toContain(
    '    ike-socket-bufsize=3200000\n        # for 5000 peers at once; without it 166 first packets',
  );
  expect(text).toContain('sysctl -w net.core.rmem_max=3200000');
  const roomy = adviceText(
    advise(measured, { cpus: 2, bufferNow: 8_388_608, bufferMost: 8_388_608, load: 3 }, 5_000, 160),
  );
  expect(roomy).toContain("ike-socket-bufsize=0\n        # the daemon's own choice: it holds 6553 first");
  expect(roomy).not.toContain('sysctl');
  expect(roomy).toContain('Other work is being done here (load 3)');
  expect(text).not.toContain('Other work');
});

test('what is advised is what config setup takes', () => {
  const measured: Measured[] = [{ profile: USUAL[0], keys: 100, proof: 0, costs: light }];
  const machine = { cpus: 2, bufferNow: 212_992, bufferMost: 212_992, load: 0 };
  const text = adviceText(advise(measured, machine, 1_000_000, 160));
  const from = text.indexOf('config setup');
  const file = text.slice(from, text.indexOf('\n\n', from));
  const { setup, problems } = loadConfig('/c', memoryFiles({ '/c': `${file}\n` }));
  expect(problems).toEqual([]);
  const { nhelpers, ikeSocketBufsize, ddosIkeThreshold, maxHalfopenIke, maxHalfopenPerSource, ddosDelayMs } = setup;
  const taken = [nhelpers, ikeSocketBufsize, ddosIkeThreshold, maxHalfopenIke, maxHalfopenPerSource, ddosDelayMs];
  expect(taken).toEqual([1, 640_000_000, 4_700, 70_800, 710, 500]);
});
