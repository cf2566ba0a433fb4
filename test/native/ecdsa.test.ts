import { createPublicKey, generateKeyPairSync, hash, sign } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Curves, takeCurves } from '../../src/ike/crypto/signature/curves.ts';
import { KINDS, type KindRow } from '../../src/ike/crypto/signature/key-kind.ts';
import { encodeSpki, parseSpki } from '../../src/ike/crypto/signature/public-key.ts';
import { SCHEMES } from '../../src/ike/crypto/signature/scheme.ts';
import { sign as signAs, verify } from '../../src/ike/crypto/signature/sign.ts';
import { type Ecdsa, openEcdsa } from '../../src/native/index.ts';
import { good, keyOf } from '../ike/crypto/signature/keys.ts';

let ecdsa: Ecdsa;
beforeAll(() => {
  const opened = openEcdsa();
  if (!opened) throw new Error('the addon offers no OpenSSL');
  ecdsa = opened;
});
afterEach(() => takeCurves(undefined));

const CURVES = KINDS.filter(({ type }) => type === 'ECDSA');
const OCTETS = Buffer.from('message | nonce | prf');

function signer({ curve, octets }: KindRow) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const point = spki.subarray(spki.length - 1 - 2 * octets);
  const digest = hash('sha256', OCTETS, 'buffer');
  const signature = new Uint8Array(sign('sha256', OCTETS, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
  return { spki, point, digest, signature };
}

const altered = (octets: Uint8Array, at: number) => octets.map((octet, i) => (i === at ? octet ^ 1 : octet));

describe.each(CURVES)('$name', (row) => {
  test('a signature is that of its key, its digest and no other', () => {
    const { point, digest, signature } = signer(row);
    expect(ecdsa.isPoint(row.curve, point)).toBe(true);
    expect(ecdsa.verify(row.curve, point, digest, signature)).toBe(true);
    expect(ecdsa.verify(row.curve, signer(row).point, digest, signature)).toBe(false);
    expect(ecdsa.verify(row.curve, point, altered(digest, 3), signature)).toBe(false);
    for (const at of [0, row.octets - 1, row.octets, 2 * row.octets - 1])
      expect(ecdsa.verify(row.curve, point, digest, altered(signature, at))).toBe(false);
    expect(ecdsa.verify(row.curve, point, digest, signature)).toBe(true);
  });

  test('numbers that are zero or beyond the order are no signature', () => {
    const { point, digest, signature } = signer(row);
    const { octets } = row;
    const part = (from: number, value: number) => signature.map((o, i) => (i >= from && i < from + octets ? value : o));
    for (const wrong of [part(0, 0), part(octets, 0), part(0, 0xff), part(octets, 0xff), signature.map(() => 0)])
      expect(ecdsa.verify(row.curve, point, digest, wrong)).toBe(false);
  });

  test('what is not on the curve is no point, and verifies nothing', () => {
    const { point, digest, signature } = signer(row);
    const beyond = point.map((octet, i) => (i > 0 && i <= row.octets ? 0xff : octet));
    const zero = point.map((octet, i) => (i === 0 ? octet : 0));
    const infinity = Uint8Array.of(0);
    for (const wrong of [
      altered(point, 5),
      altered(point, point.length - 1),
      beyond,
      zero,
      point.subarray(1),
      infinity,
    ])
      expect(ecdsa.verify(row.curve, wrong, digest, signature)).toBe(false);
    for (const wrong of [altered(point, 5), beyond, zero, point.subarray(0, -1), new Uint8Array(0)])
      expect(ecdsa.isPoint(row.curve, wrong)).toBe(false);
  });

  test('keys and signatures are the same with it and without', () => {
    const { spki, point } = signer(row);
    const taken: string[] = [];
    const noted = <T>(what: string, answer: T): T => {
      taken.push(what);
      return answer;
    };
    const counted: Curves = {
      isPoint: (...of) => noted('isPoint', ecdsa.isPoint(...of)),
      verify: (...of) => noted('verify', ecdsa.verify(...of)),
    };
    const off = spki.slice();
    off[off.length - 1] ^= 1;
    const own = keyOf(row.kind);
    const schemes = SCHEMES.filter(({ type, kind }) => type === 'ECDSA' && (kind ?? row.kind) === row.kind);
    const signed = schemes.map((scheme) => good(signAs(own, scheme, OCTETS)));
    const ways = [undefined, counted].map((curves) => {
      takeCurves(curves);
      const key = good(parseSpki(spki));
      const ours = good(parseSpki(encodeSpki(own.public)));
      const answers = schemes.flatMap((scheme, i) => [
        verify(ours, scheme, OCTETS, signed[i]),
        verify(ours, scheme, OCTETS.subarray(1), signed[i]),
        verify(key, scheme, OCTETS, signed[i]),
        verify(ours, scheme, OCTETS, altered(signed[i], signed[i].length - 1)),
        verify(ours, scheme, OCTETS, signed[i].subarray(1)),
      ]);
      const facts = { kind: key.kind, bits: key.bits, isWeak: key.isWeak, body: Buffer.from(key.body).toString('hex') };
      return { ...facts, jwk: key.handle.export({ format: 'der', type: 'spki' }), off: parseSpki(off), answers };
    });
    expect(ways[1]).toEqual(ways[0]);
    expect(Buffer.from(point).toString('hex')).toBe(ways[1].body);
    expect(ways[0].answers[0]).toBeUndefined();
    expect(ways[0].off).toEqual({ wrong: `it is no point of ${row.name}` });
    expect(taken.filter((one) => one === 'verify').length).toBeGreaterThan(schemes.length);
    expect(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).asymmetricKeyType).toBe('ec');
  });
});

test('a curve that OpenSSL does not know is not done here, nor are lengths that are none', () => {
  expect(ecdsa.isPoint('secp257r1', new Uint8Array(65))).toBeUndefined();
  expect(ecdsa.verify('prime256v1', new Uint8Array(65), new Uint8Array(32), new Uint8Array(63))).toBeUndefined();
  expect(ecdsa.verify('prime256v1', new Uint8Array(65), new Uint8Array(32), new Uint8Array(4096))).toBeUndefined();
  // Its cofactor is 2: a point on it may be of another order.
  expect(ecdsa.isPoint('sect233r1', new Uint8Array(61))).toBeUndefined();
});
