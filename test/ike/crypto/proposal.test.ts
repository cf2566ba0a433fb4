import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultProposals, formatProposal, type Proposal, parseProposals } from '../../../src/ike/crypto/proposal.ts';
import { fixture } from './fixtures.ts';

interface Row {
  readonly ikev: 1 | 2;
  readonly pfs: boolean;
  readonly fips: boolean;
  readonly proto: 'ike' | 'esp' | 'ah';
  readonly input: string | null;
  readonly ok: boolean;
  readonly canonical: string[];
  readonly error: string | null;
  readonly notes: string[];
}

/** All that libreswan 5.2 was asked: no row is left out. */
const ROWS = fixture<Row[]>('proposals');

const title = (r: Row) =>
  `IKEv${r.ikev}${r.pfs ? ' pfs' : ''}${r.fips ? ' fips' : ''} ${r.proto}=${r.input ?? '(default)'}`;

describe('every proposal is read, or refused in the same words, as libreswan 5.2 does', () => {
  test.each(ROWS.map((row) => [title(row), row] as const))('%s', (_, row) => {
    const { proto: protocol, ikev: version, pfs, fips } = row;
    const parsed = parseProposals(row.input ?? undefined, { protocol, version, pfs, fips });
    expect(parsed.ok ? { canonical: parsed.proposals.map(formatProposal), notes: parsed.notes } : parsed.error).toEqual(
      row.ok ? { canonical: row.canonical, notes: row.notes } : row.error,
    );
  });
});

const ike = (text: string) => {
  const parsed = parseProposals(text, { protocol: 'ike', version: 2 });
  return parsed.ok ? parsed.proposals.map(formatProposal).join(' ') : parsed.error;
};

