import { randomBytes } from 'node:crypto';
import nodeTls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCertificate } from '../../../src/ike/auth/x509/certificate.ts';
import { TrustReader } from '../../../src/ike/auth/x509/trust-reader.ts';
import { KeyReader } from '../../../src/ike/crypto/signature/key-shelf.ts';
import type { EapWay } from '../../../src/ike/policy.ts';
import type { EapPorts } from '../../../src/services/eap/ports.ts';
import { TlsEngine } from '../../../src/services/eap/tls-engine.ts';
import { Authority, type Issued } from './authority.ts';
import { converse, type Ends, type Link } from './two-ends.ts';

const root = new Authority('Root');
const stranger = new Authority('Stranger', root.shelf);
const named = (name: string) => ({ extensions: [`subjectAltName=${name}`] });
const moon = root.issue('moon', named('DNS:moon.example'));
const carol = root.issue('carol', named('email:carol@example.org'));
const expired = root.issue('late', { ...named('email:carol@example.org'), days: -1 });
const forWeb = root.issue('mail', {
  extensions: ['subjectAltName=email:carol@example.org', 'extendedKeyUsage=emailProtection'],
});
const fake = stranger.issue('carol', named('email:carol@example.org'));
const fakeMoon = stranger.issue('moon', named('DNS:moon.example'));
afterAll(() => {
  root.end();
  stranger.end();
});

function keyOf({ certificate }: Issued): Uint8Array {
  const parsed = parseCertificate(certificate);
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return parsed.spki;
}

const RULES = {
  ...{ crlStrict: false, crlFetch: false, ocsp: false, ocspStrict: false, ocspUri: undefined },
  at: Math.floor(Date.now() / 1000),
};

const refusals: string[] = [];
const tls = new TlsEngine(new KeyReader(root.shelf.shared), new TrustReader(root.trust.shared));

function ports(passwords: Readonly<Record<string, string>>, own: Issued | undefined): EapPorts {
  return {
    password: (user) => (Object.hasOwn(passwords, user) ? Buffer.from(passwords[user]) : undefined),
    identity: () => (own ? { key: own.key, chain: [own.certificate] } : { wrong: 'there is no certificate' }),
    tls,
    random: (octets) => randomBytes(octets),
    onRefused: (text) => void refusals.push(text),
    rules: () => RULES,
    lookUp: async () => {},
  };
}

const users = { 'carol@example.org': 'swordfish', dave: 'mackerel' };

const ends = (way: EapWay, more: Partial<Ends> & { own?: Issued; password?: string } = {}): Ends => ({
  server: ports(users, moon),
  client: ports({ 'carol@example.org': more.password ?? 'swordfish', dave: 'swordfish' }, more.own ?? carol),
  offers: [way],
  wants: [way],
  us: '@moon.example',
  them: 'carol@example.org',
  ...more,
});

const KEYED = ['eap-mschapv2', 'eap-tls', 'eap-ttls', 'eap-peap'] as const;

describe.each(KEYED)('%s', (way) => {
  test('succeeds, with the same key at both ends', async () => {
    const { server, client } = await converse(ends(way));
    expect(server).toMatchObject({ outcome: 'success', user: 'carol@example.org' });
    expect(client).toMatchObject({ outcome: 'success', method: server.method });
    expect(server.msk?.length).toBe(64);
    expect(client?.msk).toEqual(server.msk);
    expect(server.msk?.some((octet) => octet !== 0)).toBe(true);
  });

  test('makes another key each time', async () => {
    const [one, two] = [await converse(ends(way)), await converse(ends(way))];
    expect(one.server.msk).not.toEqual(two.server.msk);
  });

  test('succeeds over a link that brings every packet twice', async () => {
    const twice: Link = (packet) => [packet, packet];
    const { server, client } = await converse(ends(way), twice);
    expect([server.outcome, client?.outcome]).toEqual(['success', 'success']);
  });

  test('never succeeds at the server when one octet of the peer’s is altered, wherever', async () => {
    const whole = await converse(ends(way));
    for (let at = 4; at <= whole.packets; at += 2) {
      const alter: Link = (packet, to, count) => {
        if (to !== 'server' || count !== at) return [packet];
        const altered = Uint8Array.from(packet);
        // In what is authentic; of an acknowledgement the type.
        altered[altered.length - 2] ^= 1;
        return [altered];
      };
      expect((await converse(ends(way), alter)).server.outcome, `packet ${at}`).not.toBe('success');
    }
  });
});

