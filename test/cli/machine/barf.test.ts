import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { run as barf } from '../../../src/cli/commands/barf.ts';
import { run as look } from '../../../src/cli/commands/look.ts';
import { isSecretKeyword, masking } from '../../../src/cli/machine/mask.ts';
import { barfSections } from '../../../src/cli/machine/sections.ts';
import { installation } from '../../../src/control/installation.ts';
import { type FakeMachine, failed, fakeMachine } from './fake-machine.ts';

const WHACK = `node ${installation()}bin/whack`;

const KEY = '0xca11a7e5ca11a7e5ca11a7e5ca11a7e5ca11a7e5';
const XFRM = `src 192.0.2.1 dst 192.0.2.9
	proto esp spi 0xc0ffee01 reqid 16389 mode tunnel
	auth-trunc hmac(sha256) ${KEY} 128
	enc cbc(aes) ${KEY}
	anti-replay context: seq 0x0, oseq 0x4, bitmap 0x00000000
src 192.0.2.9 dst 192.0.2.1
	proto esp spi 0xc0ffee02 reqid 16389 mode tunnel
	aead rfc4106(gcm(aes)) ${KEY} 128
	comp deflate
	auth hmac(md5) 0xca11a7e5
`;

/** Every place a secret could stand in has one, and each is a canary. */
const MACHINE: FakeMachine = {
  files: {
    '/proc/sys/kernel/osrelease': '6.12.0\n',
    '/proc/version': 'Linux version 6.12.0\n',
    '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 12"\n',
    '/run/pluto/pluto.pid': '4711\n',
    '/proc/4711/status': 'Name:\tnode\nVmRSS:\t 90000 kB\nSigQ:\t0\n',
    '/etc/ipsec.conf': [
      '# the secret is canary-comment',
      'config setup',
      '\tlogfile=/var/log/pluto.log',
      'conn office',
      '\tleft=192.0.2.1',
      '\tright=192.0.2.9',
      '\tauthby=secret',
      '\tleftxauthpassword=canary-xauth',
      '\tmysecret=canary-unknown',
      '\tx-note=canary-note',
      '\tike=canary phrase with blanks',
      '@a @b : PSK "canary-stray"',
      'canary-malformed',
      '\trightid=@b # canary-trailing',
      'include /etc/ipsec.d/*.conf',
      '',
    ].join('\n'),
    '/etc/ipsec.d/more.conf': 'conn more\n\tleft=%defaultroute\n\tleftpsk=canary-included\n',
    '/etc/ipsec.secrets': [
      '@a @b : PSK "canary-psk"',
      '@c : PSK "canary phrase, with (blanks)"',
      ': PSK 0xca11a7e5ca11a7e5',
      '@user : XAUTH "canary-user-password"',
      ': RSA {\n\tModulus: 0xca11a7e501\n\tPrivateExponent: 0xca11a7e502\n\t}',
      'canary-in-no-entry',
      'include /etc/ipsec.d/*.secrets',
      '',
    ].join('\n'),
    '/etc/ipsec.d/more.secrets': '@d : PSK canary-unquoted\n',
    '/var/log/pluto.log': [
      '"office" #1: initiating IKEv2 connection to 192.0.2.9 using UDP',
      'some fool has logged canary-psk and canary phrase, with (blanks) here',
      '| SK_d: ca 11 a7 e5 ca 11 a7 e5 ca 11 a7 e5 ca 11 a7 e5 ca 11',
      '| SK_ei: ca11a7e5ca11a7e5ca11a7e5ca11a7e5',
      '-----BEGIN RSA PRIVATE KEY-----\nY2FuYXJ5LXBlbQ==\n-----END RSA PRIVATE KEY-----',
      'canary-unquoted, canary-in-no-entry; and 0xca11a7e502',
      '"office" #1: last line',
      '',
    ].join('\n'),
  },
  stats: { '/etc/ipsec.secrets': { mode: 0o600 } },
  commands: {
    'ip -s xfrm state': XFRM,
    'ip -s xfrm policy': 'src 10.1.0.0/24 dst 10.2.0.0/24\n\tdir out priority 1 ptype main\n',
    'nft list ruleset': 'table inet x { chain y { } comment "canary-psk" }\n',
    [`${WHACK} --status`]: 'using kernel interface: xfrm\n"office": conn canary-user-password\n',
    [`${WHACK} --trafficstatus`]: '#2: "office", type=ESP, inBytes=84\n',
    ss: { exit: 0, stdout: 'UNCONN 0 0\n', stderr: '', isCut: true },
    'ip rule': failed(255, 'Not supported\n'),
  },
};

async function printed(command: typeof barf, machine: FakeMachine = MACHINE, options: [string, string][] = []) {
  let [stdout, stderr] = ['', ''];
  const output = {
    out: (text: string) => {
      stdout += text;
    },
    err: (line: string) => {
      stderr += `${line}\n`;
    },
  };
  const exit = await command({ options: new Map(options) }, output, fakeMachine(machine));
  return { exit, stdout, stderr };
}

const CANARY = /canary|ca ?11 ?a7 ?e5|Y2FuYXJ5/i;

describe('no secret comes out', () => {
  test('of barf', async () => {
    const { stdout, exit } = await printed(barf);
    expect(stdout.split('\n').filter((line) => CANARY.test(line))).toEqual([]);
    expect(exit).toBe(0);
  });

  test('of look', async () => {
    expect((await printed(look)).stdout).not.toMatch(CANARY);
  });

  test('as JSON', async () => {
    const { stdout } = await printed(barf, MACHINE, [['json', '']]);
    expect(stdout).not.toMatch(CANARY);
    expect(JSON.parse(stdout).sections[0].title).toBe('versions');
  });
});

