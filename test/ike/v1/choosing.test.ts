/** Which connection a peer of phase 1 turns out to be: by addresses, then by its identity, and by who vouches for it. */
import { describe, expect, test } from 'vitest';
import { Id } from '../../../src/net/id.ts';
import { another, ca } from '../auth/x509/make.ts';
import { both, round } from '../v2/proofs.ts';
import { AGGRESSIVE, expectAgreement, MAIN, pair, QUICK, v1Policy } from './pair.ts';
import { certFor, EAST_CERT, proofsOf, ROOT, RSA, trusting, withCerts } from './pki.ts';

const idOf = (name: string): Id => Id.parse(name)!;
const anywhere = { remoteHost: undefined } as const;
const byName = (secrets: Readonly<Record<string, string>>) => (_: Id, remote: Id) => secrets[`${remote}`];

describe('road warriors with secrets', () => {
  const roads = ['@north', '@west'].map((id) =>
    v1Policy('east', { name: `road${id}`, remoteId: idOf(id), ...anywhere }),
  );

  test('one secret for all: the identity chooses among them', () => {
    const { west, east, wire } = pair({ east: { policies: roads } });
    west.up();
    for (const line of MAIN) wire.expect(line);
    expect(east.sa.policy.name).toBe('road@west');
    expect(east.distrusted).toEqual([]);
  });

  test('each with its own: Main Mode cannot know, and says so', () => {
    const { west, east, wire } = pair({
      east: { policies: roads, psk: byName({ '@north': 'swordfish', '@west': 'shark' }) },
      west: { psk: 'shark' },
    });
    west.up();
    for (const line of MAIN.slice(0, 5)) wire.expect(line);
    wire.expectSilence();
    expect(east.sa.state).toBe('mainR2');
    const said = east.lines.join('\n');
    expect(said).toMatch(/cannot be read .*: perhaps the pre-shared keys differ/);
    expect(said).toContain(
      'why: "road@north", whose pre-shared key was used, and "road@west" are for the same address and have different ones. Main Mode chooses a pre-shared key by addresses alone',
    );
    expect(east.distrusted).toEqual(['wrong-secret']);
  });

  test('who has the secret of one and the name of another is refused', () => {
    const { west, east, wire } = pair({
      east: { policies: roads, psk: byName({ '@north': 'swordfish', '@west': 'shark' }) },
    });
    west.up();
    for (const line of MAIN.slice(0, 5)) wire.expect(line);
    wire.expectSilence();
    expect(east.sa.state).toBe('mainR2');
    expect(east.lines.join('\n')).toContain(
      'peer ID ID_FQDN \'@west\' is for "road@west", whose pre-shared key is not the one of "road@north" that was used for its address',
    );
    expect(east.distrusted).toEqual(['wrong-secret']);
  });

  test('each with its own in Aggressive Mode: the identity comes first', () => {
    const policies = roads.map((policy) => Object.freeze({ ...policy, v1: { ...policy.v1, aggressive: true } }));
    const { west, east, wire } = pair({
      east: { policies, psk: byName({ '@north': 'swordfish', '@west': 'shark' }) },
      west: { psk: 'shark', policy: { v1: { aggressive: true } } },
    });
    west.up();
    for (const line of [...AGGRESSIVE, ...QUICK]) wire.expect(line);
    expect(east.sa.policy.name).toBe('road@west');
  });

  test('a connection without a secret does not keep the next one from its own', () => {
    const { west, east, wire } = pair({ east: { policies: roads, psk: byName({ '@west': 'swordfish' }) } });
    west.up();
    for (const line of [...MAIN, ...QUICK]) wire.expect(line);
    expectAgreement({ west, east });
    expect(east.sa.policy.name).toBe('road@west');
  });

  test('nobody has a secret: said once, and counted', () => {
    const { west, east, wire, clock } = pair({ east: { policies: roads, psk: () => undefined } });
    west.up();
    for (const line of MAIN.slice(0, 3)) wire.expect(line);
    clock.advance(5_000);
    wire.expect(MAIN[2]);
    expect(east.sa.state).toBe('mainR1');
    expect(east.lines.filter((line) => line.includes("no pre-shared key found for '@east' and '@north'"))).toHaveLength(
      1,
    );
    expect(east.distrusted).toEqual(['no-secret']);
  });
});

