import { describe, expect, test } from 'vitest';
import { parsePluto } from '../../src/cli/pluto-line.ts';
import { PLUTO_OPTIONS } from '../../src/cli/pluto-options.ts';

const parsed = async (line: string) => await parsePluto(line === '' ? [] : line.split(' '));

describe('pluto', () => {
  test('without options says nothing that is not said', async () => {
    expect(await parsed('')).toEqual({
      run: {
        nofork: false,
        stderrlog: false,
        configFile: '/etc/ipsec.conf',
        readsConfig: false,
        rundir: '/run/pluto',
        debug: [],
        impair: [],
        selftest: false,
      },
      later: [],
    });
  });

  test.each<[string, object]>([
    ['--nofork --stderrlog', { nofork: true, stderrlog: true }],
    ['--config=/tmp/c --rundir /tmp/r', { configFile: '/tmp/c', readsConfig: true, rundir: '/tmp/r' }],
    ['--ctlbase /tmp/r/pluto', { rundir: '/tmp/r' }],
    ['--dumpdir /d --foodgroupsdir /g', { coredir: '/d', ipsecdir: '/g' }],
    [
      '--log-no-time --log-no-append --log-no-ip --log-no-audit',
      { logTime: false, logAppend: false, logIp: false, auditLog: false },
    ],
    ['--no-listen-udp --no-dnssec', { listenUdp: false, lookups: { dnssecEnable: false } }],
    [
      '--crl-strict --crlcheckinterval 60 --curl-iface eth0 --curl-timeout=3',
      { lookups: { crlStrict: true, crlcheckintervalMs: 60_000, curlIface: 'eth0', curlTimeoutMs: 3_000 } },
    ],
    [
      '--ocsp-enable --ocsp-strict --ocsp-uri http://o/ --ocsp-timeout 4 --ocsp-method post',
      {
        lookups: { ocspEnable: true, ocspStrict: true, ocspUri: 'http://o/', ocspTimeoutMs: 4_000, ocspMethod: 'post' },
      },
    ],
    [
      '--ocsp-cache-size 0 --ocsp-cache-min-age 10 --ocsp-cache-max-age 20',
      { lookups: { ocspCacheSize: 0, ocspCacheMinAgeMs: 10_000, ocspCacheMaxAgeMs: 20_000 } },
    ],
    ['--nhelpers -1 --keep-alive 30 --ikeport 1500', { nhelpers: -1, keepAlive: 30, ikePort: 1500 }],
    ['--nhelpers=0 --use-userspace', { nhelpers: 0, dataPlane: 'userspace' }],
    ['--ikev1-accept', { ikev1Policy: 'accept' }],
    ['--ikev1-accept --ikev1-reject', { ikev1Policy: 'reject' }],
    ['--noklips --force-busy --ikev1-drop', { dataPlane: 'none', ddosMode: 'busy', ikev1Policy: 'drop' }],
    ['--debug-control --debug crypt', { debug: ['control', 'crypt'] }],
    ['--logformat json', { logFormat: 'json' }],
    ['--debug base,crypt --debug tmi --debug-none', { debug: ['none', 'base', 'crypt', 'tmi'] }],
  ])('%s', async (line, run) => {
    expect(await parsed(line)).toMatchObject({ run });
  });

  test.each([
    ['--bogus', 'unknown option "--bogus"'],
    ['--rundri /x', 'unknown option "--rundri"; did you mean --rundir?'],
    ['--nhelpers x', '--nhelpers needs a whole number'],
    ['--nhelpers 1.5', '--nhelpers needs a whole number'],
    ['--debug base,crypto', 'unknown debug class "crypto"; did you mean "crypt"?'],
    ['--keep-alive -1', '--keep-alive cannot be negative'],
    ['--ikeport 70000', '--ikeport is 1 to 65535'],
    ['--rundir /a --rundir /b', '--rundir was given more than once'],
    ['--rundir', 'Not enough arguments following: rundir'],
    ['--use-xfrm --noklips', '--use-xfrm and --noklips exclude each other'],
    ['stray', 'pluto takes no operands'],
  ])('refuses %s', async (line, wrong) => {
    expect(await parsed(line)).toEqual({ wrong });
  });

  test('names what has no effect yet', async () => {
    expect(await parsed('--nofork --dnssec-trusted /t --statsbin /s')).toMatchObject({
      later: ['statsbin', 'dnssec-trusted'],
    });
  });

  test('helps', async () => {
    expect(await parsed('--help')).toMatchSnapshot();
    expect(await parsed('--version')).toEqual({ version: true });
  });

  test('every option that stands for another stands for one of the table', () => {
    for (const { name, sameAs } of PLUTO_OPTIONS.values()) {
      if (sameAs !== undefined) expect(PLUTO_OPTIONS.has(sameAs), name).toBe(true);
    }
  });
});