describe('with TLS 1.2, as most peers have it', () => {
  const latest = nodeTls.DEFAULT_MAX_VERSION;
  beforeAll(() => {
    nodeTls.DEFAULT_MAX_VERSION = 'TLSv1.2';
  });
  afterAll(() => {
    nodeTls.DEFAULT_MAX_VERSION = latest;
  });

  test.each(['eap-tls', 'eap-ttls', 'eap-peap'] as const)('%s has the same key at both ends', async (way) => {
    const { server, client } = await converse(ends(way));
    expect(server).toMatchObject({ outcome: 'success', user: 'carol@example.org' });
    expect(client?.msk).toEqual(server.msk);
    expect(server.msk?.some((octet) => octet !== 0)).toBe(true);
  });

  test('a certificate that is not believed is refused', async () => {
    const { server, client } = await converse(ends('eap-tls', { own: fake }));
    expect(server.why).toContain('its issuer "CN=Stranger" is not known');
    expect(client?.outcome).not.toBe('success');
  });
});

test('EAP-MD5 succeeds without a key', async () => {
  const { server, client } = await converse(ends('eap-md5'));
  expect(server).toMatchObject({ outcome: 'success', method: 'EAP-MD5', user: 'carol@example.org' });
  expect(server.msk).toBeUndefined();
  expect(client?.msk).toBeUndefined();
});

