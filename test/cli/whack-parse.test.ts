import { describe, expect, test } from 'vitest';
import type { ReadFile } from '../../src/cli/options-from.ts';
import { parseWhack } from '../../src/cli/whack-parse.ts';
import { whackRequests } from '../../src/cli/whack-requests.ts';
import { parseRequest, REQUESTS, type Request } from '../../src/control/protocol.ts';

const files =
  (texts: Readonly<Record<string, string>>): ReadFile =>
  (path) =>
    Object.hasOwn(texts, path) ? { text: texts[path] } : { fault: 'no such file' };

function said(text: string, read = files({})): readonly Request[] | string {
  const line = parseWhack(text.split(' '), read);
  if ('error' in line) return line.error;
  const requests = whackRequests(line);
  if ('error' in requests) return requests.error;
  for (const request of requests) expect(parseRequest({ ...request })).toEqual(request);
  return requests;
}

const ENDS = '--host 192.0.2.1 --to --host 192.0.2.2';
const ADD = `--name w-e ${ENDS}`;

/** A line, and what pluto is asked. */
const ASKED: readonly (readonly [string, readonly Request[]])[] = [
  // Reports.
  ['--status', [{ kind: 'status' }]],
  ['--trafficstatus', [{ kind: 'trafficstatus' }]],
  ['--trafficstatus --name w-e', [{ kind: 'trafficstatus', name: 'w-e' }]],
  ['--statestatus', [{ kind: 'showstates' }]],
  ['--status --briefstatus', [{ kind: 'status' }, { kind: 'briefstatus' }]],
  ['--listall', [{ kind: 'listall' }]],
  [
    '--utc --listpubkeys --listcrls',
    [
      { kind: 'listpubkeys', utc: true },
      { kind: 'listcrls', utc: true },
    ],
  ],

  // A connection there is.
  ['--name w-e --initiate', [{ kind: 'initiate', name: 'w-e' }]],
  ['--name=w-e --initiate --asynchronous', [{ kind: 'initiate', name: 'w-e', asynchronous: true }]],
  ['--initiate --name w-e --remote-host 192.0.2.7', [{ kind: 'initiate', name: 'w-e', remoteHost: '192.0.2.7' }]],
  [
    '--name w-e --xauthname u --xauthpass p --initiate',
    [{ kind: 'initiate', name: 'w-e', username: 'u', password: 'p' }],
  ],
  ['--name w-e --terminate', [{ kind: 'terminate', name: 'w-e' }]],
  ['--name w-e --down', [{ kind: 'terminate', name: 'w-e' }]],
  ['--name w-e --ondemand', [{ kind: 'route', name: 'w-e' }]],
  // Has always been said beside anything.
  ['--name w-e --down --asynchronous', [{ kind: 'terminate', name: 'w-e' }]],
  ['--name w-e --unroute', [{ kind: 'unroute', name: 'w-e' }]],
  ['--name w-e --delete', [{ kind: 'delete', name: 'w-e' }]],
  ['--name w-e --suspend', [{ kind: 'suspend', name: 'w-e' }]],
  ['--name w-e --rekey-ike', [{ kind: 'rekey-ike', name: 'w-e' }]],
  ['--name w-e --rekey-child', [{ kind: 'rekey-child', name: 'w-e' }]],
  ['--name w-e --down-ike', [{ kind: 'down-ike', name: 'w-e' }]],
  ['--name w-e --down-child', [{ kind: 'down-child', name: 'w-e' }]],
  ['--name w-e --delete-ike', [{ kind: 'delete-ike', name: 'w-e' }]],
  ['--name w-e --delete-child', [{ kind: 'delete-child', name: 'w-e' }]],

  // Other things to delete.
  ['--name @east --deleteid', [{ kind: 'deleteid', name: '@east' }]],
  ['--name alice --deleteuser', [{ kind: 'deleteuser', name: 'alice' }]],
  ['--deletestate 7', [{ kind: 'deletestate', serial: 7 }]],
  ['--deletestate #7', [{ kind: 'deletestate', serial: 7 }]],
  ['--crash 192.0.2.7', [{ kind: 'crash', address: '192.0.2.7' }]],

  // Packets that were not there, keys, redirection.
  [
    '--oppohere 192.0.2.1 --oppothere 192.0.2.2',
    [
      {
        kind: 'oppo',
        here: '192.0.2.1',
        there: '192.0.2.2',
        protocol: 1,
        sourcePort: 8,
        destinationPort: 0,
      },
    ],
  ],
  [
    '--tunnelipv6 --oppohere ::1 --oppothere ::2 --oppoproto 6 --opposport 0 --oppodport 80 --asynchronous',
    [
      {
        kind: 'oppo',
        here: '::1',
        there: '::2',
        protocol: 6,
        sourcePort: 0,
        destinationPort: 80,
        asynchronous: true,
      },
    ],
  ],
  ['--keyid @east', [{ kind: 'pubkey', id: '@east' }]],
  ['--keyid @east --addkey --pubkeyrsa 0sAQ', [{ kind: 'pubkey', id: '@east', add: true, key: '0sAQ' }]],
  ['--myid @west', [{ kind: 'myid', id: '@west' }]],
  ['--redirect-to 192.0.2.9', [{ kind: 'redirect', to: '192.0.2.9' }]],
  ['--name w-e --redirect-to 192.0.2.9', [{ kind: 'redirect', name: 'w-e', to: '192.0.2.9' }]],
  ['--global-redirect auto', [{ kind: 'global-redirect', mode: 'auto' }]],
  ['--global-redirect-to a,b', [{ kind: 'global-redirect', to: 'a,b' }]],
  ['--global-redirect-to a --global-redirect yes', [{ kind: 'global-redirect', mode: 'yes', to: 'a' }]],

  // The daemon.
  ['--listen', [{ kind: 'listen' }]],
  ['--unlisten', [{ kind: 'unlisten' }]],
  ['--ddos-busy', [{ kind: 'ddos', mode: 'busy' }]],
  ['--ddos-unlimited', [{ kind: 'ddos', mode: 'unlimited' }]],
  ['--ddos-auto', [{ kind: 'ddos', mode: 'auto' }]],
  ['--ddns', [{ kind: 'ddns' }]],
  ['--rereadcerts', [{ kind: 'rereadcerts' }]],
  ['--rereadgroups', [{ kind: 'rereadgroups' }]],
  ['--rereadcrls', [{ kind: 'fetchcrls' }]],
  ['--fetchcrls', [{ kind: 'fetchcrls' }]],
  ['--purgeocsp', [{ kind: 'purgeocsp' }]],
  ['--clearstats', [{ kind: 'clearstats' }]],
  ['--ike-socket-bufsize 1500', [{ kind: 'socket-bufsize', octets: 1500 }]],
  ['--ike-socket-errqueue-toggle', [{ kind: 'socket-errqueue' }]],
  ['--shutdown --leave-state', [{ kind: 'shutdown', leaveState: true }]],

  // Debugging.
  ['--debug base,crypt --no-debug tmi', [{ kind: 'debug', set: ['base', 'crypt'], clear: ['tmi'] }]],
  ['--debug-none --debug base --name w-e', [{ kind: 'debug', set: ['base'], clear: ['all'], name: 'w-e' }]],
  ['--debug base --debug no-crypt', [{ kind: 'debug', set: ['base'], clear: ['crypt'] }]],
  [
    '--debug-raw --debug-crypt --debug-parsing --debug-emitting --debug-control --debug-lifecycle',
    [{ kind: 'debug', set: ['raw', 'crypt', 'parsing', 'emitting', 'control', 'lifecycle'], clear: [] }],
  ],
  [
    '--debug-klips --debug-dns --debug-oppo --debug-private --debug-all',
    [{ kind: 'debug', set: ['klips', 'dns', 'oppo', 'private', 'all'], clear: [] }],
  ],
  ['--impair help', [{ kind: 'impair', set: ['help'], clear: [] }]],
  ['--impair a --no-impair b,c --impair d', [{ kind: 'impair', set: ['a', 'd'], clear: ['b', 'c'] }]],

  ['--nhelpers 2', [{ kind: 'nhelpers', nhelpers: 2 }]],
  ['--nhelpers -1', [{ kind: 'nhelpers', nhelpers: -1 }]],
  ['--nhelpers=0', [{ kind: 'nhelpers', nhelpers: 0 }]],

  // Whatever the order on the line, secrets are read before anything is brought up.
  [
    '--name w-e --initiate --route --rereadsecrets --listen',
    [{ kind: 'listen' }, { kind: 'rereadsecrets' }, { kind: 'route', name: 'w-e' }, { kind: 'initiate', name: 'w-e' }],
  ],
  [
    '--shutdown --status --rereadall --deletestate 3',
    [{ kind: 'deletestate', serial: 3 }, { kind: 'rereadall' }, { kind: 'status' }, { kind: 'shutdown' }],
  ],
];

