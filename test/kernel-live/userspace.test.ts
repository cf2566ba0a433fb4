/** The userspace plane between two namespaces: the compliance suite, and what only a wire shows. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { capture } from '../support/capture.ts';
import { commandExists } from '../support/machine.ts';
import { eventually, run } from '../support/process.ts';
import { pair, type Topology } from '../support/topology.ts';
import type { End } from './userspace-end.ts';
import { ends, startEnd } from './userspace-process.ts';

const lacks = process.getuid?.() !== 0 ? 'needs root' : commandExists('ip') ? undefined : 'needs iproute2';
/** Vitest runs this file itself; what it starts needs tsx where it is TypeScript. */
const execArgv = extname(import.meta.filename) === '.ts' ? ['--import', 'tsx'] : [];
/** 32 octets and the salt. */
const long = '07'.repeat(36);

test('it passes the compliance suite', async ({ skip }) => {
  if (lacks) return skip(lacks);
  const suite = fileURLToPath(new URL(`../kernel/compliance-main${extname(import.meta.filename)}`, import.meta.url));
  const { stdout, stderr } = await run([process.execPath, ...execArgv, suite, 'userspace'], { within: 110_000 });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const verdicts = lines.map((line) => JSON.parse(line) as { name?: string; ok?: boolean; detail?: string });
  expect(verdicts.filter(({ ok }) => ok === false)).toEqual([]);
  expect(verdicts.filter(({ ok }) => ok).length, stderr).toBeGreaterThan(30);
});

describe('between two namespaces', () => {
  let topology: Topology;
  let directory: string;
  beforeEach(async ({ skip }) => {
    skip(lacks !== undefined, lacks);
    directory = await mkdtemp(join(tmpdir(), 'pluto-userspace-'));
    topology = await pair();
  });
  afterEach(async () => {
    if (lacks) return;
    await topology.network.close();
    await rm(directory, { recursive: true, force: true });
  });

  const start = async (common: Partial<End> = {}) => {
    const both = ends(topology.west, topology.east, common);
    const running = [await startEnd(topology.west.host, both.west), await startEnd(topology.east.host, both.east)];
    return {
      west: running[0],
      east: running[1],
      stop: () => Promise.all(running.map((one) => one.stop())),
    };
  };
  const ping = async (options: readonly string[] = []) => {
    const { west, east } = topology;
    const { stdout } = await west.host.run(['ping', '-q', '-c', '3', '-i', '0.05', '-W', '1', ...options, east.inner]);
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  };
  const fromInner = () => ['-I', topology.west.inner];

  const poly = { algorithm: { name: 'rfc7539esp(chacha20,poly1305)', icvBits: 128 }, keyIn: long, keyOut: long };
  const variations: readonly (readonly [name: string, common: Partial<End>])[] = [
    ['AES-GCM in UDP', {}],
    ['AES-GCM with ESN, raw', { esn: true, encapsulates: false }],
    ['ChaCha20-Poly1305', poly],
  ];
  test.each(variations)('%s: the wire carries ESP and nothing else, also of a bulk of TCP', async (_name, common) => {
    const tunnel = await start(common);
    const wire = await capture(topology.wire, directory);
    expect(await ping(fromInner())).toBe(3);
    expect(await sendOverTcp(topology, 3_000_000)).toBe(3_000_000);
    await tunnel.stop();
    const seen = await wire.stop();
    const esp = common.encapsulates === false ? 'esp' : 'esp-in-udp';
    expect(seen.filter(({ kind }) => kind !== esp && kind !== 'neighbour')).toEqual([]);
    expect(seen.filter(({ kind }) => kind === esp).length).toBeGreaterThan(20);
  });

  test('a host without the tunnel reaches nothing behind the other in the clear', async () => {
    const both = ends(topology.west, topology.east);
    const east = await startEnd(topology.east.host, both.east);
    const wire = await capture(topology.wire, directory);
    expect(await ping(fromInner())).toBe(0);
    await east.stop();
    // The requests did arrive; no answer to them left.
    const clear = (await wire.stop()).filter(({ kind }) => kind === 'other');
    expect(clear.map(({ src }) => src)).toEqual(Array(3).fill(topology.west.inner));
  });

  test('when it is killed, nothing leaves in the clear; the next one clears up', async () => {
    const tunnel = await start();
    expect(await ping(fromInner())).toBe(3);
    await tunnel.west.stop('SIGKILL');
    const wire = await capture(topology.wire, directory);
    expect(await ping(fromInner())).toBe(0);
    expect((await wire.stop()).filter(({ kind }) => kind === 'other')).toEqual([]);
    const again = await startEnd(topology.west.host, ends(topology.west, topology.east).west);
    await again.stop();
    expect(again.output()).toMatch(/^closed$/m);
    expect(await topology.west.host.must(['ip', 'rule'])).not.toMatch(/lookup 220/);
    expect(await topology.west.host.must(['ip', 'route', 'show', 'table', 'all'])).not.toMatch(/ipsec0/);
    expect((await topology.west.host.run(['nft', 'list', 'tables'])).stdout).not.toMatch(/pluto/);
  });

  test('large and fragmented packets pass both ways; too large ones hear of the MTU', async () => {
    const tunnel = await start();
    expect(await ping([...fromInner(), '-s', '8000'])).toBe(3);
    expect(await ping([...fromInner(), '-s', '1352', '-M', 'do'])).toBe(3);
    expect(await ping([...fromInner(), '-s', '1353', '-M', 'do'])).toBe(0);
    await tunnel.stop();
  });

  test('octets that are no ESP of ours are counted and change nothing', async () => {
    const tunnel = await start();
    const { west, east } = topology;
    const send = `const [to, ...packets] = process.argv.slice(1);
      const s = require('node:dgram').createSocket('udp4');
      let left = packets.length;
      for (const p of packets) s.send(Buffer.from(p, 'hex'), 4500, to, () => --left || s.close());`;
    const unknown = `00002222${'00000001'}${'ab'.repeat(60)}`;
    const short = '0000100100000001';
    const forged = `00001001${'00000005'}${'cd'.repeat(80)}`;
    await west.host.must([process.execPath, '-e', send, east.address, unknown, short, forged]);
    const totals = await eventually('all three are counted', () => {
      process.kill(tunnel.east.pid, 'SIGUSR2');
      const last = tunnel.east.output().trim().split('\n').at(-1);
      if (!last?.startsWith('{"in"')) return undefined;
      const said = JSON.parse(last) as { in: { unauthentic: number }; totals: { noSa: number; malformed: number } };
      return said.in.unauthentic + said.totals.noSa + said.totals.malformed === 3 && said;
    });
    expect(totals).toMatchObject({ in: { unauthentic: 1, packets: 0 }, totals: { noSa: 1, malformed: 1 } });
    expect(await ping(fromInner())).toBe(3);
    await tunnel.stop();
  });
});

/** Sends so many octets from west to east; resolves to how many arrived. */
async function sendOverTcp({ west, east }: Topology, octets: number): Promise<number> {
  const listen = `let n = 0; require('node:net').createServer((c) => c.on('data', (d) => (n += d.length))
    .on('end', () => (console.log('got ' + n), process.exit()))).listen(5001, '${east.inner}', () => console.log('on'));`;
  const send = `require('node:net').connect({ port: 5001, host: '${east.inner}', localAddress: '${west.inner}' })
    .end(Buffer.alloc(${octets}, 7));`;
  const server = east.host.start([process.execPath, '-e', listen]);
  await server.says(/^on$/m);
  await west.host.must([process.execPath, '-e', send]);
  return Number((await server.says(/got (\d+)/))[1]);
}
