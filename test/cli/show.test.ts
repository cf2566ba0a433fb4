import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connsOf } from '../../src/actors/conn-text.ts';
import { showAdd, whackAdd, whackCommand } from '../../src/cli/show.ts';
import { parseWhack } from '../../src/cli/whack-parse.ts';
import { whackRequests } from '../../src/cli/whack-requests.ts';
import { parseAuthby } from '../../src/conf/authby.ts';
import type { Keyword } from '../../src/conf/keyword.ts';
import { KEYWORDS, lookup } from '../../src/conf/keywords.ts';
import { defaultOf, isFault, parseTyped } from '../../src/conf/values.ts';
import type { ConnText } from '../../src/control/protocol.ts';

const conn = (keywords: Record<string, string>): ConnText => ({
  name: 'w-e',
  file: '/etc/ipsec.conf',
  line: 3,
  keywords: { left: '192.0.2.1', right: '192.0.2.2', ...keywords },
});

/** What the shown command adds. */
function heard(argv: readonly string[]): ConnText {
  const line = parseWhack(argv);
  if ('error' in line) throw new Error(line.error);
  const requests = whackRequests(line);
  if ('error' in requests) throw new Error(requests.error);
  const [request] = requests;
  expect(requests.length).toBe(1);
  if (request.kind !== 'add' && request.kind !== 'replace') throw new Error(request.kind);
  return request.conn;
}

describe('the shown command', () => {
  test('has families first, then one end, then the other', () => {
    const keywords = {
      ike: 'aes256-sha2',
      hostaddrfamily: 'v6',
      rightid: '@e',
      clientaddrfamily: 'inet',
      leftid: '@w',
    };
    expect(showAdd(conn(keywords), 'add')).toBe(
      'ipsec whack --name w-e --ipv6 --tunnelipv4 --host 192.0.2.1 --id @w --to --host 192.0.2.2 --id @e --ike aes256-sha2',
    );
  });

  test.each<[Record<string, string>, string]>([
    [{ authby: 'secret, rsa' }, '--psk --rsasig'],
    [{ authby: 'rsa-sha2_256 ecdsa-sha2' }, '--rsa-sha2_256 --ecdsa'],
    [{ mobike: 'on' }, '--mobike'],
    [{ mobike: 'off' }, '--mobike=off'],
    [{ rekey: 'no', rekeyfuzz: '50%' }, '--dontrekey --rekeyfuzz 50'],
    [{ rekey: 'yes', 'nat-keepalive': 'true', type: 'tunnel' }, '--tunnel'],
    [{ type: 'pass', failureshunt: 'hold' }, '--pass --faildrop'],
    [{ phase2: 'ah', ah: 'sha2_256' }, '--authenticate --esp sha2_256'],
    [{ ikev2: 'never' }, '--ikev1 --encrypt'],
    [{ keyexchange: 'ikev1', phase2: 'none' }, '--ikev1'],
    [{ keyexchange: 'ikev1', phase2: 'none', esp: 'aes256' }, '--ikev1'],
    [{ keyexchange: 'ikev1', phase2: 'ah' }, '--ikev1 --authenticate'],
    [{ keyexchange: 'ikev1', phase2: 'esp+ah' }, '--ikev1 --encrypt --authenticate'],
    [{ ikev2: 'insist' }, '--ikev2'],
    [{ 'require-id-on-certificate': 'no' }, '--allow-cert-without-san-id'],
    [{ connalias: 'a,b', 'redirect-to': 'g' }, '--connalias a,b --redirect-to g'],
    [{ plutodebug: 'base, no-crypt' }, "--debug 'base, no-crypt'"],
    [{ 'sec-label': 'x' }, '--policylabel x'],
    [{ esn: 'no', ikepad: 'yes' }, '--esn=no --ikepad'],
  ])('of %j', (keywords, options) => {
    expect(whackCommand(whackAdd(conn(keywords), 'add'))).toBe(
      `ipsec whack --name w-e --host 192.0.2.1 --to --host 192.0.2.2 ${options}`,
    );
  });

  test.each<[Record<string, string>, string]>([
    [
      { leftsendcert: 'sendifasked', rightsendcert: 'never' },
      '--sendcert ifasked --to --host 192.0.2.2 --sendcert never',
    ],
    [{ leftauth: 'secret', rightauth: 'rsa' }, '--authby psk --to --host 192.0.2.2 --authby rsa'],
    [{ leftpubkey: '%dnsondemand' }, '--dnskeyondemand --to --host 192.0.2.2'],
    [{ leftsubnet: '10.0.0.0/24' }, '--subnet 10.0.0.0/24 --to --host 192.0.2.2'],
    [{ leftid: 'C=CH, O=A "B" Ltd, CN=it\'s' }, `--id 'C=CH, O=A "B" Ltd, CN=it'\\''s' --to --host 192.0.2.2`],
    [{ leftid: '#1', leftupdown: '' }, "--id '#1' --updown '' --to --host 192.0.2.2"],
  ])('of an end: %j', (keywords, options) => {
    expect(whackCommand(whackAdd(conn(keywords), 'add'))).toBe(`ipsec whack --name w-e --host 192.0.2.1 ${options}`);
  });

  test('names what whack cannot say, and nothing that need not be said', () => {
    const keywords = {
      auto: 'start',
      leftrsasigkey: '%cert',
      ppk: 'insist',
      negotiationshunt: 'drop',
      'send-vendorid': 'no',
      nonsense: 'x',
    };
    expect(showAdd(conn(keywords), 'replace')).toBe(
      'ipsec whack --name w-e --delete --host 192.0.2.1 --to --host 192.0.2.2\n' +
        '# not sayable by whack: auto, leftrsasigkey, ppk, negotiationshunt, nonsense',
    );
    expect(showAdd(conn({ auto: 'add', leftxauthserver: 'no' }), 'add')).not.toContain('#');
  });

  test('comes with others for its RSA keys', () => {
    expect(showAdd(conn({ leftrsasigkey: '0sAQ==', rightrsasigkey: '0xAB', rightid: '@e' }), 'add')).toBe(
      'ipsec whack --name w-e --host 192.0.2.1 --to --host 192.0.2.2 --id @e\n' +
        'ipsec whack --keyid 192.0.2.1 --addkey --pubkeyrsa 0sAQ==\n' +
        'ipsec whack --keyid @e --addkey --pubkeyrsa 0xAB',
    );
  });

  test('comes through a shell as it went in', () => {
    const words = [
      'a',
      '',
      ' ',
      "it's",
      '"x"',
      '$HOME',
      '`id`',
      '#1',
      'a#b',
      '*',
      '~',
      '!',
      '\\',
      'a\nb',
      'é',
      '--id=&;|<>',
      '=x',
    ];
    const command = whackCommand(words).replace('ipsec whack', "printf '%s\\0'");
    const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });
});

