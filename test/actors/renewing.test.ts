/** What connections take from our certificates, when those are read anew. */
import { expect, test } from 'vitest';
import { type Credentials, NO_CREDENTIALS } from '../../src/actors/credentials.ts';
import { Id } from '../../src/net/id.ts';
import { conn, type House, town } from './town.ts';

/** West has a certificate for `subject`, once there is one. */
function cabinet(subject?: string) {
  const has = { subject };
  const credentials: Credentials = {
    ...NO_CREDENTIALS,
    credential: () =>
      has.subject === undefined
        ? { wrong: 'there is no certificate "west"' }
        : {
            ...{ key: 1, kind: 'p256', bits: 256, certificate: undefined, authorities: [] },
            subject: Id.parse(has.subject),
          },
  };
  return { has, credentials };
}

const FROM_CERT = { leftid: '%fromcert', leftcert: 'west', leftauth: 'ecdsa', rightauth: 'null', authby: undefined };
const westOf = (house: House) => house.world.registry.named('w-e')!;

test('a connection that lacked a certificate has it, and begins', () => {
  const { has, credentials } = cabinet();
  const { west } = town({ west: { conf: conn('w-e', { ...FROM_CERT, auto: 'ondemand' }), credentials } });
  expect([westOf(west).policy, westOf(west).hindrance]).toEqual([
    undefined,
    'leftcert=west: there is no certificate "west"',
  ]);
  expect(west.whack({ kind: 'initiate', name: 'w-e' }).text).toContain(
    'cannot initiate: leftcert=west: there is no certificate "west"',
  );
  has.subject = 'C=CA, CN=west';
  expect(west.whack({ kind: 'rereadcerts' }).text).toContain('added IKEv2 connection');
  expect(`${westOf(west).policy?.localId}`).toBe('C=CA, CN=west');
  expect(west.plane.policies.size).toBeGreaterThan(0);
});

test('one whose certificate is renewed stays as it is; one whose subject is another follows', () => {
  const { has, credentials } = cabinet('C=CA, CN=west');
  const { west } = town({ west: { conf: conn('w-e', FROM_CERT) + conn('other'), credentials } });
  const [before, other] = [westOf(west), west.world.registry.named('other')];
  has.subject = 'C=ca, CN=West';
  expect(west.whack({ kind: 'rereadall' }).exit).toBe(0);
  expect(westOf(west)).toBe(before);
  has.subject = 'C=CA, CN=new';
  west.whack({ kind: 'rereadcerts' });
  expect(`${westOf(west).policy?.localId}`).toBe('C=CA, CN=new');
  expect(west.world.registry.named('other')).toBe(other);
});

test('one that has an IKE SA is left alone, and that is said', () => {
  const { has, credentials } = cabinet('C=CA, CN=west');
  // Nobody is there, so that it keeps asking.
  const { west } = town({ west: { conf: conn('w-e', { ...FROM_CERT, right: '192.0.2.99' }), credentials } });
  const before = westOf(west);
  west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  has.subject = 'C=CA, CN=new';
  expect(west.whack({ kind: 'rereadcerts' }).text).toContain('that takes effect with --replace');
  expect(westOf(west)).toBe(before);
  expect(west.world.switchboard.size).toBe(1);
});
