import { beforeEach, describe, expect, test } from 'vitest';
import { attribute, first } from '../../../src/services/radius/attributes.ts';
import { MOST_SOCKETS } from '../../../src/services/radius/channel.ts';
import type { Answer, RadiusClient } from '../../../src/services/radius/client.ts';
import { CODES } from '../../../src/services/radius/packet.ts';
import { answerTo, demandMessageAuthenticator, Lan } from './lan.ts';

const [FIRST, SECOND] = ['192.0.2.10:1812', '192.0.2.11:1812'];

let lan: Lan;
beforeEach(() => {
  lan = new Lan();
});

function ask(client: RadiusClient, how: Partial<Parameters<RadiusClient['ask']>[0]> = {}) {
  const heard: Answer[] = [];
  const attributes = () => [attribute('User-Name', 'joe')];
  const { cancel } = client.ask({ service: 'auth', attributes, within: 30_000, ...how }, (answer) =>
    heard.push(answer),
  );
  lan.clock.settle();
  return {
    cancel,
    heard,
    get outcome(): string | undefined {
      const [answer] = heard;
      return answer?.t === 'answer' ? codeName(answer.packet.code) : answer?.why;
    },
  };
}
const codeName = (code: number) => Object.entries(CODES).find(([, value]) => value === code)?.[0];

describe('a request', () => {
  test('is answered by the first server, and has its Message-Authenticator in first place', () => {
    lan.onRequest = (request) => {
      demandMessageAuthenticator(request);
      request.reply('Access-Accept', [attribute('User-Name', 'joseph')]);
    };
    const asked = ask(lan.client());
    expect(lan.asked).toEqual([FIRST]);
    const [answer] = asked.heard;
    expect(answer.t === 'answer' && first(answer.packet.attributes, 'User-Name')).toBe('joseph');
    lan.clock.advance(60_000);
    expect(asked.heard.length).toBe(1);
    expect(lan.asked).toEqual([FIRST]);
  });

  test('that is lost is sent again, the same octets, and its late answer counts', () => {
    const client = lan.client();
    const asked = ask(client);
    lan.clock.advance(3000);
    const [one, two] = lan.requests;
    expect(lan.asked).toEqual([FIRST, FIRST]);
    expect(two.packet.octets).toEqual(one.packet.octets);
    one.reply('Access-Reject');
    lan.clock.settle();
    expect(asked.outcome).toBe('Access-Reject');
    // The answer to the second transmission: nobody waits any more.
    two.reply('Access-Reject');
    lan.clock.advance(10_000);
    expect(asked.heard.length).toBe(1);
    expect(client.servers[0].counters).toMatchObject({ requests: 1, retransmissions: 1, rejects: 1, timeouts: 0 });
    expect(client.servers[0].channel('auth').unexpected).toBe(1);
  });

  test('goes to the second server with an authenticator of its own when the first is silent', () => {
    lan.onRequest = (request) => (request.at === SECOND ? request.reply('Access-Accept') : undefined);
    const asked = ask(lan.client());
    lan.clock.advance(8000);
    expect(lan.asked).toEqual([FIRST, FIRST, FIRST, SECOND]);
    expect(lan.requests[3].packet.authenticator).not.toEqual(lan.requests[0].packet.authenticator);
    expect(asked.outcome).toBe('Access-Accept');
    expect(lan.log).toEqual([`warn: RADIUS server ${FIRST} does not answer; left alone for 60 s`]);
  });

  test('that nobody answers fails in time, with a reason', () => {
    const asked = ask(lan.client());
    lan.clock.advance(14_000);
    expect(lan.requests.length).toBe(6);
    expect(asked.outcome).toBe('no RADIUS server answers');
    const slow = ask(lan.client({ timeout: 10_000, retries: 10 }));
    lan.clock.advance(30_000);
    expect(slow.outcome).toBe('no RADIUS server has answered in time');
  });

  test('can be given up', () => {
    const client = lan.client();
    const asked = ask(client);
    asked.cancel();
    lan.requests[0].reply('Access-Accept');
    lan.clock.advance(60_000);
    expect(asked.heard).toEqual([]);
    expect(lan.requests.length).toBe(1);
    expect(client.servers[0].channel('auth').outstanding).toBe(0);
  });

  test('without a secret is not sent', () => {
    const client = lan.client();
    lan.secrets.clear();
    const asked = ask(client);
    expect(lan.requests).toEqual([]);
    expect(asked.outcome).toMatch(/^RADIUS server 192\.0\.2\.11:1812: there is no RADIUS secret for it/);
    expect(lan.log.length).toBe(2);
    ask(client);
    expect(lan.log.length).toBe(2);
  });
});