describe('refused, and said why', () => {
  test.each<[EapWay, string]>([
    ['eap-mschapv2', 'EAP-MSCHAPv2 of "carol@example.org": wrong password'],
    ['eap-md5', 'EAP-MD5 of "carol@example.org": wrong password'],
    [
      'eap-ttls',
      'EAP-TTLS of "carol@example.org": inside the tunnel: EAP-MSCHAPv2 of "carol@example.org": wrong password',
    ],
    ['eap-peap', 'PEAP of "carol@example.org": inside the tunnel: EAP-MSCHAPv2 of "carol@example.org": wrong password'],
  ])('a wrong password with %s', async (way, why) => {
    const { server, client } = await converse(ends(way, { password: 'guess' }));
    expect(server).toEqual({ t: 'eap', packet: expect.anything(), outcome: 'failure', why });
    expect(Buffer.from(server.packet!).subarray(2).toString('hex')).toBe('0004');
    expect(client?.outcome).toBe('failure');
  });

  test('a user whom nobody knows looks the same to the peer', async () => {
    const known = await converse(ends('eap-mschapv2', { password: 'guess' }));
    const unknown = await converse(
      ends('eap-mschapv2', { client: ports({ nobody: 'guess' }, undefined), them: '@nobody' }),
    );
    expect(unknown.server.why).toBe('EAP-MSCHAPv2 of "nobody": there is no password for this user');
    expect(unknown.client).toEqual(known.client);
    expect(unknown.packets).toBe(known.packets);
  });

  test.each<[string, Issued, string]>([
    ['has expired', expired, 'certificate "CN=late": expired 2021-01-01 00:00:00 UTC'],
    ['is of an authority that is not trusted', fake, 'its issuer "CN=Stranger" is not known'],
    ['is for something else', forWeb, 'certificate "CN=mail": it is not for IKE (extKeyUsage)'],
    ['names another', moon, 'certificate "CN=moon": the identity "carol@example.org" is not among its subjectAltNames'],
  ])('EAP-TLS with a certificate that %s', async (_, own, why) => {
    const { server, client } = await converse(ends('eap-tls', { own }));
    expect(server.outcome).toBe('failure');
    expect(server.why).toContain(why);
    expect(client?.outcome).not.toBe('success');
  });

  test('EAP-TLS in the name of another: IDi must be in the certificate', async () => {
    const { server } = await converse(ends('eap-tls', { idi: 'dave@example.org' }));
    expect(server.why).toContain('the identity "dave@example.org" is not among its subjectAltNames');
  });

  test.each([
    ['CN=Root', 'success'],
    ['CN=*', 'success'],
    ['CN=Other', 'failure'],
    // Nobody is their own authority.
    ['CN=carol', 'failure'],
  ])('EAP-TLS where rightca=%s: %s', async (ca, outcome) => {
    const { server } = await converse(ends('eap-tls', { ca }));
    expect(server.outcome).toBe(outcome);
    if (outcome === 'failure')
      expect(server.why).toContain(`certificate "CN=carol": it is of another authority than "${ca}"`);
  });

  test.each<EapWay>(['eap-tls', 'eap-ttls', 'eap-peap'])('%s to a server of another authority', async (way) => {
    expect((await converse(ends(way, { expectsCa: 'CN=Root' }))).client?.outcome).toBe('success');
    const { server, client } = await converse(ends(way, { expectsCa: 'CN=Other' }));
    expect(client?.why).toContain('the server: certificate "CN=moon": it is of another authority than "CN=Other"');
    expect(server.outcome).not.toBe('success');
  });

  test('EAP-TLS where rightcert= names one certificate: its key, and no other of the same name and authority', async () => {
    const again = root.issue('again', named('email:carol@example.org'));
    expect((await converse(ends('eap-tls', { spkis: [keyOf(moon), keyOf(carol)] }))).server.outcome).toBe('success');
    for (const refused of [{ own: again, spkis: [keyOf(carol)] }, { spkis: [] }]) {
      const { server } = await converse(ends('eap-tls', refused));
      expect(server.outcome).toBe('failure');
      expect(server.why).toContain('its key is not the one that the connection names');
    }
  });

  test.each<EapWay>(['eap-tls', 'eap-ttls', 'eap-peap'])('%s to a server with another key', async (way) => {
    expect((await converse(ends(way, { expectsSpkis: [keyOf(moon)] }))).client?.outcome).toBe('success');
    const { server, client } = await converse(ends(way, { expectsSpkis: [keyOf(carol)] }));
    expect(client?.why).toContain(
      'the server: certificate "CN=moon": its key is not the one that the connection names',
    );
    expect(server.outcome).not.toBe('success');
  });

  test('EAP-TLS from an address: then Identity must be', async () => {
    const { server } = await converse(ends('eap-tls', { idi: '192.0.2.2' }));
    expect(server).toMatchObject({ outcome: 'success', user: 'carol@example.org' });
    const other = await converse(
      ends('eap-tls', { idi: '192.0.2.2', them: 'dave@example.org', client: ports({}, carol) }),
    );
    expect(other.server.outcome).toBe('failure');
  });

  test.each<EapWay>(['eap-tls', 'eap-ttls', 'eap-peap'])('%s to a server that is not the one', async (way) => {
    const other = await converse(ends(way, { expects: '@sun.example' }));
    expect(other.client?.why).toContain(
      'the server: certificate "CN=moon": the identity "@sun.example" is not among its subjectAltNames',
    );
    const forged = await converse(ends(way, { server: ports(users, fakeMoon) }));
    expect(forged.client?.why).toContain('its issuer "CN=Stranger" is not known');
    expect(forged.server.outcome).not.toBe('success');
  });

  test('a server without a certificate', async () => {
    const { server } = await converse(ends('eap-tls', { server: ports(users, undefined) }));
    expect(server.why).toBe('EAP-TLS of "carol@example.org": there is no certificate');
  });
});

