/** Runs in the guest: the lab's kernel carries ESP by itself, and the tools of the tests see it. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture } from '../support/capture.ts';
import { count } from '../support/pcap.ts';
import { ping } from '../support/ping.ts';
import { pair, type Side } from '../support/topology.ts';
import { type Check, report } from './report.ts';

const key = `0x${'0123456789abcdef'.repeat(2)}01020304`;

/** A hand-made tunnel between two hosts: what a daemon would install, by ip(8). */
async function protect(here: Side, there: Side): Promise<void> {
  const ip = (line: string): Promise<string> => here.host.must(['ip', 'xfrm', ...line.split(' ')]);
  const aead = ['aead', 'rfc4106(gcm(aes))', key, '128'];
  for (const [src, dst, spi] of [[here, there, 0x1001] as const, [there, here, 0x1001] as const]) {
    const state = `state add src ${src.address} dst ${dst.address} proto esp spi ${spi} reqid 1 mode tunnel`;
    await here.host.must(['ip', 'xfrm', ...state.split(' '), ...aead]);
    await ip(
      `policy add src ${src.subnet} dst ${dst.subnet} dir ${src === here ? 'out' : 'in'} ` +
        `tmpl src ${src.address} dst ${dst.address} proto esp reqid 1 mode tunnel`,
    );
  }
}

const checks: readonly Check[] = [
  {
    name: 'a hand-made ESP tunnel carries pings, and nothing else is on the wire',
    run: async () => {
      const { network, west, east, wire } = await pair();
      await protect(west, east);
      await protect(east, west);
      const recording = await capture(wire, await mkdtemp(join(tmpdir(), 'lab-')));
      const { answered } = await ping(west.host, west.inner, east.inner, { interval: 0.1 });
      const seen = count(await recording.stop());
      await network.close();
      if (answered !== 5 || seen.esp < 10 || seen.other !== 0)
        throw new Error(`${answered} of 5 answered; on the wire: ${JSON.stringify(seen)}`);
    },
  },
];

await report(checks);
