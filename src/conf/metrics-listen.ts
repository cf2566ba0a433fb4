/** `metrics-listen=`: where metrics are served. `9109`, `127.0.0.1:9109`, `[::1]:9109`. */
import { Address } from '../net/address.ts';

export interface MetricsListen {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Others than this machine can ask. */
  readonly isOpen: boolean;
}

export const OPEN_METRICS = 'other machines can read the metrics, names of connections among them';

/** Without an address it is this machine's own. */
export function parseMetricsListen(text: string): MetricsListen | { readonly fault: string } {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  const shown = match?.[1]?.replace(/^\[(.*)\]$/, '$1');
  const address = shown === undefined ? Address.parse('127.0.0.1') : Address.parse(shown);
  const isBare = shown?.includes(':') && !match?.[1]?.startsWith('[');
  if (!match || !address || port > 65_535 || isBare) return { fault: 'expected ADDRESS:PORT, [ADDRESS]:PORT or PORT' };
  return { host: `${address}`, port, isOpen: !isLoopback(address) };
}

const isLoopback = (address: Address): boolean =>
  address.family === 4 ? `${address}`.startsWith('127.') : `${address}` === '::1';
