/** REDIRECT between two SAs, arrow by arrow: RFC 5685. What connections make of it: test/actors/redirecting.test.ts. */
import { describe, expect, test } from 'vitest';
import { redirection } from '../../../src/ike/v2/gate.ts';
import { redirectData } from '../../../src/ike/v2/redirect.ts';
import { notification } from '../../../src/ike/v2/turn.ts';
import {
  decodeHeader,
  decodeMessage,
  EXCHANGE,
  NOTIFY,
  notifies,
  type Payload,
  PROTOCOL,
} from '../../../src/ike/wire/index.ts';
import { type Pair as Both, expectNothing, HANDSHAKE, type PairOptions, pair } from './pair.ts';
import { sendRequest } from './tamper.ts';

const NORTH = '192.0.2.3';
/** West may be sent elsewhere, and is up. */
function mobile(options: PairOptions = {}): Both {
  const both = pair({ west: { policy: { acceptRedirect: [] } }, ...options });
  both.west.up();
  const [init, ...rest] = HANDSHAKE;
  both.wire.expect(init.replace('Ni }', 'Ni, N(REDIRECT_SUPPORTED) }'));
  for (const line of rest) both.wire.expect(line);
  return both;
}
const said = ({ west }: Both, what: string) => west.lines.filter((line) => line.includes(what)).length;
const sentOn = (both: Both) => said(both, `peer redirects us to ${NORTH}`);

