/** The comparison of two connections of IKEv1 is held to the protocol, as that of IKEv2 is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupByName } from '../../src/ike/crypto/algorithms.ts';
import type { IkeSuite } from '../../src/ike/crypto/keys.ts';
import { disagreements, rekeyDisagreement } from '../../src/sim/comparing.ts';
import { negotiate, partiesOf } from '../../src/sim/negotiation.ts';
import { place } from '../../src/sim/placing.ts';
import { street } from '../../src/sim/street.ts';
import { conn, connsIn, secretsOf } from '../actors/town.ts';
import { V1 } from './two-v1.ts';

const SECRET = ['secret', 'secret', 'secret'] as const;
const keywords = fc.record({
  ike: fc.constantFrom(
    'aes256-sha2_256-modp2048',
    'aes256-sha2_256-modp2048',
    'aes128-sha1-modp2048',
    'aes256-sha2_256-modp2048,aes128-sha1-modp3072',
    'aes128-sha1-modp3072,aes256-sha2_256-modp2048',
    undefined,
  ),
  esp: fc.constantFrom('aes128-sha1', 'aes256-sha2_256', 'aes-sha1,aes256-sha2_256', 'aes128-sha1-modp3072', undefined),
  leftid: fc.constantFrom('@west', '@west', '@west', '@wset', undefined),
  rightid: fc.constantFrom('@east', '@east', '@east', undefined),
  left: fc.constantFrom('192.0.2.1', '192.0.2.1', '192.0.2.1', '%any'),
  leftsubnet: fc.constantFrom('10.0.1.0/24', '10.0.1.0/24', '10.0.0.0/16', undefined),
  rightsubnet: fc.constantFrom('10.0.2.0/24', '10.0.2.0/24', '10.0.2.0/25', undefined),
  rightprotoport: fc.constantFrom(undefined, undefined, 'tcp/80', 'tcp'),
  type: fc.constantFrom('tunnel', 'tunnel', 'tunnel', 'transport'),
  pfs: fc.constantFrom('yes', 'no'),
  authby: fc.constantFrom(...SECRET, ...SECRET, 'rsasig'),
  aggressive: fc.constantFrom('no', 'no', 'yes'),
  leftxauthclient: fc.constantFrom('no', 'no', 'no', 'yes'),
  phase2: fc.constantFrom(undefined, undefined, 'esp+ah', 'ah'),
  compress: fc.constantFrom('no', 'yes'),
  modecfgpull: fc.constantFrom('yes', 'no'),
  leftmodecfgclient: fc.constantFrom('no', 'no', 'no', 'yes'),
});
const policies = fc.constantFrom('accept', 'accept', 'accept', 'accept', 'accept', 'accept', 'drop', 'reject');
const secrets = fc.constantFrom(
  ': PSK "swordfish"\n',
  ': PSK "swordfish"\n',
  '@west @east : PSK "swordfish"\n',
  '@west : PSK "swordfish"\n@east %any : PSK "shark"\n',
);

type Changes = Parameters<Parameters<typeof keywords.map>[0]>[0];

/** Two connections that differ in a few keywords at most. */
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
        'type',
        'pfs',
        'authby',
        'aggressive',
        'leftxauthclient',
        'phase2',
        'compress',
        'modecfgpull',
        'leftmodecfgclient',
      ] as const,
      { maxLength: 2 },
    ),
  )
  .map(([a, other, changed]) => [a, { ...a, ...Object.fromEntries(changed.map((key) => [key, other[key]])) }] as const);

type Policy = 'accept' | 'reject' | 'drop';

