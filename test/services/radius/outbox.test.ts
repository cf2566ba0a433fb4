import { beforeEach, describe, expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { attribute, every, first } from '../../../src/services/radius/attributes.ts';
import { isSignedRequest } from '../../../src/services/radius/authenticator.ts';
import { Outbox } from '../../../src/services/radius/outbox.ts';
import { ownAttributes, sessionAttributes } from '../../../src/services/radius/record.ts';
import { Lan, SECRET } from './lan.ts';

let lan: Lan;
let outbox: Outbox;
beforeEach(() => {
  lan = new Lan();
  outbox = new Outbox(lan.client({}, ['192.0.2.10']), lan.ports);
});
const note = (id: string) => [attribute('Acct-Session-Id', id)];
const delivered = () => lan.requests.map(({ packet }) => first(packet.attributes, 'Acct-Session-Id'));
const acknowledge = () => {
  lan.onRequest = ({ reply }) => reply('Accounting-Response');
};

describe('notes of accounting', () => {
  test('go to the accounting port, signed as RFC 2866 has it', () => {
    acknowledge();
    outbox.put(note('1'));
    lan.clock.settle();
    const [{ packet, at }] = lan.requests;
    expect(at).toBe('192.0.2.10:1813');
    expect(packet.code).toBe(4);
    expect(isSignedRequest(packet, SECRET)).toBe(true);
    expect(first(packet.attributes, 'Acct-Delay-Time')).toBe(0);
    expect(outbox.size).toBe(0);
  });

  test('survive an outage, say how late they are, and an update is made up for by the next', () => {
    outbox.put(note('start'));
    outbox.put(note('update'), true);
    lan.clock.advance(10_000);
    expect(outbox.size).toBe(1);
    lan.requests.length = 0;
    acknowledge();
    lan.clock.advance(40_000);
    expect(delivered()).toEqual(['start']);
    // It failed after 6 s and was tried again 30 s later.
    expect(first(lan.requests[0].packet.attributes, 'Acct-Delay-Time')).toBeGreaterThanOrEqual(35);
    expect([outbox.size, outbox.lost]).toEqual([0, 1]);
  });

  test('are tried ever more seldom', () => {
    outbox.put(note('1'));
    lan.clock.advance(3_600_000);
    expect(lan.requests.length).toBeLessThan(3 * 12);
    acknowledge();
    lan.clock.advance(600_000);
    expect(outbox.size).toBe(0);
  });

  test('are at the server a few at a time, and never more wait than there may', () => {
    for (let i = 0; i < 20_300; i++) outbox.put(note(`${i}`));
    lan.clock.settle();
    expect(lan.requests.length).toBe(256);
    expect(outbox.lost).toBe(44);
    expect(lan.log.length).toBe(1);
    acknowledge();
    for (const { reply } of [...lan.requests]) reply('Accounting-Response');
    lan.clock.settle();
    expect(outbox.size).toBe(0);
    expect(lan.requests.length).toBe(20_256);
  });

  test('without a secret they wait', () => {
    lan.secrets.clear();
    for (let i = 0; i < 5000; i++) outbox.put(note(`${i}`));
    expect(outbox.size).toBe(5000);
    lan.secrets.set('192.0.2.10', SECRET);
    acknowledge();
    lan.clock.advance(31_000);
    expect(outbox.size).toBe(0);
  });

  test('the daemon’s end waits for them, but not for long', async () => {
    let isOver = false;
    outbox.put(note('stop'));
    const over = outbox.emptied(3000).then(() => {
      isOver = true;
    });
    await Promise.resolve();
    expect(isOver).toBe(false);
    lan.requests[0].reply('Accounting-Response');
    lan.clock.settle();
    await over;
    outbox.put(note('off'));
    const late = outbox.emptied(3000);
    lan.clock.advance(3000);
    await late;
    expect(lan.log).toEqual(['warn: RADIUS accounting: 1 notes have not been delivered']);
  });
});

describe('what they say', () => {
  const joe = {
    id: 'abc-1',
    user: 'joe',
    classes: ['staff', '0x00ff'],
    peer: Address.parse('198.51.100.7')!,
    local: Address.parse('192.0.2.1')!,
    conn: 'road',
  };

  test('of a session that begins: whose it is, and the classes as they came', () => {
    const all = sessionAttributes(joe, { t: 'start' }, 'gate', 1000);
    expect(first(all, 'Acct-Status-Type')).toBe(1);
    expect(every(all, 'Class').map((value) => Buffer.from(value).toString('hex'))).toEqual(['7374616666', '00ff']);
    expect([first(all, 'User-Name'), first(all, 'Acct-Session-Id')]).toEqual(['joe', 'abc-1']);
    expect(first(all, 'Acct-Session-Time')).toBeUndefined();
    expect(first(all, 'Event-Timestamp')).toBe(1000);
  });

  test('of one that ends: what it has carried, beyond 4 GiB too, and why', () => {
    const traffic = { octetsIn: 5 * 2 ** 32 + 17, octetsOut: 42, packetsIn: 2 ** 32 + 3, packetsOut: 1 };
    const all = sessionAttributes(joe, { t: 'stop', cause: 'Lost-Carrier', seconds: 99, traffic }, 'gate', 1);
    expect([first(all, 'Acct-Input-Octets'), first(all, 'Acct-Input-Gigawords')]).toEqual([17, 5]);
    expect([first(all, 'Acct-Output-Octets'), first(all, 'Acct-Output-Gigawords')]).toEqual([42, undefined]);
    expect([first(all, 'Acct-Input-Packets'), first(all, 'Acct-Output-Packets')]).toEqual([3, 1]);
    expect([first(all, 'Acct-Session-Time'), first(all, 'Acct-Terminate-Cause')]).toEqual([99, 2]);
  });

  test('of the daemon itself', () => {
    const all = ownAttributes('off', 'abc-0', 'gate', 1);
    expect([first(all, 'Acct-Status-Type'), first(all, 'Acct-Session-Id')]).toEqual([8, 'abc-0']);
  });
});
