import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { memoryFiles } from './memory-files.ts';
import { ECDSA_KEY, ED25519_KEY, RSA_KEY } from './public-keys.ts';

function load(keywords: Readonly<Record<string, string>>) {
  const lines = Object.entries({ left: '192.0.2.1', right: '192.0.2.2', ...keywords }).map(
    ([key, value]) => `\t${key}="${value}"\n`,
  );
  const { conns, problems } = loadConfig('/c', memoryFiles({ '/c': `conn c\n${lines.join('')}` }));
  return { conn: conns.at(0), texts: problems.map(({ text }) => text) };
}

const EAP = { leftauth: 'pubkey', rightauth: 'eap' };

describe('what an end proves itself with', () => {
  test.each([
    [{ leftauth: 'rsasig' }, 'leftauth=: leftauth= and rightauth= go together'],
    [{ leftauth: 'eddsa', rightauth: 'secret', authby: 'rsasig' }, 'leftauth=: eddsa needs authby=eddsa too'],
    [{ leftauth: 'eap-md5', rightauth: 'eap-tls' }, 'leftauth=: eap-md5 does not prove both ends'],
    [{ leftauth: 'eap-mschapv2', rightauth: 'eap-mschapv2' }, 'leftauth=: eap-mschapv2 does not prove both ends'],
    [{ leftauth: 'eap-tls', rightauth: 'eap-radius' }, 'rightauth=: eap-radius does not prove both ends'],
    [{ ...EAP, righteapid: '%identity' }, 'righteapid=: expected the name of a user, a pattern such as *@example.com'],
    [{ ...EAP, righteapid: 'x'.repeat(254) }, 'righteapid=: expected 253 octets at most, got 254'],
    [{ ...EAP, righteapid: '*'.repeat(9) }, 'righteapid=: expected 8 asterisks at most'],
    [{ leftauth: 'eaponly', rightauth: 'rsasig' }, 'leftauth=: eaponly needs leftautheap='],
    [{ leftauth2: 'secret', authby: 'secret' }, 'leftauth2=: needs leftauth=, of which it is the second'],
    [{ leftauth: 'rsasig', rightauth: 'secret', leftauth2: 'never' }, 'leftauth2=: never is no proof'],
    [{ leftauth: 'rsasig', rightauth: 'ecdsa', keyexchange: 'ikev1' }, 'leftauth=: needs IKEv2'],
    [{ leftrsasigkey: ECDSA_KEY }, 'leftrsasigkey=: bad key: it is ECDSA P-256; pubkey= takes keys of any kind'],
    [{ rightpubkey: `0s${ED25519_KEY.slice(0, -4)}` }, 'rightpubkey=: bad key: it is no SubjectPublicKeyInfo in DER'],
    [{ rightpubkey: '0sAB' }, 'rightpubkey=: bad base64: expected a key as base64'],
    [{ rightca: 'our authority' }, 'rightca=: expected a distinguished name such as "C=CA, CN=Our CA", %same or %any'],
    [{ leftckaid: 'abcd' }, 'leftckaid=: expected the 40 hex digits of a CKAID'],
    [{ 'ppk-ids': 'x'.repeat(65), ppk: 'yes' }, 'ppk-ids=: an id has at most 64 octets'],
    [{ authby: 'eddas' }, 'authby=: "eddas" is unknown; did you mean eddsa?'],
  ])('%j: refused', (keywords, text) => {
    const { conn, texts } = load(keywords);
    expect(conn).toBeUndefined();
    expect(texts).toContainEqual(expect.stringContaining(text));
  });

  test.each([
    [{ 'ppk-ids': 'a' }, 'ppk-ids=: without ppk=yes or ppk=insist it is ignored'],
    [{ righteapid: 'carol' }, 'righteapid=: without EAP in rightauth= it is ignored'],
    [{ leftcert2: 'a' }, 'leftcert2=: without leftauth2= it is ignored'],
    [{ leftcert: 'west', leftrsasigkey: RSA_KEY }, 'leftcert=: the public key beside it is ignored'],
    [{ leftauth: 'eap-tls', rightauth: 'null' }, 'leftauth=: the user proves itself to somebody who proves nothing'],
  ])('%j: a warning', (keywords, text) => {
    const { conn, texts } = load(keywords);
    expect(conn).toBeDefined();
    expect(texts).toEqual([expect.stringContaining(text)]);
  });

  test.each([
    [{ leftcert: 'west', leftrsasigkey: '%cert' }],
    [{ leftauth: 'eap-mschapv2', rightauth: 'pubkey', rightcert: 'gate' }],
    [{ leftauth: 'eap-tls', rightauth: 'eaponly', rightautheap: 'tls' }],
    [{ ...EAP, righteapid: '*@example.com' }],
    [{ leftauth: 'rsasig', rightauth: 'rsasig', rightauth2: 'eap', righteapid: 'paul' }],
    [{ leftauth: 'rsasig', rightauth: 'rsasig', leftauth2: 'eap', leftid2: 'paul@example.net' }],
    [{ ppk: 'insist', 'ppk-ids': 'a b', intermediate: 'yes', authby: 'null' }],
    [{ authby: 'eddsa', leftpubkey: ED25519_KEY, rightpubkey: '%dnsondemand', leftca: '%any', rightca: '%same' }],
  ])('%j: nothing to say', (keywords) => {
    expect(load(keywords as Record<string, string>)).toMatchObject({ conn: {}, texts: [] });
  });

  test('ends that say the same share what they say', () => {
    const lines = (name: string) =>
      `conn ${name}\n\tleft=192.0.2.1\n\tright=%any\n\tleftcert=gate\n\trightca="CN=ours"\n`;
    const { conns } = loadConfig('/c', memoryFiles({ '/c': lines('a') + lines('b') }));
    expect(conns[0].left.keys).toBe(conns[1].left.keys);
    expect(conns[0].right.keys).toBe(conns[1].right.keys);
    expect(conns[0].left.keys).not.toBe(conns[0].right.keys);
    const plain = load({}).conn!;
    expect(plain.left.keys).toBe(plain.right.keys);
  });
});
