import { describe, expect, test } from 'vitest';
import { connDifferences, setupDifferences } from '../../src/conf/difference.ts';
import { KEYWORDS } from '../../src/conf/keywords.ts';
import { SETUP_KEYWORDS } from '../../src/conf/keywords-setup.ts';
import { DEFAULT_SETUP, loadConfig } from '../../src/conf/load.ts';
import { memoryFiles } from './memory-files.ts';
import { RSA_KEY } from './public-keys.ts';

const BASE = {
  left: '192.0.2.1',
  right: '192.0.2.2',
  authby: 'secret',
  leftid: '@west',
  rightsubnet: '10.0.0.0/8',
  leftsubnet: '10.1.0.0/16',
  leftsourceip: '10.1.1.1',
  ike: 'aes256-sha2_256-dh31',
};

function connOf(changes: Readonly<Record<string, string>> = {}, setup = '') {
  const lines = Object.entries({ ...BASE, ...changes }).map(([keyword, value]) => `  ${keyword}="${value}"\n`);
  const text = `${setup}conn x\n${lines.join('')}`;
  const { conns, problems } = loadConfig('/c', memoryFiles({ '/c': text }));
  if (conns.length !== 1) throw new Error(problems.map((p) => p.text).join('; '));
  return conns[0];
}

describe('connDifferences', () => {
  test.each([
    [{ rightsubnet: '10.0.0.0/8,11.0.0.0/8' }, ['rightsubnet']],
    [{ rightsubnet: '10.0.0.0/9' }, ['rightsubnet']],
    [{ leftid: '@east' }, ['leftid']],
    [{ leftid: '%any' }, ['leftid']],
    [{ right: '192.0.2.3' }, ['right']],
    [{ right: '%any' }, ['right']],
    [{ ike: 'aes256-sha2_256-dh19' }, ['ike']],
    [{ esp: 'aes128-sha2_256' }, ['esp']],
    [{ auto: 'start', rekeymargin: '1m' }, ['auto', 'rekeymargin']],
    [{ 'ipsec-lifetime': '1h' }, ['ipsec-lifetime']],
    [{ dpddelay: '10s' }, ['dpddelay']],
    [{ leftsourceip: '10.1.1.2' }, ['leftsourceip']],
    [{ connalias: 'y' }, ['connalias']],
    [{ type: 'transport', rightsubnet: '192.0.2.2/32' }, ['type', 'rightsubnet']],
    [{ rightcert: 'east' }, ['rightcert']],
    [{ keyexchange: 'ikev1' }, ['keyexchange', 'ikelifetime', 'esp', 'esn']],
    [{ leftrsasigkey: RSA_KEY }, ['leftpubkey']],
    [{ rightckaid: 'ab'.repeat(20), rightca: 'CN=ours' }, ['rightca', 'rightckaid']],
    [
      { 'require-id-on-certificate': 'no', ppk: 'yes', 'ppk-ids': 'a' },
      ['ppk', 'ppk-ids', 'require-id-on-certificate'],
    ],
  ] as const)('names the keywords that say something else: %j', (changes, keywords) => {
    const [one, other] = [connOf(), connOf(changes)];
    expect([...connDifferences(one, other)].sort()).toEqual([...keywords].sort());
    expect([...connDifferences(other, one)].sort()).toEqual([...keywords].sort());
  });

  test.each([
    [{ ike: 'aes_cbc_256-hmac_sha2_256-curve25519' }],
    [{ rightsubnet: '10.0.0.0/8', rekeymargin: '9m' }],
    [{ leftrsasigkey: '%cert', leftsendcert: 'always', leftca: '%any' }],
    [{ ikelifetime: '480m', fragmentation: 'yes', auto: 'ignore' }],
  ])('the same in other words is no difference: %j', (changes) => {
    expect(connDifferences(connOf(), connOf(changes, '\n# moved down\n'))).toEqual([]);
  });

  test('every field of a conn is named by a keyword', () => {
    const known = new Set(
      KEYWORDS.filter((k) => k.section === 'conn').flatMap(({ name, sided, aliases = [] }) =>
        [name, ...aliases].flatMap((n) => (sided ? [`left${n}`, `right${n}`] : [n])),
      ),
    );
    const one = connOf();
    const nothing = (of: object) => Object.fromEntries(Object.keys(of).map((key) => [key, NEVER]));
    const end = { ...nothing(one.left), keys: nothing(one.left.keys) };
    const other = { ...nothing(one), left: end, right: end, later: undefined };
    const names = connDifferences(one, other as never);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(40);
  });
});

/** Equal to nothing. */
const NEVER = Symbol('never');

describe('setupDifferences', () => {
  const setupOf = (text: string) => loadConfig('/c', memoryFiles({ '/c': `config setup\n${text}` })).setup;

  test('names what differs from the setup in force', () => {
    expect(setupDifferences(DEFAULT_SETUP, setupOf(''))).toEqual([]);
    expect(
      [...setupDifferences(DEFAULT_SETUP, setupOf('  nhelpers=2\n  myvendorid=x\n  shuntlifetime=1m\n'))].sort(),
    ).toEqual(['myvendorid', 'nhelpers', 'shuntlifetime']);
    expect(
      setupDifferences(setupOf('  virtual-private=%v4:10.0.0.0/8\n'), setupOf('  virtual-private=%v4:10.0.0.0/8\n')),
    ).toEqual([]);
    expect(
      setupDifferences(setupOf('  virtual-private=%v4:10.0.0.0/8\n'), setupOf('  virtual-private=%v4:!10.0.0.0/8\n')),
    ).toEqual(['virtual-private']);
  });

  test('every field is named by a keyword', () => {
    const known = new Set(SETUP_KEYWORDS.map(({ name }) => name));
    const other = Object.fromEntries(Object.keys(DEFAULT_SETUP).map((key) => [key, NEVER]));
    const names = setupDifferences(DEFAULT_SETUP, { ...other, later: undefined } as never);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });
});
