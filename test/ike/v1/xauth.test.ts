/** XAUTH: a user behind the group's secret, and what comes of one who is none. draft-beaulieu-ike-xauth-02. */
import { describe, expect, test } from 'vitest';
import { AGGRESSIVE, expectAgreement, expectNothing, MAIN, QUICK, v1Policy } from './pair.ts';
import { expectExchange, PULL, typist, type WarriorOptions, warrior, XAUTH } from './road-warrior.ts';

const NONE = { west: undefined, east: undefined };
const GONE = 'Informational* { HASH, D } -->';
const [ASKED, SAID, JUDGED, HEARD] = XAUTH;

describe('a user with a password', () => {
  test.each([false, true])('is let in before any child is made (aggressive %s)', (aggressive) => {
    const made = warrior({ aggressive, cp: NONE, west: { child: { remote: [] } }, east: { child: { local: [] } } });
    const { west, east, wire } = made;
    west.up();
    expectExchange(wire, [...(aggressive ? AGGRESSIVE : MAIN), ...XAUTH]);
    expect(east.sa.eapUser?.name).toBe('joe');
    expect(east.sa.isDoubtful).toBe(false);
    expectExchange(wire, QUICK);
    expectAgreement(made);
    expect(west.plane.size).toBe(1);
    expect(west.sa.config ?? east.sa.config).toBeUndefined();
    expect(east.lines.join('\n')).toContain('XAUTH: User "joe": Authentication Successful');
    expect([...west.lines, ...east.lines, ...west.debugs, ...east.debugs].join('\n')).not.toContain('sesame');
  });

  test('of the command comes before that of the configuration, which need not have any', () => {
    const { west, east, wire } = warrior({ client: { user: undefined }, cp: NONE });
    const password = Uint8Array.from(Buffer.from('abc'));
    west.up('w-e', { t: 'initiate', login: { user: 'ann', password } });
    expectExchange(wire, [...MAIN, ...XAUTH]);
    expect(east.sa.eapUser?.name).toBe('ann');
    expect(Buffer.from(password).toString()).toBe('abc');
    expect(west.sa.login).toBeUndefined();
    expect(west.questions).toEqual([]);
  });

  test('is asked of who watches, name and password', () => {
    const { west, east, wire } = warrior({ client: { user: undefined }, cp: NONE });
    west.answers = typist('ann', 'abc');
    west.up();
    expectExchange(wire, [...MAIN, ...XAUTH]);
    expect(west.questions).toMatchObject([
      { t: 'xauthPrompt', what: 'username', conn: 'w-e' },
      { t: 'xauthPrompt', what: 'password', text: 'Password of "ann" for "w-e"' },
    ]);
    expect(east.sa.eapUser?.name).toBe('ann');
  });

  test('is nothing that the other end of phase 1 must have begun: a server may call its client', () => {
    const { west, east, wire } = warrior({ cp: NONE });
    east.up();
    const turned = (line: string) =>
      line.includes('-->') ? `<-- ${line.replace('-->', '').trim()}` : `${line.replace('<--', '').trim()} -->`;
    expectExchange(wire, [...MAIN.map(turned), ...XAUTH]);
    expect(east.sa.role).toBe('initiator');
    expect(east.sa.eapUser?.name).toBe('joe');
    expect(west.sa.config).toBeUndefined();
  });
});

describe('a user without', () => {
  test('is refused after a second time of the same, and told so; nothing is left', () => {
    const made = warrior({ cp: NONE });
    const { west, east, wire, clock } = made;
    west.passwords = { joe: 'wrong' };
    west.up();
    expectExchange(wire, [...MAIN, ASKED, SAID, ASKED]);
    // It has no other password, and nobody to ask.
    clock.flush();
    wire.release();
    clock.advance(130_000);
    expectNothing(west);
    expectNothing(east);
    expect(west.downs.map(({ why }) => why)).toEqual(['denied']);
    expect(west.lines.join('\n')).toContain('XAUTH: the peer does not accept our password, and nobody');
    expect(east.lines.join('\n')).toContain('XAUTH: User "joe": Authentication Failed: no such user or password');
    expect([...west.lines, ...east.lines].join('\n')).not.toContain('wrong');
    expect(east.distrusted).toContain('xauth');
  });

  test('has three tries', () => {
    const { west, east, wire, clock } = warrior({ cp: NONE });
    west.passwords = {};
    west.answers = typist('one', 'two', 'three', 'sesame');
    west.up();
    expectExchange(wire, [...MAIN, ASKED, SAID, ASKED, SAID, ASKED, SAID, JUDGED, HEARD]);
    wire.release();
    clock.flush();
    expectNothing(west);
    expectNothing(east);
    expect(west.lines.filter((line) => line.includes('the peer says: Authentication failed'))).toHaveLength(2);
    expect(west.ups).toEqual([]);
  });

  test('is let in at the third', () => {
    const { west, east, wire } = warrior({ cp: NONE });
    west.passwords = {};
    west.answers = typist('one', 'two', 'sesame');
    west.up();
    expectExchange(wire, [...MAIN, ASKED, SAID, ASKED, SAID, ASKED, SAID, JUDGED, HEARD]);
    expect(east.sa.eapUser?.name).toBe('joe');
  });

  test('that says the same again gets no third try', () => {
    const { west, east, wire, clock } = warrior({ cp: NONE });
    west.passwords = {};
    west.answers = typist('one', 'one', 'sesame');
    west.up();
    expectExchange(wire, [...MAIN, ASKED, SAID, ASKED, SAID, JUDGED, HEARD]);
    wire.release();
    clock.flush();
    expectNothing(west);
    expectNothing(east);
  });

  test('is let in and marked with xauthfail=soft; nothing is in the name that it gives', () => {
    const { west, east, wire } = warrior({ server: { isSoft: true } });
    west.passwords = { joe: 'wrong' };
    west.up();
    expectExchange(wire, [...MAIN, ...XAUTH, ...PULL, ...QUICK]);
    expect(east.sa.isDoubtful).toBe(true);
    expect(east.sa.eapUser).toMatchObject({ name: 'joe', isHearsay: true });
    expect([...east.leases.all()].map(({ identity }) => identity)).toEqual(['']);
  });

  test.each([
    ['nobody who watches', undefined],
    ['nothing typed', typist('')],
  ])('and %s: a clear end', (_how, answers) => {
    const { west, east, wire, clock } = warrior({ cp: NONE });
    west.passwords = {};
    west.answers = answers;
    west.up();
    expectExchange(wire, [...MAIN, ASKED]);
    clock.flush();
    wire.expect(GONE);
    expectNothing(west);
    expectNothing(east);
    expect(west.lines.join('\n')).toContain('XAUTH: there is no password for the peer, and no');
  });
});

