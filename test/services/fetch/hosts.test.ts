import { expect, test } from 'vitest';
import type { Lookup } from '../../../src/services/dns/resolver.ts';
import { addressesOf } from '../../../src/services/fetch/hosts.ts';

const HOSTS = '127.0.0.1 localhost\n# 10.0.0.9 gone.example\n192.0.2.7\tCA ca.example # ours\nfe80::1%eth0 link\n';

async function look(host: string, answers: Record<string, readonly string[] | string> = {}) {
  const asked: string[] = [];
  const found = await addressesOf(host, {
    hostsFile: () => HOSTS,
    resolver: {
      async lookUp(name, type): Promise<Lookup> {
        asked.push(`${name} ${type}`);
        const answer = answers[type] ?? [];
        if (typeof answer === 'string') return { ok: false, why: answer };
        const records = answer.map((data) => ({ type, data }));
        return { ok: true, records, isSecure: false, doubt: '', ttl: 1 };
      },
    },
  });
  return { asked, found: 'why' in found ? found.why : found.addresses.map(String) };
}

test('addresses as they are written ask nobody', async () => {
  expect(await look('192.0.2.1')).toEqual({ asked: [], found: ['192.0.2.1'] });
  expect(await look('[2001:db8::1]')).toEqual({ asked: [], found: ['2001:db8::1'] });
});

test('hosts(5) goes before DNS', async () => {
  expect(await look('CA.example')).toEqual({ asked: [], found: ['192.0.2.7'] });
  expect(await look('localhost')).toEqual({ asked: [], found: ['127.0.0.1'] });
  expect((await look('gone.example', { A: ['192.0.2.8'] })).found).toEqual(['192.0.2.8']);
});

test('DNS: both families, no more than a few, and why there is nothing', async () => {
  expect(await look('www.example', { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] })).toEqual({
    asked: ['www.example A', 'www.example AAAA'],
    found: ['192.0.2.1', '2001:db8::1'],
  });
  expect((await look('www.example', { A: Array(100).fill('192.0.2.1') })).found).toHaveLength(16);
  expect((await look('www.example', { A: ['nonsense'] })).found).toBe('www.example has no address');
  expect((await look('www.example', { AAAA: 'no answer' })).found).toBe('www.example: no answer');
});

test('what is no name is not asked for', async () => {
  expect(await look('intranet')).toEqual({ asked: [], found: 'intranet is no name to look up' });
  expect((await look('a_b..example')).asked).toEqual([]);
});
