/** What a stranger of IKEv1's Aggressive Mode, who says a name that it has not proven, may bring about in whole daemons. */
import { describe, expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/ike/v1/wire/index.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { conn, EAST, town, WEST } from './town.ts';

const at = (address: string, port = 500) => new Endpoint(Address.parse(address)!, port);
const V1 = {
  ...{ keyexchange: 'ikev1', aggressive: 'yes', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' },
  ...{ keyingtries: '1', 'retransmit-timeout': '200s' },
};
const house = { ikev1Policy: 'accept' } as const;

/** West asks an east that does not answer, while somebody speaks in the name and from the address of east. */
function asking() {
  const made = town({ both: conn('w-e', V1), west: house, east: house });
  const { west, east, wire, clock } = made;
  let first: Uint8Array | undefined;
  wire.loses = ({ peer, bytes }) => {
    if (`${peer.address}` === EAST) first ??= bytes;
    return true;
  };
  east.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  if (!first) throw new Error('east sent nothing');
  const decoded = decodeMessage(first);
  if (!decoded.ok) throw new Error('no message');
  const { header, chain } = decoded.value;
  let cookies = 0;
  const forge = (spoil: boolean) => {
    const cookieI = new Uint8Array(8);
    new DataView(cookieI.buffer).setUint32(0, ++cookies);
    const payloads = chain.payloads.map((p) =>
      spoil && p.type === 'KE' ? { ...p, data: new Uint8Array(p.data.length) } : p,
    );
    west.receive({ local: at(WEST), peer: at(EAST), bytes: encodeMessage({ ...header, cookieI }, payloads) });
    clock.settle();
  };
  return { ...made, forge };
}

describe.each([
  ['with a key that is none', true],
  ['and does not go on', false],
])('who begins %s', (_what, spoil) => {
  test('ends nobody else’s attempt, and no wait for one', () => {
    const { west, clock, forge } = asking();
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.exit).toBeUndefined();
    for (let n = 0; n < 5; n++) forge(spoil);
    clock.advance(70_000);
    expect(west.crashes).toEqual([]);
    expect(up.exit).toBeUndefined();
    expect(west.log.join('\n')).not.toMatch(/giving up|revival/);
    expect(west.world.switchboard.halfOpen).toBe(0);
  });

  test('fills no log', () => {
    const { west, clock, forge } = asking();
    const before = west.log.length;
    for (let n = 0; n < 500; n++) forge(spoil);
    clock.advance(70_000);
    expect(west.world.switchboard.halfOpen).toBe(0);
    expect(west.log.length - before).toBeLessThan(250);
  });
});
