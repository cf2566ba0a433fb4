import { describe, expect, test } from 'vitest';
import { proofKey } from '../../src/actors/auth-rounds.ts';
import { connsOf } from '../../src/actors/conn-text.ts';
import { type Credentials, NO_CREDENTIALS } from '../../src/actors/credentials.ts';
import { policyOf } from '../../src/actors/policy-of.ts';
import { methodsOf } from '../../src/ike/v1/offers.ts';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import { conn, connsIn, WEST } from './town.ts';

/** Subject C=CA, CN=west, issuer CN=authority: made by openssl for this test alone. */
const CERTIFICATE = Uint8Array.from(
  Buffer.from(
    'MIIBKzCB0wIUSz1Z5KNxVIdzMISDn05YSD8GL6MwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyMTEy' +
      'MTA1M1oYDzIxMjYxMDI4MTIxMDUzWjAcMQswCQYDVQQGEwJDQTENMAsGA1UEAwwEd2VzdDBZMBMGByqGSM49AgEGCCqGSM49AwEH' +
      'A0IABBCj/xB8N8/XKOICKfMGJETy594dpDLlrhzP1f6ekDKLyImeT2ek3Fq1lUL/2/e6Diy/q9ad4dS6S/UBPwAT9J8wCgYIKoZI' +
      'zj0EAwIDRwAwRAIgR6obvlYrwSLeMBFqWVkzlr25jG6I7FupeyoG9L6FufYCIDcq1hYbbshitB7nxG42I30RrwqtieyP7RLewNEZ' +
      'hHzJ',
    'base64',
  ),
);

const at = { side: 'left', localHost: Address.parse(WEST)! } as const;
const policy = (changes: Record<string, string | undefined> = {}) =>
  policyOf(connsIn(conn('w-e', changes))[0], at, 16_384, 20_000, NO_CREDENTIALS);

describe('policyOf', () => {
  test('sees the connection from our end', () => {
    const [one] = connsIn(conn());
    const west = policyOf(one, at, 16_384, 20_000, NO_CREDENTIALS);
    const east = policyOf(
      one,
      { side: 'right', localHost: Address.parse('192.0.2.2')! },
      16_388,
      20_000,
      NO_CREDENTIALS,
    );
    if ('hindrance' in west || 'hindrance' in east) throw new Error('refused');
    expect([`${west.localId}`, `${west.remoteId}`]).toEqual(['@west', '@east']);
    expect([`${east.localId}`, `${east.remoteId}`]).toEqual(['@east', '@west']);
    expect(west.child.local).toEqual(east.child.remote);
    expect(west.child.remote).toEqual(east.child.local);
    expect(Object.isFrozen(west) && Object.isFrozen(west.child)).toBe(true);
  });

  test('an end without an identity is its address; the peer of a template is whoever has a secret', () => {
    const plain = policy({ leftid: undefined, rightid: undefined });
    const template = policy({ right: '%any', rightid: undefined, rightsubnet: undefined });
    if ('hindrance' in plain || 'hindrance' in template) throw new Error('refused');
    expect([`${plain.localId}`, `${plain.remoteId}`]).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(template.remoteHost).toBeUndefined();
    expect(template.remoteId).toBeUndefined();
    expect(template.child.remote).toEqual([]);
  });

  test.each([
    [{ right: 'east.example.net' }, 'right=east.example.net'],
    [{ right: '%defaultroute' }, 'right=%defaultroute'],
    [{ right: '%eth1' }, 'right=%eth1'],
    [
      { leftid: 'west.example.net' },
      'leftid=west.example.net: no name is looked up for an identity; leftid=@west.example.net is the name itself',
    ],
  ] as const)('names what is not built: %j', (changes, hindrance) => {
    expect(policy(changes)).toEqual({ hindrance });
  });
});

