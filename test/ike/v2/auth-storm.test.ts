/** Storms over handshakes that take more than a secret: more messages, more jobs, more that can be lost. */
import { expect, test } from 'vitest';
import type { AuthWay } from '../../../src/ike/policy.ts';
import type { EndOptions } from './pair.ts';
import type { PolicyChange } from './policies.ts';
import { both, certificate, KEYS, type Proofs, round, SIGNATURES } from './proofs.ts';
import { checkCalm, storm } from './storm.ts';
import { toyEap } from './toy-eap.ts';

/** `PLUTO_STORMS=20000 PLUTO_SEED=1` runs as many from there; a failing run names its seed. */
const SEEDS = Number(process.env.PLUTO_STORMS ?? 600) / 6;
const FIRST = Number(process.env.PLUTO_SEED ?? 1);

interface Case {
  readonly both?: PolicyChange;
  readonly west?: EndOptions;
  readonly east?: EndOptions;
}

const p256 = { key: KEYS.p256 };
const raw: Proofs = { keys: [p256, p256], known: { '@west': [KEYS.p256], '@east': [KEYS.p256] } };
const chain = (subject: string): Proofs => ({
  keys: [{ key: KEYS.ed25519, certificate: certificate(KEYS.ed25519, { subject, crl: 'http://crl.example/x' }) }],
  authorities: new Uint8Array(20),
});
const looked = () => ({ t: 'revocation', problems: [] }) as const;

/** Each end takes the other's, so that both may begin. */
const eapOf = (own: readonly AuthWay[], theirs: readonly AuthWay[]): EndOptions => ({
  answers: toyEap({ rounds: 3 }),
  policy: { ours: [round(own)], theirs: [round(theirs)] },
});

const twice: EndOptions = {
  proofs: raw,
  answers: toyEap({ rounds: 1 }),
  policy: { ours: [round(['secret']), round(SIGNATURES)], theirs: [round(['secret']), round(SIGNATURES)] },
};

const CASES: Readonly<Record<string, Case>> = {
  'raw keys': { both: both(SIGNATURES), west: { proofs: raw }, east: { proofs: raw } },
  'certificates, and what must be looked up for them': {
    both: both(SIGNATURES),
    west: { proofs: chain('CN=west'), answers: looked },
    east: { proofs: chain('CN=east'), answers: looked },
  },
  'a key here, a secret there': {
    west: { proofs: raw, policy: { ours: [round(SIGNATURES)], theirs: [round(['secret'])] } },
    east: { proofs: raw, policy: { ours: [round(['secret'])], theirs: [round(SIGNATURES)] } },
  },
  EAP: { west: eapOf(['eap'], ['secret', 'eap']), east: eapOf(['secret'], ['eap']) },
  'EAP alone': { west: eapOf(['eap-tls'], ['eap-tls']), east: eapOf(['eap-tls'], ['eap-tls']) },
  'two proofs of both': { west: twice, east: twice },
};

test.each(Object.entries(CASES))(
  `after ${SEEDS} storms both ends agree: %s`,
  { timeout: 600_000 },
  (_, { both: all, west, east }) => {
    const failures: string[] = [];
    let live = 0;
    for (let seed = FIRST; seed < FIRST + SEEDS && failures.length < 5; seed++) {
      try {
        const made = storm(seed, all, { ...(west && { west }), ...(east && { east }) });
        checkCalm(made);
        if (made.west.plane.size > 0) live++;
      } catch (error) {
        failures.push(`seed ${seed}: ${error instanceof Error ? error.stack?.slice(0, 1500) : error}`);
      }
    }
    expect(failures.join('\n')).toBe('');
    // Storms that nobody survives would prove little.
    expect(live).toBeGreaterThan(SEEDS / 5);
  },
);