/** Keywords that do not stand for another, so that the same ones come back. */
const plain = KEYWORDS.filter(
  ({ section, name }) => section === 'conn' && !['also', 'ikev2', 'ah', 'dpdaction'].includes(name),
);

const keyword = fc
  .constantFrom(...plain)
  .chain((k) =>
    fc.tuple(fc.constantFrom(...(k.sided ? [`left${k.name}`, `right${k.name}`] : [k.name])), valueOfKeyword(k)),
  );

function valueOfKeyword({ type, name }: Keyword): fc.Arbitrary<string> {
  const texts = fc.oneof(
    fc.constantFrom('a', '%dnsondemand', 'it’s', '--to', '-1', 'a b', 'x=y', '10.0.0.0/8,10.1.0.0/16'),
    fc.string(),
  );
  const numbers = fc.constantFrom('0', '1', '7', '300', '65000');
  switch (type.t) {
    case 'bool':
      return fc.constantFrom('yes', 'no', 'on', 'off', 'true', 'false', 'y', 'n', '1', '0', 'maybe');
    case 'enum':
      return fc.constantFrom(...Object.keys(type.words), 'bogus');
    case 'duration':
      return fc.constantFrom('10', '1.5h', '500ms', '9m', '8h', '0', 'soon');
    case 'percent':
      return fc.constantFrom('100%', '50%', '0%', '50');
    case 'unsigned':
    case 'bytes':
    case 'count':
      return numbers;
    default:
      return name === 'authby'
        ? fc.constantFrom('secret', 'rsasig', 'rsa,ecdsa', 'null', 'secret|rsasig', 'rsa-sha1 ecdsa-sha2_384', '')
        : texts;
  }
}

test('pairs of subnets are a command each, with the name that pluto gives them', () => {
  const keywords = {
    leftsubnets: '10.1.0.0/24 2001:db8:1::/64',
    rightsubnets: '10.2.0.0/24, 10.3.0.0/24',
    connalias: 'a',
  };
  const command = (name: string, right: string) =>
    `ipsec whack --name ${name} --connalias w-e,a --host 192.0.2.1 --subnet 10.1.0.0/24 --to --host 192.0.2.2 --subnet ${right}`;
  const shown = showAdd(conn(keywords), 'add').split('\n');
  expect(
    shown.map((line) => line.replace(/^(ipsec whack --name \S+)(.*?) --connalias w-e,a/, '$1 --connalias w-e,a$2')),
  ).toEqual([command('w-e/1x1', '10.2.0.0/24'), command('w-e/1x2', '10.3.0.0/24')]);
  expect(showAdd(conn({ leftsubnets: '10.1.0.0/24', leftsubnet: '10.2.0.0/24' }), 'add')).toContain('# not sayable');
});

