/**
 * Our RADIUS against Debian's FreeRADIUS, on loopback:
 *
 *     EAP peer of ours ── RadiusEap ── UDP ── FreeRADIUS          radclient ── UDP ── DynamicAuthorization
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dice } from '../../src/actors/dice.ts';
import { realClock } from '../../src/actors/runtime/index.ts';
import { nameOf } from '../../src/ike/auth/eap/identity.ts';
import { TrustReader } from '../../src/ike/auth/x509/trust-reader.ts';
import { TrustShelf } from '../../src/ike/auth/x509/trust-shelf.ts';
import { KeyReader, KeyShelf } from '../../src/ike/crypto/signature/key-shelf.ts';
import type { EapWay } from '../../src/ike/policy.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { Id } from '../../src/net/id.ts';
import type { EapReply } from '../../src/services/eap/backend.ts';
import { EapPeerAnswerer } from '../../src/services/eap/peer-answerer.ts';
import type { EapPorts } from '../../src/services/eap/ports.ts';
import { TlsEngine } from '../../src/services/eap/tls-engine.ts';
import type { Wanted } from '../../src/services/radius/dae.ts';
import { Radius, type RadiusSettings } from '../../src/services/radius/radius.ts';
import type { SessionName } from '../../src/services/radius/record.ts';
import { connectUdp } from '../../src/services/radius/udp.ts';
import { lacksPeer } from './peers/prefix.ts';
import { forgetPki, lacksPki, type Pki, pki } from './pki.ts';
import { type RadiusServer, radclient, startRadiusServer } from './radius-server.ts';

const SECRET = 'a secret between gate and server';
const QUOTED = `"${SECRET}"`;
const US = Address.parse('127.0.0.1')!;

const USERS = `md5 Cleartext-Password := "swordfish", EAP-Type := MD5
  Class = "staff", Class += 0x00ff

chap Cleartext-Password := "swordfish", EAP-Type := MSCHAPv2
  User-Name = "charles", Class = "staff"

alice EAP-Type := TLS
  Class = "certified"

ttls Cleartext-Password := "swordfish", EAP-Type := TTLS
peap Cleartext-Password := "swordfish", EAP-Type := PEAP

late Auth-Type := Reject
  Reply-Message = "not before nine"
`;

const lacks = lacksPeer('freeradius') ?? lacksPki();

let server: RadiusServer;
let directory: string;
let certificates: Pki;
let authPort: number;
let acctPort: number;
const log: string[] = [];

beforeAll(async () => {
  if (lacks !== undefined) return;
  directory = await mkdtemp(join(tmpdir(), 'pluto-radius-'));
  certificates = await pki();
  await certificates.leaf('radius', { eku: 'serverAuth' });
  await certificates.leaf('alice', { san: 'email:alice@test', eku: 'clientAuth' });
  [authPort, acctPort] = [await freePort(), await freePort()];
  const tls = {
    key: certificates.key('radius'),
    certificate: certificates.certificate('radius'),
    ca: certificates.certificate('root'),
  };
  const place = { directory, address: `${US}`, authPort, acctPort, secret: QUOTED, users: USERS, tls };
  server = await startRadiusServer(place);
});
afterAll(forgetPki);
afterAll(async () => {
  if (lacks !== undefined) return;
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, `${US}`, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

function radius(settings: Partial<RadiusSettings> = {}, secret = SECRET): Radius {
  const one = { address: US, authPort, acctPort };
  const known = Buffer.from(secret);
  return new Radius(
    {
      servers: [one],
      timeout: 500,
      retries: 2,
      deadTime: 60_000,
      nasIdentifier: 'gate',
      accounting: true,
      daeListen: [],
      daeClients: [US],
      ...settings,
    },
    {
      clock: realClock(),
      random: dice(),
      log: (_, text) => log.push(text),
      secret: () => known,
      connect: connectUdp,
    },
  );
}

const RULES = { crlStrict: false, crlFetch: false, ocsp: false, ocspStrict: false, ocspUri: undefined };

const der = (path: string) =>
  new Uint8Array(Buffer.from(readFileSync(path, 'latin1').replace(/-----[^-]+-----|\s/g, ''), 'base64'));

/** An EAP peer of ours that talks with `radius`; how it ended for both. */
async function converse(
  by: Radius,
  way: EapWay,
  user: string,
  password = 'swordfish',
): Promise<{ gate: EapReply; peer: EapReply | undefined }> {
  const [keys, trust] = [new KeyShelf(), new TrustShelf()];
  const anchor = der(certificates.certificate('root'));
  trust.replaceCertificates([{ der: anchor, isAnchor: true }]);
  const key = keys.put(der(certificates.key('alice')))!;
  const ports: EapPorts = {
    password: () => Buffer.from(password),
    identity: () => ({ key, chain: [der(certificates.certificate('alice'))] }),
    tls: new TlsEngine(new KeyReader(keys.shared), new TrustReader(trust.shared)),
    random: dice(),
    onRefused: () => {},
    rules: () => ({ ...RULES, at: Math.floor(Date.now() / 1000) }),
    lookUp: async () => {},
  };
  const client = new EapPeerAnswerer({ ports, now: () => performance.now() });
  const [localId, peerId] = [Id.parse(`@${user}`)!, Id.parse('@radius.test')!];
  const ends = { peer: Address.parse('198.51.100.7')!, local: US, conn: 'road', packet: undefined };
  const conversation = by.eap.open({
    t: 'eap',
    session: 1,
    ways: ['eap-radius'],
    peerId: localId,
    localId: peerId,
    ...ends,
  });
  let gate = await conversation.next(undefined);
  let peer: EapReply | undefined;
  for (let rounds = 0; rounds < 60 && gate.packet; rounds++) {
    const reply = await client.answer({
      t: 'eapPeer',
      session: 1,
      ways: [way],
      localId,
      user: nameOf(localId),
      conn: 'road',
      peerId,
      packet: gate.packet,
    });
    peer = reply.t === 'eap' ? reply : undefined;
    if (gate.outcome !== 'continue' || !peer?.packet) break;
    gate = await conversation.next(peer.packet);
  }
  client.forget(1);
  conversation.close();
  return { gate, peer };
}

