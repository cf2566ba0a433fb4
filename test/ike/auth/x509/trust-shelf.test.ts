import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameKey } from '../../../../src/ike/auth/x509/name.ts';
import { growableMemory, Room } from '../../../../src/ike/auth/x509/room.ts';
import { TrustReader } from '../../../../src/ike/auth/x509/trust-reader.ts';
import { type TrustedCertificate, TrustShelf } from '../../../../src/ike/auth/x509/trust-shelf.ts';
import { text } from '../../crypto/signature/keys.ts';
import { integer } from './der.ts';
import { crl, crlNumber, entry, scope } from './lists.ts';
import { another, ca, NOW } from './make.ts';

const a = ca({ subject: 'CN=a', key: another('p256', 1) });
const b = ca({ subject: 'CN=b', key: another('p256', 2) });
const twin = ca({ subject: 'CN=A', key: another('p256', 3) });
const anchor = ({ der }: { der: Uint8Array }): TrustedCertificate => ({ der, isAnchor: true });
const intermediate = ({ der }: { der: Uint8Array }): TrustedCertificate => ({ der, isAnchor: false });
const key = (made: { subject: Uint8Array }): string => nameKey(made.subject);

describe('certificates', () => {
  test('are found by their subject, authorities first, by all readers', () => {
    const shelf = new TrustShelf();
    const readers = [new TrustReader(shelf.shared), new TrustReader(shelf.shared)];
    expect(readers[0].certificates(key(a))).toEqual([]);
    expect(shelf.replaceCertificates([intermediate(a), anchor(twin), anchor(b)])).toEqual([]);
    for (const reader of readers) {
      const found = reader.certificates(key(a));
      expect(found.map(({ isAnchor }) => isAnchor)).toEqual([true, false]);
      expect(found.map(({ certificate }) => Buffer.from(certificate.der))).toEqual([twin.der, a.der].map(Buffer.from));
    }
  });

  test('that are replaced are gone, and those that stay are not read again', () => {
    const shelf = new TrustShelf();
    const reader = new TrustReader(shelf.shared);
    shelf.replaceCertificates([anchor(a), anchor(b)]);
    const [before] = reader.certificates(key(a));
    expect(shelf.replaceCertificates([anchor(a)])).toEqual([]);
    expect(reader.certificates(key(a))[0].certificate).toBe(before.certificate);
    expect(reader.certificates(key(b))).toEqual([]);
    shelf.replaceCertificates([intermediate(a)]);
    expect(reader.certificates(key(a))).toMatchObject([{ isAnchor: false }]);
    expect([...shelf.list('anchor')]).toEqual([]);
    expect([...shelf.list('intermediate')].map(({ der }) => Buffer.from(der))).toEqual([Buffer.from(a.der)]);
  });

  test('of a replacement that begins while another is under way are all that count', () => {
    const shelf = new TrustShelf();
    const reader = new TrustReader(shelf.shared);
    const slow = shelf.replacingCertificates([anchor(a), anchor(twin)]);
    slow.next();
    slow.next();
    expect(shelf.replaceCertificates([anchor(b)])).toEqual([]);
    expect([...slow]).toEqual([]);
    expect(reader.certificates(key(a))).toEqual([]);
    expect(reader.certificates(key(b))).toHaveLength(1);
  });

  test('that are none are left out, and it is said which', () => {
    const shelf = new TrustShelf();
    expect(shelf.replaceCertificates([anchor(a), anchor({ der: text('none') }), anchor(b)])).toEqual([
      { at: 1, wrong: 'certificate: tag 0x6e is not its own, at octet 0' },
    ]);
    expect(new TrustReader(shelf.shared).certificates(key(b))).toHaveLength(1);
  });

  test('beyond the most that there is room for are left out, and there is room again', () => {
    const shelf = new TrustShelf();
    const many = Array.from({ length: 2049 }, (_, i) => ca({ subject: `CN=n${i}`, signature: text('x') }));
    expect(shelf.replaceCertificates(many.map(anchor))).toEqual([{ at: 2048, wrong: 'there are 2048 already' }]);
    expect(shelf.replaceCertificates(many.slice(1).map(anchor))).toEqual([]);
    expect(new TrustReader(shelf.shared).certificates(key(many[2048]))).toHaveLength(1);
  });

  test('every change is another generation', () => {
    const shelf = new TrustShelf();
    expect(shelf.generation).toBe(0);
    shelf.replaceCertificates([anchor(a)]);
    const first = shelf.generation;
    expect(first).toBeGreaterThan(0);
    shelf.replaceCertificates([anchor(a)]);
    expect(shelf.generation).toBe(first);
    shelf.replaceCertificates([]);
    expect(shelf.generation).toBeGreaterThan(first);
  });
});

