import { expect, test } from 'vitest';
import { writeCertId } from '../../../src/ike/auth/x509/cert-id.ts';
import { parseCertificate } from '../../../src/ike/auth/x509/certificate.ts';
import type { OcspFound } from '../../../src/services/fetch/documents.ts';
import type { Failure } from '../../../src/services/fetch/http.ts';
import { OwnOcsp } from '../../../src/services/revocation/own-ocsp.ts';
import { integer } from '../../ike/auth/x509/der.ts';
import { type OcspWish, ocsp } from '../../ike/auth/x509/lists.ts';
import { another, ca, certificate, NOW, ocspAt } from '../../ike/auth/x509/make.ts';
import { good, toHex } from '../../ike/crypto/signature/keys.ts';

const root = ca({ subject: 'CN=root', key: another('p256', 1) });
const serial = integer(0x77);
const ours = certificate({ subject: 'CN=ours', issuer: root, serial, extensions: [ocspAt('http://o/')] });
const silent = certificate({ subject: 'CN=silent', issuer: root, serial: integer(0x78) });
const HOUR = 3600;
const FAILED: Failure = { ok: false, kind: 'late', why: 'no answer within 2 s' };

function bench({ ocspUri, hasIssuer = true }: { ocspUri?: string; hasIssuer?: boolean } = {}) {
  let time = 0;
  const asked: (readonly [string, Uint8Array])[] = [];
  const said: string[] = [];
  const answers: { next: OcspFound | Failure } = { next: FAILED };
  const own = new OwnOcsp({
    lookups: {
      ocsp: async (url, request) => {
        asked.push([url, request]);
        return answers.next;
      },
    },
    issuerOf: () => (hasIssuer ? root.der : undefined),
    ocspUri,
    now: () => time,
    wall: () => NOW * 1000 + time,
    log: (level, text) => void said.push(`${level}: ${text}`),
    count: (what) => void said.push(what),
  });
  const ask = async (der = ours.der) => {
    const reply = await own.answer({ t: 'ownOcsp', certificate: der });
    return reply.t === 'ownOcsp' ? reply.response : reply;
  };
  return {
    ...{ own, asked, said, answers, ask },
    says: (wish: Partial<OcspWish> = {}) => {
      const der = ocsp(root, { serial, ...wish });
      answers.next = { ok: true, der };
      return der;
    },
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

test('the responder that our certificate names is asked about it, once for all peers', async () => {
  const { ask, asked, says, said } = bench();
  const der = says();
  expect(await Promise.all([ask(), ask()])).toEqual([der, der]);
  expect(await ask()).toBe(der);
  expect(asked).toHaveLength(1);
  const id = writeCertId(good(parseCertificate(ours.der)), good(parseCertificate(root.der)));
  expect(asked[0][0]).toBe('http://o/');
  expect(toHex(asked[0][1]).includes(toHex(id))).toBe(true);
  expect(said[0]).toBe('ownOcsp.fetched');
});

test('one that names none has an answer by ocsp-uri alone', async () => {
  const named = bench();
  expect(await named.ask(silent.der)).toBeUndefined();
  expect(named.asked).toEqual([]);
  const { ask, asked } = bench({ ocspUri: 'http://all/' });
  await ask(silent.der);
  await ask();
  expect(asked.map(([url]) => url)).toEqual(['http://all/', 'http://all/']);
});

test('without its issuer there is nothing to ask for', async () => {
  const { ask, asked } = bench({ hasIssuer: false });
  expect([await ask(), asked]).toEqual([undefined, []]);
});

test('a new answer is fetched at half time; until the old one runs out it serves', async () => {
  const { ask, asked, says, pass, answers } = bench();
  const first = says({ to: NOW + 10 * HOUR });
  await ask();
  pass(5 * HOUR - 1);
  await ask();
  expect(asked).toHaveLength(1);
  pass(1);
  answers.next = FAILED;
  expect(await ask()).toBe(first);
  pass(29);
  expect(await ask()).toBe(first);
  expect(asked).toHaveLength(2);
  pass(5 * HOUR);
  expect(await ask()).toBeUndefined();
  pass(30);
  const second = says({ from: NOW + 10 * HOUR, to: NOW + 20 * HOUR });
  expect(await ask()).toBe(second);
});

test.each<[string, Partial<OcspWish>, string]>([
  ['revoked', { status: 'revoked' }, 'it was revoked '],
  ['unknown to it', { status: 'unknown' }, 'the responder does not know it'],
  ['of yesterday', { from: NOW - 9 * HOUR, to: NOW - HOUR }, 'the answer is out of date since '],
  ['of long ago, with no end', { from: NOW - 2 * HOUR, to: undefined }, 'the answer is out of date since '],
  ['about another', { serial: integer(5) }, 'the answer is about another certificate'],
  ['an error', { responseStatus: 3 }, 'it is no answer: the responder says tryLater'],
])('an answer that is %s is not sent, and the log says why', async (_, wish, why) => {
  const { ask, says, said } = bench();
  says(wish);
  expect(await ask()).toBeUndefined();
  expect(said[1]).toMatch(`warn: OCSP http://o/: of "CN=ours", ours: ${why}`);
});

test('one that is too large for a message is not sent', async () => {
  const { ask, answers, said } = bench();
  answers.next = { ok: true, der: new Uint8Array(16_385) };
  expect(await ask()).toBeUndefined();
  expect(said[1]).toContain('more than 16384 octets');
});

test('--purgeocsp forgets it', async () => {
  const { ask, asked, says, own } = bench();
  says();
  await ask();
  expect([own.purge(), own.size]).toEqual([1, 0]);
  await ask();
  expect(asked).toHaveLength(2);
});