describe('users of FreeRADIUS', () => {
  beforeEach((context) => context.skip(lacks !== undefined, lacks));

  test.each<[EapWay, string, string, Partial<EapReply>]>([
    ['eap-mschapv2', 'chap', 'EAP-MSCHAPv2', { user: 'charles', classes: ['staff'] }],
    ['eap-tls', 'alice', 'EAP-TLS', { user: 'alice', classes: ['certified'] }],
    ['eap-ttls', 'ttls', 'EAP-TTLS', { user: 'ttls' }],
    ['eap-peap', 'peap', 'PEAP', { user: 'peap' }],
  ])('%s lets them in, and both ends have the same key', async (way, user, method, expected) => {
    const by = radius();
    const { gate, peer } = await converse(by, way, user);
    expect(gate).toMatchObject({ outcome: 'success', method, ...expected });
    expect(peer?.outcome).toBe('success');
    expect(gate.msk?.length).toBe(64);
    expect(Buffer.from(gate.msk!).toString('hex')).toBe(Buffer.from(peer!.msk!).toString('hex'));
    await by.stop('0');
  });

  test('eap-md5 makes no key', async () => {
    const by = radius();
    const { gate } = await converse(by, 'eap-md5', 'md5');
    expect(gate).toMatchObject({ outcome: 'success', method: 'EAP-MD5', user: 'md5', classes: ['staff', '0x00ff'] });
    expect(gate.msk).toBeUndefined();
    await by.stop('0');
  });

  test.each<[string, EapWay, string, string]>([
    ['with a wrong password', 'eap-mschapv2', 'chap', 'the RADIUS server refuses'],
    ['that are not known', 'eap-mschapv2', 'mallory', 'the RADIUS server refuses'],
    ['that may not now', 'eap-mschapv2', 'late', 'the RADIUS server refuses: not before nine'],
  ])('%s are refused', async (_, way, user, why) => {
    const by = radius();
    const { gate, peer } = await converse(by, way, user, 'wrong');
    expect(gate).toMatchObject({ outcome: 'failure', why });
    expect(peer?.outcome).not.toBe('success');
    await by.stop('0');
  });

  test('are asked about at the second server when nobody is at the first', async () => {
    const nobody = { address: Address.parse('127.0.0.2')!, authPort, acctPort };
    const by = radius({ servers: [nobody, { address: US, authPort, acctPort }], timeout: 100, retries: 1 });
    const { gate } = await converse(by, 'eap-mschapv2', 'chap');
    expect(gate.outcome).toBe('success');
    expect(log).toContain(`RADIUS server 127.0.0.2:${authPort} does not answer (ECONNREFUSED); left alone for 60 s`);
    await by.stop('0');
  });

  test('are not let in by a server with another secret', async () => {
    const by = radius({ timeout: 100, retries: 1 }, 'another secret');
    const { gate } = await converse(by, 'eap-mschapv2', 'chap');
    expect(gate).toMatchObject({ outcome: 'failure', why: 'no RADIUS server answers' });
    await by.stop('0');
  });

  test('come many at a time', async () => {
    const by = radius({ timeout: 5000 });
    const all = await Promise.all(Array.from({ length: 100 }, () => converse(by, 'eap-mschapv2', 'chap')));
    expect(all.filter(({ gate }) => gate.outcome === 'success').length).toBe(100);
    await by.stop('0');
  });
});

