/** Keys and certificates of neither host are at hand: whether what the two files say of them fits is told all the same. */
import { describe, expect, test } from 'vitest';
import { ECDSA_KEY, ED25519_KEY } from '../conf/public-keys.ts';
import { simulated } from './two-files.ts';

const ids = { leftid: '@west', rightid: '@east' };
const roadwarrior = { leftauth: 'eap-mschapv2', rightauth: 'rsasig', authby: undefined };

describe('comes up', () => {
  test.each([
    ['raw keys of any kind', { authby: 'eddsa' }, { authby: 'eddsa,ecdsa' }],
    ['the default', { authby: undefined }, { authby: undefined }],
    ['RSA', { authby: 'rsasig' }, { authby: 'rsa-sha2_384' }],
    [
      'certificates',
      { authby: 'ecdsa', leftcert: 'west', leftid: '%fromcert', rightid: '"C=CA, CN=east"', rightca: '%same' },
      { authby: 'ecdsa', rightcert: 'east', rightid: '%fromcert', leftid: '"C=CA, CN=*"', leftca: '"CN=ours"' },
    ],
    ['one way here, another there', { leftauth: 'ecdsa', rightauth: 'secret', authby: undefined }, 'same'],
    ['nobody', { authby: 'null', leftid: '%null', rightid: '%null' }, 'same'],
    ['EAP', roadwarrior, 'same'],
    ['EAP, whatever the server has', roadwarrior, { ...roadwarrior, leftauth: 'eap-radius' }],
    [
      'two proofs',
      { ...roadwarrior, leftauth: 'ecdsa', leftauth2: 'eap-mschapv2', leftid2: 'paul@example.net' },
      'same',
    ],
    ['post-quantum secrets', { ppk: 'insist', 'ppk-ids': 'a' }, { ppk: 'yes' }],
    ['public keys that both know', { authby: 'eddsa', leftpubkey: ED25519_KEY }, 'same'],
  ] as const)('%s', (_, a, b) => {
    const files = { a: { ...ids, ...a }, b: { ...ids, ...(b === 'same' ? a : b) } };
    const { run, why, report } = simulated({ ...files, secretsA: null, secretsB: null });
    expect([why, run.outcome]).toEqual([[], 'up']);
    expect(report.notes).toEqual([]);
  });
});

describe('does not, and says what fits not', () => {
  test.each([
    [{ authby: 'rsasig' }, { authby: 'secret' }, 'auth: A proposes rsasig, B wants secret'],
    [{ authby: 'ecdsa-sha2_256' }, { authby: 'eddsa' }, 'auth: A proposes ecdsa-sha2_256, B wants eddsa'],
    [roadwarrior, { ...roadwarrior, leftauth: 'eap-tls' }, 'auth: A proposes eap-mschapv2, B wants eap-tls'],
    [
      { authby: 'ecdsa', leftca: '"CN=ours"' },
      { authby: 'ecdsa', leftca: '"CN=theirs"' },
      "auth: B wants a certificate from 'CN=theirs', that of A is from 'CN=ours'",
    ],
    [
      { authby: 'ecdsa,eddsa', leftpubkey: ECDSA_KEY },
      { authby: 'ecdsa,eddsa', leftpubkey: ED25519_KEY },
      /^auth: the public key of A has CKAID [0-9a-f]{40}, B expects [0-9a-f]{40}$/,
    ],
    [{ ...roadwarrior, leftauth2: 'secret' }, roadwarrior, 'auth: A proves itself 2 times, B wants it once (auth2=)'],
    [{ ppk: 'insist' }, { ppk: 'no' }, 'ppk: A insists on a post-quantum secret (ppk=insist), B has ppk=no'],
    [
      { ppk: 'insist', 'ppk-ids': 'a' },
      { ppk: 'insist', 'ppk-ids': 'b' },
      "ppk: B has no post-quantum secret with the id 'a' (ppk-ids=b)",
    ],
  ] as const)('%j %j', (a, b, text) => {
    const files = { a: { ...ids, ...a }, b: { ...ids, ...b } };
    const { run, why } = simulated({ ...files, secretsA: null, secretsB: null });
    expect(run.outcome).toBe('failed');
    expect(why[0]).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });
});
