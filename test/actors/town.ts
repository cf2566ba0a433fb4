/**
 * A town of daemons in one process: each house has the actors of a whole daemon, on a clock that stands still until
 * the test moves it, with a wire in memory between the houses, helpers that answer at once and a data plane that
 * remembers.
 *
 *     const { west, east, clock } = town();
 *     const up = west.whack({ kind: 'initiate', name: 'w-e' });
 *     expect(up.exit).toBe(0);
 *     clock.advance(8 * 3600_000);
 */
import { posix } from 'node:path';
import type { Accounting } from '../../src/actors/accounting.ts';
import { Control } from '../../src/actors/control.ts';
import type { Credentials } from '../../src/actors/credentials.ts';
import { KeyRing } from '../../src/actors/key-ring.ts';
import { Loading } from '../../src/actors/loading.ts';
import type { Holdings } from '../../src/actors/report-certs.ts';
import { Reports } from '../../src/actors/reports.ts';
import { TestClock } from '../../src/actors/runtime/index.ts';
import type { GateLimits } from '../../src/actors/switchboard.ts';
import type { Services } from '../../src/actors/world.ts';
import type { Conn } from '../../src/conf/conn.ts';
import { loadConfig } from '../../src/conf/load.ts';
import { hasErrors } from '../../src/conf/problem.ts';
import type { SecretStore } from '../../src/conf/secret-store.ts';
import { loadSecrets } from '../../src/conf/secrets.ts';
import type { VirtualPrivate } from '../../src/conf/setup.ts';
import type { Request } from '../../src/control/protocol.ts';
import { RC } from '../../src/control/reply-codes.ts';
import type { DaemonInfo } from '../../src/control/status/rows.ts';
import { TrustShelf } from '../../src/ike/auth/x509/trust-shelf.ts';
import type { KeyShelf } from '../../src/ike/crypto/signature/key-shelf.ts';
import type { Datagram } from '../../src/ike/effects.ts';
import { decodeHeader, EXCHANGE } from '../../src/ike/wire/index.ts';
import { Address } from '../../src/net/address.ts';
import { CertificateStore } from '../../src/services/store/certificate-store.ts';
import { House as BareHouse } from '../../src/sim/house.ts';
import { Wire } from '../../src/sim/wire.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { Heard } from './heard.ts';

export const WEST = '192.0.2.1';
export const EAST = '192.0.2.2';
export const PSK = '@west @east : PSK "swordfish"\n';

/** A `conn` between west and east, its keywords changed as told; `undefined` leaves one out. */
export function conn(name = 'w-e', changes: Readonly<Record<string, string | undefined>> = {}): string {
  const keywords: Record<string, string | undefined> = {
    left: WEST,
    leftid: '@west',
    leftsubnet: '10.0.1.0/24',
    right: EAST,
    rightid: '@east',
    rightsubnet: '10.0.2.0/24',
    authby: 'secret',
    ike: 'aes_gcm256-sha2_512-dh31',
    auto: 'add',
    ...changes,
  };
  const lines = Object.entries(keywords).flatMap(([k, v]) => (v === undefined ? [] : [`  ${k}=${v}\n`]));
  return `conn ${name}\n${lines.join('')}\n`;
}

export interface HouseOptions {
  readonly address: string;
  /** ipsec.conf; loaded when the house opens. */
  readonly conf: string;
  /** ipsec.secrets. */
  readonly secrets: string;
  readonly limits?: Partial<GateLimits>;
  readonly ikev1Policy?: 'accept' | 'reject' | 'drop';
  readonly accounting?: (clock: TestClock) => Accounting;
  readonly uniqueIds?: boolean;
  /** `policies/NAME` by NAME; what is put there later is there when they are read again. */
  readonly groups?: Readonly<Record<string, string>>;
  readonly virtualPrivate?: readonly VirtualPrivate[];
  readonly credentials?: Credentials;
  readonly keys?: KeyShelf;
  readonly trust?: TrustShelf;
  readonly services?: Services;
  /** For listings; none unless said. */
  readonly holdings?: Holdings;
}

/** A daemon that loads its configuration when it opens, and that whack can ask. */
export class House extends BareHouse {
  readonly control: Control;
  /** What rereading them comes to. */
  hasSoundSecrets = true;

  constructor(
    name: string,
    clock: TestClock,
    wire: Wire,
    { address, conf, secrets, holdings, groups = {}, ...more }: HouseOptions,
  ) {
    super(name, clock, wire, {
      groupFiles: {
        read: (path) => {
          const text = Object.hasOwn(groups, posix.basename(path)) ? groups[posix.basename(path)] : undefined;
          return text === undefined ? { errno: 'ENOENT' } : { text };
        },
      },
      interfaces: [{ name: 'eth0', address: Address.parse(address)! }],
      secrets: secretsOf(secrets),
      ...more,
    });
    this.control = this.#makeControl(holdings ?? noHoldings());
    this.load(conf);
  }