/** What a keyword comes to, as a text to compare; its default if it is not there. */
function amount({ keywords }: ConnText, key: string): string {
  const row = lookup('conn', key)?.keyword;
  if (!row) throw new Error(key);
  const value = keywords[key];
  if (row.name === 'authby') return JSON.stringify(parseAuthby((value ?? 'rsasig,ecdsa').split(/[,\s]+/), 2));
  const parsed = value === undefined ? defaultOf(row) : parseTyped(row.type, value);
  return JSON.stringify(isFault(parsed) ? 'fault' : (parsed ?? 'unset'));
}

test('is heard by whack as the connection that was shown, but for what the comment names', () => {
  fc.assert(
    fc.property(fc.array(keyword, { maxLength: 12 }), fc.string(), (pairs, name) => {
      const shown: ConnText = { ...conn(Object.fromEntries(pairs)), name };
      // Pairs of subnets and keys are said by commands of their own.
      fc.pre(!pairs.some(([key]) => /subnets$/.test(key)));
      fc.pre(!/rsasigkey=0/.test(pairs.map((pair) => pair.join('=')).join()));
      const [, comment = ''] = showAdd(shown, 'add').split('\n# not sayable by whack: ');
      // Refused by whack, as it would be by pluto.
      fc.pre(shown.keywords.keyexchange === 'ikev1' || shown.keywords.phase2 !== 'esp+ah');
      fc.pre(shown.keywords.keyexchange !== 'ikev1' || !/ecdsa/.test(shown.keywords.authby ?? ''));
      const unsaid = new Set(comment.split(', '));
      const back = heard(whackAdd(shown, 'add'));
      expect(back.name).toBe(name);
      // A file that says nothing of them has IKEv2, and in IKEv1 encrypts; whack must not be taken for FreeS/WAN's.
      for (const key of Object.keys(back.keywords))
        if (key !== 'phase2' && key !== 'keyexchange') expect(shown.keywords, key).toHaveProperty([key]);
      for (const key of Object.keys(shown.keywords)) {
        if (unsaid.has(key)) expect(back.keywords).not.toHaveProperty([key]);
        else if (key !== 'auto') expect(`${key}=${amount(back, key)}`).toBe(`${key}=${amount(shown, key)}`);
      }
    }),
    { numRuns: 500 },
  );
});

test('makes the same connection as the file does, for sound values', () => {
  const sound: Readonly<Record<string, readonly string[]>> = {
    leftid: ['@w', 'C=CH, O="A B", CN=w', '192.0.2.7'],
    rightsubnet: ['10.0.2.0/24', '10.0.2.0/24,10.0.3.0/24'],
    leftprotoport: ['tcp/80', '17'],
    leftsendcert: ['sendifasked', 'never'],
    leftupdown: ['', '%disabled', '/bin/true x'],
    authby: ['secret', 'secret,rsasig', 'never', 'rsa-sha2'],
    type: ['tunnel', 'transport'],
    ike: ['aes256-sha2;modp2048', 'aes_gcm256'],
    phase2: ['esp', 'ah', 'esp+ah', 'none'],
    esp: ['aes256', 'sha2'],
    ah: ['sha2', 'sha1'],
    ikev2: ['yes', 'insist'],
    keyexchange: ['ikev2', 'ike', 'ikev1'],
    rekey: ['yes', 'no'],
    rekeymargin: ['1m', '30'],
    rekeyfuzz: ['0%', '50%'],
    'retransmit-interval': ['250', '1s'],
    'ipsec-max-bytes': ['1MiB', '4096'],
    mobike: ['on', 'off'],
    esn: ['either', 'no'],
    fragmentation: ['force', 'never'],
    'nat-keepalive': ['no', 'yes'],
    encapsulation: ['auto', 'yes'],
    dpddelay: ['10', '1m'],
    connalias: ['a', 'a,b'],
    failureshunt: ['hold', 'reject'],
    plutodebug: ['base', 'base,no-crypt', 'none'],
  };
  const pair = fc
    .constantFrom(...Object.keys(sound))
    .chain((key) => fc.tuple(fc.constant(key), fc.constantFrom(...sound[key])));
  let compared = 0;
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 12 }), (pairs) => {
      const shown = conn(Object.fromEntries(pairs));
      const line = parseWhack(whackAdd(shown, 'add'));
      // There is --esp alone.
      if (shown.keywords.phase2 === 'esp+ah' && shown.keywords.ah !== undefined) return;
      // Beside it they mean nothing, and are not said.
      if (shown.keywords.phase2 === 'none' && (shown.keywords.esp ?? shown.keywords.compress) !== undefined) return;
      if ('error' in line || !Array.isArray(whackRequests(line))) return;
      const [ours, theirs] = [connsOf(shown), connsOf(heard(whackAdd(shown, 'add')))].map(({ conns }) =>
        conns.map((made) => ({ ...made, file: '', line: 0 })),
      );
      // What pluto refuses need not be sayable.
      if (ours.length === 0) return;
      expect(theirs).toEqual(ours);
      compared++;
    }),
    { numRuns: 300 },
  );
  expect(compared).toBeGreaterThan(50);
});
