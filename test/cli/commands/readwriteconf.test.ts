import { describe, expect, test } from 'vitest';
import { files } from './files.ts';

const CONF = {
  'ipsec.conf': 'config setup\n\tuniqueids=no\ninclude conns\nconn %default\n\tauthby=secret\n',
  conns: 'conn w\n\talso=base\n\tright=%any\n\tauto=route\n\tdpddelay=1m\n\tmobike=yes\nconn base\n\tleft=192.0.2.1\n',
};

describe('ipsec readwriteconf', () => {
  test('prints what it understands, and remarks on stderr', async () => {
    expect(await files(CONF).run('readwriteconf')).toEqual({
      exit: 0,
      stdout:
        'config setup\n\tuniqueids=no\n\n' +
        'conn w\n\tleft=192.0.2.1\n\tright=%any\n\tauto=ondemand\n\tauthby=secret\n\tdpddelay=1m\n\tmobike=yes\n\n' +
        'conn base\n\tleft=192.0.2.1\n\tauthby=secret\n\n',
      stderr: expect.stringContaining('conns:6: [conn w] warning: mobike= has no effect yet\n'),
    });
  });

  test('as JSON, with values in their types', async () => {
    const { exit, stdout } = await files(CONF).run('readwriteconf', '--json');
    const [w, base] = [
      { left: '192.0.2.1', right: '%any', auto: 'ondemand', authby: ['secret'], dpddelay: 60_000, mobike: true },
      { left: '192.0.2.1', authby: ['secret'] },
    ];
    expect([exit, JSON.parse(stdout)]).toEqual([
      0,
      {
        file: 'ipsec.conf',
        setup: { uniqueids: false },
        conns: [
          { name: 'w', file: 'conns', line: 1, settings: w },
          { name: 'base', file: 'conns', line: 7, settings: base },
        ],
      },
    ]);
  });

  test('prints nothing of a file with an error', async () => {
    const { exit, stdout, stderr } = await files({ ...CONF, conns: 'conn w\n\tleft=1.2.3.256\n\tright=%any\n' }).run(
      'readwriteconf',
    );
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toContain('conns:2: [conn w] left=: expected an address');
  });

  test('an empty file is nothing', async () => {
    expect(await files({ 'ipsec.conf': '# nothing\n' }).run('readwriteconf')).toEqual({
      exit: 0,
      stdout: '',
      stderr: '',
    });
  });
});
