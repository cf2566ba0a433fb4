/** Names of gateways: asked once for all who ask, and no more than a question may have. */
import { describe, expect, test } from 'vitest';
import { HostAddresses } from '../../../src/services/dns/host-addresses.ts';

function resolver(hosts: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const counts = new Map<string, number>();
  let now = 0;
  const answers = new HostAddresses({
    lookups: {
      addresses: async (name) => {
        asked.push(name);
        const addresses = hosts[name];
        return addresses ? { ok: true, addresses } : { ok: false, kind: 'answer', why: `${name} has no address` };
      },
    },
    now: () => now,
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
  });
  const ask = async (family: 4 | 6, ...names: string[]) => {
    const reply = await answers.answer({ t: 'addresses', names, family });
    if (reply.t !== 'addresses') throw new Error(reply.t);
    return { addresses: reply.addresses.map(String), why: reply.why };
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { ask, asked, counts, pass };
}

describe('names', () => {
  const hosts = { 'gw.example': ['192.0.2.3', '2001:db8::3'], 'other.example': ['192.0.2.4'] };

  test('have the addresses of the family that is asked for, in order', async () => {
    const { ask } = resolver(hosts);
    expect(await ask(4, 'gw.example', 'other.example')).toEqual({
      addresses: ['192.0.2.3', '192.0.2.4'],
      why: undefined,
    });
    expect(await ask(6, 'gw.example', 'other.example')).toEqual({ addresses: ['2001:db8::3'], why: undefined });
  });

  test('that nobody knows are told of, beside those that are known', async () => {
    const { ask, counts } = resolver(hosts);
    expect(await ask(4, 'none.example', 'GW.example')).toEqual({
      addresses: ['192.0.2.3'],
      why: 'none.example has no address',
    });
    expect(Object.fromEntries(counts)).toEqual({ 'hosts.answer': 1, 'hosts.found': 1 });
  });

  test('are remembered for half a minute, and no longer', async () => {
    const { ask, asked, pass } = resolver(hosts);
    await Promise.all([ask(4, 'gw.example'), ask(4, 'gw.example')]);
    pass(29_000);
    await ask(4, 'gw.example');
    expect(asked).toHaveLength(1);
    pass(2_000);
    await ask(4, 'gw.example');
    expect(asked).toHaveLength(2);
  });

  test('beyond sixteen in one question are not asked for', async () => {
    const { ask, asked } = resolver(hosts);
    await ask(4, ...Array.from({ length: 40 }, (_, i) => `h${i}.example`));
    expect(asked).toHaveLength(16);
  });
});
