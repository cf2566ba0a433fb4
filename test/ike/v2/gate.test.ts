/** The door: what a header alone decides. RFC 7296 §2.5, §2.6. */
import { expect, test } from 'vitest';
import { admit } from '../../../src/ike/v2/gate.ts';
import {
  decodeHeader,
  decodeMessage,
  EXCHANGE,
  encodeMessage,
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