describe('what is asked', () => {
  test.each(ASKED)('%s', (line, requests) => expect(said(line)).toEqual(requests));

  test('every request there is can be asked, but for those of other commands', () => {
    const asked = new Set([...ASKED.flatMap(([, requests]) => requests.map(({ kind }) => kind)), 'add', 'replace']);
    const reports = [...asked].filter((kind) => kind in REQUESTS);
    expect(reports.length).toBe(asked.size);
    const others = (Object.keys(REQUESTS) as Request['kind'][]).filter((kind) => !asked.has(kind));
    const options = others.filter((kind) => Array.isArray(said(`--${kind}`)));
    expect(others.filter((kind) => !options.includes(kind))).toEqual(['load', 'reload']);
  });
});

const added = (text: string, read?: ReadFile) => {
  const requests = said(text, read);
  if (typeof requests === 'string') throw new Error(requests);
  const [request] = requests;
  return 'conn' in request ? request.conn.keywords : undefined;
};

describe('a connection', () => {
  test('comes in the keywords of ipsec.conf', () => {
    const line = `--name w-e --id @w --host 192.0.2.1 --to --id @e --host 192.0.2.2 --client 10.0.2.0/24 --psk --rsasig --encrypt --tunnel --pfs --rekeyfuzz 50 --ike aes256-sha2 --esp aes --pfsgroup modp2048 --no-nat_keepalive --mobike=no --connalias a`;
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
            connalias: 'a',
          },
        },
      },
    ]);
  });

  test('with --delete takes the place of the one there is', () => {
    expect(said(`${ADD} --delete`)).toMatchObject([{ kind: 'replace', conn: { name: 'w-e' } }]);
  });

  test.each<[string, Record<string, string>]>([
    ['--pass', { type: 'passthrough' }],
    ['--tunnel --pass', { type: 'passthrough' }],
    ['--reject --tunnel', { type: 'reject' }],
    ['--pfs=no', { pfs: 'no' }],
    ['--rekeyfuzz 100%', { rekeyfuzz: '100%' }],
    ['--ikelifetime 1.5h', { ikelifetime: '1.5h' }],
    ['--sha2_truncbug', { 'sha2-truncbug': 'yes' }],
    ['--encapsulation', { encapsulation: 'yes' }],
    ['--encapsulation=auto', { encapsulation: 'auto' }],
    ['--encaps no', { encapsulation: 'no' }],
    ['--narrowing yes', { narrowing: 'yes' }],
    ['--no-esn', { esn: 'no' }],
    ['--ikefrag-force', { fragmentation: 'force' }],
    ['--policylabel x', { 'sec-label': 'x' }],
    ['--redirect-to x', { 'redirect-to': 'x' }],
    ['--auth-never --drop', { authby: 'never', type: 'drop' }],
    ['--initiateontraffic', {}],
    ['--debug crypt --no-debug tmi,base', { plutodebug: 'crypt,no-tmi,no-base' }],
    ['--debug-none', { plutodebug: 'none' }],
    ['--authby psk', { rightauth: 'secret' }],
    ['--sendcert yes', { rightsendcert: 'always' }],
    ['--sendcert ifasked', { rightsendcert: 'sendifasked' }],
    ['--dnskeyondemand', { rightpubkey: '%dnsondemand' }],
    ['--xauth --modeconfigclient', { rightxauthserver: 'yes', rightmodecfgclient: 'yes' }],
  ])('with %s', (options, keywords) => {
    expect(added(`${ADD} ${options}`)).toEqual({ left: '192.0.2.1', right: '192.0.2.2', ...keywords });
  });

  test('has its families before their addresses', () => {
    expect(added('--name a --ipv6 --tunnelipv4 --host %any --to --host 2001:db8::1 --client 10.0.0.0/8')).toEqual({
      hostaddrfamily: 'ipv6',
      clientaddrfamily: 'ipv4',
      left: '%any',
      right: '2001:db8::1',
      rightsubnet: '10.0.0.0/8',
    });
  });

  test('says what has no effect, and why', () => {
    const line = parseWhack(`${ADD} --disablearrivalcheck --groups x --initiateontraffic`.split(' '));
    expect('notes' in line && line.notes).toEqual([
      '--disablearrivalcheck has no effect: the kernel checks where packets from a tunnel come from',
      '--groups has no effect: groups in certificates are not looked at',
    ]);
  });
});