test.each(['Dave', 'DAVE.', 'dave'])('however it is spelled, %s is one user', async (them) => {
  const mackerel = { dave: 'mackerel', Dave: 'mackerel', 'DAVE.': 'mackerel' };
  const both = { server: ports(mackerel, moon), client: ports(mackerel, undefined) };
  const { server } = await converse(ends('eap-mschapv2', { ...both, them: `@${them}` }));
  expect(server).toMatchObject({ outcome: 'success', user: 'dave' });
});

test('what a certificate is asked of is the connection: leftcert= may name another', async () => {
  const asked: string[] = [];
  const client: EapPorts = {
    ...ports({}, carol),
    identity: (localId, conn) => {
      asked.push(`${localId} ${conn}`);
      return { key: carol.key, chain: [carol.certificate] };
    },
  };
  expect((await converse(ends('eap-tls', { client }))).server.outcome).toBe('success');
  expect(asked).toEqual(['carol@example.org road']);
});

test('why a peer is refused is said at once: it may not wait for the end', async () => {
  refusals.length = 0;
  await converse(ends('eap-mschapv2', { password: 'guess' }), undefined, 4);
  expect(refusals).toEqual(['"road": EAP-MSCHAPv2 of "carol@example.org": wrong password']);
});

describe('which method', () => {
  test('the first that both have, by Nak', async () => {
    const { server } = await converse(ends('eap', { offers: ['eap-tls', 'eap-mschapv2'], wants: ['eap-mschapv2'] }));
    expect(server).toMatchObject({ outcome: 'success', method: 'EAP-MSCHAPv2' });
  });

  test('`eap` at both ends', async () => {
    const { server } = await converse(ends('eap'));
    expect(server).toMatchObject({ outcome: 'success', method: 'EAP-TLS' });
  });

  test('a peer cannot have MD5 when it is not offered by name', async () => {
    const { server, client } = await converse(ends('eap', { wants: ['eap-md5'] }));
    expect(server.why).toBe(
      'EAP of "carol@example.org": the peer wants EAP-MD5, and we offer EAP-TLS, EAP-TTLS, PEAP, EAP-MSCHAPv2',
    );
    expect(client?.outcome).toBe('failure');
  });

  test('a server cannot have MD5 when we do not want it by name', async () => {
    const { server, client } = await converse(ends('eap', { offers: ['eap-md5'], wants: ['eap'] }));
    expect(server.outcome).toBe('failure');
    expect(client).toMatchObject({ outcome: 'failure', why: 'the server refuses us before any method' });
  });
});

describe('a link of somebody else’s', () => {
  test('EAP-Success before the end is not believed', async () => {
    for (const count of [3, 5]) {
      const success: Link = (packet, to, n) =>
        to === 'client' && n === count ? [Uint8Array.of(3, packet[1], 0, 4)] : [packet];
      const { client } = await converse(ends('eap-mschapv2'), success);
      expect(client).toMatchObject({ outcome: 'failure', why: 'success before the end of a method' });
    }
  });

  test('fragments that never end are refused', async () => {
    const more: Link = (packet, to) => {
      if (to !== 'server' || packet[4] !== 13) return [packet];
      const part = new Uint8Array(1_006);
      part.set([2, packet[1], 1_006 >> 8, 1_006 & 255, 13, 0x40]);
      return [part];
    };
    const { server, packets } = await converse(ends('eap-tls'), more, 1_000);
    expect(server.why).toContain('bad fragment: more than 65536 octets');
    expect(packets).toBeLessThan(200);
  });

  test('a response to another request is refused', async () => {
    const late: Link = (packet, to, n) => {
      if (to !== 'server' || n !== 4) return [packet];
      const other = Uint8Array.from(packet);
      other[1] ^= 0x80;
      return [other];
    };
    const { server } = await converse(ends('eap-mschapv2'), late);
    expect(server.why).toMatch(/a response to request \d+, where \d+ was sent$/);
  });

  test('what is no EAP is refused by both', async () => {
    const garbage: Link = () => [Uint8Array.of(1, 2, 3)];
    expect((await converse(ends('eap-mschapv2'), garbage)).client?.why).toBe(
      'bad EAP packet: 3 octets, at least 4 expected',
    );
  });
});