describe('CRLs', () => {
  test('take the place of older ones of the same kind, and of no others', () => {
    const shelf = new TrustShelf();
    const reader = new TrustReader(shelf.shared);
    const old = crl(a, { from: NOW - 100 });
    const fresh = crl(a, { from: NOW - 50, extensions: [crlNumber(2)] });
    expect(shelf.putCrl(old)).toEqual({ number: 1 });
    expect(shelf.putCrl(crl(b))).toEqual({ number: 2 });
    expect(shelf.putCrl(crl(a, { extensions: [scope({ only: 'ca' })] }))).toEqual({ number: 3 });
    expect(shelf.putCrl(fresh)).toEqual({ number: 4 });
    expect(shelf.putCrl(old)).toEqual({ number: 4, isOlder: true });
    expect(shelf.putCrl(fresh)).toEqual({ number: 4 });
    expect(reader.crls(key(a)).map(({ thisUpdate }) => thisUpdate)).toEqual([NOW - 86_400, NOW - 50]);
    shelf.drop(4);
    expect(reader.crls(key(a))).toHaveLength(1);
    expect(shelf.putCrl(old)).toEqual({ number: 5 });
    shelf.dropAll('crl');
    expect(reader.crls(key(a))).toEqual([]);
    expect(reader.crls(key(b))).toEqual([]);
  });

  test('of any size find room, until there is none', () => {
    const shelf = new TrustShelf();
    const body = Buffer.concat(Array.from({ length: 50_000 }, (_, i) => entry(integer(i + 1))));
    const reader = new TrustReader(shelf.shared);
    expect(shelf.putCrl(crl(a, { body }))).toEqual({ number: 1 });
    const [list] = reader.crls(key(a));
    expect(list.revoked).toMatchObject({ count: 50_000 });
    const huge = crl(a, { body: new Uint8Array(64 << 20) });
    expect(shelf.putCrl(huge)).toEqual({ wrong: 'it has more than 67108864 octets' });
  });
});

describe('OCSP responses', () => {
  const id = (n: number): Uint8Array => Uint8Array.of(n >> 8, n & 255);
  const found = (reader: TrustReader, n: number) => reader.responses(Buffer.from(id(n)).toString('latin1'));

  test('are found by what they are about, also when two are the same', () => {
    const shelf = new TrustShelf();
    const reader = new TrustReader(shelf.shared);
    for (const n of [1, 2]) shelf.putOcsp(id(n), text('both'));
    for (const n of [1, 2]) expect(found(reader, n).map(String)).toEqual([String(text('both'))]);
    shelf.putOcsp(id(1), text('new'));
    expect(found(reader, 1)).toEqual([text('new')]);
    expect(found(reader, 2)).toEqual([text('both')]);
    shelf.dropAll('ocsp');
    expect(found(reader, 2)).toEqual([]);
  });

  test('when there are too many the oldest goes', () => {
    const shelf = new TrustShelf();
    const reader = new TrustReader(shelf.shared);
    for (let n = 0; n < 4097; n++) shelf.putOcsp(id(n), text(`${n}`));
    expect(found(reader, 0)).toEqual([]);
    expect(found(reader, 4096)).toEqual([text('4096')]);
    expect([...shelf.list('ocsp')]).toHaveLength(4096);
  });
});

test('a reader has what the shelf has, whatever has happened to it', () => {
  const step = fc.record({ put: fc.boolean(), which: fc.nat(20), length: fc.nat(3000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const shelf = new TrustShelf();
      const reader = new TrustReader(shelf.shared);
      const model = new Map<number, { number: number; octets: Uint8Array }>();
      for (const { put, which, length } of steps) {
        const octets = new Uint8Array(length).fill(which);
        const id = Uint8Array.of(which);
        if (put) {
          const shelved = shelf.putOcsp(id, octets);
          if ('wrong' in shelved) throw new Error(shelved.wrong);
          model.set(which, { number: shelved.number, octets });
        } else {
          shelf.drop(model.get(which)?.number ?? 0);
          model.delete(which);
        }
        for (let n = 0; n <= 20; n++) {
          const there = model.get(n);
          expect(reader.responses(String.fromCharCode(n))).toEqual(there ? [there.octets] : []);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('what is freed is taken again, and all that is left is one run', () => {
  const shared = growableMemory(1000, 4000);
  const room = new Room(shared, 0, 4000);
  const of = (length: number) => new Uint8Array(length);
  const [x, y, z] = [room.take(of(300))!, room.take(of(300))!, room.take(of(300))!];
  expect([x, y, z]).toEqual([0, 300, 600]);
  expect(room.take(of(3500))).toBeUndefined();
  room.free(x, 300);
  room.free(z, 300);
  expect(room.take(of(301))).toBe(600);
  room.free(y, 300);
  expect(room.take(of(600))).toBe(0);
  expect(room.take(of(3000))).toBe(901);
  expect(shared.byteLength).toBe(3901);
  expect(room.take(of(100))).toBeUndefined();
});