describe('sessions', () => {
  beforeEach((context) => context.skip(lacks !== undefined, lacks));

  const name: SessionName = {
    id: 'abc-1',
    user: 'charles',
    classes: ['staff', '0x00ff'],
    peer: Address.parse('2001:db8::7')!,
    local: US,
    conn: 'road',
  };

  test('are written down by FreeRADIUS from beginning to end', async () => {
    const by = radius();
    by.start('abc-0', () => 0);
    by.note(name, { t: 'start' });
    const traffic = { octetsIn: 5 * 2 ** 32 + 7, octetsOut: 42, packetsIn: 3, packetsOut: 4 };
    by.note(name, { t: 'interim', seconds: 60, traffic });
    by.note(name, { t: 'stop', seconds: 61, traffic, cause: 'Lost-Carrier' });
    await by.stop('abc-0');
    const records = (await server.details()).split('\n\n').filter((text) => text.includes('abc-'));
    expect(records.map((text) => /Acct-Status-Type = (\S+)/.exec(text)?.[1])).toEqual(
      expect.arrayContaining(['Accounting-On', 'Start', 'Interim-Update', 'Stop', 'Accounting-Off']),
    );
    const stop = records.find((text) => text.includes('= Stop'))!;
    for (const line of [
      'User-Name = "charles"',
      'Acct-Session-Id = "abc-1"',
      'Class = 0x7374616666',
      'Class = 0x00ff',
      'NAS-Identifier = "gate"',
      'NAS-IP-Address = 127.0.0.1',
      'NAS-Port-Type = Virtual',
      'Calling-Station-Id = "2001:db8::7"',
      'Acct-Authentic = RADIUS',
      'Acct-Session-Time = 61',
      'Acct-Input-Octets = 7',
      'Acct-Input-Gigawords = 5',
      'Acct-Output-Octets = 42',
      'Acct-Input-Packets = 3',
      'Acct-Terminate-Cause = Lost-Carrier',
    ])
      expect(stop).toContain(line);
    expect(Object.fromEntries(by.figures())).toMatchObject({
      'total.radius.127.0.0.1.acknowledgements': 5,
      'total.radius.127.0.0.1.forged': 0,
      'current.radius.accounting.waiting': 0,
    });
  });

  test('are ended when radclient says so, if it knows the secret and the time', async () => {
    const port = await freePort();
    const by = radius({ daeListen: [new Endpoint(US, port)], accounting: false });
    const wanted: Wanted[] = [];
    by.start('abc-0', (one) => {
      wanted.push(one);
      return one.user === 'charles' ? 1 : 0;
    });
    const to = `${US}:${port}`;
    const now = `Event-Timestamp = ${Math.floor(Date.now() / 1000)}`;
    const user = (who: string) => `User-Name = "${who}"`;
    const ack = await radclient(to, 'disconnect', SECRET, [user('charles'), now, 'Acct-Session-Id = "abc-1"']);
    expect(ack.stdout).toMatch(/Received Disconnect-ACK/);
    expect(ack.status).toBe(0);
    expect(wanted).toMatchObject([{ user: 'charles', id: 'abc-1' }]);
    const nobody = await radclient(to, 'disconnect', SECRET, [user('nobody'), now]);
    expect(nobody.stdout).toMatch(/Received Disconnect-NAK[\s\S]*Session-Context-Not-Found/);
    const timeless = await radclient(to, 'disconnect', SECRET, [user('charles')]);
    expect(timeless.stdout).toMatch(/Received Disconnect-NAK[\s\S]*Missing-Attribute/);
    const coa = await radclient(to, 'coa', SECRET, [user('charles'), now]);
    expect(coa.stdout).toMatch(/Received CoA-NAK[\s\S]*Unsupported-Extension/);
    const stranger = await radclient(to, 'disconnect', 'guessed', [user('charles'), now], { tries: 1 });
    expect(`${stranger.stdout}${stranger.stderr}`).toMatch(/No reply/);
    const stale = await radclient(to, 'disconnect', SECRET, [user('charles'), 'Event-Timestamp = 1000'], { tries: 1 });
    expect(`${stale.stdout}${stale.stderr}`).toMatch(/No reply/);
    expect(wanted.length).toBe(2);
    await by.stop('abc-0');
  });
});
