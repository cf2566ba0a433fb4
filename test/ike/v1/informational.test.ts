import { describe, expect, test } from 'vitest';
import { Turn } from '../../../src/ike/v1/turn.ts';
import { type Payload, PROTOCOL } from '../../../src/ike/v1/wire/index.ts';
import { selectors } from '../v2/policies.ts';
import { FAIR } from '../v2/wire.ts';
import type { Host } from './host.ts';
import { expectAgreement, expectNothing, MAIN, pair, proposals, QUICK, upPair, v1Policy } from './pair.ts';

/** West has one network more. */
const selectorsFor = (end: 'west' | 'east', net: string) => ({ [end === 'west' ? 'local' : 'remote']: selectors(net) });

/** West's SA says `payloads` in an exchange of their own, protected as they should be. */
function inform(host: Host, payloads: readonly Payload[]): readonly Uint8Array[] {
  const turn = new Turn(host.sa, host.env);
  turn.inform(payloads);
  return turn.outs.flatMap((out) => (out.t === 'send' ? [out.bytes] : []));
}

describe('deletions', () => {
  test.each(['west', 'east'] as const)('%s deletes the child: both ends are without, the ISAKMP SA stays', (who) => {
    const made = upPair();
    const host = made[who];
    host.command({ t: 'deleteChild', serial: host.sa.children[0].serial });
    made.wire.expect(who === 'west' ? 'Informational* { HASH, D } -->' : '<-- Informational* { HASH, D }');
    expect(made.west.plane.size + made.east.plane.size).toBe(0);
    expect(made.west.downs.map((d) => d.why)).toEqual([who === 'west' ? 'asked' : 'peer']);
    expect(made.east.downs.map((d) => d.why)).toEqual([who === 'east' ? 'asked' : 'peer']);
    expectAgreement(made);
  });

  test.each(['west', 'east'] as const)('%s deletes it all', (who) => {
    const made = upPair();
    made[who].command({ t: 'deleteIke', why: 'shutdown' });
    made.wire.release();
    made.clock.advance(1_000);
    expectNothing(made.west);
    expectNothing(made.east);
    const other = made[who === 'west' ? 'east' : 'west'];
    expect(other.ends).toMatchObject([{ why: 'peer', text: 'peer deleted the ISAKMP SA' }]);
  });

  test('what is not there, or of another SA, deletes nothing', () => {
    const { west, east } = upPair();
    const before = east.snapshot();
    const spis = (octets: number) => [new Uint8Array(octets).fill(9)];
    const from = east.sa.peer;
    for (const payload of [
      { type: 'D', doi: 1, protocol: PROTOCOL.ESP, spiSize: 4, spis: spis(4) },
      { type: 'D', doi: 1, protocol: PROTOCOL.AH, spiSize: 4, spis: [] },
      { type: 'D', doi: 1, protocol: PROTOCOL.ISAKMP, spiSize: 16, spis: spis(16) },
    ] as const)
      for (const bytes of inform(west, [payload])) east.receive(east.sa.local, from, bytes);
    expect(east.snapshot()).toBe(before);
  });
});

describe('dead peers, RFC 3706', () => {
  const policy = { dpdDelay: 10_000, v1: { dpdTimeout: 30_000 } };

  test('a silent peer is asked, and answers', () => {
    const { west, east, wire, clock } = upPair({
      policy: { ...policy, rekey: false },
      east: { policy: { dpdDelay: 0 } },
    });
    clock.advance(10_000);
    wire.expect('Informational* { HASH, N(R_U_THERE) } -->');
    wire.expect('<-- Informational* { HASH, N(R_U_THERE_ACK) }');
    wire.expectSilence();
    clock.advance(10_000);
    wire.expect('Informational* { HASH, N(R_U_THERE) } -->');
    expect(west.sa.state).toBe('established');
    expectAgreement({ west, east });
  });

  test('a peer that is gone is given up after dpdtimeout', () => {
    const { west, wire, clock } = upPair({ policy });
    wire.isCut = true;
    wire.release();
    clock.advance(39_000);
    expect(west.sas.size).toBe(1);
    clock.advance(10_000);
    expectNothing(west);
    expect(west.ends).toMatchObject([{ why: 'timeout' }]);
    expect(west.downs).toMatchObject([{ why: 'timeout' }]);
  });

  test('traffic is a sign of life', () => {
    const { west, wire, clock } = upPair({ policy, east: { policy: { dpdDelay: 0 } } });
    west.idle = 0;
    clock.advance(60_000);
    wire.expectSilence();
  });

  test('a question that is replayed is not answered', () => {
    const { east, wire, clock } = upPair({ policy, east: { policy: { dpdDelay: 0 } } });
    clock.advance(10_000);
    const asked = wire.expect('Informational* { HASH, N(R_U_THERE) } -->');
    wire.expect('<-- Informational* { HASH, N(R_U_THERE_ACK) }');
    const before = east.snapshot();
    wire.deliver(asked);
    wire.expectSilence();
    expect(east.snapshot()).toBe(before);
  });
});

