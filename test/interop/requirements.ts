/** What a machine may lack for a test bed, in words for whoever reads why a test was skipped. */
import { existsSync } from 'node:fs';
import { commandExists } from '../support/machine.ts';
import type { Scenario } from './bed.ts';

/** Undefined when the bed can be made here. */
export function lacksBed({ isNatted }: Pick<Scenario, 'isNatted'>): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const [command, of] of Object.entries({ ip: 'iproute2', ping: 'iputils-ping', tcpdump: 'tcpdump' }))
    if (!commandExists(command)) return `${command} is missing: install ${of}`;
  if (isNatted && !commandExists('nft')) return 'nft is missing: install nftables';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  return undefined;
}
