import { describe, expect, test } from 'vitest';
import { whackHelp } from '../../src/cli/whack-help.ts';
import { WHACK_OPTIONS } from '../../src/cli/whack-options.ts';
import { parseWhack } from '../../src/cli/whack-parse.ts';
import { whackRequests } from '../../src/cli/whack-requests.ts';
import type { Request } from '../../src/control/protocol.ts';

function said(text: string): readonly Request[] | string {
  const line = parseWhack(text.split(' '));
  if ('error' in line) return line.error;
  const requests = whackRequests(line);
  return 'error' in requests ? requests.error : requests;
}

const ADD = '--name w-e --id @w --host 192.0.2.1 --to --id @e --host 192.0.2.2';

describe('the table', () => {
  test('has every row that another stands for, and none twice', () => {
    for (const row of WHACK_OPTIONS.values()) {
      if (row.sameAs === undefined) continue;
      const other = WHACK_OPTIONS.get(row.sameAs);
      expect(other, row.name).toBeDefined();
      expect(other?.sameAs, `${row.name} stands for ${row.sameAs}, which stands for another`).toBeUndefined();
    }
    // libreswan 5.2 has 251; --json is ours.
    expect(WHACK_OPTIONS.size).toBe(252);
  });

  test('gives the help', () => {
    expect(whackHelp()).toMatchSnapshot();
  });
});

describe('what is asked', () => {
  test.each<[string, readonly Request[]]>([
    ['--status', [{ kind: 'status' }]],
    ['--trafficstatus', [{ kind: 'trafficstatus' }]],
    ['--trafficstatus --name w-e', [{ kind: 'trafficstatus', name: 'w-e' }]],
    ['--statestatus', [{ kind: 'showstates' }]],
    ['--name w-e --initiate', [{ kind: 'initiate', name: 'w-e' }]],
    ['--name=w-e --initiate --asynchronous', [{ kind: 'initiate', name: 'w-e', asynchronous: true }]],
    ['--initiate --name w-e --remote-host 192.0.2.7', [{ kind: 'initiate', name: 'w-e', remoteHost: '192.0.2.7' }]],
    ['--name w-e --terminate', [{ kind: 'terminate', name: 'w-e' }]],
    ['--name w-e --ondemand', [{ kind: 'route', name: 'w-e' }]],
    ['--name w-e --rekey-ike', [{ kind: 'rekey-ike', name: 'w-e' }]],
    ['--ddos-busy', [{ kind: 'ddos', mode: 'busy' }]],
    ['--shutdown --leave-state', [{ kind: 'shutdown', leaveState: true }]],
    ['--debug base,crypt --no-debug tmi', [{ kind: 'debug', set: ['base', 'crypt'], clear: ['tmi'] }]],
    ['--debug-none --debug base --name w-e', [{ kind: 'debug', set: ['base'], clear: ['all'], name: 'w-e' }]],
    // Whatever the order on the line, secrets are read before anything is brought up.
    [
      '--name w-e --initiate --route --rereadsecrets --listen',
      [
        { kind: 'listen' },
        { kind: 'rereadsecrets' },
        { kind: 'route', name: 'w-e' },
        { kind: 'initiate', name: 'w-e' },
      ],
    ],
  ])('%s', (line, requests) => {
    expect(said(line)).toEqual(requests);
  });

  test('an added connection, in the keywords of ipsec.conf', () => {
    const line = `${ADD} --client 10.0.2.0/24 --psk --rsasig --encrypt --tunnel --pfs --rekeyfuzz 50 --ike aes256-sha2 --esp aes --pfsgroup modp2048 --no-nat_keepalive --mobike=no`;
    expect(said(line)).toEqual([
      {
        kind: 'add',
        conn: {
          name: 'w-e',
          file: 'whack',
          line: 0,
          keywords: {
            left: '192.0.2.1',
            leftid: '@w',
            right: '192.0.2.2',
            rightid: '@e',
            rightsubnet: '10.0.2.0/24',
            authby: 'secret,rsasig',
            phase2: 'esp',
            type: 'tunnel',
            pfs: 'yes',
            rekeyfuzz: '50%',
            ike: 'aes256-sha2',
            esp: 'aes;modp2048',
            'nat-keepalive': 'no',
            mobike: 'no',
          },
        },
      },
    ]);
  });

  test('with --delete it takes the place of the one there is', () => {
    expect(said(`${ADD} --delete`)).toMatchObject([{ kind: 'replace', conn: { name: 'w-e' } }]);
    expect(said('--name w-e --delete')).toEqual([{ kind: 'delete', name: 'w-e' }]);
  });

  test('families that come before their addresses', () => {
    expect(said('--name a --ipv6 --host %any --to --host 2001:db8::1')).toMatchObject([
      { conn: { keywords: { hostaddrfamily: 'ipv6', left: '%any' } } },
    ]);
  });
});

describe('what whack refuses by itself', () => {
  test.each([
    ['--status --status', 'option "--status" repeated'],
    ['--name a --route --ondemand', 'option "--ondemand" repeated'],
    ['--name a --host 192.0.2.1 --host 192.0.2.2', 'option "--host" repeated'],
    [`${ADD} --subnet 10.0.0.0/8 --client 10.0.0.0/8`, 'option "--client" repeated'],
    [`${ADD} --to`, 'option "--to" repeated'],
    ['--name a --to --host 192.0.2.1', 'connection missing --host before --to'],
    ['--name a --host 192.0.2.1', 'connection missing --to between its ends'],
    ['--name a --host 192.0.2.1 --to', 'connection missing --host after --to'],
    ['--host 192.0.2.1 --to --host 192.0.2.2', 'missing --name, which a connection needs'],
    ['--initiate', 'missing --name, which --initiate needs'],
    ['--delete', 'missing --name, which --delete needs'],
    ['--rekey-child', 'missing --name, which --rekey-child needs'],
    ['--status --name a', 'no reason for --name'],
    ['--name a --route --remote-host 192.0.2.7', '--remote-host needs --initiate'],
    ['--oppohere 192.0.2.1', '--oppohere needs --oppothere'],
    ['--leave-state', '--leave-state needs --shutdown'],
    [`${ADD} --ecdsa --ikev1`, 'connection cannot use --ecdsa with --ikev1'],
    [`${ADD} --auth-never`, '--auth-never needs one of --pass, --drop and --reject'],
    [`${ADD} --tunnel --transport`, '"--transport" contradicts type=tunnel said before'],
    [`${ADD} --ipv6`, '--ipv6 must precede any --host'],
    [`${ADD} --groups x`, '--groups has no effect yet'],
    ['--bogus', 'unrecognized option "--bogus"'],
    ['--name', 'option "--name" needs an argument'],
    ['--status=yes', 'option "--status" takes no argument'],
    ['status', 'unexpected argument "status"'],
    ['--label x', 'no action specified; try --help for hints'],
    ['--listall', '--listall has no effect yet'],
    ['--impair help', '--impair has no effect yet'],
  ])('%s', (line, error) => {
    expect(said(line)).toBe(error);
  });

  test('and says of which connection and for whom', () => {
    expect(parseWhack(['--label', 'boot', '--name', 'a', '--bogus'])).toEqual({
      error: 'unrecognized option "--bogus"',
      label: 'boot',
      name: 'a',
    });
  });
});
