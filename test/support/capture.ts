/** tcpdump on a host's device, from the first packet after `capture` returns to the last before `stop`. */
import { readFile } from 'node:fs/promises';
import type { Host } from './netns.ts';
import { readPcap, type WirePacket } from './pcap.ts';

export interface Capture {
  /** Ends the capture; throws when the kernel dropped packets, for then nothing is proven. */
  readonly stop: () => Promise<readonly WirePacket[]>;
}

/** Keeps the first 128 octets of each packet: all headers, no more. `file` is where the pcap stays. */
export async function capture(on: { host: Host; device: string }, file: string): Promise<Capture> {
  const tcpdump = on.host.start([
    'tcpdump',
    '-i',
    on.device,
    '-w',
    file,
    '-U',
    '-s',
    '128',
    '-B',
    '16384',
    '-Z',
    'root',
    '--immediate-mode',
  ]);
  await tcpdump.says(/listening on/);
  return {
    stop: async () => {
      await tcpdump.stop('SIGINT');
      const dropped = /(\d+) packets? dropped by kernel/.exec(tcpdump.output());
      if (!dropped || dropped[1] !== '0') throw new Error(`the capture is not complete: ${tcpdump.output()}`);
      return readPcap(await readFile(file));
    },
  };
}
