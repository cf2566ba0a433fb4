/** Sound messages to wound. */
import { offerChild, offerIke } from '../../src/ike/v2/proposals.ts';
import { notification } from '../../src/ike/v2/turn.ts';
import { encodeChain, NOTIFY, type Payload } from '../../src/ike/wire/index.ts';
import { Address } from '../../src/net/address.ts';
import { Selector } from '../../src/net/selector.ts';
import { upPair } from '../ike/v2/pair.ts';
import { FAIR } from '../ike/v2/wire.ts';

/** Every datagram of a tunnel that comes up and rekeys. */
export function ikeDatagrams(): Uint8Array[] {
  const { west, wire, clock } = upPair({ weather: FAIR });
  const { serial } = west.sa.children[0];
  for (const command of [{ t: 'rekeyChild', serial }, { t: 'rekeyIke' }] as const) {
    west.command(command);
    clock.advance(1_000);
  }
  return wire.sent.map(({ bytes }) => bytes);
}

/** What goes into SK, in the exchanges that have it. */
export function ikeChains(): { readonly first: number; readonly bytes: Uint8Array }[] {
  return innerChains().map((payloads) => encodeChain(payloads));
}

function innerChains(): Payload[][] {
  const { west } = upPair();
  const [child] = west.sa.children;
  const everywhere = Selector.ofAddress(Address.parse('192.0.2.1')!);
  const everywhere6 = Selector.ofAddress(Address.parse('2001:db8::1')!, 17, 53, 53);
  const id = { idType: 2, data: Uint8Array.from(Buffer.from('west.example')) };
  const nonce: Payload = { type: 'Nonce', data: new Uint8Array(32).fill(7) };
  const ke: Payload = { type: 'KE', group: 31, data: new Uint8Array(32).fill(9) };
  const ts: Payload[] = [
    { type: 'TSi', selectors: [...child.selectorsLocal, everywhere6] },
    { type: 'TSr', selectors: [...child.selectorsRemote, everywhere] },
  ];
  const sa: Payload = {
    type: 'SA',
    proposals: offerChild(child.policy.child.proposals, 0x1234, { esn: 'no', groups: [west.sa.suite!.group] }),
  };
  return [
    [{ type: 'IDi', ...id }, { type: 'IDr', ...id }, { type: 'AUTH', method: 2, data: new Uint8Array(32) }, sa, ...ts],
    [notification(NOTIFY.REKEY_SA, undefined, { protocol: 3, spi: Uint8Array.of(1, 2, 3, 4) }), sa, nonce, ke, ...ts],
    [{ type: 'SA', proposals: offerIke(west.sa.policy.ike, new Uint8Array(8).fill(5)) }, nonce, ke],
    [{ type: 'D', protocol: 3, spiSize: 4, spis: [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)] }],
    [notification(NOTIFY.INITIAL_CONTACT), notification(NOTIFY.AUTHENTICATION_FAILED), { type: 'V', data: nonce.data }],
    [
      { type: 'unknown', number: 200, critical: false, data: Uint8Array.of(1) },
      { type: 'D', protocol: 1, spiSize: 0, spis: [] },
    ],
  ];
}
