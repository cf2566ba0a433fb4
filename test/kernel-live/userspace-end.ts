/**
 * One end of a tunnel with fixed keys, as a process of its own: the tests and the bench run one in each of two
 * namespaces. Takes a line of JSON on its command line; says `ready` when the tunnel stands, then a line of JSON for
 * each event; at SIGUSR2 its counters, at SIGTERM `closed`, when everything is taken down again.
 */
import { openUserspaceWith } from '../../src/kernel/userspace/index.ts';
import { UdpSocket } from '../../src/native/index.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { Selector } from '../../src/net/selector.ts';
import { Subnet } from '../../src/net/subnet.ts';

export interface End {
  readonly local: string;
  readonly remote: string;
  readonly localNet: string;
  readonly remoteNet: string;
  /** Hex; the one towards us, the one towards the peer. */
  readonly keyIn: string;
  readonly keyOut: string;
  readonly spiIn: number;
  readonly spiOut: number;
  readonly algorithm?: { readonly name: string; readonly icvBits: number };
  readonly integrity?: { readonly name: string; readonly icvBits: number; readonly key: string };
  readonly encapsulates?: boolean;
  readonly esn?: boolean;
  readonly mtu?: number;
}

const say = (line: object | string) =>
  process.stdout.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
const fail = (why: object): never => {
  say(why);
  process.exit(1);
};

const end = JSON.parse(process.argv[2]) as End;
const address = (text: string) => Address.parse(text) ?? fail({ bad: text });
const subnet = (text: string) => Subnet.parse(text) ?? fail({ bad: text });

const plane = openUserspaceWith(
  end.mtu ? { mtu: end.mtu } : {},
  (event) => say({ ...event }),
  (text) => say({ warning: text }),
);
if ('errno' in plane) throw new Error(plane.why);

const { encapsulates = true, esn = false } = end;
const local = address(end.local);
const remote = address(end.remote);
const socket = UdpSocket.open({
  address: local.toBytes(),
  port: 4500,
  reusePort: true,
  onPackets: ({ count }) => say({ t: 'ike', count }),
  onError: () => undefined,
});
if ('errno' in socket) throw new Error(socket.why);
const must = (fault: { why: string } | undefined) => {
  if (fault) throw new Error(fault.why);
};
must(plane.serve({ fd: socket.fd, local: new Endpoint(local, 4500), encapsulates: true }));

const { name, icvBits } = end.algorithm ?? { name: 'rfc4106(gcm(aes))', icvBits: 128 };
const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const algorithms = (key: string) =>
  end.integrity
    ? {
        encryption: { name, key: hex(key) },
        integrity: { name: end.integrity.name, key: hex(end.integrity.key), icvBits: end.integrity.icvBits },
      }
    : { aead: { name, key: hex(key), icvBits } };

const localNet = subnet(end.localNet);
const remoteNet = subnet(end.remoteNet);
const keyIn = { protocol: 'esp', dst: local, spi: end.spiIn } as const;
const keyOut = { protocol: 'esp', dst: remote, spi: end.spiOut } as const;
const common = {
  mode: 'tunnel',
  reqid: 1,
  esn,
  replayWindow: 1024,
  ...(encapsulates && { encapsulation: { srcPort: 4500, dstPort: 4500 } }),
} as const;
const tunnel = { protocol: 'esp', mode: 'tunnel', reqid: 1 } as const;
const mine = Selector.ofSubnet(localNet);
const theirs = Selector.ofSubnet(remoteNet);
must(
  plane.addSa({
    ...common,
    ...keyIn,
    src: remote,
    direction: 'in',
    algorithms: algorithms(end.keyIn),
    selectors: [{ src: theirs, dst: mine }],
  }),
);
must(
  plane.addSa({
    ...common,
    ...keyOut,
    src: local,
    direction: 'out',
    algorithms: algorithms(end.keyOut),
    selectors: [{ src: mine, dst: theirs }],
  }),
);
for (const direction of ['in', 'fwd', 'out'] as const) {
  const isOut = direction === 'out';
  must(
    plane.putPolicy({
      direction,
      src: isOut ? localNet : remoteNet,
      dst: isOut ? remoteNet : localNet,
      protocol: 0,
      action: 'protect',
      priority: 1000,
      tunnel: { ...tunnel, src: isOut ? local : remote, dst: isOut ? remote : local },
    }),
  );
}
process.on('SIGUSR2', () => say({ in: plane.counters(keyIn), out: plane.counters(keyOut), totals: plane.totals() }));
process.on('SIGTERM', () => {
  plane.unserve(new Endpoint(local, 4500));
  socket.close();
  plane.close();
  say('closed');
});
say('ready');
