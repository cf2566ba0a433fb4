/** whack's command lines as FreeS/WAN's manual has them: what pluto makes of each. */
import { describe, expect, test } from 'vitest';
import { connsOf } from '../../src/actors/conn-text.ts';
import { parseWhack } from '../../src/cli/whack-parse.ts';
import { whackRequests } from '../../src/cli/whack-requests.ts';
import type { Conn } from '../../src/conf/conn.ts';

function made(line: string, acceptsV1 = true): Conn {
  const parsed = parseWhack(line.split(' '));
  if ('error' in parsed) throw new Error(parsed.error);
  const requests = whackRequests(parsed);
  if ('error' in requests || requests[0].kind !== 'add') throw new Error('no connection');
  const { conns, errors } = connsOf(requests[0].conn, acceptsV1);
  if (conns.length !== 1) throw new Error(errors.join());
  return conns[0];
}

const SILLY =
  '--name silly --host 127.0.0.1 --to --host 127.0.0.2 --ikelifetime 900 --ipseclifetime 800 --keyingtries 3';
const ENDS = '--name w-e --host 127.0.0.1 --to --host 127.0.0.2';

describe('FreeS/WAN’s command lines', () => {
  test('silly is an ISAKMP SA alone, with the times that it says', () => {
    expect(made(SILLY)).toMatchObject({
      ...{ keyexchange: 'ikev1', v1: { isAlone: true }, authby: ['secret'], keyingtries: 3 },
      ...{ ikeLifetimeMs: 900_000, ipsecLifetimeMs: 800_000, rekeyMarginMs: 540_000 },
    });
  });

  test('where ikev1-policy= accepts none it is libreswan’s, which always encrypts, by IKEv2', () => {
    expect(made(SILLY, false)).toMatchObject({ keyexchange: 'ikev2', v1: undefined, ikeLifetimeMs: 900_000 });
  });

  test.each([
    ['--encrypt', 'ikev2', undefined],
    ['--mobike --keyingtries 3', 'ikev2', undefined],
    ['--psk --keyingtries 3', 'ikev2', undefined],
    ['--encrypt --keyingtries 3', 'ikev1', false],
    ['--encrypt --tunnel --pfs --keyingtries 3', 'ikev1', false],
    ['--encrypt --dpddelay 30 --keyingtries 3', 'ikev2', undefined],
    ['--encrypt --psk --keyingtries 3', 'ikev2', undefined],
    ['--pfs --keyingtries 3', 'ikev2', undefined],
    ['--ikelifetime 900', 'ikev2', undefined],
    ['--keyingtries 3', 'ikev1', true],
    ['--psk', 'ikev2', undefined],
    ['--ikev2', 'ikev2', undefined],
    ['--tunnel', 'ikev2', undefined],
    ['--ikev1', 'ikev1', true],
    ['--ikev1 --psk --tunnel --pfs', 'ikev1', true],
    ['--ikev1 --encrypt', 'ikev1', false],
    ['--ikev1 --authenticate', 'ikev1', false],
    ['--ikev1 --esp aes128-sha1', 'ikev1', false],
  ])('with %s it is %s', (options, keyexchange, isAlone) => {
    const conn = made(`${ENDS} ${options}`);
    expect([conn.keyexchange, conn.v1?.isAlone]).toEqual([keyexchange, isAlone]);
  });

  test('both --encrypt and --authenticate are AH around ESP', () => {
    expect(made(`${ENDS} --ikev1 --encrypt --authenticate`)).toMatchObject({ phase2: 'esp', bundledAh: [{}, {}, {}] });
  });

  test('a shunt asks nobody for anything', () => {
    expect(made(`${ENDS} --pass`)).toMatchObject({ type: 'passthrough', keyexchange: 'ikev2' });
  });

  test('a file says what it protects by being there', () => {
    const keywords = { left: '192.0.2.1', right: '192.0.2.2', keyexchange: 'ikev1' };
    const { conns } = connsOf({ name: 'x', file: '/etc/ipsec.conf', line: 7, keywords });
    expect(conns[0].v1?.isAlone).toBe(false);
  });

  test('a line of the road warrior’s days', () => {
    const line =
      '--name rw --ikev1 --aggressive --host 192.0.2.1 --id @west --xauthserver --modecfgserver --to --host %any --xauthclient ' +
      '--modecfgclient --psk --encrypt --tunnel --pfs --ike aes256-sha1-modp2048 --dpddelay 30 --dpdtimeout 2m ' +
      '--dpdaction clear --ikev1-natt rfc --xauthby pam --xauthfail soft --modecfgpull --rekeymargin 60 --rekeyfuzz 50 --dontrekey';
    expect(made(line)).toMatchObject({
      ...{ rekey: false, rekeyMarginMs: 60_000, rekeyFuzzPercent: 50, dpddelayMs: 30_000 },
      v1: {
        ...{ aggressive: true, nat: 'rfc', dpdTimeoutMs: 120_000, isAlone: false },
        ...{ xauthby: 'pam', xauthfail: 'soft', modecfgPull: true },
      },
      left: { xauth: 'server', modecfg: 'server' },
      right: { xauth: 'client', modecfg: 'client' },
    });
  });
});
