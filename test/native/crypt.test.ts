/** crypt(3) and PAM as the addon calls them. */
import { describe, expect, test } from 'vitest';
import { checkCrypt, checkPam } from '../../src/native/index.ts';

const octets = (text: string) => Uint8Array.from(Buffer.from(text));

/** By `openssl passwd`; those of yescrypt and bcrypt by Perl's crypt. */
const HASHES = [
  '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5',
  '$1$saltsalt$le8lFSqqnPaRFOlmAZpvH1',
  '$y$j9T$saltsaltsaltsalt$eTIrj/cssnFakfR1liCl5NGjVfSUn6ROSudBWhfAts3',
  '$2b$05$abcdefghijklmnopqrstuu7nFISH/8YdwlXD3lw69A4iBUf6fvWAW',
];
const PASSWORD = 'Hello world!';

describe('crypt(3)', () => {
  test.each(HASHES)('%s', async (hash) => {
    expect(await checkCrypt(octets(PASSWORD), hash)).toBeUndefined();
    expect(await checkCrypt(octets(`${PASSWORD} `), hash)).toBe('wrong password');
    expect(await checkCrypt(octets(''), hash)).toBe('wrong password');
  });

  test('a hash of no kind, a locked account, and nothing at all match nothing', async () => {
    for (const hash of ['*', '!', 'x', '', '*0', '$9$what$ever', '$apr1$aaaaaaaa$aaaaaaaaaaaaaaaaaaaaaa'])
      expect(await checkCrypt(octets('x'), hash), hash).toMatch(/wrong password|does not know/);
  });

  test('many at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, i) => checkCrypt(octets(i % 2 === 0 ? PASSWORD : 'no'), HASHES[0])),
    );
    expect(all.filter((why) => why === undefined)).toHaveLength(20);
  });
});

test('PAM refuses whom it does not know, or says that it is not there', async () => {
  expect(await checkPam('pluto', 'nobody-of-this-name', octets('x'), '192.0.2.1')).toEqual(expect.any(String));
});
