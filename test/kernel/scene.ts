/**
 * Two hosts, the same on every plane:
 *
 *   10.0.1.1 ── west 192.0.2.1 ════════ 192.0.2.2 east ── 10.0.2.1
 *   fd01::1          2001:db8::1        2001:db8::2        fd02::1
 *
 * A variation says what runs between them; both sides derive their SAs and policies from it.
 */
import type { PolicySpec, SaAlgorithms, SaSpec } from '../../src/kernel/port.ts';
import { Address } from '../../src/net/address.ts';
import { Selector } from '../../src/net/selector.ts';
import { Subnet } from '../../src/net/subnet.ts';

export type Side = 'west' | 'east';

export interface Variation {
  readonly mode?: 'tunnel' | 'transport';
  readonly outer?: 4 | 6;
  readonly inner?: 4 | 6;
  readonly cipher?: 'gcm' | 'cbc' | 'chacha';
  readonly esn?: boolean;
  readonly window?: number;
  readonly encapsulated?: boolean;
  /** The port that east's ESP in UDP comes from. */
  readonly eastPort?: number;
  /** West's outer address, if it is its second one. */
  readonly westMoved?: boolean;
  /** East encrypts with a key that west does not have. */
  readonly wrongKey?: boolean;
}

const parse = (text: string): Address => Address.parse(text)!;
const pair = (v4: string, v6: string) => ({ 4: parse(v4), 6: parse(v6) }) as const;

export const OUTER = { west: pair('192.0.2.1', '2001:db8::1'), east: pair('192.0.2.2', '2001:db8::2') } as const;
export const WEST_SECOND = pair('192.0.2.3', '2001:db8::3');
export const INNER = { west: pair('10.0.1.1', 'fd01::1'), east: pair('10.0.2.1', 'fd02::1') } as const;
export const REQID = 16_385;
/** By the side that the packets leave from. */
export const SPI = { west: 0x2001, east: 0x2002 } as const;

const other = (side: Side): Side => (side === 'west' ? 'east' : 'west');

export function outerOf(side: Side, v: Variation): Address {
  return side === 'west' && v.westMoved ? WEST_SECOND[v.outer ?? 4] : OUTER[side][v.outer ?? 4];
}

/** The SA that carries packets away from `from`, as `side` installs it. */
export function sa(side: Side, from: Side, v: Variation): SaSpec {
  const ports = { west: 4500, east: v.eastPort ?? 4500 };
  // West goes on expecting what it was told, wherever east's packets come from.
  if (side === 'west') ports.east = 4500;
  const traffic = trafficOf(from, v);
  return {
    protocol: 'esp',
    src: outerOf(from, v),
    dst: outerOf(other(from), v),
    spi: SPI[from],
    direction: side === from ? 'out' : 'in',
    mode: v.mode ?? 'tunnel',
    reqid: REQID,
    algorithms: algorithms(v, v.wrongKey === true && side === 'east' && from === 'east' ? 0x77 : 0x11),
    esn: v.esn ?? false,
    replayWindow: v.window ?? 32,
    ...(v.encapsulated && { encapsulation: { srcPort: ports[from], dstPort: ports[other(from)] } }),
    selectors: [{ src: selectorOf(traffic.src), dst: selectorOf(traffic.dst) }],
  };
}

export function policies(side: Side, v: Variation): PolicySpec[] {
  const directions = v.mode === 'transport' ? (['out', 'in'] as const) : (['out', 'in', 'fwd'] as const);
  return directions.map((direction) => {
    const from = direction === 'out' ? side : other(side);
    return {
      direction,
      ...trafficOf(from, v),
      protocol: 0,
      action: 'protect',
      priority: 1000,
      tunnel: {
        protocol: 'esp',
        mode: v.mode ?? 'tunnel',
        reqid: REQID,
        src: outerOf(from, v),
        dst: outerOf(other(from), v),
      },
    };
  });
}

function trafficOf(from: Side, v: Variation): { src: Subnet; dst: Subnet } {
  if (v.mode === 'transport') return { src: Subnet.of(outerOf(from, v)), dst: Subnet.of(outerOf(other(from), v)) };
  const subnet = (side: Side) => Subnet.of(INNER[side][v.inner ?? 4], (v.inner ?? 4) === 4 ? 24 : 64);
  return { src: subnet(from), dst: subnet(other(from)) };
}

const selectorOf = (subnet: Subnet): Selector => Selector.ofSubnet(subnet);

function algorithms({ cipher = 'gcm' }: Variation, fill: number): SaAlgorithms {
  const key = (octets: number) => new Uint8Array(octets).fill(fill);
  switch (cipher) {
    case 'gcm':
      return { aead: { name: 'rfc4106(gcm(aes))', key: key(36), icvBits: 128 } };
    case 'chacha':
      return { aead: { name: 'rfc7539esp(chacha20,poly1305)', key: key(36), icvBits: 128 } };
    case 'cbc':
      return {
        encryption: { name: 'cbc(aes)', key: key(32) },
        integrity: { name: 'hmac(sha256)', key: key(32), icvBits: 128 },
      };
  }
}
