import { describe, expect, test } from 'vitest';
import type { AuthRound, EapWay } from '../../../src/ike/policy.ts';
import { Id } from '../../../src/net/id.ts';
import { type EndOptions, expectNothing, type PairOptions, pair } from './pair.ts';
import { policyFor } from './policies.ts';
import { round } from './proofs.ts';
import { toyEap } from './toy-eap.ts';

/** West logs in as `user`, to east with these connections. */
function login(user: string | undefined, theirs: readonly AuthRound[], west: EndOptions = {}, east: EndOptions = {}) {
  const ours = [round(['secret'])] as const;
  const policies = theirs.map((one, i) => policyFor('east', { name: `conn${i}`, ours, theirs: [one] }));
  const options: PairOptions = {
    west: { answers: toyEap(), ...west, policy: { ours: [round(['eap-mschapv2'])], ...west.policy } },
    east: { answers: toyEap(user === undefined ? {} : { user }), policies, ...east },
  };
  const made = pair(options);
  made.west.up();
  made.wire.release();
  made.clock.advance(1_000);
  return made;
}

const users = (eapId: string | undefined, ways: readonly EapWay[] = ['eap-mschapv2']) => round(ways, { eapId });
const chosen = (...terms: Parameters<typeof login>): string | undefined => {
  const { east } = login(...terms);
  return east.sas.size === 1 ? east.sa.policy.name : undefined;
};

describe('righteapid= says who may log in', () => {
  test.each([
    ['carol', 'carol'],
    ['*@example.com', 'carol@example.com'],
    ['*', 'carol'],
    [undefined, 'carol'],
  ])('%j lets %j in', (eapId, user) => expect(chosen(user, [users(eapId)])).toBe('conn0'));

  test.each([
    ['carol', 'mallory'],
    ['*@example.com', 'mallory@example.org'],
    ['*', undefined],
  ])('%j keeps %j out, whose password is right', (eapId, user) => {
    const { west, east, clock } = login(user, [users(eapId)]);
    expectNothing(west);
    expectNothing(east);
    expect(east.plane.installed + west.plane.installed).toBe(0);
    const who = user === undefined ? 'a user without a name' : `user '${user}'`;
    expect(east.ends[0].text).toBe(
      `peer ID_FQDN '@west' failed authentication by EAP: ${who} may not log in here (eapid=${eapId})`,
    );
    expect(west.ends[0].text).toContain('AUTHENTICATION_FAILED');
    expect([east.forgotten.length, clock.pending]).toEqual([1, 0]);
  });

  test('not whom the peer calls itself outside of a tunnel, and nobody says whom it has proven to be', () => {
    const east = { answers: toyEap({ user: 'west', isHearsay: true, classes: [] }) };
    const kept = login(undefined, [users('west')], {}, east);
    expectNothing(kept.east);
    expect(kept.east.ends[0].text).toContain("a user whom RADIUS does not name, called 'west' outside of TLS, may not");
    expect(login(undefined, [users(undefined)], {}, east).east.sas.size).toBe(1);
  });

  test('of several connections the one for the user, and one for anybody for the others', () => {
    const theirs = [users('carol'), users('*@example.com'), users(undefined)];
    expect(['carol', 'dave@example.com', 'erin'].map((user) => chosen(user, theirs))).toEqual([
      ...['conn0', 'conn1', 'conn2'],
    ]);
  });

  test('not one that asks for another method', () => {
    const theirs = [users('carol'), users('dave', ['eap-tls'])];
    expect(chosen('dave', theirs)).toBeUndefined();
    expect(chosen('dave', [users('carol'), users('dave', ['eap'])])).toBeUndefined();
  });

  test('not one that asks for the certificate of another authority', () => {
    const ca = Id.parse('CN=Other')!;
    expect(chosen('dave', [users('carol'), round(['eap-mschapv2'], { eapId: 'dave', ca })])).toBeUndefined();
    const both = [users('carol'), users('dave')].map((one) => ({ ...one, ca }));
    expect(chosen('dave', both)).toBe('conn1');
  });

  test('not one that asks for a certain key, nor in place of one that does', () => {
    const key = { t: 'cert', name: 'dave' } as const;
    const pinned = round(['eap-mschapv2'], { eapId: 'dave', key });
    expect(chosen('dave', [users('carol'), pinned])).toBeUndefined();
    expect(chosen('dave', [{ ...users('carol'), key }, users('dave')])).toBeUndefined();
    expect(chosen('dave', [pinned, users('carol')])).toBe('conn0');
  });

  test('the RADIUS server names no connection that is not for the user, nor one that is not for its users', () => {
    const east = { answers: toyEap({ user: 'carol', classes: ['conn1'] }) };
    const first = users('c*', ['eap-radius']);
    const of = (second: AuthRound) => chosen(undefined, [first, second], {}, east);
    expect(of(users('carol', ['eap']))).toBe('conn1');
    expect(of(users('dave', ['eap-radius']))).toBe('conn0');
    expect(of(users(undefined, ['eap-tls']))).toBe('conn0');
  });
});

describe('lefteapid= says who we are to EAP', () => {
  test.each([
    ['carol@example.com', 'carol@example.com'],
    [undefined, 'west'],
    // Nobody's name.
    ['*@example.com', 'west'],
  ])('%j: %j', (eapId, user) => {
    const { west } = login(undefined, [users(undefined)], {
      policy: { ours: [round(['eap-mschapv2'], { eapId })] },
    });
    expect(west.questions.map((question) => question.t === 'eapPeer' && question.user)).toEqual([user, user, user]);
    expect(west.sas.size).toBe(1);
  });
});