describe('in mid-session', () => {
  test('the gateway says where to, the client that it has heard it; and is left after a minute', () => {
    const both = mobile();
    both.east.command({ t: 'redirect', to: NORTH });
    both.wire.expect('                              <-- INFORMATIONAL { N(REDIRECT) }');
    both.wire.expect('INFORMATIONAL { }             -->');
    both.wire.expectSilence();
    expect([sentOn(both), both.west.plane.size]).toEqual([1, 1]);
    // The host of this test goes nowhere.
    both.clock.advance(59_999);
    both.wire.expectSilence();
    both.clock.advance(1);
    both.wire.expect('                              <-- INFORMATIONAL { D }');
    both.wire.expect('INFORMATIONAL { }             -->');
    for (const host of [both.west, both.east]) expectNothing(host);
  });

  test('the same request once more is answered once more, and obeyed no more', () => {
    const both = mobile();
    both.east.command({ t: 'redirect', to: NORTH });
    const request = both.wire.expect('<-- INFORMATIONAL { N(REDIRECT) }');
    both.wire.lose('INFORMATIONAL { } -->');
    both.clock.advance(500);
    both.wire.expect('<-- INFORMATIONAL { N(REDIRECT) }');
    both.wire.expect('INFORMATIONAL { } -->');
    both.wire.deliver(request);
    both.clock.flush();
    expect(sentOn(both)).toBe(1);
  });

  test('a request of yesterday is nothing: its id is behind the window', () => {
    const both = mobile();
    both.east.command({ t: 'redirect', to: NORTH });
    const request = both.wire.expect('<-- INFORMATIONAL { N(REDIRECT) }');
    both.wire.expect('INFORMATIONAL { } -->');
    both.east.command({ t: 'redirect', to: NORTH });
    both.wire.expect('<-- INFORMATIONAL { N(REDIRECT) }');
    both.wire.expect('INFORMATIONAL { } -->');
    both.wire.deliver(request);
    both.clock.flush();
    both.wire.expectSilence();
    expect(sentOn(both)).toBe(2);
  });

  test('what has been changed on the way is nothing at all', () => {
    const both = mobile();
    both.east.command({ t: 'redirect', to: NORTH });
    const request = both.wire.lose('<-- INFORMATIONAL { N(REDIRECT) }');
    const bytes = Uint8Array.from(request.bytes);
    bytes[bytes.length - 1] ^= 1;
    both.wire.deliver({ ...request, bytes });
    both.clock.flush();
    both.wire.expectSilence();
    expect(sentOn(both)).toBe(0);
  });

  test.each<[string, readonly Payload[], string]>([
    [
      'with the nonce that belongs into IKE_SA_INIT alone',
      [notification(NOTIFY.REDIRECT, redirectData(NORTH, new Uint8Array(32)))],
      'REDIRECT from the peer ignored: the nonce is not ours',
    ],
    [
      'of a kind that there is not',
      [notification(NOTIFY.REDIRECT, Uint8Array.of(9, 1, 0))],
      'REDIRECT from the peer ignored: a gateway of kind 9',
    ],
    ['that is empty', [notification(NOTIFY.REDIRECT)], 'REDIRECT from the peer ignored: no gateway in it'],
  ])('%s: answered, and ignored', (_, payloads, text) => {
    const both = mobile();
    sendRequest(both.wire, both.east, EXCHANGE.INFORMATIONAL, payloads);
    both.wire.expect('<-- forged');
    both.wire.expect('INFORMATIONAL { } -->');
    expect([said(both, text), sentOn(both), both.west.plane.size]).toEqual([1, 0, 1]);
  });

  test('beside a Delete it is late: what is deleted is deleted', () => {
    const both = mobile();
    sendRequest(both.wire, both.east, EXCHANGE.INFORMATIONAL, [
      notification(NOTIFY.REDIRECT, redirectData(NORTH)),
      { type: 'D', critical: false, protocol: PROTOCOL.IKE, spiSize: 0, spis: [] },
    ]);
    both.wire.expect('<-- forged');
    expect(sentOn(both)).toBe(0);
    expectNothing(both.west);
  });

  test('who began is sent, through all rekeys; who answered is not', () => {
    const both = mobile({ east: { policy: { acceptRedirect: [] } } });
    both.east.command({ t: 'rekeyIke' });
    both.wire.release();
    both.clock.advance(5_000);
    expect([both.west.sa.role, both.west.sa.redirectable?.who]).toEqual(['responder', 'us']);
    sendRequest(both.wire, both.west, EXCHANGE.INFORMATIONAL, [notification(NOTIFY.REDIRECT, redirectData(NORTH))]);
    both.clock.advance(1_000);
    expect(both.east.lines.join('\n')).toContain('REDIRECT from the peer ignored: we have not offered to follow it');
    both.east.command({ t: 'redirect', to: NORTH });
    both.clock.advance(1_000);
    expect(sentOn(both)).toBe(1);
  });

  test('crossing with a rekey of the client: the successor has the gateway to leave', () => {
    const both = mobile();
    both.west.command({ t: 'rekeyIke' });
    const rekey = both.wire.hold('CREATE_CHILD_SA { SA, Ni, KE } -->');
    both.east.command({ t: 'redirect', to: NORTH });
    both.wire.expect('<-- INFORMATIONAL { N(REDIRECT) }');
    both.wire.deliver(rekey);
    both.wire.release();
    both.clock.advance(59_000);
    expect(sentOn(both)).toBe(1);
    expect(both.east.sas.size).toBe(1);
    both.clock.advance(2_000);
    for (const host of [both.west, both.east]) expectNothing(host);
  });
});

test('at the door: whoever can be sent is sent, and while busy nobody who has been sent here', () => {
  const first = (options: PairOptions) => {
    const both = pair(options);
    both.west.up();
    const { bytes } = both.wire.sent[0];
    const header = decodeHeader(bytes);
    if (!header.ok) throw new Error('no header');
    return (isForAll: boolean) => redirection(header.value, bytes, { gateway: NORTH, isForAll });
  };
  const able = first({ west: { policy: { acceptRedirect: [] } } });
  const answer = able(false)!;
  const decoded = decodeMessage(answer);
  expect(decoded.ok && notifies(decoded.value.payloads, NOTIFY.REDIRECT)).toHaveLength(1);
  expect(decoded.ok && decoded.value.header.spiR).toEqual(new Uint8Array(8));
  const unable = first({});
  expect([unable(false), unable(true)]).toEqual([undefined, undefined]);
});
