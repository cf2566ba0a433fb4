import { expect, test } from 'vitest';
import { TrustShelf } from '../../../src/ike/auth/x509/trust-shelf.ts';
import type { Want } from '../../../src/ike/questions.ts';
import type { CrlFound, OcspFound } from '../../../src/services/fetch/documents.ts';
import type { Failure } from '../../../src/services/fetch/http.ts';
import { Revocation, type RevocationOptions } from '../../../src/services/revocation/revocation.ts';

const MINUTE = 60_000;
const ISSUER = Uint8Array.of(9);
const places = (...urls: string[]) => urls.map((url) => ({ url, issuer: ISSUER }));
const crl = (...urls: string[]): Want => ({ kind: 'crl', urls, request: ISSUER, about: Uint8Array.of(1) });
const ocsp = (certId: number, ...urls: string[]): Want => ({
  kind: 'ocsp',
  urls,
  request: Uint8Array.of(7, certId),
  about: Uint8Array.of(0x30, 1, certId),
});
const FAILED: Failure = { ok: false, kind: 'late', why: 'no answer within 5 s' };

function bench(settings: Partial<RevocationOptions['settings']> = {}) {
  let time = 0;
  const asked: string[] = [];
  const said: string[] = [];
  const counts: string[] = [];
  const saved: string[] = [];
  const shelved = new Map<number, string>();
  let last = 0;
  const put = (what: string) => {
    last++;
    shelved.set(last, what);
    return { number: last };
  };
  const answers: { crl: CrlFound | Failure; ocsp: OcspFound | Failure; wrong?: string; isOlder?: true } = {
    crl: { ok: true, der: Uint8Array.of(0x30, 0), thisUpdate: 0, nextUpdate: 1000 },
    ocsp: { ok: true, der: Uint8Array.of(0x30, 0) },
  };
  const revocation = new Revocation({
    lookups: {
      crl: async (url) => {
        asked.push(url);
        return url.includes('bad') ? FAILED : answers.crl;
      },
      ocsp: async (url, [, certId]) => {
        asked.push(`${url}?${certId}`);
        return url.includes('bad') ? FAILED : answers.ocsp;
      },
    },
    shelf: {
      putCrl: () =>
        answers.wrong === undefined
          ? { ...put('crl'), ...(answers.isOlder && { isOlder: true }) }
          : { wrong: answers.wrong },
      putOcsp: (certId) => put(`ocsp ${certId[2]}`),
      drop: (number) => void shelved.delete(number),
    },
    settings: { ocspCacheSize: 1000, ocspCacheMinAgeMs: 60 * MINUTE, ocspCacheMaxAgeMs: 24 * 60 * MINUTE, ...settings },
    now: () => time,
    log: (level, text) => void said.push(`${level}: ${text}`),
    count: (what) => void counts.push(what),
    save: (url) => void saved.push(url),
  });
  const ask = async (...wants: Want[]) => {
    const reply = await revocation.answer({ t: 'revocation', wants });
    return reply.t === 'revocation' ? reply.problems : [reply.t];
  };
  const pass = (ms: number) => {
    time += ms;
  };
  return { revocation, ask, asked, said, counts, saved, shelved, answers, pass };
}

test('what is wanted is fetched and on the shelf', async () => {
  const { ask, shelved, said, saved, counts, revocation } = bench();
  expect(await ask(crl('http://a/'), ocsp(5, 'http://o/'))).toEqual([]);
  expect([...shelved.values()].sort()).toEqual(['crl', 'ocsp 5']);
  expect(said).toEqual([
    expect.stringMatching(/^info: fetched CRL http:\/\/a\/: 2 octets, good until 1970/),
    'debug: OCSP http://o/: 2 octets',
  ]);
  expect([saved, counts]).toEqual([['http://a/'], ['crl.fetched', 'ocsp.fetched']]);
  expect(Object.fromEntries(revocation.figures())).toMatchObject({ 'crl.asked': 1, 'ocsp.asked': 1, 'ocsp.kept': 1 });
});

test('a list that is older than the one at hand is not kept for the next start', async () => {
  const { revocation, ask, saved, answers, said, counts } = bench();
  answers.isOlder = true;
  expect(await ask(crl('http://a/'))).toEqual([]);
  expect([saved, counts]).toEqual([[], ['crl.fetched', 'crl.older']]);
  expect(said).toEqual([expect.stringMatching(/^warn: CRL http:\/\/a\/: it is of 1970-.* older than the one/)]);
  // Its date says nothing of when the one at hand runs out.
  delete answers.isOlder;
  expect(await revocation.keepUp(places('http://a/'), 1)).toEqual({ fetched: 1, problems: [] });
  expect(saved).toEqual(['http://a/']);
});

test('a hundred handshakes at once fetch once, and a hundred more a moment later not at all', async () => {
  const { ask, asked, pass } = bench();
  await Promise.all(Array.from({ length: 100 }, () => ask(crl('http://a/'), ocsp(1, 'http://o/'))));
  await Promise.all(Array.from({ length: 100 }, () => ask(crl('http://a/'), ocsp(1, 'http://o/'))));
  expect(asked).toEqual(['http://a/', 'http://o/?1']);
  await ask(ocsp(2, 'http://o/'));
  expect(asked.at(-1)).toBe('http://o/?2');
  pass(MINUTE);
  await ask(crl('http://a/'));
  expect(asked).toHaveLength(4);
});