describe('beyond libreswan', () => {
  test.each([
    ['aes256-sha1;modp1024', 'AES_CBC_256-HMAC_SHA1-MODP1024'],
    ['aes256-sha1;dh2', 'AES_CBC_256-HMAC_SHA1-MODP1024'],
    ['aes256-sha2;dh22+dh23+dh24', 'AES_CBC_256-HMAC_SHA2_256-DH22+DH23+DH24'],
    ['aes256-sha2;ecp_256bp+dh29+dh30', 'AES_CBC_256-HMAC_SHA2_256-DH28+DH29+DH30'],
    ['aes256-sha2;curve448', 'AES_CBC_256-HMAC_SHA2_256-DH32'],
    ['aes-128+aes-256+aes_192-sha2-dh31', 'AES_CBC_128+AES_CBC_256+AES_CBC_192-HMAC_SHA2_256-DH31'],
    ['aes_ccm_8_192-aes_cmac;curve25519', 'AES_CCM_8_192-AES_CMAC-DH31'],
    ['aes128-aes_xcbc;dh19', 'AES_CBC_128-AES_XCBC-DH19'],
    ['camelliactr256-sha512;dh21', 'CAMELLIA_CTR_256-HMAC_SHA2_512-DH21'],
    ['chacha20_poly1305-sha512-dh31', 'CHACHA20_POLY1305-HMAC_SHA2_512-DH31'],
    ['AES_GCM_16_256-HMAC_SHA2_512-DH31', 'AES_GCM_16_256-HMAC_SHA2_512-DH31'],
  ])('ike=%s names %s', (text, canonical) => {
    expect(ike(text)).toBe(canonical);
  });

  test.each([
    ['aes256-sha2_256-x25519-mlkem768', 'AES_CBC_256-HMAC_SHA2_256-DH31-ML_KEM_768'],
    ['aes256-sha2_256;dh31;ml_kem_768', 'AES_CBC_256-HMAC_SHA2_256-DH31-ML_KEM_768'],
    ['aes256-sha256-x25519-ke1_mlkem768', 'AES_CBC_256-HMAC_SHA2_256-DH31-ML_KEM_768'],
    ['aes256-sha256-x25519-ke1_mlkem768-ke1_mlkem512', 'AES_CBC_256-HMAC_SHA2_256-DH31-ML_KEM_768+ML_KEM_512'],
    ['aes256-sha2;dh31;addke1=ml_kem_768+none', 'AES_CBC_256-HMAC_SHA2_256-DH31-ML_KEM_768+NONE'],
    ['aes256-sha2-dh31-mlkem768-mlkem1024', 'AES_CBC_256-HMAC_SHA2_256-DH31-ML_KEM_768-ML_KEM_1024'],
    [
      'aes256-sha2;dh31;addke2=mlkem768;addke5=mlkem512+none',
      'AES_CBC_256-HMAC_SHA2_256-DH31-ADDKE2=ML_KEM_768-ADDKE5=ML_KEM_512+NONE',
    ],
    [
      'aes;dh20;addke1=modp8192;addke2=ml_kem_768',
      'AES_CBC-HMAC_SHA2_512+HMAC_SHA2_256-DH20-ADDKE1=MODP8192-ADDKE2=ML_KEM_768',
    ],
    ['aes256-sha2-mlkem512', 'AES_CBC_256-HMAC_SHA2_256-ML_KEM_512'],
  ])('ike=%s adds key exchanges as RFC 9370 has them: %s', (text, canonical) => {
    expect(ike(text)).toBe(canonical);
    expect(ike(canonical), 'and is read again').toBe(canonical);
  });

  test('additional exchanges complete a proposal that names no group', () => {
    expect(ike('aes_gcm256-sha2_512;addke1=mlkem768')).toMatch(/\+MODP8192-ML_KEM_768$/);
    expect(ike('aes_gcm256-ke1_mlkem768')).toMatch(/^AES_GCM_16_256-HMAC_SHA2_512\+HMAC_SHA2_256-DH19.*-ML_KEM_768$/);
  });

  test('esp= takes them with and without a group; without PFS they are dropped with a note', () => {
    const esp = (text: string, pfs = true) => {
      const parsed = parseProposals(text, { protocol: 'esp', version: 2, pfs });
      return parsed.ok ? [...parsed.proposals.map(formatProposal), ...parsed.notes] : [parsed.error];
    };
    expect(esp('aes_gcm256;dh31;mlkem768')).toEqual(['AES_GCM_16_256-NONE-DH31-ML_KEM_768']);
    expect(esp('aes_gcm256-ke1_mlkem768')).toEqual(['AES_GCM_16_256-NONE-ADDKE1=ML_KEM_768']);
    expect(esp('aes256-sha2_256-dh31-mlkem1024')).toEqual(['AES_CBC_256-HMAC_SHA2_256_128-DH31-ML_KEM_1024']);
    expect(esp('aes_gcm256;dh31;mlkem768', false)).toEqual([
      'AES_GCM_16_256-NONE',
      'ignoring ESP DH algorithm DH31 as PFS policy is disabled',
      'ignoring additional key exchanges of ESP as PFS policy is disabled',
    ]);
  });

  test('a KEM in the first message: too large is refused, perhaps too large is remarked', () => {
    expect(ike('aes256-sha2-mlkem1024')).toMatch(/^IKE DH algorithm ML_KEM_1024 is too large for IKE_SA_INIT/);
    expect(parseProposals('aes256-sha2-mlkem768', { protocol: 'ike', version: 2 })).toMatchObject({
      ok: true,
      notes: ['IKE_SA_INIT with ML_KEM_768 is larger than 1280 octets and cannot be fragmented'],
    });
  });

  test.each([
    [
      'aes-sha2-dh31-mlkem768-mlkem768',
      'IKE additional key exchanges must not be the same, and there is nothing else to choose',
    ],
    ['aes-sha2-dh31-ke8_mlkem768', "IKE proposal contains unexpected 'ke8_mlkem768'"],
    ['aes-sha2-dh31-modp2048', "IKE proposal contains unexpected 'modp2048'"],
    ['aes-sha2-dh31-ke1_', 'IKE additional key exchange is empty'],
    ['aes-sha2-dh31-ke1_mlkem2048', "IKE additional key exchange 'mlkem2048' is not recognized"],
    [
      'aes-sha2-dh31-mlkem768-mlkem1024-mlkem512;addke7=dh19;addke7=dh20-mlkem512',
      'IKE proposal has more than 7 additional key exchanges',
    ],
  ])('ike=%s is refused', (text, error) => {
    expect(ike(text)).toBe(error);
  });

  test('IKEv1 has none', () => {
    const parsed = parseProposals('aes-sha1-modp2048-mlkem768', { protocol: 'ike', version: 1 });
    expect(parsed).toEqual({ ok: false, error: "IKE proposal contains unexpected 'mlkem768'" });
    const first = parseProposals('aes-sha1-mlkem768', { protocol: 'ike', version: 1 });
    expect(first).toEqual({ ok: false, error: "IKE DH algorithm 'mlkem768' is not supported by IKEv1" });
  });

  test('1024-bit groups stay out of esp=, as libreswan has it', () => {
    expect(parseProposals('aes-sha1;dh2', { protocol: 'esp', version: 2 })).toEqual({
      ok: false,
      error: "ESP DH algorithm 'dh2' is not supported",
    });
  });

  test.each([
    ['null-sha1', "IKE encryption algorithm 'null' is not supported"],
    ['aes-sha2;none', "IKE DH algorithm 'NONE' not permitted"],
    ['aes_gcm-sha1_96-sha2', "AEAD IKE encryption algorithm AES_GCM_16 must have 'NONE' as the integrity algorithm"],
    ['aes-none-sha2', "non-AEAD IKE encryption algorithm AES_CBC cannot have 'NONE' as the integrity algorithm"],
    ['aes-12x-sha1', "IKE encryption algorithm 'aes-12x' key length contains a non-numeric character"],
  ])('ike=%s is refused', (text, error) => {
    expect(ike(text)).toBe(error);
  });
});

