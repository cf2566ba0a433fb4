/** What is no message makes no arrow, and what is sent again makes no second one. */
import { expect, test } from 'vitest';
import { encodeMessage as encodeV1, NOTIFY, EXCHANGE as V1_EXCHANGE } from '../../src/ike/v1/wire/index.ts';
import { Wiretap } from '../../src/sim/wiretap.ts';

const COOKIES = { cookieI: new Uint8Array(8).fill(1), cookieR: new Uint8Array(8).fill(2) };
const NONE = new Uint8Array();

const informational = (notify: number) =>
  encodeV1({ ...COOKIES, exchange: V1_EXCHANGE.INFORMATIONAL, isEncrypted: false, messageId: 7 }, [
    { type: 'N', doi: 1, protocol: 1, notify, spi: NONE, data: NONE },
  ]);

const fragment = (number: number, flags: number, data: Uint8Array, id = 1) =>
  encodeV1({ ...COOKIES, exchange: V1_EXCHANGE.INFORMATIONAL, isEncrypted: false, messageId: 7 }, [
    { type: 'FRAGMENT', id, number, flags, data },
  ]);

test.each([
  ['nothing', NONE],
  ['a keepalive', Uint8Array.of(0xff)],
  ['a header cut short', informational(NOTIFY.INVALID_SPI).slice(0, 20)],
  ['zeros', new Uint8Array(64)],
  ['another version', informational(NOTIFY.INVALID_SPI).map((octet, i) => (i === 17 ? 0x30 : octet))],
  ['a wrong length', Uint8Array.of(...informational(NOTIFY.INVALID_SPI), 0)],
])('%s is no message', (_, bytes) => {
  const wiretap = new Wiretap();
  wiretap.hear(0, 'A', bytes, true);
  expect(wiretap.messages).toEqual([]);
});

test('is counted when it is sent again, and apart for each end', () => {
  const wiretap = new Wiretap();
  for (const from of ['A', 'A', 'B', 'A'] as const) wiretap.hear(0, from, informational(NOTIFY.INVALID_SPI), true);
  expect(wiretap.messages.map(({ from, repeated }) => `${from} ${repeated}`)).toEqual(['A 2', 'B 0']);
  expect(wiretap.messages.map(({ said }) => said.isResponse)).toEqual([false, true]);
});

test('what is encrypted before there are keys is there, and not readable', () => {
  const wiretap = new Wiretap();
  const bytes = informational(NOTIFY.INVALID_SPI);
  bytes[19] = 1;
  wiretap.hear(0, 'A', bytes, true);
  expect(wiretap.messages[0].said).toMatchObject({ exchange: 'Informational', payloads: undefined });
});

test('fragments in any order are one message, and the next with the same number another', () => {
  const wiretap = new Wiretap();
  const [one, other] = [informational(NOTIFY.INVALID_SPI), informational(NOTIFY.INVALID_COOKIE)];
  wiretap.hear(0, 'A', fragment(2, 1, one.slice(30)), true);
  expect(wiretap.messages[0].said.payloads).toBeUndefined();
  wiretap.hear(1, 'A', fragment(1, 0, one.slice(0, 30)), true);
  wiretap.hear(2, 'A', fragment(1, 0, other.slice(0, 25)), true);
  wiretap.hear(3, 'A', fragment(2, 1, other.slice(25)), true);
  expect(wiretap.messages.map(({ said, fragments }) => `${said.payloads} ${fragments}`)).toEqual([
    'N(INVALID_SPI) 2',
    'N(INVALID_COOKIE) 2',
  ]);
});
