import { describe, expect, test } from 'vitest';
import { generate } from '../../../src/ike/crypto/signature/generate.ts';
import { Id } from '../../../src/net/id.ts';
import { selectors } from '../v2/policies.ts';
import { both, KEYS } from '../v2/proofs.ts';
import { AGGRESSIVE, expectAgreement, expectNothing, MAIN, pair, proposals, QUICK, upPair, v1Policy } from './pair.ts';

const other = await generate('rsa', 2048);

describe('Main Mode and Quick Mode with one secret', () => {
  test('nine messages make an ISAKMP SA and a child with the same keys at both ends', () => {
    const { west, east } = upPair();
    expect(west.sa.state).toBe('established');
    expect(east.sa.state).toBe('established');
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
    expect(west.plane.accepts(east.plane.send('w-e')!)).toBe(true);
    expect(west.ups).toHaveLength(1);
    expect(east.ups).toHaveLength(1);
    expect(west.jobs).toEqual(['ke.make', 'isakmp.keys', 'ke.make', 'ke.mix']);
    expect(east.jobs).toEqual(['isakmp.keys', 'ke.mix']);
    const text = west.lines.join('\n');
    expect(text).toContain("Peer ID is ID_FQDN: '@east'");
    expect(text).toContain(
      'ISAKMP SA established {auth=PRESHARED_KEY cipher=AES_CBC_256 integ=HMAC_SHA2_256 group=DH19}',
    );
    expect(text).toContain('IPsec SA established tunnel mode [10.0.1.0/24===10.0.2.0/24] {ESP=>0x');
  });

  test('without PFS there is no second key', () => {
    const { west, east, wire } = pair({ policy: { child: { pfs: false } } });
    west.up();
    for (const line of MAIN) wire.expect(line);
    for (const line of QUICK) wire.expect(line.replace(' KE,', ''));
    wire.expectSilence();
    expectAgreement({ west, east });
    expect(west.plane.size).toBe(1);
  });

  test('an ISAKMP SA alone', () => {
    const { west, east, wire } = pair({ policy: { v1: { isAlone: true } } });
    west.up();
    for (const line of MAIN) wire.expect(line);
    wire.expectSilence();
    expectAgreement({ west, east });
    expect(west.plane.size).toBe(0);
  });

  test('two secrets make none: nothing is believed, and it is said once what is wrong', () => {
    const { west, east, wire, clock } = pair({ east: { psk: 'shark' } });
    west.up();
    for (const line of MAIN.slice(0, 5)) wire.expect(line);
    wire.expectSilence();
    expect(east.sa.state).toBe('mainR2');
    clock.advance(120_000);
    expect(east.lines.filter((line) => line.includes('probable authentication failure'))).toHaveLength(1);
    expectNothing(west);
    expectNothing(east);
    expect(west.downs.map((d) => d.why)).toEqual(['timeout']);
  });

  test('proposals that do not meet are refused with words', () => {
    const { west, east, wire } = pair({ east: { policy: { ike: proposals('ike', '3des-md5-modp1536') } } });
    west.up();
    wire.expect(MAIN[0]);
    wire.expect('<-- Informational { N(NO_PROPOSAL_CHOSEN) }');
    expectNothing(east);
    expect(east.lines.join('\n')).toContain('no proposal in common; peer offered AES_CBC_256-HMAC_SHA2_256-DH19');
    expect(west.sa.state).toBe('mainI1');
    expect(west.lines.join('\n')).toContain('NO_PROPOSAL_CHOSEN without protection');
  });

  test('a peer with another name is not the peer', () => {
    const { west, wire } = pair({ east: { policy: { localId: Id.parse('@mallory')! } } });
    west.up();
    for (const line of MAIN) wire.expect(line);
    wire.expectSilence();
    expect(west.sa.state).toBe('mainI3');
    expect(west.lines.join('\n')).toContain("peer ID ID_FQDN '@mallory' is not the configured '@east'");
  });

  test('a peer that says another name than its connection has', () => {
    const { west, east, wire } = pair({ west: { policy: { localId: Id.parse('@mallory')! } } });
    west.up();
    for (const line of MAIN.slice(0, 5)) wire.expect(line);
    wire.expectSilence();
    expect(east.sa.state).toBe('mainR2');
    expect(east.lines.join('\n')).toContain("no connection for peer ID ID_FQDN '@mallory'");
  });

  test('a road warrior becomes an instance of its template', () => {
    const template = { remoteHost: undefined, remoteId: undefined };
    const { west, east, wire } = pair({ east: { policy: template } });
    west.up();
    for (const line of [...MAIN, ...QUICK]) wire.expect(line);
    expect(east.sa.policy).toMatchObject({ instance: 1 });
    expect(`${east.sa.policy.remoteId}`).toBe('@west');
    expectAgreement({ west, east });
  });

  test('the ID chooses among the connections for an address, but only with the secret that was used', () => {
    const policies = [
      v1Policy('east', { name: 'other', remoteId: Id.parse('@north')! }),
      v1Policy('east', { name: 'wrong', remoteId: Id.parse('@west')! }),
      v1Policy('east', { name: 'right', remoteId: Id.parse('@west')! }),
    ];
    const { west, east, wire } = pair({ east: { policies } });
    west.up();
    for (const line of MAIN) wire.expect(line);
    expect(east.sa.policy.name).toBe('wrong');
    const secrets = pair({
      east: { policies, psk: (_, remote) => (`${remote}` === '@north' ? 'swordfish' : 'shark') },
    });
    secrets.west.up();
    for (const line of MAIN.slice(0, 5)) secrets.wire.expect(line);
    secrets.wire.expectSilence();
    expect(secrets.east.sa.state).toBe('mainR2');
  });
});