test('weak algorithms are in no default of IKEv2', () => {
  for (const protocol of ['ike', 'esp', 'ah'] as const) {
    const rows = defaultProposals(protocol, 2).flatMap((p) => [
      ...p.encr.map((e) => e.alg),
      ...p.prf,
      ...p.integ,
      ...p.dh,
    ]);
    expect(rows.filter((row) => row.weak)).toEqual([]);
  }
});

test('the IKEv2 default', () => {
  const groups = 'DH19+DH20+DH21+DH31+MODP4096+MODP3072+MODP2048+MODP8192';
  expect(defaultProposals('ike', 2).map(formatProposal)).toEqual([
    `AES_GCM_16_256-HMAC_SHA2_512+HMAC_SHA2_256-${groups}`,
    `AES_GCM_16_128-HMAC_SHA2_512+HMAC_SHA2_256-${groups}`,
    `CHACHA20_POLY1305-HMAC_SHA2_512+HMAC_SHA2_256-${groups}`,
    `AES_CBC_256-HMAC_SHA2_512+HMAC_SHA2_256-${groups}`,
    `AES_CBC_128-HMAC_SHA2_512+HMAC_SHA2_256-${groups}`,
  ]);
  expect(defaultProposals('ike', 1)).toHaveLength(24);
});

test('AEADs have no integrity algorithm, other ciphers of IKE always one', () => {
  const parsed = parseProposals('aes_gcm,aes', { protocol: 'ike', version: 2 });
  const integ = (p: Proposal) => p.integ.map((row) => row.name);
  expect(parsed.ok && parsed.proposals.map(integ)).toEqual([[], ['HMAC_SHA2_512_256', 'HMAC_SHA2_256_128']]);
});

test('what is printed reads back as the same', () => {
  for (const protocol of ['ike', 'esp', 'ah'] as const) {
    const text = defaultProposals(protocol, 2).map(formatProposal).join(',');
    const parsed = parseProposals(text, { protocol, version: 2 });
    expect(parsed.ok && parsed.proposals).toEqual(defaultProposals(protocol, 2));
  }
});

test('any text is proposals or an error', () => {
  const word = fc.constantFrom(
    'aes',
    'aes_gcm',
    '256',
    'sha2',
    'none',
    'dh19',
    '3des',
    '+',
    '-',
    ';',
    ',',
    '_',
    'x',
    '',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 12 }).map((words) => words.join('')),
  );
  const context = fc.record({
    protocol: fc.constantFrom('ike', 'esp', 'ah'),
    version: fc.constantFrom(1, 2),
    pfs: fc.boolean(),
    fips: fc.boolean(),
  });
  fc.assert(
    fc.property(text, context, (text, context) => {
      const parsed = parseProposals(text, context);
      if (!parsed.ok) return parsed.error.length > 0;
      const again = parseProposals(parsed.proposals.map(formatProposal).join(','), { ...context, pfs: true });
      return parsed.proposals.length > 0 && again.ok;
    }),
    { numRuns: 2000 },
  );
});
