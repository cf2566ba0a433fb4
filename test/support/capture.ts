/**
 * tcpdump on both ends of a wire, from the first packet after `capture` returns to the last before `stop`. Each end
 * records only what it sends: what a kernel's IPsec has decrypted shows up once more, in the clear, as if it had
 * been received.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './netns.ts';
import { readPcap, type WirePacket } from './pcap.ts';

export interface Tap {
  readonly host: Host;
  readonly device: string;
}

export interface Capture {
  /**
   * Ends the capture, once, and gives the packets in order of time, each time. Throws when the kernel dropped some,
   * for then nothing is proven.
   */
  readonly stop: () => Promise<readonly WirePacket[]>;
}

/** Keeps the first 128 octets of each packet: all headers, no more. The pcap files stay in `folder`. */
export async function capture(taps: readonly Tap[], folder: string): Promise<Capture> {
  const recordings = await Promise.all(
    taps.map(async ({ host, device }) => {
      const file = join(folder, `${host.name}.pcap`);
      const options = ['-U', '-s', '128', '-B', '16384', '-Z', 'root', '--immediate-mode'];
      const tcpdump = host.start(['tcpdump', '-i', device, '-Q', 'out', '-w', file, ...options]);
      await tcpdump.says(/listening on/);
      return { file, tcpdump };
    }),
  );
  const stop = async (): Promise<readonly WirePacket[]> => {
    const packets: WirePacket[] = [];
    for (const { tcpdump } of recordings) await tcpdump.stop('SIGINT');
    for (const { file, tcpdump } of recordings) {
      const dropped = /(\d+) packets? dropped by kernel/.exec(tcpdump.output());
      if (dropped?.[1] !== '0') throw new Error(`the capture is not complete: ${tcpdump.output()}`);
      packets.push(...readPcap(await readFile(file)));
    }
    return packets.sort((a, b) => a.at - b.at);
  };
  let stopped: ReturnType<typeof stop> | undefined;
  return { stop: () => (stopped ??= stop()) };
}