describe('ends that do not want the same', () => {
  const none: WarriorOptions[] = [{ client: undefined }, { server: undefined }];

  test.each(none)('agree on nothing, and it is said why: %j', (one) => {
    const { west, east, wire, clock } = warrior({ ...one, cp: NONE });
    west.up();
    expectExchange(wire, [MAIN[0]]);
    wire.release();
    clock.advance(130_000);
    expectNothing(west);
    expectNothing(east);
    const text = east.lines.join('\n');
    const [has, wants] = ['secret', 'secret with XAUTH of the initiator'];
    expect(text).toContain(one.client === undefined && 'client' in one ? `${has}` : wants);
    expect(text).toMatch(/with XAUTH of the initiator/);
  });

  test('a connection with XAUTH is not chosen for who has none to offer, another is', () => {
    const plain = v1Policy('east', { name: 'plain' });
    const asking = v1Policy('east', { name: 'asking', v1: { xauth: { role: 'server', by: 'file', isSoft: false } } });
    const { west, east, wire } = warrior({
      ...{ client: undefined, cp: NONE, west: { child: { remote: plain.child.local } } },
      hosts: { east: { policies: [asking, plain] } },
    });
    west.up();
    expectExchange(wire, [...MAIN, ...QUICK]);
    expect(east.sa.policy.name).toBe('plain');
  });
});

test('whoever does not answer is given up, by either end', () => {
  const silent = warrior({ cp: NONE });
  silent.west.up();
  expectExchange(silent.wire, MAIN);
  silent.wire.lose(ASKED);
  silent.wire.weather = { loss: 1, duplication: 0, minDelay: 1, maxDelay: 1 };
  silent.clock.advance(300_000);
  expectNothing(silent.west);
  expectNothing(silent.east);
  expect(silent.east.ends.map(({ why }) => why)).toEqual(['timeout']);
  expect(silent.west.downs.map(({ why }) => why)).toEqual(['timeout']);
  expect(silent.west.lines.join('\n')).toContain('XAUTH: nothing comes of the peer in STATE_XAUTH_I0');
});

test('on a lossy wire whoever is refused leaves nothing, and whoever is let in is let in once', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const weather = { loss: 0.25, duplication: 0.2, minDelay: 1, maxDelay: 400 };
    const made = warrior({ seed, weather, aggressive: seed % 2 === 0 });
    const { west, east, wire, clock } = made;
    west.passwords = {};
    const isRight = seed % 3 === 0;
    west.answers = typist('one', 'two', isRight ? 'sesame' : 'three');
    west.up();
    clock.advance(100_000);
    wire.weather = { loss: 0, duplication: 0, minDelay: 1, maxDelay: 1 };
    clock.advance(400_000);
    const asked = east.questions.filter(({ t }) => t === 'xauth').length;
    expect(asked, `seed ${seed}`).toBeLessThanOrEqual(3);
    if (isRight && west.assigned.length > 0) expect(east.established()?.sa.eapUser?.name).toBe('joe');
    else {
      // The Delete of one end may be lost: the other finds out when nothing answers it any more.
      expect(
        [...west.sas.values()].flatMap(({ sa }) => sa.children),
        `seed ${seed}`,
      ).toEqual([]);
      expect(west.assigned).toEqual([]);
      expect([...east.leases.all()].filter(({ users }) => users > 0).length).toBeLessThanOrEqual(isRight ? 1 : 0);
    }
  }
});
