/**
 * The compliance suite against a plane of this machine: `node dist/test/kernel/compliance-main.js xfrm`. As root;
 * makes two network namespaces, runs itself in both, prints a line of JSON per case and one at the end (as
 * test/lab/report.ts has them), fails if one did.
 */
import { type ChildProcess, execFile, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openPlane } from '../../src/kernel/index.ts';
import type { DataPlane, OpenPlane } from '../../src/kernel/port.ts';
import { UdpSocket } from '../../src/native/index.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { compliance, type FarSide } from './compliance.ts';
import { INNER, OUTER, outerOf, policies, type Side, sa, type Variation, WEST_SECOND } from './scene.ts';

const MAIN = fileURLToPath(import.meta.url);
const [named = 'xfrm', role = 'stage'] = process.argv.slice(2);
const which = named as DataPlane['name'];

const open: OpenPlane = (onEvent, warn) => {
  const opened = openPlane(which, onEvent, warn);
  return 'errno' in opened ? opened : opened.plane;
};

if (role === 'stage') process.exitCode = await stage();
else if (role === 'west') process.exitCode = await west();
else east();

/** Builds the two hosts, and takes them away again. */
async function stage(): Promise<number> {
  const ip = (line: string) => execFileSync('ip', line.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });
  const names = { west: `pluto-west-${process.pid}`, east: `pluto-east-${process.pid}` };
  try {
    ip(`netns add ${names.west}`);
    ip(`netns add ${names.east}`);
    ip(`link add up0 netns ${names.west} type veth peer name up0 netns ${names.east}`);
    for (const side of ['west', 'east'] as const) {
      const far = side === 'west' ? 'east' : 'west';
      const on = (line: string) => ip(`-n ${names[side]} ${line}`);
      on('link set lo up');
      on('link set up0 up');
      on(`addr add ${OUTER[side][4]}/24 dev up0`);
      on(`addr add ${OUTER[side][6]}/64 dev up0 nodad`);
      if (side === 'west') on(`addr add ${WEST_SECOND[4]}/24 dev up0`);
      on(`addr add ${INNER[side][4]}/32 dev lo`);
      on(`addr add ${INNER[side][6]}/128 dev lo nodad`);
      on(`route add 10.0.0.0/16 via ${OUTER[far][4]} dev up0`);
      on(`-6 route add fd00::/8 via ${OUTER[far][6]} dev up0`);
    }
    const run = ['netns', 'exec', names.west, process.execPath, ...process.execArgv, MAIN, which, 'west', names.east];
    const child = spawn('ip', run, { stdio: ['ignore', 'inherit', 'inherit'] });
    const [status] = (await once(child, 'exit')) as [number | null];
    return status ?? 1;
  } finally {
    for (const name of [names.west, names.east]) execFile('ip', ['netns', 'del', name], () => {});
  }
}

async function west(): Promise<number> {
  const child = fork(MAIN, [which, 'east'], {
    execPath: 'ip',
    execArgv: ['netns', 'exec', process.argv[4], process.execPath, ...process.execArgv],
  });
  const far = farSide(child);
  const ping = (v: Variation, count: number) =>
    new Promise<number>((resolve) => {
      const isTransport = v.mode === 'transport';
      const family = (isTransport ? v.outer : v.inner) ?? 4;
      const from = isTransport ? outerOf('west', v) : INNER.west[family];
      const to = isTransport ? outerOf('east', v) : INNER.east[family];
      const options = ['-n', '-q', '-c', `${count}`, '-i', '0.1', '-W', '1', '-I', `${from}`, `${to}`];
      execFile('ping', options, (_, out) => resolve(Number(/(\d+) received/.exec(out)?.[1] ?? 0)));
    });
  const sockets = serveOn('west');
  let count = 0;
  const isGood = await compliance(
    which,
    open,
    { traffic: { far, ping, install: (plane, v) => install(plane, 'west', v, sockets) } },
    (verdict) => {
      count++;
      console.log(JSON.stringify(verdict));
    },
  );
  console.log(JSON.stringify({ end: count }));
  child.disconnect();
  for (const { socket } of sockets) socket.close();
  return isGood ? 0 : 1;
}

type Order =
  | { readonly id: number; readonly do: 'install' | 'restart'; readonly v: Variation }
  | { readonly id: number; readonly do: 'packets'; readonly from: Side; readonly v: Variation }
  | { readonly id: number; readonly do: 'clear' };
type Answer = { readonly id: number; readonly packets?: number; readonly error?: string };
type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

function farSide(child: ChildProcess): FarSide {
  let id = 0;
  const ask = async (order: Unnumbered<Order>): Promise<Answer> => {
    child.send({ ...order, id: ++id });
    const [answer] = (await once(child, 'message')) as [Answer];
    if (answer.error !== undefined) throw new Error(`far side: ${answer.error}`);
    return answer;
  };
  return {
    install: async (v) => void (await ask({ do: 'install', v })),
    restart: async (v) => void (await ask({ do: 'restart', v })),
    packets: async (from, v) => (await ask({ do: 'packets', from, v })).packets ?? 0,
    clear: async () => void (await ask({ do: 'clear' })),
  };
}

/** East: does as it is told until west hangs up. */
function east(): void {
  const plane = open(
    () => {},
    () => {},
  );
  if ('errno' in plane) throw new Error(plane.why);
  const sockets = serveOn('east');
  const carryOut = (order: Order): number | undefined => {
    switch (order.do) {
      case 'install':
        install(plane, 'east', order.v, sockets);
        return undefined;
      case 'restart': {
        const out = sa('east', 'east', order.v);
        must(plane.deleteSa(out));
        must(plane.addSa(out));
        return undefined;
      }
      case 'packets': {
        const counters = plane.counters(sa('east', order.from, order.v));
        return 'errno' in counters ? undefined : counters.packets;
      }
      case 'clear':
        plane.flush();
        return undefined;
    }
  };
  process.on('message', (order: Order) => {
    try {
      process.send!({ id: order.id, packets: carryOut(order) });
    } catch (error) {
      process.send!({ id: order.id, error: String(error) });
    }
  });
  process.on('disconnect', () => {
    plane.flush();
    plane.close();
    for (const { socket } of sockets) socket.close();
  });
}

interface Served {
  readonly socket: UdpSocket;
  readonly local: Endpoint;
}

/** IKE's sockets on port 4500, on which the plane finds its ESP in UDP. */
function serveOn(side: Side): readonly Served[] {
  return [OUTER[side][4], OUTER[side][6]].map((address) => {
    const socket = UdpSocket.open({
      address: address.toBytes(),
      port: 4500,
      reusePort: true,
      onPackets() {},
      onError() {},
    });
    if ('errno' in socket) throw new Error(socket.why);
    return { socket, local: new Endpoint(address, 4500) };
  });
}

function install(plane: DataPlane, side: Side, v: Variation, sockets: readonly Served[]): void {
  for (const { socket, local } of sockets) must(plane.serve({ fd: socket.fd, local, encapsulates: true }));
  must(plane.addSa(sa(side, 'west', v)));
  must(plane.addSa(sa(side, 'east', v)));
  for (const policy of policies(side, v)) must(plane.putPolicy(policy));
}

function must(fault: { readonly why: string } | undefined): void {
  if (fault) throw new Error(fault.why);
}
