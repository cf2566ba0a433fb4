/** Which connection a peer of IKEv1 gets: by addresses, then by its identity, then by the networks that it asks for. */
import { describe, expect, test } from 'vitest';
import { conn, EAST, House, town, WEST } from './town.ts';

const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };
const ANY = { ...V1, left: '%any', right: EAST, rightid: '@east' };
const SHARED = '%any : PSK "swordfish"\n';

/** East's conns and secrets; the peer has one conn, at an address of its own. */
function warrior(
  conns: string,
  secrets: string,
  own: Readonly<Record<string, string | undefined>>,
  ownSecrets = secrets,
) {
  const made = town({ east: { conf: conns, secrets, ikev1Policy: 'accept' }, west: { conf: '' } });
  const address = '198.51.100.1';
  const conf = conn('home', { ...V1, left: address, right: EAST, rightid: '@east', ...own });
  const home = new House('home', made.clock, made.wire, { address, conf, secrets: ownSecrets, ikev1Policy: 'accept' });
  const up = () => home.whack({ kind: 'initiate', name: 'home', asynchronous: true });
  return { ...made, home, up };
}

const namesOf = (house: House) => [...house.plane.inbound()].map(({ selectors }) => `${selectors[0].src}`);

describe.each([
  ['Main Mode', {}],
  ['Aggressive Mode', { aggressive: 'yes' }],
])('%s', (_mode, mode) => {
  test('road warriors are told apart by what they call themselves', () => {
    const conns =
      conn('one', { ...ANY, ...mode, leftid: '@one', leftsubnet: '10.1.0.0/24' }) +
      conn('two', { ...ANY, ...mode, leftid: '@two', leftsubnet: '10.2.0.0/24' });
    const { east, up } = warrior(conns, SHARED, { ...mode, leftid: '@two', leftsubnet: '10.2.0.0/24' });
    up();
    expect(namesOf(east)).toEqual(['10.2.0.0/24']);
    expect(east.log.join('\n')).toMatch(/"two"\[1\] 198\.51\.100\.1 #\d+: ISAKMP SA established/);
  });

  test('who calls itself what nobody is called is refused, with words', () => {
    const conns = conn('one', { ...ANY, ...mode, leftid: '@one', leftsubnet: '10.1.0.0/24' });
    const { east, home, up, clock } = warrior(conns, SHARED, { ...mode, leftid: '@three', leftsubnet: '10.1.0.0/24' });
    up();
    expect(east.plane.sas.size).toBe(0);
    expect(east.log.join('\n')).toMatch(/@three/);
    home.whack({ kind: 'terminate', name: 'home' });
    clock.advance(120_000);
    expect(east.world.switchboard.size).toBe(0);
  });

  test('the networks that are asked for choose among connections of one peer', () => {
    const conns =
      conn('one', { ...ANY, ...mode, leftid: '@w', leftsubnet: '10.1.0.0/24' }) +
      conn('two', { ...ANY, ...mode, leftid: '@w', leftsubnet: '10.2.0.0/24' });
    const { east, up } = warrior(conns, SHARED, { ...mode, leftid: '@w', leftsubnet: '10.2.0.0/24' });
    up();
    expect(namesOf(east)).toEqual(['10.2.0.0/24']);
    expect(east.plane.mistakes).toEqual([]);
  });

  test('networks that nobody has are refused, and the ISAKMP SA stays', () => {
    const conns = conn('one', { ...ANY, ...mode, leftid: '@w', leftsubnet: '10.1.0.0/24' });
    const { east, up } = warrior(conns, SHARED, { ...mode, leftid: '@w', leftsubnet: '10.9.0.0/24' });
    up();
    expect(east.plane.sas.size).toBe(0);
    expect(east.log.join('\n')).toMatch(/no connection of '@w' is known for/);
  });
});

describe('one secret for all whose address nobody knows', () => {
  const conns =
    conn('one', { ...ANY, leftid: '@one', leftsubnet: '10.1.0.0/24' }) +
    conn('two', { ...ANY, leftid: '@two', leftsubnet: '10.2.0.0/24' });

  test('a second one cannot be used in Main Mode, and that is said', () => {
    const secrets = '@one @east : PSK "shark"\n@two @east : PSK "whale"\n';
    const { east, home, up } = warrior(conns, secrets, { leftid: '@two', leftsubnet: '10.2.0.0/24' });
    up();
    expect(east.plane.sas.size).toBe(0);
    expect(home.plane.sas.size).toBe(0);
    expect(east.log.join('\n')).toMatch(/secret|key/);
  });

  test('in Aggressive Mode each may have its own', () => {
    const aggressive = { aggressive: 'yes' };
    const many =
      conn('one', { ...ANY, ...aggressive, leftid: '@one', leftsubnet: '10.1.0.0/24' }) +
      conn('two', { ...ANY, ...aggressive, leftid: '@two', leftsubnet: '10.2.0.0/24' });
    const secrets = '@one @east : PSK "shark"\n@two @east : PSK "whale"\n';
    const { east, up } = warrior(many, secrets, { ...aggressive, leftid: '@two', leftsubnet: '10.2.0.0/24' });
    up();
    expect(namesOf(east)).toEqual(['10.2.0.0/24']);
  });
});

test('a peer whose address is known has its own secret in Main Mode', () => {
  const known = conn('known', { ...V1, left: WEST, leftid: '@west', right: EAST, rightid: '@east' });
  const any = conn('any', { ...ANY, leftid: '@w', leftsubnet: '10.1.0.0/24' });
  const secrets = `${WEST} ${EAST} : PSK "own"\n@west @east : PSK "own"\n%any : PSK "swordfish"\n`;
  const { west, east } = town({
    east: { conf: any + known, secrets, ikev1Policy: 'accept' },
    west: { conf: known, secrets: '@west @east : PSK "own"\n', ikev1Policy: 'accept' },
  });
  expect(west.whack({ kind: 'initiate', name: 'known' }).exit).toBe(0);
  expect(namesOf(east)).toEqual(['10.0.1.0/24']);
});
