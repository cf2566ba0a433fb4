import { describe, expect, test } from 'vitest';
import { explainAnswer, explainSelectors } from '../../../src/ike/explain/selectors.ts';
import { PEER_ASKS, WE_ASK } from '../../../src/ike/explain/words.ts';
import { Selector } from '../../../src/net/selector.ts';
import { Subnet } from '../../../src/net/subnet.ts';

const one = (subnet: string, protocol = 0, port?: number) =>
  Selector.ofSubnet(Subnet.parse(subnet)!, protocol, port ?? 0, port ?? 65535);
const traffic = (local: Selector, remote = one('10.0.2.0/24')) => ({ local: [local], remote: [remote] });
const holds = (local: Selector, narrowing = false) => ({ ...traffic(local), narrowing });

describe('a request', () => {
  test('for what we have, or more, needs no words', () => {
    expect(explainSelectors(traffic(one('10.0.1.0/24')), holds(one('10.0.1.0/24')), PEER_ASKS)).toEqual([]);
    expect(explainSelectors(traffic(one('10.0.0.0/16')), holds(one('10.0.1.0/24')), PEER_ASKS)).toEqual([]);
  });

  test.each([
    ['addresses', one('10.0.3.0/24'), one('10.0.1.0/24'), 'they have no address in common'],
    ['families', one('2001:db8::/64'), one('10.0.1.0/24'), 'one is IPv4, the other IPv6'],
    ['protocols', one('10.0.1.0/24', 6, 80), one('10.0.1.0/24', 17, 80), 'the protocols differ'],
    ['ports', one('10.0.1.0/24', 6, 80), one('10.0.1.0/24', 6, 443), 'the ports differ'],
  ])('apart in %s', (_, wanted, held, reason) => {
    expect(explainSelectors(traffic(wanted), holds(held), PEER_ASKS)).toEqual([
      `at our end the peer asks for ${wanted}, we have ${held}: ${reason}`,
    ]);
  });

  test('for a part needs narrowing', () => {
    const [wanted, held] = [traffic(one('10.0.1.0/25')), one('10.0.1.0/24')];
    expect(explainSelectors(wanted, holds(held), PEER_ASKS)).toEqual([
      'at our end the peer asks for 10.0.1.0/25, we have 10.0.1.0/24: that is only a part of it, for which we would need narrowing=yes',
    ]);
    expect(explainSelectors(wanted, holds(held, true), PEER_ASKS)).toEqual([]);
  });

  test('for what the peer may choose is told only where it goes too far, and of no narrowing=', () => {
    const explained = (isHost: boolean, ...remote: Selector[]) =>
      explainSelectors(
        { local: [one('10.0.1.0/24')], remote },
        {
          ...traffic(one('10.0.1.0/24'), one('10.0.0.0/8')),
          narrowing: false,
          peerChooses: { isHost, orItself: false },
        },
        PEER_ASKS,
      );
    const line = (asked: string, may: string) => [
      `at the peer's end the peer asks for ${asked}, we have 10.0.0.0/8: the peer may choose ${may}`,
    ];
    expect(explained(false, one('10.1.2.0/24'), one('10.3.0.0/16'))).toEqual([]);
    expect(explained(true, one('10.1.2.3/32'))).toEqual([]);
    expect(explained(false, one('0.0.0.0/0'))).toEqual(line('0.0.0.0/0', 'only what is within that'));
    expect(explained(true, one('10.1.2.0/24'))).toEqual(line('10.1.2.0/24', 'a single address of that'));
  });

  test('says at whose end, for both', () => {
    const wanted = traffic(one('10.0.8.0/24'), one('10.0.9.0/24'));
    const lines = explainSelectors(wanted, holds(one('10.0.1.0/24')), PEER_ASKS);
    expect(lines.map((line) => line.slice(0, 17))).toEqual(['at our end the pe', "at the peer's end"]);
  });

  test('of many is said of the first few', () => {
    const list = Array.from({ length: 255 }, (_, i) => one(`10.9.${i}.0/24`));
    const [line] = explainSelectors({ local: list, remote: [] }, holds(one('10.0.1.0/24')), PEER_ASKS);
    expect(line.length).toBeLessThan(300);
  });
});

test('an answer with less than we asked for, or something else', () => {
  const asked = traffic(one('10.0.1.0/24'));
  expect(explainAnswer(asked, asked, false, WE_ASK)).toEqual([]);
  expect(explainAnswer(traffic(one('10.0.1.0/25')), asked, true, WE_ASK)).toEqual([]);
  expect(explainAnswer(traffic(one('10.0.1.0/25')), asked, false, WE_ASK)).toEqual([
    'at our end we asked for 10.0.1.0/24 and the peer answered 10.0.1.0/25: that is only a part of it, for which we would need narrowing=yes',
  ]);
  expect(explainAnswer(traffic(one('10.0.0.0/16')), asked, true, WE_ASK)).toEqual([
    'at our end we asked for 10.0.1.0/24 and the peer answered 10.0.0.0/16',
  ]);
});