describe('an answer that is ignored, while the right one is awaited', () => {
  test.each([
    ['of another secret', { secret: Buffer.from('testing124') }, /wrong authenticator/],
    [
      'without Message-Authenticator',
      { hasMessageAuthenticator: false },
      /without Message-Authenticator .*CVE-2024-3596/,
    ],
  ])('%s', (_, how, line) => {
    const client = lan.client();
    const asked = ask(client);
    lan.requests[0].reply('Access-Accept', [], how);
    lan.requests[0].reply('Access-Accept', [], how);
    lan.clock.settle();
    expect(asked.heard).toEqual([]);
    expect(client.servers[0].counters.forged).toBe(2);
    expect(lan.log.length).toBe(1);
    expect(lan.log[0]).toMatch(line);
    lan.requests[0].reply('Access-Reject');
    lan.clock.settle();
    expect(asked.outcome).toBe('Access-Reject');
  });

  test('to another request', () => {
    const client = lan.client();
    const asked = ask(client);
    ask(client);
    const [one, two] = lan.requests;
    // Its own identifier on the other's answer.
    one.send(answerTo({ ...two.packet, identifier: one.packet.identifier }, 'Access-Accept', []));
    one.reply('Access-Accept', [], { identifier: 77 });
    lan.clock.settle();
    expect(asked.heard).toEqual([]);
    expect(client.servers[0].channel('auth').unexpected).toBe(1);
  });

  test('that is malformed, of another kind, or with a bit turned over', () => {
    const client = lan.client();
    const asked = ask(client);
    const [{ packet, send, reply }] = lan.requests;
    send(Uint8Array.of(2, packet.identifier, 0));
    send(new Uint8Array());
    reply('Accounting-Response');
    const sound = answerTo(packet, 'Access-Accept', [attribute('Class', Buffer.from('staff'))]);
    for (let at = 0; at < sound.length; at++) {
      const octets = sound.slice();
      octets[at] ^= 0x10;
      send(octets);
    }
    lan.clock.settle();
    expect(asked.heard).toEqual([]);
    send(sound);
    lan.clock.settle();
    expect(asked.outcome).toBe('Access-Accept');
    expect(client.servers[0].counters.accepts).toBe(1);
  });

  test('is no sign of life: its server is left alone all the same', () => {
    lan.onRequest = (request) =>
      request.at === FIRST
        ? request.reply('Access-Reject', [], { secret: Buffer.from('x') })
        : request.reply('Access-Accept');
    const asked = ask(lan.client());
    lan.clock.advance(8000);
    expect(asked.outcome).toBe('Access-Accept');
    expect(lan.log.at(-1)).toBe(`warn: RADIUS server ${FIRST} does not answer; left alone for 60 s`);
  });
});