describe('FreeS/WAN’s examples, as its manual has them', () => {
  test.each<[string, Record<string, string>]>([
    [
      '--name silly --host 127.0.0.1 --to --host 127.0.0.2 --ikelifetime 900 --ipseclifetime 800 --keyingtries 3',
      { left: '127.0.0.1', right: '127.0.0.2', ikelifetime: '900', 'ipsec-lifetime': '800', keyingtries: '3' },
    ],
    ['--name secret --host A --to --host B --encrypt', { left: 'A', right: 'B', phase2: 'esp' }],
    [
      '--name full --id @w --host 192.0.2.1 --ikeport 500 --nexthop 192.0.2.3 --client 10.0.1.0/24 --dnskeyondemand --updown x ' +
        '--to --id @e --host 192.0.2.2 --ikeport 500 --nexthop %direct --client 10.0.2.0/24 --dnskeyondemand --updown y ' +
        '--psk --rsasig --encrypt --compress --tunnel --pfs --disablearrivalcheck --ikelifetime 3600 --ipseclifetime 1800 ' +
        '--rekeymargin 540 --rekeyfuzz 100 --keyingtries 0 --dontrekey --delete --label x',
      {
        left: '192.0.2.1',
        leftid: '@w',
        leftikeport: '500',
        leftnexthop: '192.0.2.3',
        leftsubnet: '10.0.1.0/24',
        leftpubkey: '%dnsondemand',
        leftupdown: 'x',
        right: '192.0.2.2',
        rightid: '@e',
        rightikeport: '500',
        rightnexthop: '%direct',
        rightsubnet: '10.0.2.0/24',
        rightpubkey: '%dnsondemand',
        rightupdown: 'y',
        authby: 'secret,rsasig',
        phase2: 'esp',
        compress: 'yes',
        type: 'tunnel',
        pfs: 'yes',
        ikelifetime: '3600',
        'ipsec-lifetime': '1800',
        rekeymargin: '540',
        rekeyfuzz: '100%',
        keyingtries: '0',
        rekey: 'no',
      },
    ],
  ])('%s', (line, keywords) => expect(added(line)).toEqual(keywords));
});

