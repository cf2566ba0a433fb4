import { expect, test } from 'vitest';
import { daemonInfo } from '../../src/actors/daemon-info.ts';
import { loadConfig } from '../../src/conf/load.ts';
import type { DaemonOptions } from '../../src/control/daemon-options.ts';
import { textReport } from '../../src/control/status/report.ts';
import { statusSchema } from '../../src/control/status/schema.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { faults } from '../control/status/validator.ts';

const OPTIONS: DaemonOptions = {
  nofork: true,
  stderrlog: false,
  configFile: '/etc/pluto/ipsec.conf',
  readsConfig: true,
  rundir: '/run/pluto',
  debug: [],
  impair: [],
  selftest: false,
};

function info(setup: string, options: Partial<DaemonOptions> = {}) {
  const conf = `config setup\n${setup}`;
  const loaded = loadConfig('/etc/ipsec.conf', memoryFiles({ '/etc/ipsec.conf': conf }));
  return daemonInfo({
    options: { ...OPTIONS, ...options },
    setup: loaded.setup,
    plane: 'none',
    limits: { mode: 'auto', cookiesFrom: 7, maxHalfOpen: 9, maxPerSource: 32, delay: 500 },
    interfaces: [{ name: 'eth0', endpoint: '192.0.2.1:500', transport: 'UDP' }],
    startTime: new Date(1_700_000_000_000),
    keepAliveMs: 20_000,
    debug: ['base'],
  });
}

test('what is in force: the command line’s word, then config setup’s, then the default', () => {
  const { setup } = info(' ipsecdir=/etc/x\n ocsp-enable=yes\n crlcheckinterval=2m\n', { ipsecdir: '/etc/y' });
  expect(setup).toMatchObject({
    configdir: '/etc/pluto',
    ipsecdir: '/etc/y',
    nssdir: '/var/lib/ipsec/nss',
    'ddos-ike-threshold': '7',
    'max-halfopen-ike': '9',
    'max-halfopen-per-source': '32',
    'ddos-delay': '500ms',
    'redirect-grace': '60s',
    'ocsp-enable': 'yes',
    'ocsp-timeout': '2',
    'ocsp-cache-max-age': '86400',
    crlcheckinterval: '120',
    'crl-strict': 'no',
    'global-redirect': 'no',
  });
  expect(setup['ocsp-uri']).toBeUndefined();
  expect(setup['metrics-listen']).toBeUndefined();
});

test('where metrics are served: as the command line says, else as config setup does', () => {
  const file = ' metrics-listen=127.0.0.1:9109\n redirect-grace=5\n';
  expect(info(file).setup).toMatchObject({ 'metrics-listen': '127.0.0.1:9109', 'redirect-grace': '5s' });
  expect(info(file, { metricsListen: '9110' }).setup['metrics-listen']).toBe('9110');
});

test('algorithms by the names and numbers of both versions', () => {
  const { ikeEncrypt } = info('').algorithms;
  expect(ikeEncrypt.find((a) => a.v2Name === 'AES_CBC')).toMatchObject({ v1Id: 7, v1Name: 'OAKLEY_AES_CBC', v2Id: 12 });
  expect(ikeEncrypt.find((a) => a.v2Name === 'AES_GCM_C')).toMatchObject({ v1Id: -1, v2Id: 20, blockSize: 16 });
  const names = info('').algorithms.espEncrypt.map((a) => a.name);
  expect(names).toEqual([...names].sort());
});

test('it is what the schema says, and every line of it has something to show', () => {
  const { $defs } = statusSchema();
  expect(faults(info(' virtual-private=%v4:10.0.0.0/8,%v4:!10.1.0.0/16\n'), $defs.daemon, $defs)).toEqual([]);
  const text = textReport('status', { now: 0, utc: true }).slice({ of: 'daemon', rows: [info('')] });
  const unset = text.match(/[\w-]+=<unset>/g);
  expect(unset).toEqual([
    'statsbin=<unset>',
    'dnssec-rootkey-file=<unset>',
    'dnssec-trusted=<unset>',
    'pluto_vendorid=<unset>',
    'logfile=<unset>',
    'ocsp-uri=<unset>',
    'ocsp-trust-name=<unset>',
    'global-redirect-to=<unset>',
    'metrics-listen=<unset>',
  ]);
});
