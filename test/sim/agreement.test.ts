/**
 * The comparison of two configurations is not the protocol: here it is held to it. Whatever two connections say, the
 * tunnel comes up exactly when the comparison finds nothing, and a failure is never without words.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupByName } from '../../src/ike/crypto/algorithms.ts';
import type { IkeSa } from '../../src/ike/v2/ike-sa.ts';
import { disagreements, rekeyDisagreement } from '../../src/sim/comparing.ts';
import { negotiate, partiesOf } from '../../src/sim/negotiation.ts';
import { place } from '../../src/sim/placing.ts';
import { street } from '../../src/sim/street.ts';
import { conn, connsIn, secretsOf } from '../actors/town.ts';

const SECRET = ['secret', 'secret', 'secret'] as const;
const keywords = fc.record({
  ike: fc.constantFrom(
    'aes_gcm256-sha2_512-dh31',
    'aes_gcm128-sha2_512-dh31',
    'aes_gcm-sha2_256+sha2_512-dh19+dh31',
    'aes256-sha2_256-dh31',
    'aes256-sha1-dh31,aes_gcm256-sha2_512-dh31',
    undefined,
  ),
  esp: fc.constantFrom('aes_gcm256', 'aes256-sha2_256', 'aes-sha1,aes_gcm128', 'aes_gcm256-none-dh31', undefined),
  leftid: fc.constantFrom('@west', '@west', '@west', '@wset', undefined),
  rightid: fc.constantFrom('@east', '@east', '@east', undefined),
  leftsubnet: fc.constantFrom('10.0.1.0/24', '10.0.1.0/24', '10.0.0.0/16', '10.0.1.0/25,10.0.1.128/25', '10.0.3.0/24'),
  rightsubnet: fc.constantFrom('10.0.2.0/24', '10.0.2.0/24', '10.0.2.0/25', undefined),
  rightprotoport: fc.constantFrom(undefined, undefined, 'tcp/80', 'tcp', 'udp/53'),
  narrowing: fc.constantFrom('no', 'no', 'yes'),
  esn: fc.constantFrom('either', 'either', 'yes', 'no'),
  type: fc.constantFrom('tunnel', 'tunnel', 'tunnel', 'transport'),
  pfs: fc.constantFrom('yes', 'no'),
  authby: fc.constantFrom(
    ...SECRET,
    ...SECRET,
    'ecdsa',
    'eddsa,ecdsa',
    'secret,ecdsa',
    'ecdsa-sha2_384,secret',
    'eddsa',
    'null',
  ),
  rightca: fc.constantFrom(undefined, undefined, 'CN=ours', 'CN=other'),
  leftca: fc.constantFrom(undefined, 'CN=ours'),
  ppk: fc.constantFrom('no', 'no', 'yes', 'insist'),
  'ppk-ids': fc.constantFrom(undefined, 'a', 'b,a', 'b'),
});
const secrets = fc.constantFrom(
  ': PSK "swordfish"\n',
  ': PSK "swordfish"\n',
  '@west @east : PSK "swordfish"\n',
  '@west : PSK "swordfish"\n@east : PSK "shark"\n',
);

type Changes = Parameters<Parameters<typeof keywords.map>[0]>[0];

/** Two connections that differ in a few keywords at most: of those that differ in all, none comes up. */
const pairs = fc
  .tuple(
    keywords,
    keywords,
    fc.subarray(
      [
        'ike',
        'esp',
        'leftid',
        'leftsubnet',
        'rightsubnet',
        'rightprotoport',
        'narrowing',
        'esn',
        'type',
        'pfs',
        'authby',
        'rightca',
        'leftca',
        'ppk',
        'ppk-ids',
      ] as const,
      { maxLength: 3 },
    ),
  )
  .map(([a, other, changed]) => [a, { ...a, ...Object.fromEntries(changed.map((key) => [key, other[key]])) }] as const);

