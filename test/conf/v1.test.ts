/** What `keyexchange=ikev1` makes of a conn. */
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { formatProposal } from '../../src/ike/crypto/proposal.ts';
import { memoryFiles } from './memory-files.ts';

const text = (...lines: string[]) =>
  ['conn w', 'left=192.0.2.1', 'right=192.0.2.2', 'authby=secret', 'keyexchange=ikev1', ...lines].join('\n\t');

function load(...lines: string[]) {
  const { conns, problems } = loadConfig('/c', memoryFiles({ '/c': `${text(...lines)}\n` }));
  return { conn: conns[0], problems: problems.map(({ severity, text }) => `${severity}: ${text}`) };
}

describe('a conn with keyexchange=ikev1', () => {
  test('that says nothing more has FreeS/WAN’s lifetimes, and loads without a word', () => {
    const { conn, problems } = load();
    expect(problems).toEqual([]);
    expect(conn).toMatchObject({
      ...{ ikeLifetimeMs: 3_600_000, ipsecLifetimeMs: 8 * 3_600_000, rekeyMarginMs: 540_000, rekeyFuzzPercent: 100 },
      ...{ keyingtries: 0, pfs: true, esn: 'no', narrowing: false, dpddelayMs: 0, ppk: 'no', type: 'tunnel' },
      v1: {
        ...{ aggressive: false, nat: 'both', dpdTimeoutMs: 0, isAlone: false },
        ...{ xauthby: 'file', xauthfail: 'hard', modecfgPull: false },
      },
    });
    expect(conn.left).toMatchObject({ xauth: undefined, username: undefined });
  });

  test('offers what libreswan 5.2 offers', () => {
    const { conn } = load();
    const ike = ['AES_CBC', '3DES_CBC'].flatMap((encr) =>
      ['SHA2_256', 'SHA2_512', 'SHA1'].flatMap((hash) =>
        ['MODP2048', 'MODP1536', 'DH19', 'DH31'].map((group) => `${encr}-HMAC_${hash}-${group}`),
      ),
    );
    expect(conn.ike.map(formatProposal)).toEqual(ike);
    const hashes = ['SHA1_96', 'SHA2_512_256', 'SHA2_256_128'];
    expect(conn.child.map(formatProposal)).toEqual([
      ...hashes.map((hash) => `AES_CBC-HMAC_${hash}`),
      ...['AES_GCM_16_128-NONE', 'AES_GCM_16_256-NONE'],
      ...hashes.map((hash) => `3DES_CBC-HMAC_${hash}`),
    ]);
    expect(load('phase2=ah').conn.child.map(formatProposal)).toEqual(hashes.map((hash) => `HMAC_${hash}`));
  });

  test.each([
    ['ikelifetime=9h', { ikeLifetimeMs: 8 * 3_600_000 }, 'warning: ikelifetime=9h is longer than 8h; 8h it is'],
    [
      'salifetime=25h',
      { ipsecLifetimeMs: 24 * 3_600_000 },
      'warning: ipsec-lifetime=25h is longer than 24h; 24h it is',
    ],
    ['dpddelay=30', { dpddelayMs: 0 }, 'warning: dpddelay=: without dpdtimeout= it is ignored'],
    ['ppk=insist', { ppk: 'no' }, 'warning: ppk=: IKEv1 ignores it'],
    ['dpddelay=30s', { dpddelayMs: 0 }, 'warning: dpddelay=: without dpdtimeout= it is ignored'],
    ['narrowing=yes', { narrowing: false }, 'warning: narrowing=: IKEv1 ignores it'],
  ])('%s is cut to what it can be', (line, fields, problem) => {
    const { conn, problems } = load(line);
    expect(conn).toMatchObject(fields);
    expect(problems).toEqual([problem]);
  });

  test('says how it is to be spoken', () => {
    const { conn, problems } = load(
      ...['ike=aes256-sha2_256-modp2048', 'aggrmode=yes', 'nat-ikev1-method=rfc', 'dpddelay=30', 'dpdtimeout=120'],
      ...['ikelifetime=2h', 'modecfgpull=yes', 'xauthby=alwaysok', 'xauthfail=soft', 'leftxauthserver=yes'],
      ...['rightxauthclient=yes', 'rightusername=carol', 'phase2=none', 'esn=either'],
    );
    expect(problems).toEqual([]);
    expect(conn).toMatchObject({
      ...{ ikeLifetimeMs: 7_200_000, dpddelayMs: 30_000, esn: 'either' },
      v1: {
        ...{ aggressive: true, nat: 'rfc', dpdTimeoutMs: 120_000, isAlone: true },
        ...{ xauthby: 'alwaysok', xauthfail: 'soft', modecfgPull: true },
      },
      left: { xauth: 'server' },
      right: { xauth: 'client', username: 'carol' },
    });
  });

  test.each([
    ['ah=sha1', 'needs phase2=ah'],
    ['aggressive=yes', 'aggressive mode needs ike='],
    ['leftsubnet=10.0.0.0/8,11.0.0.0/8', 'IKEv1 takes only one subnet'],
    ['mobike=yes', 'needs IKEv2'],
    ['leftauth=secret', 'needs IKEv2; authby= is for both'],
    ['esp=rot13', 'ESP encryption algorithm'],
    ['ike=aes_gcm', 'IKE'],
  ])('is refused with %s', (line, why) => {
    const { conn, problems } = load(line);
    expect(conn).toBeUndefined();
    expect(problems.join()).toContain(why);
  });

  test('Aggressive Mode has one group, and says which when there are more', () => {
    expect(load('aggressive=yes', 'ike=aes-sha1-modp2048,3des-sha1-modp2048').problems).toEqual([]);
    expect(load('aggressive=yes', 'ike=aes-sha1-dh19,aes-sha1-modp2048').problems).toEqual([
      'warning: aggressive=: it cannot negotiate the group: as initiator it offers DH19 alone, not MODP2048',
    ]);
  });

  test('compresses, and puts AH around ESP', () => {
    const { conn, problems } = load('compress=yes', 'phase2=esp+ah', 'esp=3des-md5', 'ah=sha1');
    expect(problems).toEqual([]);
    expect(conn).toMatchObject({ compress: true, phase2: 'esp' });
    expect([conn.child, conn.bundledAh].map((list) => list?.map(formatProposal))).toEqual([
      ['3DES_CBC-HMAC_MD5_96'],
      ['HMAC_SHA1_96'],
    ]);
    expect(load('compress=yes').conn.bundledAh).toBeUndefined();
  });

  test.each([
    [['leftxauthserver=yes', 'rightxauthserver=yes'], 'does not go with rightxauthserver=yes'],
    [['leftxauthclient=yes', 'rightxauthclient=yes'], 'does not go with rightxauthclient=yes'],
    [['leftxauthserver=yes', 'leftxauthclient=yes'], 'does not go with leftxauthclient=yes'],
  ])('nobody asks whom nobody answers: %j', (lines, why) => {
    const { conn, problems } = load(...lines);
    expect(conn).toBeUndefined();
    expect(problems.join()).toContain(why);
  });

  test('ikev2=no is the same', () => {
    const { conns, problems } = loadConfig(
      '/c',
      memoryFiles({ '/c': 'conn w\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tikev2=no\n' }),
    );
    expect(conns[0].v1).toBeDefined();
    expect(problems.map((p) => p.text)).toEqual(['ikev2=no has been replaced by keyexchange=ikev1']);
  });
});

describe('IKEv2 does without', () => {
  const warnings = (line: string) =>
    loadConfig(
      '/c',
      memoryFiles({ '/c': `conn w\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n\t${line}\n` }),
    );

  test.each([
    ...['nat-ikev1-method=rfc', 'xauthby=pam', 'xauthfail=soft', 'modecfgpull=yes', 'leftxauthserver=yes'],
    ...['rightxauthclient=yes', 'leftusername=carol'],
  ])('%s, with a warning', (line) => {
    const { conns, problems } = warnings(line);
    expect(conns[0].v1).toBeUndefined();
    expect(problems.map((p) => p.text)).toEqual([`${line.split('=')[0]}=: IKEv2 ignores it`]);
  });

  test.each(['none', 'esp+ah'])('phase2=%s is refused', (word) => {
    expect(warnings(`phase2=${word}`).problems.map((p) => p.text)).toEqual([
      `phase2=: ${word} needs keyexchange=ikev1`,
    ]);
  });

  test('compress=yes, which has no effect there yet', () => {
    const { conns, problems } = warnings('compress=yes');
    expect(conns[0].compress).toBe(false);
    expect(problems.map((p) => p.text)).toEqual(['compress=: in IKEv2 it has no effect yet']);
  });
});