function furnish(a: Changes, b: Changes, secretsA: string, secretsB: string, policy: Policy) {
  const of = (changes: Changes, isOwn: boolean) => {
    const hosts = changes.type === 'transport' ? { leftsubnet: undefined, rightsubnet: undefined } : {};
    const ah = changes.phase2 === 'ah' ? { esp: undefined } : {};
    const isClient = changes.leftmodecfgclient === 'yes';
    const lease = isClient ? { leftsubnet: undefined, ...(!isOwn && { leftaddresspool: '10.9.0.1-10.9.0.9' }) } : {};
    // It has one group to offer.
    const isOpen = changes.ike === undefined || changes.ike.includes(',');
    const ike = changes.aggressive === 'yes' && isOpen ? { ike: V1.ike } : {};
    const at = isOwn ? { left: '192.0.2.1' } : {};
    return connsIn(conn('w-e', { ...V1, ...changes, ...hosts, ...ah, ...ike, ...lease, ...at }))[0];
  };
  const [connA, connB] = [of(a, true), of(b, false)];
  const placing = place(connA, connB, { addresses: { a: undefined, b: undefined }, nat: undefined });
  if (!placing) throw new Error('the ends do not meet');
  const furnished = street(
    { a: connA, b: connB, placing },
    {
      A: { conns: [connA], secrets: secretsOf(secretsA), hasSecrets: true, ikev1Policy: 'accept' },
      B: { conns: [connB], secrets: secretsOf(secretsB), hasSecrets: true, ikev1Policy: policy },
    },
    undefined,
  );
  if ('errors' in furnished) throw new Error(furnished.errors.join('; '));
  return furnished;
}

test('a tunnel comes up exactly when nothing is found', { timeout: 120_000 }, () => {
  const outcomes = { up: 0, failed: 0, skipped: 0 };
  fc.assert(
    fc.property(
      pairs,
      secrets,
      secrets,
      fc.constantFrom('A', 'B'),
      policies,
      ([a, b], secretsA, secretsB, initiator, policy) => {
        const furnished = furnish(a, b, secretsA, secretsB, policy);
        const found = disagreements(...partiesOf(furnished, initiator));
        const { outcome, messages, log } = negotiate(furnished, initiator, false);
        furnished.wiretap.close();
        if (outcome === 'skipped') return void outcomes.skipped++;
        const isUp = outcome === 'up' || outcome === 'up-without-rekey';
        expect({ isUp, found, log: log.slice(-8).map(({ of, text }) => `${of} ${text}`) }).toEqual({
          isUp: found.length === 0,
          found,
          log: log.slice(-8).map(({ of, text }) => `${of} ${text}`),
        });
        if (isUp) expect(messages.filter(({ payloads }) => `${payloads}`.includes('not readable'))).toEqual([]);
        outcomes[isUp ? 'up' : 'failed']++;
      },
    ),
    { numRuns: 100 },
  );
  expect(Math.min(outcomes.up, outcomes.failed)).toBeGreaterThan(0);
});

const rekeyed = fc.record({
  pfs: fc.constantFrom('yes', 'no'),
  aggressive: fc.constantFrom('yes', 'no'),
  esp: fc.constantFrom('aes128-sha1', 'aes128-sha1-modp3072', 'aes128-sha1-modp1536', 'aes128-sha1-modp2048'),
});

test('what comes up is rekeyed exactly when nothing is found', { timeout: 120_000 }, () => {
  const outcomes = { works: 0, fails: 0 };
  const base = { leftid: '@west', rightid: '@east', leftsubnet: '10.0.1.0/24', rightsubnet: '10.0.2.0/24' };
  const psk = ': PSK "swordfish"\n';
  fc.assert(
    fc.property(rekeyed, rekeyed, (a, b) => {
      const furnished = furnish({ ...base, ...a } as Changes, { ...base, ...b } as Changes, psk, psk, 'accept');
      const { agreed, rekeys } = negotiate(furnished, 'A', true);
      const [partyA, partyB] = partiesOf(furnished, 'A');
      const suite = { group: groupByName(agreed?.ike.group ?? '') } as IkeSuite;
      for (const { of, by, ok } of rekeys) {
        const [asker, asked] = by === 'A' ? [partyA, partyB] : [partyB, partyA];
        const found = rekeyDisagreement(asker, asked, suite, of);
        expect({ of, by, ok, found }).toEqual({ of, by, ok: found.length === 0, found });
        outcomes[ok ? 'works' : 'fails']++;
      }
    }),
    { numRuns: 80 },
  );
  expect(Math.min(outcomes.works, outcomes.fails)).toBeGreaterThan(0);
});
