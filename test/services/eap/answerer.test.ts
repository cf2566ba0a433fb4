import { describe, expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { EapAnswerer } from '../../../src/services/eap/answerer.ts';
import type { EapBackend, EapQuestion, EapReply } from '../../../src/services/eap/backend.ts';
import { LocalEap, MOST_ROUNDS } from '../../../src/services/eap/local.ts';
import type { EapPorts } from '../../../src/services/eap/ports.ts';
import { MOST_CONVERSATIONS } from '../../../src/services/eap/sessions.ts';
import type { TlsPort } from '../../../src/services/eap/tls-port.ts';
import { question } from './two-ends.ts';

const asked = (ways: EapQuestion['ways'], session = 1, packet?: Uint8Array): EapQuestion => ({
  ...question({ offers: ways, us: '@moon', them: '@carol' }),
  session,
  packet,
});
const identity = (name: string, id = 0) => Uint8Array.of(2, id, 0, 5 + name.length, 1, ...Buffer.from(name));

/** Says its name, and remembers what it was told. */
class Backend implements EapBackend {
  readonly heard: (Uint8Array | undefined)[] = [];
  count = 0;
  readonly #reply: EapReply;

  constructor(outcome: EapReply['outcome'], why: string) {
    this.#reply = { t: 'eap', packet: Uint8Array.of(1, 0, 0, 5, 1), outcome, why };
  }

  open() {
    this.count++;
    return {
      next: async (packet: Uint8Array | undefined) => {
        this.heard.push(packet);
        return this.#reply;
      },
      underWay: '"road": EAP-TOY of "carol"',
      close: () => void this.count--,
    };
  }
}

const gone: string[] = [];

function answerer(radius?: EapBackend) {
  const time = { now: 0 };
  const local = new Backend('continue', 'local');
  const isOurs = (user: string) => user === 'carol';
  const eap = new EapAnswerer({
    local,
    ...(radius && { radius }),
    isOurs,
    onGone: (text) => gone.push(text),
    now: () => time.now,
  });
  return { eap, local, time, figures: () => Object.fromEntries(eap.figures()) };
}

describe('conversations', () => {
  test('are limited in number; those that nobody goes on with make room', async () => {
    const { eap, local, time, figures } = answerer();
    for (let session = 1; session <= MOST_CONVERSATIONS; session++)
      await eap.answer({ ...asked(['eap-md5'], session), peer: Address.fromBigInt(4, BigInt(session)) });
    const refused = await eap.answer(asked(['eap-md5'], 99_999));
    expect(refused).toMatchObject({ outcome: 'failure', why: 'EAP: 4096 conversations are open already' });
    expect(local.count).toBe(MOST_CONVERSATIONS);
    time.now = 130_000;
    expect(await eap.answer(asked(['eap-md5'], 99_999))).toMatchObject({ outcome: 'continue' });
    expect(local.count).toBe(1);
    expect(figures()).toMatchObject({ 'eap.server.open': 1, 'eap.server.refused': 1 });
  });

  test('are half of all there may be with one address, and others still have theirs', async () => {
    const { eap, local } = answerer();
    for (let session = 1; session <= MOST_CONVERSATIONS; session++) await eap.answer(asked(['eap-md5'], session));
    expect(local.count).toBe(MOST_CONVERSATIONS / 2);
    expect(await eap.answer(asked(['eap-md5'], 9_999))).toMatchObject({
      outcome: 'failure',
      why: 'EAP: 2048 conversations with this address are open already',
    });
    const elsewhere = { ...asked(['eap-md5'], 9_999), peer: Address.parse('203.0.113.1')! };
    expect(await eap.answer(elsewhere)).toMatchObject({ outcome: 'continue' });
    eap.forget(1);
    expect(await eap.answer(asked(['eap-md5'], 1))).toMatchObject({ outcome: 'continue' });
  });

  test('are closed when nobody will ask again, and at their end', async () => {
    const { eap, local } = answerer();
    await eap.answer(asked(['eap-md5']));
    gone.length = 0;
    eap.forget(1);
    eap.forget(1);
    expect(gone).toEqual(['"road": EAP-TOY of "carol" has not been carried to its end']);
    expect(local.count).toBe(0);
    expect(await eap.answer(asked(['eap-md5'], 1, identity('carol')))).toMatchObject({
      why: 'EAP: there is no such conversation',
    });
    const radius = new Backend('failure', 'no');
    await answerer(radius).eap.answer(asked(['eap-radius']));
    expect(radius.count).toBe(0);
  });

  test('do not end with a throw', async () => {
    const broken: EapBackend = {
      open: () => ({ next: () => Promise.reject(new Error('oops')), underWay: undefined, close: () => {} }),
    };
    expect(await answerer(broken).eap.answer(asked(['eap-radius']))).toMatchObject({
      outcome: 'failure',
      why: 'EAP: internal error: oops',
    });
  });
});

describe('who carries them on', () => {
  test('RADIUS when it is asked for, and nobody else', async () => {
    const radius = new Backend('continue', 'radius');
    expect(await answerer(radius).eap.answer(asked(['eap-radius']))).toMatchObject({ why: 'radius' });
    expect(await answerer().eap.answer(asked(['eap-radius']))).toMatchObject({
      outcome: 'failure',
      why: 'eap-radius: no RADIUS server is configured',
    });
  });

  test.each([
    ['carol', 'local'],
    ['dave', 'radius'],
  ])('with `eap`, whoever knows %s: %s', async (user, who) => {
    const radius = new Backend('continue', 'radius');
    const { eap, local } = answerer(radius);
    await eap.answer(asked(['eap']));
    expect(await eap.answer(asked(['eap'], 1, identity(user)))).toMatchObject({ why: who });
    expect((who === 'local' ? local : radius).heard.at(-1)).toEqual(identity(user));
    eap.forget(1);
    expect([local.count, radius.count]).toEqual([0, 0]);
  });
});

describe('a conversation of ours', () => {
  const never = (): never => {
    throw new Error('TLS before there is a ClientHello');
  };
  const tls: TlsPort = { open: never, feed: never, write: never, judge: never, exportKey: never, close: never };
  const ports: EapPorts = {
    password: () => Buffer.from('swordfish'),
    identity: () => ({ key: 1, chain: [] }),
    tls,
    random: (octets) => new Uint8Array(octets),
    onRefused: () => {},
    rules: () => ({
      ...{ crlStrict: false, crlFetch: false, ocsp: false, ocspStrict: false, ocspUri: undefined, at: 0 },
    }),
    lookUp: async () => {},
  };

  test('costs no TLS before the peer has sent a ClientHello', async () => {
    const conversation = new LocalEap(ports).open(asked(['eap-tls']));
    await conversation.next(undefined);
    const start = await conversation.next(identity('carol'));
    expect([...start.packet!]).toEqual([1, 1, 0, 6, 13, 0x20]);
    expect(await conversation.next(Uint8Array.of(2, 1, 0, 6, 13, 0))).toMatchObject({
      outcome: 'failure',
      why: 'EAP-TLS of "carol": no ClientHello',
    });
    conversation.close();
  });

  test('has an end, whatever the peer repeats', async () => {
    const conversation = new LocalEap(ports).open(asked(['eap-mschapv2']));
    await conversation.next(undefined);
    let reply = await conversation.next(identity('carol'));
    let rounds = 1;
    for (; reply.outcome === 'continue' && rounds < 1_000; rounds++) reply = await conversation.next(identity('carol'));
    expect(reply).toMatchObject({ outcome: 'failure', why: `EAP: more than ${MOST_ROUNDS} rounds` });
    expect(rounds).toBe(MOST_ROUNDS + 1);
  });

  test('shows names of strangers as printable text, and not at length', async () => {
    const conversation = new LocalEap(ports).open(asked(['eap-mschapv2']));
    await conversation.next(undefined);
    await conversation.next(identity(`\u001b[2J"${'x'.repeat(150)}`));
    const { why } = await conversation.next(Uint8Array.of(2, 1, 0, 5, 3));
    expect(why).toBe(`EAP of "?[2J?${'x'.repeat(75)}...": the peer wants nothing, and we offer EAP-MSCHAPv2`);
  });
});
