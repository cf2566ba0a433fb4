/** Any mix of what can be said of authentication is a policy or a clear no, and reads back to the same when written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_CREDENTIALS } from '../../src/actors/credentials.ts';
import { policyOf } from '../../src/actors/policy-of.ts';
import { loadConfig } from '../../src/conf/load.ts';
import { Address } from '../../src/net/address.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { ECDSA_KEY, ECDSA_POINT, ED25519_KEY, RSA_KEY } from '../conf/public-keys.ts';
import { lost } from '../conf/round-trip.ts';
import { WEST } from './town.ts';

const AUTHBY = [
  'secret',
  'rsasig',
  'rsa-sha1',
  'rsa-sha2_384',
  'ecdsa',
  'ecdsa-sha2_512',
  'eddsa',
  'null',
  'never',
  'rsaisg',
];
const AUTH = [
  ...['secret', 'rsasig', 'ecdsa', 'eddsa', 'pubkey', 'null', 'never', 'eaponly'],
  ...['eap', 'eap-tls', 'eap-mschapv2', 'eap-md5', 'eap-radius', 'none'],
];
const KEYS = [RSA_KEY, ECDSA_POINT, ECDSA_KEY, ED25519_KEY, '%cert', '%dns', '%none', '0sAwEAAQ', 'east'];
const IDS = [
  '@west',
  '%fromcert',
  '%any',
  '%null',
  '%none',
  'C=CA, CN=*',
  '192.0.2.9',
  'u@example.net',
  'host.example.net',
];
const CAS = ['C=CA, CN=ours', '%same', '%any', 'ours'];
const DIGITS = '0123456789abcdef0123456789abcdef01234567';

const one = (...words: readonly string[]) => fc.constantFrom(...words);
/** What an end may say, and what both may. */
const OF_END: Readonly<Record<string, readonly string[]>> = {
  auth: AUTH,
  auth2: AUTH,
  autheap: ['none', 'tls'],
  id: IDS,
  id2: IDS,
  cert: ['a', 'a b'],
  cert2: ['c'],
  ckaid: [DIGITS, `${DIGITS}0`],
  ca: CAS,
  sendcert: ['always', 'never', 'sendifasked', 'maybe'],
  rsasigkey: KEYS,
  ecdsakey: KEYS,
  pubkey: KEYS,
};
const OF_BOTH: Readonly<Record<string, readonly string[]>> = {
  type: ['tunnel', 'transport', 'passthrough'],
  keyexchange: ['ikev1', 'ikev2'],
  ppk: ['yes', 'no', 'insist'],
  'ppk-ids': ['a', 'a,b', 'x'.repeat(65)],
  'sha1-signatures': ['yes', 'no'],
  'require-id-on-certificate': ['yes', 'no'],
  sendca: ['none', 'issuer', 'all'],
};
const ROWS = [
  ...['left', 'right'].flatMap((side) =>
    Object.entries(OF_END).map(([name, values]) => [side + name, values] as const),
  ),
  ...Object.entries(OF_BOTH),
];
const said = fc.constantFrom(...ROWS).chain(([key, values]) => fc.tuple(fc.constant(key), one(...values)));
const pairOfAuth = fc.tuple(one(...AUTH), one(...AUTH)).map(([leftauth, rightauth]) => ({ leftauth, rightauth }));
const authby = fc.subarray(AUTHBY, { minLength: 1, maxLength: 3 }).map((words) => ({ authby: words.join(',') }));
const conns = fc
  .tuple(fc.oneof(fc.constant({}), pairOfAuth, authby), fc.array(said, { maxLength: 4 }))
  .map(([auth, more]) => ({ left: WEST, right: '192.0.2.2', ...auth, ...Object.fromEntries(more) }));

const textOf = (keywords: Readonly<Record<string, string | undefined>>) =>
  `conn c\n${Object.entries(keywords)
    .map(([key, value]) => `\t${key}="${value}"\n`)
    .join('')}`;

const at = { side: 'left', localHost: Address.parse(WEST)! } as const;

test('is a policy that can be negotiated by, or an error that says where', () => {
  let [made, refused] = [0, 0];
  fc.assert(
    fc.property(conns, (keywords) => {
      const config = loadConfig('/c', memoryFiles({ '/c': textOf(keywords) }));
      const errors = config.problems.filter(({ severity }) => severity === 'error');
      if (config.conns.length === 0) {
        refused++;
        expect(errors.length).toBeGreaterThan(0);
        for (const { line, keyword, text } of errors) expect([line > 0, keyword === undefined, text]).not.toContain('');
        return;
      }
      // Nobody is asked for anything.
      if (config.conns[0].type === 'passthrough') return;
      const policy = policyOf(config.conns[0], at, 16_384, 20_000, NO_CREDENTIALS);
      if ('hindrance' in policy) {
        expect(policy.hindrance).toMatch(/^[a-z0-9]+=[^ ]/);
        return;
      }
      made++;
      for (const rounds of [policy.ours, policy.theirs]) {
        for (const { ways } of rounds) expect(ways.length).toBeGreaterThan(0);
        expect(rounds.some(({ ways }) => ways.includes('never'))).toBe(false);
        expect(Object.isFrozen(rounds) && rounds.every((round) => Object.isFrozen(round))).toBe(true);
      }
      expect(policy.localId.hasWildcards).toBe(false);
    }),
    { numRuns: 3000 },
  );
  expect([made > 500, refused > 500]).toEqual([true, true]);
});

test('reads back to the same when it is written', () => {
  fc.assert(
    fc.property(conns, (keywords) => {
      expect(lost(textOf(keywords))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