function furnish(a: Changes, b: Changes, secretsA: string, secretsB: string) {
  const of = (changes: Changes) => {
    // Transport mode goes between the hosts themselves.
    const hosts = changes.type === 'transport' ? { leftsubnet: undefined, rightsubnet: undefined } : {};
    return connsIn(conn('w-e', { ...changes, ...hosts }))[0];
  };
  const [connA, connB] = [of(a), of(b)];
  const placing = place(connA, connB, { addresses: { a: undefined, b: undefined }, nat: undefined });
  if (!placing) throw new Error('the ends do not meet');
  const furnished = street(
    { a: connA, b: connB, placing },
    {
      A: { conns: [connA], secrets: secretsOf(secretsA), hasSecrets: true, ikev1Policy: 'accept' },
      B: { conns: [connB], secrets: secretsOf(secretsB), hasSecrets: true, ikev1Policy: 'accept' },
    },
    undefined,
  );
  if ('errors' in furnished) throw new Error(furnished.errors.join('; '));
  return furnished;
}

test('a tunnel comes up exactly when nothing is found', { timeout: 60_000 }, () => {
  const outcomes = { up: 0, failed: 0 };
  fc.assert(
    fc.property(pairs, secrets, secrets, fc.constantFrom('A', 'B'), ([a, b], secretsA, secretsB, initiator) => {
      const furnished = furnish(a, b, secretsA, secretsB);
      const found = disagreements(...partiesOf(furnished, initiator));
      const { outcome } = negotiate(furnished, initiator, false);
      expect({ outcome, found }).toEqual({ outcome: found.length === 0 ? 'up' : 'failed', found });
      outcomes[outcome === 'up' ? 'up' : 'failed']++;
    }),
    { numRuns: 200 },
  );
  // Dice that only ever fall on one side prove nothing.
  expect(Math.min(outcomes.up, outcomes.failed)).toBeGreaterThan(20);
});

test('a daemon that stumbles says so, whatever the configurations are', () => {
  const psk = ': PSK "swordfish"\n';
  const changes = { leftid: '@west', rightid: '@east', leftsubnet: '10.0.1.0/24', rightsubnet: '10.0.2.0/24' };
  const furnished = furnish(changes as Changes, changes as Changes, psk, psk);
  furnished.ends.A.house.beforeDice = () => {
    throw new Error('no dice');
  };
  const { outcome, why } = negotiate(furnished, 'A', true);
  expect(outcome).toBe('failed');
  expect(why[0].lines).toEqual([expect.stringMatching(/^A: internal error, which is worth a bug report: .*no dice/)]);
});

const groups = fc.record({
  pfs: fc.constantFrom('yes', 'yes', 'no'),
  esp: fc.constantFrom(
    'aes_gcm256',
    'aes_gcm256-none-dh31',
    'aes_gcm256-none-dh19',
    'aes_gcm256-none-dh19+dh31',
    'aes_gcm256-none-none',
    'aes_gcm256-none-dh23',
  ),
  ike: fc.constantFrom('aes_gcm256-sha2_512-dh31+dh19', 'aes_gcm256-sha2_512-dh31', 'aes_gcm256-sha2_512-dh31+dh22'),
});

test('a Child SA is rekeyed exactly when nothing is found', { timeout: 60_000 }, () => {
  const outcomes = { works: 0, fails: 0 };
  fc.assert(
    fc.property(groups, groups, (a, b) => {
      const psk = ': PSK "swordfish"\n';
      const base = { leftid: '@west', rightid: '@east', leftsubnet: '10.0.1.0/24', rightsubnet: '10.0.2.0/24' };
      const furnished = furnish({ ...base, ...a } as Changes, { ...base, ...b } as Changes, psk, psk);
      const { agreed, rekeys } = negotiate(furnished, 'A', true);
      const [partyA, partyB] = partiesOf(furnished, 'A');
      const suite = { group: groupByName(agreed?.ike.group ?? '') } as IkeSa['suite'];
      for (const { of, by, ok } of rekeys) {
        const [asker, asked] = by === 'A' ? [partyA, partyB] : [partyB, partyA];
        const found = of === 'child' ? rekeyDisagreement(asker, asked, suite) : [];
        expect({ of, by, ok, found }).toEqual({ of, by, ok: found.length === 0, found });
        if (of === 'child') outcomes[ok ? 'works' : 'fails']++;
      }
      expect(rekeys).toHaveLength(4);
    }),
    { numRuns: 60 },
  );
  expect(Math.min(outcomes.works, outcomes.fails)).toBeGreaterThan(20);
});
