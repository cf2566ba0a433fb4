/** OCSP responses in CERT payloads, as they are asked for and sent. RFC 4806. */
import { expect, test } from 'vitest';
import type { Reply } from '../../../src/ike/questions.ts';
import { type EndOptions, expectAgreement, pair } from './pair.ts';
import { both, certificate, KEYS, round, SIGNATURES } from './proofs.ts';

const RESPONSE = Uint8Array.of(0x30, 3, 1, 2, 3);
const OCSP = { ocsp: true };
const HASH = new Uint8Array(20).fill(7);

const certified = (subject: string, rules = OCSP): EndOptions => ({
  proofs: {
    keys: [{ key: KEYS.p256, certificate: certificate(KEYS.p256, { subject, ids: [`@${subject.slice(3)}`] }) }],
    authorities: HASH,
    rules: { ocsp: rules.ocsp },
  },
});

const answering = (end: EndOptions, reply: Reply): EndOptions => ({ ...end, answers: () => reply });
const options = (west: EndOptions, east: EndOptions) => ({ policy: both(SIGNATURES), west, east });
const response = (octets: Uint8Array | undefined): Reply => ({ t: 'ownOcsp', response: octets });

const INIT = ['IKE_SA_INIT { SA, KE, Ni } -->', '<-- IKE_SA_INIT { SA, KE, Nr, CERTREQ, CERTREQ }'];

test('both ends ask, and send what their authorities say of them', () => {
  const west = answering(certified('CN=west'), response(RESPONSE));
  const east = answering(certified('CN=east'), response(RESPONSE));
  const made = pair(options(west, east));
  made.west.up();
  for (const line of INIT) made.wire.expect(line);
  made.wire.expect('IKE_AUTH { IDi, CERT, CERT, CERTREQ, CERTREQ, IDr, AUTH, SA, TSi, TSr } -->');
  made.wire.expect('<-- IKE_AUTH { IDr, CERT, CERT, AUTH, SA, TSi, TSr }');
  expectAgreement(made);
  for (const { questions } of [made.west, made.east]) expect(questions.map(({ t }) => t)).toEqual(['ownOcsp']);
});

test.each<[string, Reply]>([
  ['there is none', response(undefined)],
  ['nobody answers in time', { t: 'none', why: 'no answer to ownOcsp within 5 s' }],
])('%s: the certificate goes alone', (_, reply) => {
  const made = pair(options(answering(certified('CN=west'), reply), answering(certified('CN=east'), reply)));
  made.west.up();
  for (const line of INIT) made.wire.expect(line);
  made.wire.expect('IKE_AUTH { IDi, CERT, CERTREQ, CERTREQ, IDr, AUTH, SA, TSi, TSr } -->');
  made.wire.expect('<-- IKE_AUTH { IDr, CERT, AUTH, SA, TSi, TSr }');
  expectAgreement(made);
});

test('ocsp-enable=no: neither asked for nor answered', () => {
  const made = pair(options(certified('CN=west', { ocsp: false }), certified('CN=east')));
  made.west.up();
  for (const line of INIT) made.wire.expect(line);
  made.wire.expect('IKE_AUTH { IDi, CERT, CERTREQ, IDr, AUTH, SA, TSi, TSr } -->');
  made.wire.expect('<-- IKE_AUTH { IDr, CERT, AUTH, SA, TSi, TSr }');
  expect([...made.west.questions, ...made.east.questions]).toEqual([]);
});

test('leftsendcert=never: nothing to say of what is not sent', () => {
  const never = { ...both(SIGNATURES), ours: [round(SIGNATURES, { sendCert: 'never' as const })] as const };
  const known = { '@west': [KEYS.p256], '@east': [KEYS.p256] };
  const end = (subject: string): EndOptions => {
    const { proofs } = certified(subject);
    return { proofs: { ...proofs, known } };
  };
  const made = pair({ policy: never, west: end('CN=west'), east: end('CN=east') });
  made.west.up();
  for (const line of INIT) made.wire.expect(line);
  made.wire.expect('IKE_AUTH { IDi, CERTREQ, CERTREQ, IDr, AUTH, SA, TSi, TSr } -->');
  made.wire.expect('<-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }');
  expectAgreement(made);
  expect([...made.west.questions, ...made.east.questions]).toEqual([]);
});