test('the first URL that has it is enough; if none has, it is said of each', async () => {
  const { ask, asked, said, counts } = bench();
  expect(await ask(crl('http://bad1/', 'http://a/', 'http://b/'))).toEqual([]);
  expect(asked).toEqual(['http://bad1/', 'http://a/']);
  expect(await ask(ocsp(1, 'http://bad2/'))).toEqual(['OCSP http://bad2/: no answer within 5 s']);
  expect(await ask(crl())).toEqual(['CRL: nobody says where to look']);
  expect(said.filter((line) => line.startsWith('warn'))).toEqual([
    'warn: CRL http://bad1/: no answer within 5 s',
    'warn: OCSP http://bad2/: no answer within 5 s',
  ]);
  expect(counts).toEqual(['crl.late', 'crl.fetched', 'ocsp.late']);
});

test('a server that has failed is left alone for a while', async () => {
  const { ask, asked, pass } = bench();
  const why = ['CRL http://bad/: no answer within 5 s'];
  expect(await ask(crl('http://bad/'))).toEqual(why);
  pass(MINUTE / 2 - 1);
  expect(await ask(crl('http://bad/'))).toEqual(why);
  expect(asked).toHaveLength(1);
  pass(1);
  await ask(crl('http://bad/'));
  expect(asked).toHaveLength(2);
});

test('no more is looked up for one chain, or in one list’s places, than anybody needs', async () => {
  const { ask, asked } = bench();
  const many = Array.from({ length: 40 }, (_, i) => `http://bad${i}/`);
  expect(await ask(crl(...many))).toHaveLength(4);
  expect(asked).toHaveLength(4);
  const problems = await ask(...many.map((url) => crl(url)));
  expect(problems.at(-1)).toBe('more than 16 lookups for one chain');
  expect(asked.length).toBeLessThanOrEqual(20);
});

test('a list for which there is no room is a problem, and not saved', async () => {
  const { ask, answers, saved } = bench();
  answers.wrong = 'there are 1024 already';
  expect(await ask(crl('http://a/'))).toEqual(['CRL http://a/: there are 1024 already']);
  expect(saved).toEqual([]);
});

test('ocsp-cache-size: the oldest answer goes', async () => {
  const { ask, shelved, revocation } = bench({ ocspCacheSize: 20 });
  for (let i = 1; i <= 25; i++) await ask(ocsp(i, 'http://o/'));
  expect([...shelved.values()]).toEqual(Array.from({ length: 20 }, (_, i) => `ocsp ${i + 6}`));
  expect(revocation.purgeOcsp()).toBe(20);
  expect(shelved.size).toBe(0);
});

test('an answer that goes before its time is asked for again when it is wanted', async () => {
  const { ask, asked, revocation } = bench();
  await ask(ocsp(1, 'http://o/'));
  revocation.purgeOcsp();
  await ask(ocsp(1, 'http://o/'));
  expect(asked).toHaveLength(2);
});

test('ocsp-cache-max-age: what is older is dropped; size 0 keeps for a handshake', async () => {
  const { ask, shelved, revocation, pass } = bench({ ocspCacheMaxAgeMs: 10 * MINUTE });
  await ask(ocsp(1, 'http://o/'));
  pass(5 * MINUTE);
  await ask(ocsp(2, 'http://o/'));
  pass(5 * MINUTE);
  revocation.sweep();
  expect([...shelved.values()]).toEqual(['ocsp 2']);
  const none = bench({ ocspCacheSize: 0 });
  await none.ask(ocsp(1, 'http://o/'));
  none.revocation.sweep();
  expect(none.shelved.size).toBe(1);
  none.pass(MINUTE);
  none.revocation.sweep();
  expect(none.shelved.size).toBe(0);
});

test('lists that run out are fetched again, and those of certificates that nobody has asked about', async () => {
  const { ask, asked, answers, revocation } = bench();
  await ask(crl('http://soon/'));
  answers.crl = { ok: true, der: Uint8Array.of(0x30, 0), thisUpdate: 0, nextUpdate: 9000 };
  await ask(crl('http://later/'));
  expect(await revocation.keepUp(places('http://later/', 'http://new/', 'http://bad/'), 2000)).toEqual({
    fetched: 2,
    problems: ['CRL http://bad/: no answer within 5 s'],
  });
  expect(asked.slice(2)).toEqual(['http://new/', 'http://bad/', 'http://soon/']);
  asked.length = 0;
  expect((await revocation.refresh(places('http://bad/'))).fetched).toBe(3);
  expect(asked.sort()).toEqual(['http://bad/', 'http://later/', 'http://new/', 'http://soon/']);
});

test('it is the real shelf’s own contract', () => {
  const shelf: RevocationOptions['shelf'] = new TrustShelf();
  expect(shelf.putCrl(Uint8Array.of(0x30, 0))).toHaveProperty('wrong');
  shelf.drop(1);
});
