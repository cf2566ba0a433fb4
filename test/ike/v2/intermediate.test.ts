/** RFC 9242 and RFC 9370 §2.2: what goes on between IKE_SA_INIT and IKE_AUTH. */
import { describe, expect, test } from 'vitest';
import { expectAgreement, HANDSHAKE, pair } from './pair.ts';
import { proposals } from './policies.ts';

const HYBRID = proposals('ike', 'aes_gcm256-sha2_256-dh31-mlkem768');
const [, , AUTH, AUTH_ANSWER] = HANDSHAKE;

const REQUEST = 'IKE_SA_INIT { SA, KE, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED) } -->';
const RESPONSE = '<-- IKE_SA_INIT { SA, KE, Nr, N(INTERMEDIATE_EXCHANGE_SUPPORTED) }';

describe('additional key exchanges', () => {
  test('one, in fragments both ways', () => {
    const { west, east, wire } = pair({ policy: { ike: HYBRID } });
    west.up();
    wire.expect(REQUEST);
    wire.expect(RESPONSE);
    expect([west.sa.state, east.sa.state]).toEqual(['intermediateSent', 'intermediateAwaited']);
    wire.expect('IKE_INTERMEDIATE SKF(1/2) -->');
    wire.expect('IKE_INTERMEDIATE SKF(2/2) -->');
    expect(east.sa.state).toBe('initAnswered');
    wire.expect('<-- IKE_INTERMEDIATE { KE }');
    wire.expect(AUTH);
    wire.expect(AUTH_ANSWER);
    expectAgreement({ west, east });
    expect(west.plane.size).toBe(1);
    expect(west.lines.join('\n')).toContain('group=DH31+ML_KEM_768}');
  });
});
