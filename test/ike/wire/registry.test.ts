import { describe, expect, test } from 'vitest';
import * as wire from '../../../src/ike/wire/index.ts';

const TABLES = Object.entries<unknown>(wire).filter(
  (entry): entry is [string, Record<string, number>] =>
    typeof entry[1] === 'object' && !(entry[1] instanceof Map) && entry[0] !== 'NONCE_OCTETS',
);

describe('every registry', () => {
  test.each(TABLES)('%s gives each name a number of its own', (_name, table) => {
    const numbers = Object.values(table);
    expect(numbers.length).toBeGreaterThan(0);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(Number.isInteger(number) && number >= 0 && number <= 0xffff).toBe(true);
  });
});

test('numbers of the newer RFCs', () => {
  expect(wire.EXCHANGE).toMatchObject({ IKE_SESSION_RESUME: 38, IKE_INTERMEDIATE: 43, IKE_FOLLOWUP_KE: 44 });
  expect(wire.NOTIFY).toMatchObject({
    STATE_NOT_FOUND: 47,
    MOBIKE_SUPPORTED: 16396,
    REDIRECT: 16407,
    TICKET_OPAQUE: 16413,
    IPSEC_REPLAY_COUNTER_SYNC: 16423,
    IKEV2_FRAGMENTATION_SUPPORTED: 16430,
    USE_PPK: 16435,
    INTERMEDIATE_EXCHANGE_SUPPORTED: 16438,
    ADDITIONAL_KEY_EXCHANGE: 16441,
    SUPPORTED_AUTH_METHODS: 16443,
  });
  expect(wire.TRANSFORM).toMatchObject({ ENCR: 1, PRF: 2, INTEG: 3, DH: 4, ESN: 5, ADDKE1: 6, ADDKE7: 12 });
  expect(wire.KE_ID).toMatchObject({ MODP2048: 14, ECP_256: 19, CURVE25519: 31, ML_KEM_768: 36 });
});

test('names, and numbers that have none', () => {
  expect(wire.nameOf(wire.NOTIFY_NAMES, 14)).toBe('NO_PROPOSAL_CHOSEN');
  expect(wire.nameOf(wire.NOTIFY_NAMES, 50000)).toBe('50000');
  expect(wire.transformName(1, 20)).toBe('ENCR_AES_GCM_16');
  expect(wire.transformName(4, 31)).toBe('DH=CURVE25519');
  expect(wire.transformName(6, 36)).toBe('ADDKE1=ML_KEM_768');
  expect(wire.transformName(3, 0)).toBe('INTEG=NONE');
  expect(wire.transformName(200, 7)).toBe('200=7');
});
