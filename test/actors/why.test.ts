/** What the log of a real failure says besides that it failed: all that its own side can know, and no more. */
import { describe, expect, test } from 'vitest';
import { conn, type House, town } from './town.ts';

type Changes = Readonly<Record<string, string | undefined>>;

const why = (house: House) => house.log.flatMap((line) => line.match(/why: (.*)$/)?.[1] ?? []);

/** West initiates once; both logs' reasons. */
function failure(west: Changes, east: Changes, secrets?: string) {
  const made = town({
    west: { conf: conn('w-e', { keyingtries: '1', ...west }) },
    east: { conf: conn('w-e', { keyingtries: '1', ...east }), ...(secrets ? { secrets } : {}) },
  });
  const up = made.west.whack({ kind: 'initiate', name: 'w-e' });
  made.clock.advance(100);
  expect(up.exit).toBeGreaterThanOrEqual(20);
  for (const house of [made.west, made.east]) expect(house.crashes).toEqual([]);
  return { ...made, up, west: why(made.west), east: why(made.east) };
}

describe('the initiator and the responder each say what they know', () => {
  test('of IKE proposals', () => {
    const { west, east, up } = failure({ ike: 'aes_gcm128-sha2_512-dh31' }, {});
    expect(east).toEqual([
      'ike=: the peer offers AES_GCM_16_128-HMAC_SHA2_512-DH31; we accept AES_GCM_16_256-HMAC_SHA2_512-DH31',
      'ike=: they part in the key length (the peer has AES_GCM_16_128, we have AES_GCM_16_256)',
    ]);
    expect(west).toEqual([
      'ike=: we offer AES_GCM_16_128-HMAC_SHA2_512-DH31; the peer accepts none of it, or has no connection for a peer at 192.0.2.1; its log knows which',
    ]);
    // Whoever asked for it reads the same.
    expect(up.text).toContain(`"w-e" #1: why: ${west[0]}`);
  });

  test('of identities', () => {
    const { west, east } = failure(
      { rightid: undefined },
      { rightid: '@east', leftid: '@wset' },
      ': PSK "swordfish"\n',
    );
    expect(west).toEqual(['ipsec.secrets has no entry for these two: it would begin @west 192.0.2.2 : PSK']);
    expect(east).toEqual([]);
    const other = failure({}, { leftid: '@wset' }, ': PSK "swordfish"\n');
    expect(other.east).toEqual([`the peer is '@west' (ID_FQDN); connections for its address expect '@wset' ("w-e")`]);
    expect(other.west).toEqual([
      "we are '@west' (ID_FQDN) at 192.0.2.1 and asked for '@east': the peer has no connection for these identities, or another secret for them; its log knows which",
    ]);
  });

  test('of secrets, and never the secret', () => {
    const made = failure({}, {}, '@west @east : PSK "shark"\n');
    expect(made.east).toEqual([
      "the peer's secret for '@west' and '@east' is another than ours: compare ipsec.secrets at both ends, and whether an entry for more specific identities is taken",
    ]);
    expect(made.up.text).not.toMatch(/shark|swordfish/);
  });

  test('of traffic', () => {
    const { west, east } = failure({}, { leftsubnet: '10.0.3.0/24' });
    expect(east).toEqual([
      "at the peer's end the peer asks for 10.0.1.0/24, we have 10.0.3.0/24: they have no address in common",
    ]);
    expect(west).toEqual([
      "we asked for 10.0.1.0/24 at our end and 10.0.2.0/24 at the peer's: its connection must have the same, the other way round, protocols and ports included",
    ]);
  });

  test('of traffic that is granted in part', () => {
    const { west, east } = failure({}, { rightsubnet: '10.0.2.0/25' });
    expect(east).toEqual([]);
    expect(west).toEqual([
      "at the peer's end we asked for 10.0.2.0/24 and the peer answered 10.0.2.0/25: that is only a part of it, for which we would need narrowing=yes",
    ]);
  });

  test('of ESP', () => {
    const { west, east } = failure({ esp: 'aes_gcm256' }, { esp: 'aes128-sha1' });
    expect(east.at(-1)).toBe('esp=: they part in the cipher (the peer has AES_GCM_16_256, we have AES_CBC_128)');
    expect(west).toEqual(['esp=: we offer AES_GCM_16_256-ESN without PFS in tunnel mode; the peer accepts none of it']);
  });

  test('of a rekey that PFS prevents, hours later', () => {
    const { west, east, clock } = town({
      west: { conf: conn('w-e', { pfs: 'no', esp: 'aes_gcm256' }) },
      east: { conf: conn('w-e', { esp: 'aes_gcm256-none-dh31' }) },
    });
    west.whack({ kind: 'initiate', name: 'w-e' });
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(100);
    expect(why(east).at(-1)).toBe('esp=: they part in the group (the peer has NONE, we have DH31)');
    expect(why(west)).toEqual([
      'esp=: we offer AES_GCM_16_256-ESN without PFS in tunnel mode; the peer accepts none of it',
    ]);
  });
});

describe('silence', () => {
  test('after the first message', () => {
    const { west, clock, wire } = town({ west: { conf: conn('w-e', { keyingtries: '1' }) } });
    wire.loses = () => true;
    west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(120_000);
    expect(why(west)).toEqual([
      'nobody at 192.0.2.2:500 answers: no daemon is there, or it has no connection for a peer at 192.0.2.1, or UDP port 500 is blocked on the way',
    ]);
  });

  test('after the second, which may be too large', () => {
    const many = Array.from({ length: 80 }, (_, i) => `10.1.${i}.0/24`).join(',');
    const large = { keyingtries: '1', fragmentation: 'no', leftsubnet: many };
    const { west, clock, wire } = town({ both: conn('w-e', large) });
    wire.loses = ({ bytes }) => bytes.length > 1_200;
    west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(120_000);
    expect(why(west)).toEqual([
      expect.stringMatching(
        /^192\.0\.2\.2:500 answered the first message and not the second: UDP port 500 may be blocked, or packets of \d{4} octets are too large for the way \(fragmentation=yes\)$/,
      ),
    ]);
  });
});

test('a success explains nothing', () => {
  const { west, east, clock } = town();
  west.whack({ kind: 'initiate', name: 'w-e' });
  clock.advance(24 * 3600_000);
  expect([...why(west), ...why(east)]).toEqual([]);
});

test('strangers get few explanations, and the peer none', () => {
  const { west, east, clock, wire } = town({
    west: { conf: conn('w-e', { keyingtries: '1', ike: 'aes128-sha1-modp2048' }) },
  });
  const answers: number[] = [];
  wire.loses = ({ local, bytes }) => {
    if (local.address.equals(west.address)) answers.push(bytes.length);
    return false;
  };
  const attempt = () => {
    west.whack({ kind: 'initiate', name: 'w-e' });
    clock.settle();
  };
  for (let i = 0; i < 100; i++) attempt();
  expect(why(east)).toHaveLength(2 * 5);
  expect(new Set(answers)).toEqual(new Set([36]));
  clock.advance(1_000);
  attempt();
  expect(why(east)).toHaveLength(2 * 6);
});