test('Quick Mode switches to a template by its subnet, which becomes an instance', () => {
  const net = '10.0.77.0/24';
  const west = [v1Policy('west'), v1Policy('west', { name: 'more', child: { remote: selectors(net) } })];
  const template = { name: 'more', remoteHost: undefined, remoteId: undefined, child: { local: selectors(net) } };
  const made = pair({ west: { policies: west }, east: { policies: [v1Policy('east'), v1Policy('east', template)] } });
  made.west.up();
  for (const line of [...MAIN, ...QUICK]) made.wire.expect(line);
  made.west.addChild('more');
  for (const line of QUICK) made.wire.expect(line);
  expectAgreement(made);
  expect(made.east.sa.children.map((c) => [c.policy.name, c.policy.instance])).toEqual([
    ['w-e', undefined],
    ['more', 1],
  ]);
});

describe('every cipher, hash and group', () => {
  const suites = [
    ...['3des-md5-modp1024', '3des-sha1-modp1536', 'aes128-sha1-modp2048', 'aes192-sha2_384-modp3072'],
    ...['aes256-sha2_512-dh20', 'camellia128-sha2_256-dh21', 'camellia256-md5-dh22', 'aes256-sha1-dh23'],
    ...['aes256-sha2_256-dh24', 'aes128-sha2_256-dh31'],
  ];
  test.each(suites)('%s', (ike) => {
    upPair({ policy: { ike: proposals('ike', ike) } });
  });

  test.each(['aes_gcm128', 'aes_gcm256', '3des-md5', 'null-sha1', 'aes256-sha2_512', 'camellia128-sha2_256'])(
    'esp %s',
    (esp) => {
      upPair({ policy: { child: { proposals: proposals('esp', esp) } } });
    },
  );

  test('AH, in transport mode', () => {
    const { west } = upPair({
      policy: { child: { proposals: proposals('ah', 'sha2_256'), mode: 'transport', local: [], remote: [] } },
    });
    expect(west.plane.all()[0]).toMatchObject({ mode: 'transport', suite: { protocol: 'ah' } });
  });
});

describe('Aggressive Mode', () => {
  test('three messages instead of six', () => {
    const { west, east } = upPair({ policy: { v1: { aggressive: true } } });
    expect(west.sa.state).toBe('established');
    expect(east.sa.state).toBe('established');
  });

  test('is refused where it is not configured', () => {
    const { west, east, wire } = pair({ west: { policy: { v1: { aggressive: true } } } });
    west.up();
    wire.expect(AGGRESSIVE[0]);
    wire.expectSilence();
    expectNothing(east);
  });

  test('two secrets make none', () => {
    const { west, east, wire, clock } = pair({ policy: { v1: { aggressive: true } }, east: { psk: 'shark' } });
    west.up();
    for (const line of AGGRESSIVE.slice(0, 2)) wire.expect(line);
    wire.expectSilence();
    expect(west.sa.state).toBe('aggrI1');
    expect(west.lines.join('\n')).toContain("HASH of '@east' does not match");
    clock.advance(120_000);
    expectNothing(west);
    expectNothing(east);
  });
});

describe('RSA signatures with raw keys', () => {
  const [westKey, eastKey] = [KEYS.rsa, other.key];
  const ends = {
    policy: both(['rsasig-v1.5']),
    west: { proofs: { key: westKey, known: { '@east': [eastKey] } } },
    east: { proofs: { key: eastKey, known: { '@west': [KEYS.p256, westKey] } } },
  };
  const signed = (lines: readonly string[]) => lines.map((line) => line.replace('HASH', 'SIG'));

  test('Main Mode', () => {
    const { west, east, wire } = pair(ends);
    west.up();
    for (const line of [...signed(MAIN), ...QUICK]) wire.expect(line);
    wire.expectSilence();
    expectAgreement({ west, east });
    expect(west.lines.join('\n')).toContain('{auth=RSA_SIG ');
    expect(east.jobs.slice(0, 3)).toEqual(['isakmp.keys', 'auth.check', 'ke.mix']);
  });

  test('Aggressive Mode', () => {
    const { west, east, wire } = pair({ ...ends, policy: { ...ends.policy, v1: { aggressive: true } } });
    west.up();
    for (const line of [...signed(AGGRESSIVE), ...QUICK]) wire.expect(line);
    wire.expectSilence();
    expectAgreement({ west, east });
  });

  test.each([false, true])('another key than the one that is known convinces nobody (aggressive %s)', (aggressive) => {
    const { west, east, wire, clock } = pair({
      ...ends,
      policy: { ...ends.policy, v1: { aggressive } },
      west: { proofs: { key: eastKey, known: { '@east': [westKey] } } },
    });
    west.up();
    for (const line of signed(aggressive ? AGGRESSIVE.slice(0, 2) : MAIN.slice(0, 5))) wire.expect(line);
    wire.expectSilence();
    expect(west.sa.state).toBe(aggressive ? 'aggrI1' : 'mainI3');
    clock.advance(120_000);
    expectNothing(west);
    expectNothing(east);
  });

  test('without a key of our own there is nothing to say', () => {
    const { west, wire } = pair({ ...ends, west: {} });
    west.up();
    wire.expectSilence();
    expectNothing(west);
    expect(west.ends[0]).toMatchObject({ why: 'local', text: 'cannot prove who we are: there is no private key' });
  });
});