describe('notifications', () => {
  test('a protected one is told', () => {
    const { west, east } = upPair();
    const about = { doi: 1, protocol: 3, spi: new Uint8Array(4), data: new Uint8Array() };
    for (const bytes of inform(west, [{ type: 'N', notify: 18, ...about }]))
      east.receive(east.sa.local, east.sa.peer, bytes);
    expect(east.lines.at(-1)).toContain('peer says INVALID_ID_INFORMATION');
  });

  test('INITIAL_CONTACT ends what was there before', () => {
    const { west, east, clock } = upPair({ weather: FAIR, policy: { initialContact: true } });
    const [old] = [...east.sas.keys()];
    // West has forgotten it all.
    for (const running of [...west.sas.values()]) west.command({ t: 'abandon', why: 'crashed' }, running);
    west.up();
    clock.advance(5_000);
    expect(east.sas.has(old)).toBe(false);
    expectAgreement({ west, east });
    expect(east.plane.size).toBe(1);
  });
});

describe('several Quick Modes', () => {
  const nets = ['10.0.11.0/24', '10.0.12.0/24', '10.0.13.0/24'];
  const policies = (end: 'west' | 'east') => [
    v1Policy(end),
    ...nets.map((net, i) => v1Policy(end, { name: `net${i}`, child: selectorsFor(end, net) })),
  ];

  test('at once, each with its own keys', () => {
    const { west, east, wire, clock } = pair({
      west: { policies: policies('west') },
      east: { policies: policies('east') },
    });
    west.up();
    for (const line of [...MAIN, ...QUICK]) wire.expect(line);
    for (const i of [0, 1, 2]) west.addChild(`net${i}`);
    expect(west.sa.conversations.filter((c) => c.state === 'quickI1')).toHaveLength(3);
    wire.release({ loss: 0.2, duplication: 0.2, minDelay: 1, maxDelay: 300 });
    clock.advance(60_000);
    expectAgreement({ west, east });
    expect(west.plane.size).toBe(4);
    expect(new Set(west.agreed().child.map((text) => text.split(' ')[1])).size).toBe(4);
    for (const i of [0, 1, 2]) expect(east.plane.accepts(west.plane.send(`net${i}`)!)).toBe(true);
  });

  test('a network that nobody knows is refused with words, and the ISAKMP SA stays', () => {
    const { west, east, wire } = pair({ west: { policies: policies('west') } });
    west.up();
    for (const line of [...MAIN, ...QUICK]) wire.expect(line);
    west.addChild('net0');
    wire.expect(QUICK[0]);
    wire.expect('<-- Informational* { HASH, N(INVALID_ID_INFORMATION) }');
    expect(east.lines.at(-1)).toContain("no connection of '@west' is known for 10.0.2.0/24===10.0.11.0/24");
    expect(west.lines.at(-1)).toContain('peer refuses Quick Mode: INVALID_ID_INFORMATION');
    expect(west.downs).toMatchObject([{ why: 'refused' }]);
    expect(west.sa.state).toBe('established');
  });

  test.each([
    ['PFS that only one wants', { child: { pfs: false } }, 'no KE, and pfs=yes'],
    ['another group', { child: { proposals: proposals('esp', 'aes128-sha1;modp1536') } }, 'MODP1536, and we want'],
    ['another cipher', { child: { proposals: proposals('esp', 'aes256-sha1') } }, 'AES_CBC_256-HMAC_SHA1_96-DH19'],
    ['another mode', { child: { mode: 'transport' } }, 'encapsulation mode 2'],
  ] as const)('%s', (_name, policy, words) => {
    const { west, east, wire } = pair({ west: { policy } });
    west.up();
    for (const line of MAIN) wire.expect(line);
    wire.expect('pfs' in policy.child ? QUICK[0].replace(' KE,', '') : QUICK[0]);
    wire.expect('<-- Informational* { HASH, N(NO_PROPOSAL_CHOSEN) }');
    expect(east.lines.join('\n')).toContain(words);
    expect(east.plane.size).toBe(0);
    expect([...east.plane.reserved]).toEqual([]);
  });
});
