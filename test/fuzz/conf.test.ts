/** Sound files and words, wounded: conns, secrets and proposals, or problems in words; never a throw. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { hasErrors } from '../../src/conf/problem.ts';
import { loadSecrets } from '../../src/conf/secrets.ts';
import { formatProposal, parseProposals } from '../../src/ike/crypto/proposal.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { rounds } from './fuzz.ts';
import { mutatedText } from './mutate.ts';

const sample = (name: string) => readFileSync(new URL(`../../config/${name}`, here()), 'utf8');

/** The tests run from dist as well, where config/ is one folder further up. */
function here(): string {
  return import.meta.url.replace('/dist/test/', '/test/');
}

const confs = [
  sample('ipsec.conf'),
  sample('demo/west.conf'),
  'config setup\n\tuniqueids=no\n\tplutodebug="base, tmi"\n\tlisten=192.0.2.1\n\nconn %default\n\tauthby=secret\n\nconn a\n' +
    '\talso=b\n\tleft=192.0.2.1\n\tleftid=@west\n\tleftsubnets={10.0.0.0/24, 10.0.1.0/24}\n\tright=%any\n\tauto=add\n\n' +
    'conn b\n\tike=aes256-sha2;dh19\n\tesp=aes_gcm256-null,aes128-sha1\n\trekeymargin=9m # well\n\tikelifetime=8h\n' +
    '\tphase2=esp\n\tpfs=yes\n\trightprotoport=17/53\ninclude /x\n',
];

test('ipsec.conf', () => {
  rounds(1_500, (dice) => {
    const [main, included] = [mutatedText(dice, dice.pick(confs), confs), mutatedText(dice, dice.pick(confs), confs)];
    const { conns, problems } = loadConfig('/a', memoryFiles({ '/a': main, '/x': included }));
    if (hasErrors(problems)) expect(conns).toEqual([]);
    for (const { text } of problems) expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  });
});

const SECRET = 'Sw0rdf1shSw0rdf1sh';
const secrets = [
  sample('ipsec.secrets'),
  `@west @east : PSK "${SECRET}"\n192.0.2.1 %any : PSK 0x${Buffer.from(SECRET).toString('hex')}\n: PSK 0s${btoa(SECRET)}\n` +
    `: RSA {\n\tModulus: 0x1234\n\t}\n2001:db8::1 west@example.org: PSK '${SECRET}'\ninclude /x*\n`,
];

test('ipsec.secrets, of whose values no problem tells a word', () => {
  rounds(3_000, (dice) => {
    const files = { '/a': mutatedText(dice, dice.pick(secrets), secrets), '/x1': mutatedText(dice, secrets[1]) };
    const loaded = loadSecrets('/a', memoryFiles(files));
    expect(JSON.stringify(loaded.problems)).not.toContain(SECRET);
    expect(JSON.stringify(loaded.secrets)).not.toContain(SECRET);
    loaded.secrets.wipe();
  });
});

const proposals = [
  'aes256-sha2_512+sha1-prfsha1;modp2048+dh19',
  'aes_gcm_16_256-null-dh31,chacha20_poly1305,3des-md5',
  'AES_CBC_128-HMAC_SHA2_256_128-MODP3072',
  'null-sha1',
  '',
];

test('ike= and esp=: proposals that read the same when they are written, or a refusal', () => {
  rounds(5_000, (dice) => {
    const protocol = dice.pick(['ike', 'esp', 'ah'] as const);
    const version = dice.pick([1, 2] as const);
    const text = mutatedText(dice, dice.pick(proposals), proposals);
    const parsed = parseProposals(text, { protocol, version, pfs: dice.next() < 0.5, fips: dice.next() < 0.2 });
    if (parsed.ok) for (const proposal of parsed.proposals) expect(formatProposal(proposal)).not.toBe('');
    else expect(parsed.error).not.toBe('');
  });
});

test('large files without an end to any word, list or line', () => {
  const huge = 300_000;
  const texts = [
    'a',
    ' ',
    '\t',
    '"',
    '{',
    '}',
    '=',
    ':',
    ',',
    '#',
    '\n',
    '\\',
    '%',
    'a ',
    '{ ',
    'conn ',
    'a=b ',
    '\u2028',
  ];
  for (const text of texts) {
    const much = text.repeat(huge / text.length);
    for (const start of [
      '',
      'conn ',
      'conn a\n\tleft=',
      'conn a\n\tike=',
      'conn a\n\tleftsubnets="',
      'include ',
      'conn   \u2028',
    ]) {
      const config = loadConfig('/a', memoryFiles({ '/a': start + much }));
      expect(hasErrors(config.problems) || config.conns.length <= 1).toBe(true);
    }
    for (const start of ['', ': PSK ', ': PSK "', '@a ', ': RSA {']) {
      const loaded = loadSecrets('/a', memoryFiles({ '/a': start + much }));
      expect(loaded.problems.length).toBeGreaterThanOrEqual(0);
    }
  }
});