describe('a server that does not answer', () => {
  let isDead = true;
  beforeEach(() => {
    isDead = true;
    lan.onRequest = (request) => {
      if (request.at === SECOND || !isDead) request.reply('Access-Accept');
    };
  });

  test('is left alone for a while, and tried by one request then', () => {
    const client = lan.client();
    ask(client);
    lan.clock.advance(8000);
    lan.requests.length = 0;
    expect(ask(client).outcome).toBe('Access-Accept');
    expect(lan.asked).toEqual([SECOND]);
    lan.clock.advance(60_000);
    lan.requests.length = 0;
    const [probe, other] = [ask(client), ask(client)];
    expect(lan.asked).toEqual([FIRST, SECOND]);
    expect([probe.outcome, other.outcome]).toEqual([undefined, 'Access-Accept']);
    lan.clock.advance(8000);
    expect(probe.outcome).toBe('Access-Accept');
  });

  test('is the first again once it answers', () => {
    const client = lan.client();
    ask(client);
    lan.clock.advance(70_000);
    isDead = false;
    ask(client);
    lan.requests.length = 0;
    ask(client);
    expect(lan.asked).toEqual([FIRST]);
    expect(lan.log.at(-1)).toBe(`info: RADIUS server ${FIRST} answers again`);
  });

  test('is asked all the same when the others are down too', () => {
    lan.onRequest = () => {};
    const client = lan.client();
    ask(client);
    lan.clock.advance(20_000);
    isDead = false;
    lan.onRequest = (request) => request.reply('Access-Accept');
    expect(ask(client).outcome).toBe('Access-Accept');
  });

  test('keeps a conversation that it has begun', () => {
    const client = lan.client();
    const asked = ask(client, { server: client.servers[0] });
    lan.clock.advance(10_000);
    expect(new Set(lan.asked)).toEqual(new Set([FIRST]));
    expect(asked.outcome).toBe('no RADIUS server answers');
  });

  test('for accounting may still say who users are', () => {
    lan.onRequest = (request) => (request.at.endsWith(':1812') ? request.reply('Access-Accept') : undefined);
    const client = lan.client();
    ask(client, { service: 'acct' });
    lan.clock.advance(20_000);
    lan.requests.length = 0;
    ask(client);
    expect(lan.asked).toEqual([FIRST]);
  });

  test('one lost request does not make it one', () => {
    lan.onRequest = () => {};
    const client = lan.client();
    const lost = ask(client);
    lan.clock.advance(3000);
    lan.onRequest = (request) =>
      request.packet.octets.length === lan.requests[0].packet.octets.length
        ? undefined
        : request.reply('Access-Accept');
    expect(ask(client, { attributes: () => [attribute('User-Name', 'ann, who is answered')] }).outcome).toBe(
      'Access-Accept',
    );
    lan.clock.advance(5000);
    expect(lost.outcome).toBeUndefined();
    expect(lan.asked.at(-1)).toBe(SECOND);
    expect(lan.log).toEqual([]);
  });
});

describe('many requests', () => {
  test('have an identifier each; more sockets are opened for them, and closed when they are done', () => {
    const client = lan.client();
    for (let i = 0; i < 1000; i++) ask(client);
    expect(lan.sockets).toBe(4);
    expect(client.servers[0].channel('auth').outstanding).toBe(1000);
    for (const { reply } of [...lan.requests]) reply('Access-Accept');
    lan.clock.settle();
    expect(client.servers[0].counters.accepts).toBe(1000);
    expect(client.servers[0].channel('auth').outstanding).toBe(0);
    expect(lan.sockets).toBe(1);
    client.close();
    expect(lan.sockets).toBe(0);
  });

  test('are no more than there are identifiers for, at each server', () => {
    const client = lan.client({}, ['192.0.2.10']);
    const most = MOST_SOCKETS * 256;
    for (let i = 0; i < most; i++) client.ask({ service: 'auth', attributes: () => [], within: 30_000 }, () => {});
    const asked = ask(client);
    expect(asked.outcome).toBe('RADIUS server 192.0.2.10:1812: too many requests wait for it');
    expect(lan.requests.length).toBe(most);
    client.close();
    lan.clock.advance(60_000);
    expect(lan.requests.length).toBe(most);
  });

  test('an identifier is used again as late as possible', () => {
    lan.onRequest = (request) => request.reply('Access-Accept');
    const client = lan.client();
    for (let i = 0; i < 300; i++) ask(client);
    expect(lan.requests.slice(254, 258).map(({ packet }) => packet.identifier)).toEqual([254, 255, 0, 1]);
  });
});