describe('IKEv1', () => {
  const terms = (changes: Record<string, string | undefined> = {}, side: 'left' | 'right' = 'left') => {
    const [one] = connsIn(conn('w-e', { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', ...changes }));
    const made = policyOf(one, { ...at, side }, 16_384, 20_000, NO_CREDENTIALS);
    if ('hindrance' in made) throw new Error(made.hindrance);
    return made;
  };

  test('has its own terms, and nothing of IKEv2', () => {
    const { v1, ...rest } = terms({ ppk: 'yes', 'accept-redirect': 'yes' });
    expect(v1).toEqual({
      ...{ aggressive: false, nat: 'both', dpdTimeout: 0, isAlone: false, xauth: undefined, modeConfig: 'push' },
    });
    expect(rest).toMatchObject({ ppk: 'no', acceptRedirect: undefined, ikeLifetime: 3_600_000, cp: undefined });
    expect(rest.child).toMatchObject({ narrowing: false, esn: 'no', lifetime: 8 * 3_600_000, pfs: true });
    expect((policy() as { v1: unknown }).v1).toBeUndefined();
  });

  test('equal terms are one object, of whichever end', () => {
    expect(terms().v1).not.toBeUndefined();
    const [one] = connsIn(conn('w-e', { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048' }));
    const [a, b] = (['left', 'right'] as const).map((side) =>
      policyOf(one, { ...at, side }, 16_384, 20_000, NO_CREDENTIALS),
    );
    expect('v1' in a && 'v1' in b && a.v1 === b.v1 && Object.isFrozen(a.v1)).toBe(true);
  });

  test('what is said is in force', () => {
    const said = {
      aggressive: 'yes',
      'nat-ikev1-method': 'drafts',
      dpddelay: '30',
      dpdtimeout: '2m',
      modecfgpull: 'yes',
    };
    const { v1, dpdDelay } = terms({ ...said, phase2: 'none' });
    expect(v1).toMatchObject({
      aggressive: true,
      nat: 'drafts',
      dpdTimeout: 120_000,
      isAlone: true,
      modeConfig: 'pull',
    });
    expect(dpdDelay).toBe(30_000);
  });

  test.each([
    [{ authby: 'secret' }, ['secret']],
    [{ authby: 'rsasig' }, ['rsa']],
    [{ authby: undefined }, ['rsa']],
  ])('both ends prove themselves in one way: %j', (changes, methods) => {
    expect(methodsOf(terms(changes))).toEqual(methods);
  });

  test('the child is compressed and wrapped in AH where that is said', () => {
    const { child } = terms({ compress: 'yes', phase2: 'esp+ah', ah: 'sha1' });
    expect(child.compress).toBe(true);
    expect([child.proposals[0].protocol, child.ah?.map(({ protocol }) => protocol)]).toEqual(['esp', ['ah']]);
    expect(terms().child).toMatchObject({ compress: false, ah: undefined });
  });

  test('leases are of IPv4, and as either end asks for them', () => {
    const rw = { leftmodecfgserver: 'yes', rightmodecfgclient: 'yes', rightaddresspool: '10.9.0.1-10.9.0.99' };
    const ends = {
      ...rw,
      leftsubnet: '0.0.0.0/0',
      rightsubnet: undefined,
      modecfgdns: '10.0.0.53',
      modecfgbanner: 'hi',
    };
    expect(terms(ends).cp).toMatchObject({ role: 'server', banner: 'hi', dns: [{}], pools: [{}] });
    expect(terms(ends, 'right').cp).toEqual({ role: 'client', families: [4] });
  });

  const ASKS = { role: 'server', by: 'file', isSoft: false };
  test.each([
    [{ leftxauthserver: 'yes', rightxauthclient: 'yes' }, ASKS, { role: 'client', user: undefined }],
    [{ leftxauthserver: 'yes' }, ASKS, { role: 'client', user: undefined }],
    [{ rightxauthclient: 'yes' }, ASKS, { role: 'client', user: undefined }],
    [
      { leftxauthclient: 'yes', leftxauthusername: 'carol', xauthby: 'pam', xauthfail: 'soft' },
      { role: 'client', user: 'carol' },
      { role: 'server', by: 'pam', isSoft: true },
    ],
  ])('XAUTH: %j', (changes, ofLeft, ofRight) => {
    expect([terms(changes).v1?.xauth, terms(changes, 'right').v1?.xauth]).toEqual([ofLeft, ofRight]);
  });
});

describe('how the ends prove who they are', () => {
  const made = (changes: Record<string, string | undefined>, credentials = NO_CREDENTIALS) => {
    const result = policyOf(connsIn(conn('w-e', changes))[0], at, 16_384, 20_000, credentials);
    if ('hindrance' in result) throw new Error(result.hindrance);
    return result;
  };
  const ways = (changes: Record<string, string | undefined>) => {
    const { ours, theirs } = made(changes);
    return [ours, theirs].map((rounds) => rounds.map((round) => round.ways.join()));
  };
  const RSA = 'rsa-sha2_256,rsa-sha2_384,rsa-sha2_512';
  const ECDSA = 'ecdsa-sha2_256,ecdsa-sha2_384,ecdsa-sha2_512';

  test.each([
    [{ authby: undefined }, `${RSA},rsasig-v1.5,${ECDSA}`],
    [{ authby: 'secret' }, 'secret'],
    [{ authby: 'null', leftid: '%null' }, 'null'],
    [{ authby: 'secret,rsa-sha1' }, 'secret,rsasig-v1.5'],
    [{ authby: 'eddsa,ecdsa-sha2_384' }, 'eddsa,ecdsa-sha2_384'],
    [{ authby: 'rsa-sha2' }, RSA],
  ])('alike: %j', (changes, both) => expect(ways(changes)).toEqual([[both], [both]]));

  test.each([
    [{ leftauth: 'rsasig', rightauth: 'ecdsa', authby: undefined }, `${RSA},rsasig-v1.5`, ECDSA],
    [
      { leftauth: 'rsasig', rightauth: 'ecdsa', authby: 'rsa-sha2_512,ecdsa-sha2_256' },
      'rsa-sha2_512',
      'ecdsa-sha2_256',
    ],
    [{ leftauth: 'rsasig', rightauth: 'secret', authby: undefined }, `${RSA},rsasig-v1.5`, 'secret'],
    [{ leftauth: 'eddsa', rightauth: 'null', authby: undefined }, 'eddsa', 'null'],
    [{ leftauth: 'pubkey', rightauth: 'secret', authby: undefined }, `${RSA},rsasig-v1.5,${ECDSA},eddsa`, 'secret'],
  ])('each in its own way: %j', (changes, ours, theirs) => expect(ways(changes)).toEqual([[ours], [theirs]]));

  test('a second round has an identity and a certificate of its own', () => {
    const { ours, theirs } = made({
      ...{ leftauth: 'rsasig', rightauth: 'secret', authby: undefined, leftcert: 'machine' },
      ...{ leftauth2: 'secret', leftid2: 'user@example.net', leftcert2: 'person' },
    });
    expect(theirs).toHaveLength(1);
    expect(ours[0]).toMatchObject({ id: undefined, key: { t: 'cert', name: 'machine' } });
    expect(ours[1]).toMatchObject({ ways: ['secret'], key: { t: 'cert', name: 'person' } });
    expect(`${ours[1].id}`).toBe('user@example.net');
  });

  test('who logs in by EAP is in the rounds, and rounds of others are others', () => {
    const eap = (id?: string) => made({ leftauth: 'eap', rightauth: 'secret', authby: undefined, lefteapid: id });
    expect(eap('@carol').ours[0].eapId).toBe('carol');
    expect(eap('*@example.com').ours[0].eapId).toBe('*@example.com');
    expect(eap('%any').ours[0].eapId).toBeUndefined();
    expect(eap('carol').ours).toBe(eap('@carol').ours);
    expect(eap('carol').ours).not.toBe(eap('dave').ours);
    expect(proofKey(eap('carol'))).not.toBe(proofKey(eap('dave')));
  });

  test('what goes with signatures is in the rounds and the policy', () => {
    const policy = made({
      ...{ authby: 'rsasig', leftcert: 'west', leftsendcert: 'sendifasked', rightckaid: 'ab'.repeat(20) },
      ...{ rightca: '"C=CA, CN=ours"', rightpubkey: '%dnsondemand', 'require-id-on-certificate': 'no', sendca: 'all' },
      ...{ ppk: 'insist', 'ppk-ids': 'a,b', intermediate: 'yes', 'sha1-signatures': 'yes' },
    });
    expect(policy).toMatchObject({
      ...{ sha1: true, idOnCertificate: false, sendCa: 'all', ppk: 'insist', ppkIds: ['a', 'b'], intermediate: true },
      ours: [{ key: { t: 'cert', name: 'west' }, sendCert: 'ifasked', ca: undefined, keysFromDns: false }],
      theirs: [{ key: { t: 'ckaid', ckaid: new Uint8Array(20).fill(0xab) }, keysFromDns: true }],
    });
    expect(`${policy.theirs[0].ca}`).toBe('C=CA, CN=ours');
  });

  test('connections that say the same share their rounds', () => {
    const [one, other] = [made({ authby: 'rsasig', rightca: 'CN=a' }), made({ authby: 'rsasig', rightca: 'CN=A' })];
    expect(one.ours).toBe(other.ours);
    expect(one.theirs).toBe(other.theirs);
    expect(made({ authby: 'rsasig', rightca: 'CN=b' }).theirs).not.toBe(one.theirs);
  });

  test('the default is what is meant where nothing is said', () => {
    expect(made({ authby: 'rsasig' })).toMatchObject({
      ...{ sha1: false, idOnCertificate: true, sendCa: 'none', ppk: 'no', ppkIds: [], intermediate: false },
      ours: [{ id: undefined, key: undefined, ca: undefined, sendCert: 'always', keysFromDns: false }],
    });
  });

  test('nobody proves to be nobody: RFC 7619 has an identity for that', () => {
    const nobody = made({ authby: 'null', leftid: undefined, rightid: undefined });
    expect([`${nobody.localId}`, nobody.remoteId]).toEqual(['%null', undefined]);
    const asymmetric = made({
      leftauth: 'rsasig',
      rightauth: 'null',
      leftid: undefined,
      rightid: undefined,
      authby: undefined,
    });
    expect([`${asymmetric.localId}`, asymmetric.remoteId]).toEqual([WEST, undefined]);
  });

  const WITH_CERTIFICATE: Credentials = {
    ...NO_CREDENTIALS,
    credential: () => ({
      ...{ key: 1, kind: 'p256', bits: 256, authorities: [] },
      certificate: CERTIFICATE,
      subject: Id.parse('C=CA, CN=west'),
    }),
  };

  test('%fromcert of ours is the subject, of the peer whoever its certificate names', () => {
    const policy = made(
      { authby: 'ecdsa', leftcert: 'west', leftid: '%fromcert', rightid: '%fromcert' },
      WITH_CERTIFICATE,
    );
    expect([`${policy.localId}`, policy.remoteId, policy.idOnCertificate]).toEqual(['C=CA, CN=west', undefined, true]);
    const lenient = made({ authby: 'ecdsa', rightid: '%fromcert', 'require-id-on-certificate': 'no' });
    expect(lenient.idOnCertificate).toBe(true);
  });

  test('%same is the authority of the other end, said or by its certificate', () => {
    const said = made({ authby: 'ecdsa', leftca: 'CN=ours', rightca: '%same' });
    expect(said.theirs[0].ca?.equals(Id.parse('CN=ours')!)).toBe(true);
    const known = made({ authby: 'ecdsa', leftcert: 'west', rightca: '%same' }, WITH_CERTIFICATE);
    expect(`${known.theirs[0].ca}`).toBe('CN=authority');
    expect(`${made({ authby: 'ecdsa', leftca: '%same', rightca: 'CN=ours' }).ours[0].ca}`).toBe('CN=ours');
  });

  test.each([
    [{ leftid: '%fromcert' }, 'leftcert=west: there are no private keys'],
    [{ rightca: '%same' }, 'leftcert=west: there are no private keys'],
  ] as const)('without the certificate it takes: %j', (changes, hindrance) => {
    expect(policy({ authby: 'rsasig', leftcert: 'west', ...changes })).toEqual({ hindrance });
  });

  test('the certificate of somebody who signs without one has no subject', () => {
    const raw: Credentials = {
      ...NO_CREDENTIALS,
      credential: () => ({
        key: 1,
        kind: 'rsa',
        bits: 2048,
        authorities: [],
        certificate: undefined,
        subject: undefined,
      }),
    };
    const result = policyOf(
      connsIn(conn('w-e', { authby: 'rsasig', leftid: '%fromcert' }))[0],
      at,
      16_384,
      20_000,
      raw,
    );
    expect(result).toEqual({ hindrance: 'leftid=%fromcert: our key has no certificate' });
  });
});

describe('connsOf', () => {
  const text = (keywords: Record<string, string>) => ({ name: 'x', file: '/etc/ipsec.d/x.conf', line: 12, keywords });
  const ends = { left: '192.0.2.1', right: '192.0.2.2', authby: 'secret' };

  test('conns share what is equal in them, and have their problems to themselves', () => {
    const ike = { ike: 'aes256-sha2_256-dh31' };
    const [a, b] = [connsOf(text({ ...ends, ...ike })), connsOf(text({ ...ends, ...ike, leftid: '@a' }))];
    expect(a.conns[0].ike).toBe(b.conns[0].ike);
    const wrong = { ...ends, ike: 'rot13' };
    for (let again = 0; again < 2; again++) expect(connsOf(text(wrong)).errors).toHaveLength(1);
    expect(connsOf(text(ends))).toMatchObject({ errors: [], warnings: [] });
  });

  test('makes one conn, or one for each pair of subnets', () => {
    expect(connsOf(text(ends)).conns.map((c) => c.name)).toEqual(['x']);
    const several = connsOf(text({ ...ends, leftsubnets: '10.0.1.0/24 10.0.2.0/24', rightsubnet: '10.1.0.0/16' }));
    expect(several.conns).toHaveLength(2);
    expect(several.conns.every((c) => c.aliases.includes('x'))).toBe(true);
  });

  test.each([{ nonsense: '1' }, { ike: 'rot13' }, { left: 'x y z' }])('refuses %j, with file and line', (wrong) => {
    const { conns, errors } = connsOf(text({ ...ends, ...wrong }));
    expect(conns).toEqual([]);
    expect(errors).toEqual([expect.stringMatching(/^\/etc\/ipsec\.d\/x\.conf:12: /)]);
  });

  test('warns of what it leaves out', () => {
    const { conns, warnings } = connsOf(text({ ...ends, ikelifetime: 'soon' }));
    expect(conns).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('/etc/ipsec.d/x.conf:12')]);
  });

  test('without ends there is nothing to add, and it says so', () => {
    expect(connsOf(text({ authby: 'secret' })).errors).toHaveLength(1);
  });
});