describe('a name cut short', () => {
  test('is the option it is the beginning of', () => {
    expect(said('--stat')).toBe('option "--stat" is ambiguous: --status, --statestatus');
    expect(said('--nam w-e --rou')).toEqual([{ kind: 'route', name: 'w-e' }]);
    expect(said('--name=w-e --term')).toEqual([{ kind: 'terminate', name: 'w-e' }]);
    expect(added(`${ADD} --narr yes`)?.narrowing).toBe('yes');
    expect(said(`${ADD} --encap yes`)).toBe('option "--encap" is ambiguous: --encapsulation, --encaps, --encap-dscp');
  });

  test('is named in full when it is repeated, and so are the candidates', () => {
    expect(said('--shutd --shutdown')).toBe('option "--shutdown" repeated');
    expect(said('--re')).toBe(
      'option "--re" is ambiguous: --remote-host, --rekey-ike, --rekey-child, --rereadsecrets, --rereadcerts, --rereadgroups, ...',
    );
  });
});

describe('what whack refuses by itself', () => {
  test.each([
    ['--status --status', 'option "--status" repeated'],
    ['--name a --route --ondemand', 'option "--ondemand" repeated'],
    ['--name a --host 192.0.2.1 --host 192.0.2.2', 'option "--host" repeated'],
    [`${ADD} --subnet 10.0.0.0/8 --client 10.0.0.0/8`, 'option "--client" repeated'],
    [`${ADD} --to`, 'option "--to" repeated'],
    [`${ADD} --pfs --pfs=no`, 'option "--pfs" repeated'],
    ['--name a --to --host 192.0.2.1', 'connection missing --host before --to'],
    ['--name a --host 192.0.2.1', 'connection missing --to between its ends'],
    ['--name a --host 192.0.2.1 --to', 'connection missing --host after --to'],
    ['--name a --psk', 'connection missing --to between its ends'],
    [ENDS, 'missing --name, which a connection needs'],
    ['--initiate', 'missing --name, which --initiate needs'],
    ['--delete', 'missing --name, which --delete needs'],
    ['--deleteid', 'missing --name, which --deleteid needs'],
    ['--rekey-child', 'missing --name, which --rekey-child needs'],
    ['--status --name a', 'no reason for --name'],
    ['--listall --name a', 'no reason for --name'],
    ['--name a --route --remote-host 192.0.2.7', '--remote-host needs --initiate'],
    ['--name a --route --xauthpass x', '--xauthpass needs --initiate'],
    ['--oppohere 192.0.2.1', '--oppohere needs --oppothere'],
    ['--oppothere 192.0.2.1', '--oppothere needs --oppohere'],
    ['--oppohere a --oppothere b --tunnelipv4', '--tunnelipv4 must precede any --oppohere'],
    ['--oppohere a --oppothere b --oppoproto 256', '--oppoproto "256": expected 0 to 255'],
    ['--oppohere a --oppothere b --oppodport x', '--oppodport "x": expected 0 to 65535'],
    ['--addkey', '--addkey needs --keyid'],
    ['--pubkeyrsa 0sAQ', '--pubkeyrsa needs --keyid'],
    ['--leave-state', '--leave-state needs --shutdown'],
    ['--utc', 'no action specified; try --help for hints'],
    ['--asynchronous', 'no action specified; try --help for hints'],
    ['--status --connalias a', '--connalias needs a connection'],
    ['--deletestate x', '--deletestate "x": expected #N'],
    ['--deletestate -1', '--deletestate "-1": expected #N'],
    ['--ike-socket-bufsize 1499', '--ike-socket-bufsize "1499": expected 1500 octets or more'],
    ['--global-redirect maybe', '--global-redirect "maybe": expected yes, no, auto'],
    [`${ADD} --ecdsa --ikev1`, 'connection cannot use --ecdsa with --ikev1'],
    [`${ADD} --auth-never`, '--auth-never needs one of --pass, --drop and --reject'],
    [`${ADD} --tunnel --transport`, '"--transport" contradicts "--tunnel"'],
    [`${ADD} --encrypt --authenticate`, '"--authenticate" contradicts "--encrypt" without --ikev1'],
    [`${ADD} --pass --drop`, '"--drop" contradicts "--pass"'],
    [`${ADD} --ikeport 99999`, '--ikeport "99999": expected 1 to 65535'],
    [`${ADD} --ikelifetime soon`, '--ikelifetime "soon": expected a time such as 30s or 1.5h'],
    [`${ADD} --rekeyfuzz half`, '--rekeyfuzz "half": expected a number'],
    [`${ADD} --mobike=perhaps`, '--mobike "perhaps": expected yes or no'],
    [`${ADD} --authby pski`, '--authby "pski": expected psk, null, rsasig, rsa, ecdsa, eaponly'],
    [`${ADD} --fragmentation forse`, '--fragmentation "forse": expected yes, no, force; did you mean "force"?'],
    [`${ADD} --pfsgroup modp2048`, '--pfsgroup needs --esp'],
    [`${ADD} --ipv6`, '--ipv6 must precede any --host'],
    ['--name a --host a --client b --tunnelipv4', '--tunnelipv4 must precede any --subnet'],
    ['--bogus', 'unrecognized option "--bogus"'],
    ['--intiate', 'unrecognized option "--intiate"; did you mean --initiate?'],
    ['--name', 'option "--name" needs an argument'],
    ['--status=yes', 'option "--status" takes no argument'],
    ['status', 'unexpected argument "status"'],
    ['--', 'unexpected argument "--"'],
    ['--status -- x', 'unexpected argument "--"'],
    ['--label x', 'no action specified; try --help for hints'],
    ['--seccomp-crashtest', 'no action specified; try --help for hints'],
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

  test('without a control character of what it was told', () => {
    expect(said('--\u001b[2J')).toBe('unrecognized option "--?[2J"');
    expect(said('\u0007')).toBe('unexpected argument "?"');
  });
});
