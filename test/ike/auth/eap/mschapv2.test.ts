import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MsChapAuthenticator, MsChapPeer } from '../../../../src/ike/auth/eap/mschapv2.ts';
import { challengeHash, msChapV2, passwordHash } from '../../../../src/ike/auth/eap/mschapv2-crypto.ts';
import type { MethodTurn, PeerTurn } from '../../../../src/ike/auth/eap/roles.ts';

const text = (s: string) => new TextEncoder().encode(s);
const hex = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString('hex');
const octets = (s: string) => Uint8Array.from(Buffer.from(s.replaceAll(' ', ''), 'hex'));
const random = (n: number) => new Uint8Array(n).fill(0x5a);

const RFC_2759 = {
  authenticatorChallenge: octets('5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28'),
  peerChallenge: octets('21 40 23 24 25 5E 26 2A 28 29 5F 2B 3A 33 7C 7E'),
  user: text('User'),
};

describe('known answers', () => {
  test('RFC 2759 §9.2 and §9.3', () => {
    expect(hex(challengeHash(RFC_2759))).toBe('d02e4386bce91226');
    expect(hex(passwordHash(text('clientPass')))).toBe('44ebba8d5312b8d611474411f56989ae');
    expect(hex(passwordHash(text('MyPw')))).toBe('fc156af7edcd6c0edde3337d427f4eac');
    const made = msChapV2(RFC_2759, text('clientPass'));
    expect(hex(made?.ntResponse)).toBe('82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df');
    expect(made?.authenticatorResponse).toBe('S=407A5589115FD0D6209F510FE9C04566932CDA56');
  });

  test('RFC 3079 §3.5.3: what the authenticator sends with is the second key', () => {
    const msk = msChapV2(RFC_2759, text('clientPass'))?.msk;
    expect(hex(msk?.subarray(16, 32))).toBe('8b7cdc149b993a1ba118cb153f56dccb');
    expect(msk?.length).toBe(64);
    expect(hex(msk?.subarray(32))).toBe('00'.repeat(32));
  });

  test('a domain is no part of the name that is hashed', () => {
    expect(challengeHash({ ...RFC_2759, user: text('DOMAIN\\User') })).toEqual(challengeHash(RFC_2759));
  });

  test('a password has 256 characters at most, whatever they are', () => {
    expect(passwordHash(text('ü'.repeat(256)))).toBeDefined();
    expect(passwordHash(text('a'.repeat(257)))).toBeUndefined();
  });
});

describe('both ends', () => {
  const server = (passwords: Record<string, string>, user = 'carol') =>
    new MsChapAuthenticator({
      password: (name) => (passwords[name] === undefined ? undefined : text(passwords[name])),
      user,
      name: text('moon'),
      random,
      onRefused: () => {},
    });
  const client = (name: string, password: string) =>
    new MsChapPeer({ name: text(name), password: () => text(password), random });
  const ask = (turn: MethodTurn) => {
    if (turn.t !== 'ask') throw new Error(JSON.stringify(turn));
    return turn.data;
  };
  const answer = (turn: PeerTurn) => {
    if (turn.t !== 'answer') throw new Error(JSON.stringify(turn));
    return turn.data;
  };

  test('the same password makes the same key', () => {
    const [moon, carol] = [server({ carol: 'swordfish' }), client('carol', 'swordfish')];
    const success = ask(moon.next(answer(carol.next(moon.begin(9)))));
    const last = carol.next(success);
    const end = moon.next(answer(last));
    expect(end.t).toBe('succeed');
    expect(last).toMatchObject({ success: { msk: end.t === 'succeed' && end.msk } });
  });

  test('a user whose password we have not is named', () => {
    const peer = new MsChapPeer({
      name: Buffer.from('carol'),
      password: () => undefined,
      random: () => new Uint8Array(16),
    });
    const end = peer.next(server({ carol: 'swordfish' }, 'carol').begin(9));
    expect(end).toEqual({ t: 'fail', why: 'we have no password for user "carol"' });
  });

  test.each([
    ['another password', 'carol', 'wrong', 'wrong password'],
    ['a user whom we do not know', 'dave', 'swordfish', 'there is no password for this user'],
  ])('%s is refused with 691, and no retry', (_, name, password, why) => {
    const [moon, peer] = [server({ carol: 'swordfish' }, name), client(name, password)];
    const failure = ask(moon.next(answer(peer.next(moon.begin(9)))));
    expect(Buffer.from(failure).toString('latin1', 4)).toMatch(/^E=691 R=0 C=[0-9A-F]{32} V=3 M=Failed$/);
    const last = peer.next(failure);
    expect(last).toEqual({ t: 'fail', why: 'it refuses us: wrong user or password', data: Uint8Array.of(4) });
    expect(moon.next(Uint8Array.of(4))).toEqual({ t: 'fail', why });
    // "Success" does not help.
    expect(moon.next(Uint8Array.of(3))).toEqual({ t: 'fail', why });
  });

  test('who answers in the name of another is refused', () => {
    const [moon, carol] = [server({ carol: 'swordfish', dave: 'swordfish' }, 'dave'), client('carol', 'swordfish')];
    ask(moon.next(answer(carol.next(moon.begin(9)))));
    expect(moon.next(Uint8Array.of(4))).toEqual({ t: 'fail', why: 'it answers in the name of another' });
  });

  test('a server that does not know the password is not believed', () => {
    const [moon, carol] = [server({ carol: 'swordfish' }), client('carol', 'swordfish')];
    const success = ask(moon.next(answer(carol.next(moon.begin(9)))));
    success[6] ^= 1;
    expect(carol.next(success)).toMatchObject({ t: 'fail', why: 'the server does not know our password' });
  });

  test('success before a challenge is not believed', () => {
    const success = Uint8Array.from([3, 9, 0, 46, ...text(`S=${'0'.repeat(40)}`)]);
    expect(client('carol', 'swordfish').next(success).t).toBe('fail');
  });

  test('any octets are refused, on both sides, at every point', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
        const [moon, carol] = [server({ carol: 'swordfish' }), client('carol', 'swordfish')];
        const challenge = moon.begin(9);
        expect(['fail', 'ask']).toContain(moon.next(garbage).t);
        carol.next(challenge);
        expect(carol.next(garbage)).not.toMatchObject({ success: {} });
      }),
    );
  });

  test('a response with one bit changed is not accepted', () => {
    const response = answer(client('carol', 'swordfish').next(server({ carol: 'swordfish' }).begin(9)));
    for (let bit = 0; bit < 8 * (4 + 1 + 16 + 8 + 24); bit++) {
      const moon = server({ carol: 'swordfish' });
      moon.begin(9);
      const altered = Uint8Array.from(response);
      altered[bit >> 3] ^= 1 << (bit & 7);
      const turn = moon.next(altered);
      const isReserved = bit >= 8 * 21 && bit < 8 * 29;
      const text = turn.t === 'ask' ? Buffer.from(turn.data).toString('latin1', 4) : '';
      expect(text.startsWith('S='), `bit ${bit}`).toBe(isReserved);
    }
  });
});