test('a peer that is not meant: who is, in words', () => {
  const { west, east, wire } = pair({ east: { policy: { remoteId: idOf('@north') } } });
  west.up();
  for (const line of MAIN.slice(0, 5)) wire.expect(line);
  wire.expectSilence();
  const said = east.lines.join('\n');
  expect(said).toContain("no connection for peer ID ID_FQDN '@west'");
  expect(said).toContain(`why: the peer is '@west' (ID_FQDN); connections for its address expect '@north' ("w-e")`);
  expect(east.distrusted).toEqual(['unknown-identity']);
});

describe('secrets and keys for one address', () => {
  const secret = v1Policy('east', { name: 'by-secret' });
  const key = v1Policy('east', { name: 'by-key', ...RSA });

  test('the method that is offered decides', () => {
    const bySecret = pair({ east: { policies: [key, secret], proofs: proofsOf(EAST_CERT) } });
    bySecret.west.up();
    for (const line of MAIN) bySecret.wire.expect(line);
    expect(bySecret.east.sa.policy.name).toBe('by-secret');
    const options = withCerts();
    const byKey = pair({ ...options, east: { ...options.east, policies: [secret, key] } });
    byKey.wire.release();
    byKey.west.up();
    byKey.clock.advance(1_000);
    expect(byKey.east.sa.policy.name).toBe('by-key');
  });

  test('who could do either offers what it has', () => {
    const options = withCerts({ policy: both(['secret', 'rsasig-v1.5']) });
    const { west, east, wire, clock } = pair({ ...options, west: { ...options.west, psk: () => undefined } });
    wire.release();
    west.up();
    clock.advance(1_000);
    expect(west.lines.join('\n')).toContain('ISAKMP SA established {auth=RSA_SIG ');
    expectAgreement({ west, east });
  });

  test('who can do neither says what is missing, and sends nothing', () => {
    const { west, wire } = pair({ policy: both(['secret', 'rsasig-v1.5']), psk: () => undefined });
    west.up();
    wire.expectSilence();
    expect(west.ends[0]).toMatchObject({
      why: 'local',
      text: "cannot prove who we are: no pre-shared key found for '@west' and '@east'; there is no private key",
    });
    expect(west.lines.join('\n')).toContain('why: ipsec.secrets has no entry for these two');
  });
});

describe('road warriors whose certificates are of different authorities', () => {
  const OTHER = ca({ subject: 'CN=other', key: another('p256', 5) });
  const from = (name: string) => ({ theirs: [round(['rsasig-v1.5'], { ca: idOf(name) })] as const });

  test.each([false, true])('who has issued it decides (aggressive %s)', (aggressive) => {
    const road = (name: string, issuer: string) =>
      v1Policy('east', { ...RSA, name, ...from(issuer), ...anywhere, remoteId: undefined, v1: { aggressive } });
    const cert = certFor('west', { issuer: OTHER });
    const { west, east, wire, clock } = pair(
      withCerts({
        policy: { v1: { aggressive } },
        west: { proofs: proofsOf(cert, { issuers: [] }) },
        east: {
          proofs: proofsOf(EAST_CERT, trusting({ anchors: [ROOT, OTHER] })),
          policies: [road('roots', 'CN=root'), road('others', 'CN=other')],
        },
      }),
    );
    wire.release();
    west.up();
    clock.advance(1_000);
    expectAgreement({ west, east });
    expect(east.sa.policy.name).toBe('others');
    expect(east.distrusted).toEqual([]);
  });
});
