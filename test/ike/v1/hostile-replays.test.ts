/** A message that was authentic once is heard once: whoever has recorded it moves nobody, and keeps nobody alive by it. */
import { describe, expect, test } from 'vitest';
import { notification, Turn } from '../../../src/ike/v1/turn.ts';
import { NOTIFY, type Payload, PROTOCOL } from '../../../src/ike/v1/wire/index.ts';
import { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { EAST } from '../v2/policies.ts';
import { FAIR } from '../v2/wire.ts';
import type { Host } from './host.ts';
import { type Pair, upPair } from './pair.ts';

const AT_EAST = new Endpoint(EAST, 4500);
const MALLORY = new Endpoint(Address.parse('198.51.100.66')!, 4500);

/** West is behind a NAT, both ask for signs of life. */
function natted(): Pair {
  return upPair({
    nat: true,
    weather: FAIR,
    policy: { dpdDelay: 5_000, localHost: undefined },
    east: { policy: { remoteHost: undefined } },
  });
}

/** What `by` says under protection, without sending it. */
function informed({ sa, env }: Host, payloads: readonly Payload[]): Uint8Array {
  const turn = new Turn(sa, env);
  turn.inform(payloads);
  const sent = turn.outs.find((out) => out.t === 'send');
  if (!sent) throw new Error('nothing was said');
  return sent.bytes;
}

const about = { protocol: PROTOCOL.ESP, spi: new Uint8Array() };
const where = ({ sa, plane }: Host) => [`${sa.peer}`, sa.children.map(({ serial }) => plane.destinationOf(serial))];

describe('recorded, and sent from elsewhere', () => {
  test.each(['R_U_THERE', 'R_U_THERE_ACK'])('%s does not move the peer', (name) => {
    const made = natted();
    const { east, wire, clock } = made;
    clock.advance(20_000);
    const recorded = wire.sent.filter((d) => d.isFromWest && d.text.includes(`N(${name})`));
    expect(recorded.length).toBeGreaterThan(1);
    const before = where(east);
    for (const { bytes } of recorded) east.receive(AT_EAST, MALLORY, bytes);
    expect(where(east)).toEqual(before);
  });

  test('a Delete of what is gone does not either', () => {
    const made = natted();
    const { west, east, wire, clock } = made;
    west.command({ t: 'rekeyChild', serial: west.sa.children[0].serial });
    clock.advance(1_000);
    west.command({ t: 'deleteChild', serial: west.sa.children[0].serial });
    clock.advance(1_000);
    const recorded = wire.sent.filter((d) => d.isFromWest && d.text.includes('{ HASH, D }'));
    expect(recorded).toHaveLength(1);
    expect(east.plane.size).toBe(1);
    const before = where(east);
    east.receive(AT_EAST, MALLORY, recorded[0].bytes);
    expect(where(east)).toEqual(before);
  });

  test('nor does a notification, however many there have been', () => {
    const made = natted();
    const { west, east } = made;
    const said = Array.from({ length: 1_100 }, () =>
      informed(west, [notification(NOTIFY.NO_PROPOSAL_CHOSEN, new Uint8Array(), about)]),
    );
    for (const bytes of said) east.receive(AT_EAST, east.sa.peer, bytes);
    const before = where(east);
    for (const bytes of said) east.receive(AT_EAST, MALLORY, bytes);
    expect(where(east)).toEqual(before);
  });
});

test('the real thing moves it', () => {
  const made = natted();
  const { west, east, wire, clock } = made;
  wire.isCut = true;
  clock.advance(6_000);
  const asked = wire.sent.findLast((d) => d.isFromWest && d.text.includes('N(R_U_THERE)'));
  if (!asked) throw new Error('west asks nothing');
  expect(where(east)).not.toContain(`${MALLORY}`);
  east.receive(AT_EAST, MALLORY, asked.bytes);
  expect(where(east)).toEqual([`${MALLORY}`, [`${MALLORY}`]]);
  expect(west.sa.state).toBe('established');
});

test('what is sent again and again does not pass for a sign of life', () => {
  const made = upPair({ weather: FAIR, policy: { dpdDelay: 5_000, v1: { dpdTimeout: 30_000 } } });
  const { west, east, wire, clock } = made;
  clock.advance(20_000);
  const recorded = wire.sent.filter((d) => d.isFromWest && d.text.startsWith('Informational'));
  wire.isCut = true;
  for (let second = 0; second < 120; second++) {
    clock.advance(1_000);
    for (const { bytes } of recorded) if (east.sas.size > 0) east.receive(east.sa.local, east.sa.peer, bytes);
  }
  expect(east.sas.size).toBe(0);
  expect(east.ends.map(({ why }) => why)).toEqual(['timeout']);
  expect(west.ends.map(({ why }) => why)).toEqual(['timeout']);
});
