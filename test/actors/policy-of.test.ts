import { describe, expect, test } from 'vitest';
import { checkingConn, connsOf } from '../../src/actors/conn-text.ts';
import { policyOf } from '../../src/actors/policy-of.ts';
import { Address } from '../../src/net/address.ts';
import { conn, connsIn, WEST } from './town.ts';

const at = { side: 'left', localHost: Address.parse(WEST)! } as const;
const policy = (changes: Record<string, string | undefined> = {}) =>
  policyOf(connsIn(conn('w-e', changes))[0], at, 16_384, 20_000);

describe('policyOf', () => {
  test('sees the connection from our end', () => {
    const [one] = connsIn(conn());
    const west = policyOf(one, at, 16_384, 20_000);
    const east = policyOf(one, { side: 'right', localHost: Address.parse('192.0.2.2')! }, 16_388, 20_000);
    if ('hindrance' in west || 'hindrance' in east) throw new Error('refused');
    expect([`${west.localId}`, `${west.remoteId}`]).toEqual(['@west', '@east']);
    expect([`${east.localId}`, `${east.remoteId}`]).toEqual(['@east', '@west']);
    expect(west.child.local).toEqual(east.child.remote);
    expect(west.child.remote).toEqual(east.child.local);
    expect(Object.isFrozen(west) && Object.isFrozen(west.child)).toBe(true);
  });

  test('an end without an identity is its address; the peer of a template is whoever has a secret', () => {
    const plain = policy({ leftid: undefined, rightid: undefined });
    const template = policy({ right: '%any', rightid: undefined, rightsubnet: undefined });
    if ('hindrance' in plain || 'hindrance' in template) throw new Error('refused');
    expect([`${plain.localId}`, `${plain.remoteId}`]).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(template.remoteHost).toBeUndefined();
    expect(template.remoteId).toBeUndefined();
    expect(template.child.remote).toEqual([]);
  });

  test.each([
    [{ keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048' }, 'keyexchange=ikev1'],
    [{ type: 'passthrough', authby: 'never' }, 'type=passthrough'],
    [{ authby: undefined }, 'authby=rsasig,ecdsa'],
    [{ authby: 'null' }, 'authby=null'],
    [{ leftauth: 'secret', rightauth: 'rsasig', authby: 'secret,rsasig' }, 'rightauth=rsasig'],
    [{ right: 'east.example.net' }, 'right=east.example.net'],
    [{ right: '%group' }, 'right=%group'],
    [{ right: '%defaultroute' }, 'right=%defaultroute'],
    [{ right: '%eth1' }, 'right=%eth1'],
    [{ rightid: '%fromcert', authby: 'secret,rsasig' }, 'rightid=%fromcert'],
    [{ leftid: '%any' }, 'leftid=%any'],
  ] as const)('names what is not built: %j', (changes, hindrance) => {
    expect(policy(changes)).toEqual({ hindrance });
  });
});

describe('connsOf', () => {
  const text = (keywords: Record<string, string>) => ({ name: 'x', file: '/etc/ipsec.d/x.conf', line: 12, keywords });
  const ends = { left: '192.0.2.1', right: '192.0.2.2', authby: 'secret' };

  test('conns share what is equal in them, and have their problems to themselves', () => {
    const ike = { ike: 'aes256-sha2_256-dh31' };
    const [a, b] = [connsOf(text({ ...ends, ...ike })), connsOf(text({ ...ends, ...ike, leftid: '@a' }))];
    expect(a.conns[0].ike).toBe(b.conns[0].ike);
    const wrong = { ...ends, ike: 'rot13' };
    for (let again = 0; again < 2; again++) expect(connsOf(text(wrong)).errors).toHaveLength(1);
    expect(connsOf(text(ends))).toMatchObject({ errors: [], warnings: [] });
  });

  test('one that is looked at in the midst of another keeps its problems to itself', () => {
    const subnets = (n: number) => Array.from({ length: 100 }, (_, i) => `10.${n}.${i}.0/24`).join(' ');
    const many = checkingConn(text({ ...ends, leftsubnets: subnets(1), rightsubnets: subnets(2), rightid: '@r' }));
    expect(many.next().done).toBe(false);
    expect(connsOf(text({ ...ends, ike: 'rot13' })).errors).toHaveLength(1);
    let last = many.next();
    while (!last.done) last = many.next();
    expect([last.value.conns.length, last.value.errors]).toEqual([10_000, []]);
  });

  test('makes one conn, or one for each pair of subnets', () => {
    expect(connsOf(text(ends)).conns.map((c) => c.name)).toEqual(['x']);
    const several = connsOf(text({ ...ends, leftsubnets: '10.0.1.0/24 10.0.2.0/24', rightsubnet: '10.1.0.0/16' }));
    expect(several.conns).toHaveLength(2);
    expect(several.conns.every((c) => c.aliases.includes('x'))).toBe(true);
  });

  test.each([{ nonsense: '1' }, { ike: 'rot13' }, { left: 'x y z' }])('refuses %j, with file and line', (wrong) => {
    const { conns, errors } = connsOf(text({ ...ends, ...wrong }));
    expect(conns).toEqual([]);
    expect(errors).toEqual([expect.stringMatching(/^\/etc\/ipsec\.d\/x\.conf:12: /)]);
  });

  test('warns of what it leaves out', () => {
    const { conns, warnings } = connsOf(text({ ...ends, ikelifetime: 'soon' }));
    expect(conns).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('/etc/ipsec.d/x.conf:12')]);
  });

  test('without ends there is nothing to add, and it says so', () => {
    expect(connsOf(text({ authby: 'secret' })).errors).toHaveLength(1);
  });
});
