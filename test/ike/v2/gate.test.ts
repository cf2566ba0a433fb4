/** The door: what a header alone decides. RFC 7296 §2.5, §2.6. */
import { expect, test } from 'vitest';
import { admit, redirection } from '../../../src/ike/v2/gate.ts';
import { notification } from '../../../src/ike/v2/turn.ts';
import {
  decodeHeader,
  decodeMessage,
  EXCHANGE,
  encodeMessage,
  NOTIFY,
  describe as textOf,
} from '../../../src/ike/wire/index.ts';

function knock(change = {}) {
  const fields = { spiI: new Uint8Array(8).fill(7), spiR: new Uint8Array(8), exchange: EXCHANGE.IKE_SA_INIT };
  const header = decodeHeader(
    encodeMessage({ ...fields, isInitiator: true, isResponse: false, messageId: 0, ...change }, []),
  );
  if (!header.ok) throw new Error(header.fault.why);
  return admit(header.value);
}

test('a first message gets in, unread', () => {
  expect(knock()).toEqual({ t: 'admit' });
});

test('what is no first message is dropped', () => {
  expect(knock({ messageId: 1 }).t).toBe('drop');
  expect(knock({ isResponse: true }).t).toBe('drop');
  expect(knock({ isInitiator: false }).t).toBe('drop');
});

test('a version from the future is told which one we speak', () => {
  const admission = knock({ major: 3 });
  if (admission.t !== 'answer') throw new Error(admission.t);
  const decoded = decodeMessage(admission.bytes);
  expect(decoded.ok && textOf(decoded.value.header, decoded.value.payloads)).toBe(
    'IKE_SA_INIT { N(INVALID_MAJOR_VERSION) }',
  );
});

test('whoever can be sent elsewhere is, unless the answer is longer than what came in its name', () => {
  const fields = { spiI: new Uint8Array(8).fill(7), spiR: new Uint8Array(8), exchange: EXCHANGE.IKE_SA_INIT };
  const answered = (gateway: string, octets: number) => {
    const bytes = encodeMessage({ ...fields, isInitiator: true, isResponse: false, messageId: 0 }, [
      notification(NOTIFY.REDIRECT_SUPPORTED),
      { type: 'Nonce', data: new Uint8Array(32) },
      { type: 'V', data: new Uint8Array(octets) },
    ]);
    const header = decodeHeader(bytes);
    if (!header.ok) throw new Error(header.fault.why);
    const answer = redirection(header.value, bytes, { gateway, isForAll: true });
    if (answer) expect(answer.length).toBeLessThanOrEqual(bytes.length);
    return answer !== undefined;
  };
  expect(answered('192.0.2.1', 100)).toBe(true);
  expect([answered('a.example', 3), answered('a.example', 2)]).toEqual([true, false]);
  expect([answered('a'.repeat(60), 100), answered('a'.repeat(200), 100)]).toEqual([true, false]);
});