test('what helps does come out', async () => {
  const { stdout } = await printed(barf);
  for (const text of [
    'Debian GNU/Linux 12',
    'conn office\n\tleft=192.0.2.1\n\tright=192.0.2.9\n\tauthby=secret\n\tleftxauthpassword=<masked>',
    '# /etc/ipsec.d/more.conf\nconn more\n\tleft=%defaultroute',
    '/etc/ipsec.secrets:1: PSK, 2 indices',
    'spi 0xc0ffee01',
    'enc cbc(aes) <masked>',
    'aead rfc4106(gcm(aes)) <masked> 128',
    'bitmap 0x00000000',
    '"office" #1: initiating IKEv2 connection to 192.0.2.9 using UDP',
    '"office" #1: last line',
    'VmRSS:\t 90000 kB',
    'iptables-save: there is no such command',
    '… it was stopped here',
    'Not supported\n… exit status 255',
  ]) {
    expect(stdout).toContain(text);
  }
});

test('look shows what the data plane has, and says where that is not the kernel', async () => {
  expect((await printed(look)).stdout).toMatchSnapshot();
  const userspace = { ...MACHINE.commands, [`${WHACK} --status`]: 'using kernel interface: userspace\n' };
  expect((await printed(look, { ...MACHINE, commands: userspace })).stdout).toContain(
    '=== data plane\nuserspace: pluto',
  );
  expect((await printed(look, { ...MACHINE, commands: {} })).stdout).toContain('pluto does not answer');
});

test('the log is as long as asked for', async () => {
  expect((await printed(barf, MACHINE, [['maxlines', '1']])).stdout).toContain('=== log\n"office" #1: last line\n');
  expect((await printed(barf, MACHINE, [['short', '']])).stdout).not.toContain('=== log');
  expect(await printed(barf, MACHINE, [['maxlines', 'many']])).toMatchObject({ exit: 1, stdout: '' });
});

test('a section is bounded, and one that cannot be had keeps no other', async () => {
  const endless = `${'x'.repeat(99)}\n`;
  const commands = { ...MACHINE.commands, 'nft list ruleset': endless.repeat(20_000) };
  const machine = fakeMachine({ ...MACHINE, commands });
  let stdout = '';
  const output = {
    out: (text: string) => {
      stdout += text;
    },
    err: () => {},
  };
  const broken = {
    ...machine,
    addresses: () => {
      throw new Error('no addresses today');
    },
  };
  await barf({ options: new Map() }, output, broken);
  expect(stdout.length).toBeLessThan(1 << 20);
  expect(stdout).toContain('characters more');
  expect(stdout).toContain('the check itself failed: no addresses today');
  expect(stdout).toContain('=== log');
});

test('an empty machine draws a report, not an error', async () => {
  const { exit, stdout } = await printed(barf, {});
  expect([exit, stdout.split('=== ').length]).toEqual([0, barfSections({ maxLines: 1 }).length + 1]);
});

describe('the mask', () => {
  test.each([
    ['auth-trunc hmac(sha1) 0x1234 96', 'auth-trunc hmac(sha1) <masked> 96'],
    ['@a : PSK abcd', '@a : PSK <masked>'],
    ['0sAAAAAAAAAAAAAAAAAAAAAAAA==', '<masked>'],
    ['say "opensesame"!', 'say "<masked>"!'],
    ['two words here', '<masked> here'],
    ['fingerprint 00:11:22:33:44:55 stays', 'fingerprint 00:11:22:33:44:55 stays'],
    ['esp.c0ffee01@192.0.2.1 stays', 'esp.c0ffee01@192.0.2.1 stays'],
    ['SPI 0123456789abcdef stays', 'SPI 0123456789abcdef stays'],
    ['PSK without a colon stays', 'PSK without a colon stays'],
    ['an abc stays', 'an abc stays'],
    ['hunter2. and hunter22', '<masked>. and hunter22'],
    ['xopensesamex', 'x<masked>x'],
    ['opensesame-2 is longer', '<masked> is longer'],
  ])('%s', (text, masked) => {
    expect(masking(['opensesame', 'opensesame-2', 'two words', 'hunter2', 'abc'])(text)).toBe(masked);
  });

  test('a secret of eight characters stands nowhere, whatever is around it', () => {
    const secret = fc.stringMatching(/^[b-z0-9!.,;:"' ]{8,40}$/).filter((text) => !text.includes('masked'));
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 5 }), fc.array(fc.string()), (secrets, around) => {
        const text = around.map((part, i) => part + secrets[i % secrets.length]).join('');
        const masked = masking(secrets)(text);
        for (const one of secrets) expect(masked.replaceAll('<masked>', '\n')).not.toContain(one);
      }),
    );
  });

  test('a million empty lines are gone through once', () => {
    const text = '\n'.repeat(1 << 20);
    expect(masking([])(text)).toBe(text);
  });

  test('ten thousand secrets cost a pass over the text, no more', () => {
    const secrets = Array.from({ length: 10_000 }, (_, i) => `secret number ${i} of them`);
    const masked = masking(secrets)(secrets.join('\n'));
    expect(masked).toBe(secrets.map(() => '<masked>').join('\n'));
  });

  test.each(['leftpassword', 'xauthpass', 'psk', 'mysecret', 'pin', 'privatekey'])('%s= is nobody’s business', (name) =>
    expect(isSecretKeyword(name)).toBe(true),
  );
  test.each(['secretsfile', 'ping', 'authby', 'passthrough', 'compress'])('%s= is shown', (name) =>
    expect(isSecretKeyword(name)).toBe(false),
  );
});