  load(conf: string): void {
    for (const one of connsIn(conf)) {
      const added = this.connections.add(one);
      if ('why' in added) throw new Error(added.why);
      this.connections.begin(added.entry);
    }
  }

  keepSecrets(text: string): void {
    this.secrets = secretsOf(text);
  }

  /** Asks as whack does, and lets happen what can without time passing. */
  whack(request: Request): Heard {
    const heard = new Heard();
    this.control.handle(request, heard);
    this.clock.settle();
    return heard;
  }

  /** The same for reports, which gather their rows over many turns. */
  async report(request: Request, heard = new Heard()): Promise<Heard> {
    this.control.handle(request, heard);
    for (let turn = 0; turn < 200 && heard.exit === undefined; turn++) {
      this.clock.settle();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return heard;
  }

  /** In good order, as on SIGTERM. */
  leave(): void {
    void this.system.shutdown(2_000).then(() => {
      this.hasLeft = true;
    });
    this.clock.settle();
  }

  *#rereadingSecrets(say: (text: string) => void): Generator<undefined, boolean> {
    yield undefined;
    say('loading secrets');
    return this.hasSoundSecrets;
  }

  #makeControl(holdings: Holdings): Control {
    const { world, connections, system } = this;
    return new Control({
      world,
      connections,
      loading: new Loading({ world, connections }),
      reports: new Reports({ world, system, info: () => DAEMON, holdings }),
      daemon: {
        listen: () => this.listen(),
        unlisten: () => this.unlisten(),
        rereadingSecrets: (say) => this.#rereadingSecrets(say),
        *rereadingCertificates(say, dirs) {
          yield undefined;
          say(dirs ? `certificates of ${dirs.join()}` : 'certificates');
        },
        fetchCrls: (answer) => {
          answer.line(RC.LOG, 'CRLs are fetched');
          answer.end();
        },
        purgeOcsp: () => 3,
        resizeSockets: (octets, say) => say(`${octets}`),
        toggleErrorQueue: (say) => say('toggled'),
        resizeHelpers: (nhelpers, answer) => {
          answer.line(RC.LOG, `${nhelpers} helpers`);
          answer.end();
        },
        shutdown: (_leaveState, answer) => {
          this.leave();
          answer.end();
        },
      },
    });
  }
}

let none: Holdings | undefined;

/** No keys and no certificates: the same for all. */
export function noHoldings(): Holdings {
  none ??= {
    keys: new KeyRing(new TestClock()),
    certificates: new CertificateStore({ dir: '/etc/ipsec.d', trust: new TrustShelf(), wall: () => 0 }),
    since: 0,
  };
  return none;
}

export interface Town {
  readonly clock: TestClock;
  readonly wire: Wire;
  readonly west: House;
  readonly east: House;
}

/** West and east with `w-e` between them, both listening. `both` is in both configurations. */
export function town(
  options: {
    readonly both?: string;
    readonly west?: Partial<HouseOptions>;
    readonly east?: Partial<HouseOptions>;
  } = {},
): Town {
  const clock = new TestClock();
  const wire = new Wire(clock);
  const house = (name: 'west' | 'east') =>
    new House(name, clock, wire, {
      address: name === 'west' ? WEST : EAST,
      conf: options.both ?? conn(),
      secrets: PSK,
      ...options[name],
    });
  const made = { clock, wire, west: house('west'), east: house('east') };
  clock.settle();
  return made;
}

/** The same with `name` up. */
export function upTown(options: Parameters<typeof town>[0] = {}, name = 'w-e'): Town {
  const made = town(options);
  const up = made.west.whack({ kind: 'initiate', name });
  if (up.exit !== 0) throw new Error(`${name} did not come up: ${up.exit} ${up.text}`);
  return made;
}

/** Conns of a configuration without errors. */
export function connsIn(conf: string): readonly Conn[] {
  const { conns, problems } = loadConfig('/etc/ipsec.conf', memoryFiles({ '/etc/ipsec.conf': conf }));
  if (hasErrors(problems)) throw new Error(problems.map((p) => p.text).join('; '));
  return conns;
}

export function secretsOf(text: string): SecretStore {
  return loadSecrets('/etc/ipsec.secrets', memoryFiles({ '/etc/ipsec.secrets': text })).secrets;
}

/** For `Wire.loses`: requests and answers of one exchange. */
export const isExchange = (name: keyof typeof EXCHANGE) => (datagram: Datagram) => {
  const header = decodeHeader(datagram.bytes);
  return header.ok && header.value.exchange === EXCHANGE[name];
};

const DAEMON: DaemonInfo = {
  pid: 1,
  version: 'town',
  startTime: 0,
  dataPlane: 'none',
  interfaces: [],
  fips: 'disabled',
  selinux: 'disabled',
  seccomp: 'disabled',
  setup: {},
  debug: [],
  keepAlive: 20,
  natIkePort: 4500,
  virtualPrivate: { allowed: [], excluded: [] },
  algorithms: { espEncrypt: [], espAuth: [], ikeEncrypt: [], ikePrf: [], ikeDh: [] },
};
