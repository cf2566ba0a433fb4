import { describe, expect, test } from 'vitest';
import { runJob } from '../../../src/ike/crypto/job.ts';
import { KeyReader, KeyShelf } from '../../../src/ike/crypto/signature/key-shelf.ts';
import { encodePkcs8 } from '../../../src/ike/crypto/signature/private-key.ts';
import { encodeSpki, parseSpki } from '../../../src/ike/crypto/signature/public-key.ts';
import { SELF_TEST, schemeAt } from '../../../src/ike/crypto/signature/scheme.ts';
import { verify } from '../../../src/ike/crypto/signature/sign.ts';
import { good, keyOf, text } from '../crypto/signature/keys.ts';
import { accepted, check, jobOf, refusal } from './checking.ts';
import { another, ca, leaf, name } from './x509/make.ts';

const rsa = keyOf('rsa');
const p256 = keyOf('p256');
const root = ca({ subject: 'C=AT, CN=root', key: another('p256', 1) });
const middle = ca({ subject: 'C=AT, CN=middle', key: another('p256', 2), issuer: root });
const east = leaf({ key: rsa, issuer: middle });

describe('raw keys', () => {
  const spki = encodeSpki(rsa.public);

  test('the peer has signed with the second of those that are known for it', () => {
    const spkis = [encodeSpki(p256.public), spki];
    expect(runJob(jobOf({ key: rsa }, { spkis }))).toEqual({
      ...{ ok: true, op: 'auth.check', names: [], wants: [], auth: undefined },
    });
  });

  test('a key that is not known is refused, and so is one that is none', () => {
    const detail = 'RSA does not do ECDSA with SHA2_256';
    expect(runJob(jobOf({ key: p256 }, { spkis: [spki] }))).toEqual({ ok: false, why: 'bad-signature', detail });
    expect(runJob(jobOf({ key: p256 }, { spkis: [text('no key')] }))).toMatchObject({
      detail: 'bad key: it is no SubjectPublicKeyInfo in DER',
    });
    expect(runJob(jobOf({ key: p256 }, {}))).toMatchObject({
      ...{ why: 'bad-signature', detail: 'no key of the peer is known, and it has sent no certificate' },
    });
  });

  test('after sixteen there is an end', () => {
    const others = new Array<Uint8Array>(16).fill(encodeSpki(p256.public));
    expect(runJob(jobOf({ key: rsa }, { spkis: [...others, spki] }))).toMatchObject({ ok: false });
    expect(runJob(jobOf({ key: rsa }, { spkis: [...others.slice(1), spki] }))).toMatchObject({ ok: true });
  });

  test('a certificate whose key is known need not be good', () => {
    const { certs, spkis } = { certs: [east.der], spkis: [spki] };
    expect(runJob(jobOf({ key: rsa }, { certs, spkis, at: 0 }))).toMatchObject({ ok: true, names: [] });
  });
});

describe('certificates', () => {
  test('a chain of three is good, and its names go from the leaf to the authority', () => {
    expect(accepted([east, middle], { anchors: [root] })).toEqual({
      ...{ ok: true, op: 'auth.check', wants: [], auth: undefined },
      names: [name('CN=east'), name('C=AT, CN=middle'), name('C=AT, CN=root')],
    });
  });

  test('the same with the one in between on the shelf', () => {
    expect(accepted([east], { anchors: [root], intermediates: [middle] }).names).toHaveLength(3);
  });

  test('without anybody who vouches for it, it is refused', () => {
    expect(refusal([east], { anchors: [root] })).toBe(
      'certificate-untrusted: certificate "CN=east": its issuer "C=AT, CN=middle" is not known',
    );
    expect(refusal([east, middle, root], {})).toBe(
      'certificate-untrusted: certificate "C=AT, CN=root": it is self-signed, and not trusted here',
    );
    expect(refusal([east, middle], { intermediates: [root] })).toMatch('it is self-signed, and not trusted here');
  });

  test('what somebody else has signed is refused before the chain is looked at', () => {
    const signature = new Uint8Array(256);
    expect(refusal([east, middle], { anchors: [root] }, { signature })).toBe(
      'bad-signature: certificate "CN=east": its signature does not match',
    );
  });

  test('what is no certificate is refused, and so are too many', () => {
    expect(refusal([{ ...east, der: text('east') }], {})).toMatch(
      "bad-certificate: the peer's certificate cannot be read",
    );
    expect(refusal(new Array(11).fill(east), {})).toMatch('the peer has sent 11 certificates, and 10 are the most');
  });

  test('what comes along and is no certificate does no harm', () => {
    const junk = { ...east, der: text('junk') };
    expect(accepted([east, junk, middle], { anchors: [root] }).names).toHaveLength(3);
  });
});

describe('our own signature', () => {
  const keys = new KeyShelf();
  const key = keys.put(encodePkcs8(p256))!;
  const octets = text('ours');
  const ours = { key, scheme: SELF_TEST.p256.code, octets };
  const peer = jobOf({ key: rsa }, { spkis: [encodeSpki(rsa.public)], sign: ours });

  test('is made in the same job', () => {
    const result = runJob(peer, new KeyReader(keys.shared));
    if (!result.ok || result.op !== 'auth.check') throw new Error('refused');
    const signature = result.auth!.subarray(1 + result.auth![0]);
    const key = good(parseSpki(encodeSpki(p256.public)));
    expect(verify(key, schemeAt(ours.scheme)!, octets, signature)).toBeUndefined();
  });

  test('is not made for a peer that is not who it says it is', () => {
    expect(runJob({ ...peer, octets: text('another') }, new KeyReader(keys.shared))).not.toHaveProperty('auth');
  });

  test('cannot be made without our key', () => {
    expect(runJob(peer)).toEqual({ ok: false, why: 'failed', detail: 'the private key is gone' });
  });
});

test('a scheme that there is not is refused', () => {
  expect(check([east], {}, { scheme: 99 })).toEqual({ ok: false, why: 'unsupported', detail: 'signature scheme 99' });
});
