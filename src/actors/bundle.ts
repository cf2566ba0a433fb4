/**
 * What a Child SA of several protocols is in the data plane: an SA for each and each direction, one around the other, as
 * RFC 2401 §4.3 has transport adjacency. The inmost makes the tunnel, if there is one; the rest is around that packet.
 *
 *     IP | AH | ESP | IPComp | what is carried
 */
import type { ChildInstall } from '../ike/effects.ts';
import type { ChildPolicy } from '../ike/policy.ts';
import type { SaKey, SaProtocol, SaSpec } from '../kernel/port.ts';

type Bundled = Pick<ChildInstall, 'suite' | 'ah' | 'ipcomp'>;

/** From the inside out; undefined: there is but one. Lists that are equal are the same. */
export function layersOf({ suite, ah, ipcomp }: Bundled): readonly SaProtocol[] | undefined {
  if (ah) return ipcomp ? LAYERS.all : LAYERS.ah;
  return ipcomp && (suite.protocol === 'ah' ? LAYERS.compressedAh : LAYERS.compressedEsp);
}

/** What a trap leads to, if the peer agrees to all that is wanted. */
export function layersWanted({ proposals, ah, compress }: ChildPolicy): readonly SaProtocol[] | undefined {
  if (ah) return compress ? LAYERS.all : LAYERS.ah;
  if (!compress) return undefined;
  return proposals[0]?.protocol === 'ah' ? LAYERS.compressedAh : LAYERS.compressedEsp;
}

const LAYERS = {
  all: ['ipcomp', 'esp', 'ah'],
  ah: ['esp', 'ah'],
  compressedEsp: ['ipcomp', 'esp'],
  compressedAh: ['ipcomp', 'ah'],
} as const satisfies Readonly<Record<string, readonly SaProtocol[]>>;

/** `main` with its companions, from the inside out; `main` is as if it were alone. */
export function bundled(main: SaSpec, { suite, ah, ipcomp }: ChildInstall): readonly SaSpec[] {
  const isInbound = main.direction === 'in';
  const around = { mode: 'transport', selectors: NONE } as const;
  const plain = { esn: false, replayWindow: 0, encapsulation: undefined, soft: undefined, hard: undefined } as const;
  const specs: SaSpec[] = [];
  if (ipcomp) {
    const spi = isInbound ? ipcomp.cpiIn : ipcomp.cpiOut;
    specs.push({ ...main, ...plain, protocol: 'ipcomp', spi, algorithms: { compression: { name: 'deflate' } } });
  }
  specs.push(ipcomp ? { ...main, ...around } : main);
  if (ah && suite.ah) {
    const [spi, key] = isInbound ? [ah.spiIn, ah.keyIn] : [ah.spiOut, ah.keyOut];
    const integrity = { name: suite.ah.kernel, key, icvBits: suite.ah.icvOctets * 8 };
    const { esn, replayWindow } = main;
    specs.push({ ...main, ...around, ...plain, esn, replayWindow, protocol: 'ah', spi, algorithms: { integrity } });
  }
  return specs;
}

/** Of the companions. */
export function companions({ ah, ipcomp }: Bundled, direction: 'in' | 'out', dst: SaKey['dst']): readonly SaKey[] {
  const isInbound = direction === 'in';
  return [
    ...(ah ? [{ protocol: 'ah', dst, spi: isInbound ? ah.spiIn : ah.spiOut } as const] : NONE),
    ...(ipcomp ? [{ protocol: 'ipcomp', dst, spi: isInbound ? ipcomp.cpiIn : ipcomp.cpiOut } as const] : NONE),
  ];
}

export const isBundle = ({ ah, ipcomp }: Pick<ChildInstall, 'ah' | 'ipcomp'>): boolean =>
  ah !== undefined || ipcomp !== undefined;

const NONE: readonly never[] = Object.freeze([]);
