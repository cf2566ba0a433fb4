/** Where we listen: an IKE socket for each of our addresses and each of the two ports, and how all of them are set. */
import { NAT_PORT } from '../ike/v2/sa-init.ts';
import { Endpoint } from '../net/endpoint.ts';
import { type Interface, localInterfaces } from './interfaces.ts';
import { IkeSocket, type SocketSettings } from './sockets.ts';
import type { World } from './world.ts';

export interface ListeningOptions {
  readonly world: () => World;
  /** Addresses or names of interfaces; empty: all. */
  readonly wanted: readonly string[];
  readonly ikePort: number;
  readonly listensUdp: boolean;
  readonly settings: SocketSettings;
}

/** A socket and its interface's name. */
interface Opened {
  readonly name: string;
  readonly socket: IkeSocket;
}

export class Listening {
  readonly settings: SocketSettings;
  readonly #options: ListeningOptions;
  /** As of the last time somebody said listen. */
  #interfaces: readonly Interface[] = [];
  #sockets: readonly Opened[] = [];

  constructor(options: ListeningOptions) {
    this.#options = options;
    this.settings = options.settings;
  }

  get interfaces(): readonly Interface[] {
    return this.#interfaces;
  }

  get sockets(): readonly { readonly name: string; readonly local: Endpoint }[] {
    return this.#sockets.map(({ name, socket }) => ({ name, local: socket.local }));
  }

  /** Opens sockets on addresses that have none, closes those whose address is gone. */
  open(say: (text: string) => void): void {
    const announce = (text: string) => say(this.#options.world().log('info', text));
    announce('listening for IKE messages');
    const interfaces = localInterfaces(this.#options.wanted);
    this.#interfaces = interfaces;
    const isGone = ({ socket }: Opened) => !interfaces.some((i) => i.address.equals(socket.local.address));
    for (const gone of this.#sockets.filter(isGone)) {
      announce(`shutting down interface ${gone.name} ${gone.socket.local}`);
      gone.socket.close();
    }
    const kept = this.#sockets.filter((s) => !isGone(s));
    const fresh = interfaces.filter((i) => !kept.some((s) => s.socket.local.address.equals(i.address)));
    this.#sockets = [...kept, ...fresh.flatMap((i) => this.#openAt(i, announce))];
  }

  close(): void {
    for (const { socket } of this.#sockets) socket.close();
    this.#sockets = [];
  }

  /** Octets, of the sockets there are and of those to come. */
  resize(octets: number, say: (text: string) => void): void {
    this.settings.bufferOctets = octets;
    for (const { socket } of this.#sockets) {
      const why = socket.resize();
      if (why !== undefined) say(`${socket.local}: ${why}`);
    }
    say(`buffers of ${this.#sockets.length} IKE sockets set to ${octets} octets`);
  }

  toggleErrorQueue(say: (text: string) => void): void {
    this.settings.hearsErrors = !this.settings.hearsErrors;
    say(`error queue of IKE sockets is ${this.settings.hearsErrors ? 'read' : 'not read'} from now on`);
  }

  #openAt({ name, address }: Interface, announce: (text: string) => void): Opened[] {
    const { ikePort, listensUdp } = this.#options;
    const { plane, switchboard } = this.#options.world();
    if (!listensUdp) return [];
    const ports = [
      { port: ikePort, encapsulates: false, note: '' },
      { port: NAT_PORT, encapsulates: true, note: ' (NAT)' },
    ];
    return ports.flatMap(({ port, encapsulates, note }) => {
      const { settings } = this;
      const socket = IkeSocket.open(new Endpoint(address, port), encapsulates, { plane, switchboard, settings });
      const where = `${name} ${address.family === 6 ? `[${address}]` : address}:UDP/${port}`;
      announce('why' in socket ? `cannot listen on ${where}: ${socket.why}` : `adding interface ${where}${note}`);
      if ('why' in socket) return [];
      if (socket.lacks !== undefined)
        announce(`first messages to ${where} share the buffer of established peers: ${socket.lacks}`);
      return [{ name, socket }];
    });
  }
}
