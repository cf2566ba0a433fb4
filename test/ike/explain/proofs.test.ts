import { expect, test } from 'vitest';
import {
  explainIssuer,
  explainNoKey,
  explainNoProof,
  explainOtherKey,
  explainWay,
} from '../../../src/ike/explain/proofs.ts';
import { Id } from '../../../src/net/id.ts';
import { policyFor } from '../v2/policies.ts';
import { round } from '../v2/proofs.ts';

const west = Id.parse('@west')!;

test('each says whose move it is, in the words of the configuration', () => {
  expect(explainWay('ECDSA with SHA2_512', ['secret'], 'w-e')[0]).toMatch(/"w-e" takes secret .*authby=.* ECDSA/);
  expect(explainNoKey(west)[0]).toMatch(/'@west'.*pubkey=.*sendcert=always/);
  expect(explainOtherKey(west, 1)[0]).toMatch(/the key that is known here for '@west' is not the one/);
  expect(explainOtherKey(west, 3)[0]).toMatch(/none of the 3 keys/);
  expect(explainIssuer(['CN=one', 'CN=root'], Id.parse('CN=two')!)[0]).toMatch(
    /from CN=one, under CN=root; .*'CN=two'/,
  );
  expect(explainIssuer([], Id.parse('CN=two')!)[0]).toMatch(/from nobody but itself/);
});

test('a proof that we cannot give names the key that was meant', () => {
  const by = (key: Parameters<typeof round>[1]) =>
    explainNoProof(policyFor('west', { ours: [round(['eddsa'], key)] }), 0)[0];
  expect(by({})).toMatch(/"w-e" is to prove '@west' by eddsa: /);
  expect(by({ key: { t: 'cert', name: 'west' } })).toContain('by eddsa cert=west: ');
  expect(by({ key: { t: 'ckaid', ckaid: Uint8Array.of(1, 255) } })).toContain('ckaid=01ff');
});
