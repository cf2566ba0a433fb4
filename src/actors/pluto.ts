/**
 * The daemon's inside: every part opened and tied to the others, once. What follows are messages.
 *
 *   sockets ─► switchboard ─► ike-sa ─► child-sa ─► plane
 *   control ─► connections ─► connection ─┘ └─► helpers
 */
import { posix } from 'node:path';
import { atOnce } from '../conf/at-once.ts';
import type { Conn } from '../conf/conn.ts';
import { nodeFileSystem } from '../conf/node-file-system.ts';
import type { Setup } from '../conf/setup.ts';
import type { Answer } from '../control/answer.ts';
import { type DaemonOptions, leaseFile } from '../control/daemon-options.ts';
import type { DaemonInfo } from '../control/status/rows.ts';
import { version } from '../control/version.ts';
import { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import { openPlane } from '../kernel/index.ts';
import { NO_ADDRESSES } from '../kernel/inner-addresses.ts';
import { LinkAddresses } from '../kernel/link-addresses.ts';
import type { DataPlane, PlaneEvent } from '../kernel/port.ts';
import { checkCrypt, checkPam, isFault, routeGet } from '../native/index.ts';
import { Address } from '../net/address.ts';
import type { FarMetrics } from '../ops/far.ts';
import { type Found, LeaseFile } from '../services/leases/lease-file.ts';
import { CertificateStore, type StoreDir } from '../services/store/certificate-store.ts';
import { XauthAnswerer } from '../services/xauth/answerer.ts';
import { PasswdFile } from '../services/xauth/passwd-file.ts';
import { rereading } from './cert-reading.ts';
import type { Connections } from './connections.ts';
import { Control } from './control.ts';
import { endsOf, KeptCredentials, rulesOf } from './credentials.ts';
import { daemonInfo } from './daemon-info.ts';
import { dice } from './dice.ts';
import { DaemonEap } from './eap.ts';
import { helpersLine, PoolHelpers, resizeHelpers } from './helpers.ts';
import { Impairments } from './impairments.ts';
import { KeyRing } from './key-ring.ts';
import { harmless } from './lines.ts';
import { Listening } from './listening.ts';
import { Loading } from './loading.ts';
import type { Log } from './log.ts';
import { LookingUp, type Stored } from './looking-up.ts';
import { makeWorld } from './make-world.ts';
import type { Body } from './observed.ts';
import { PRIVATE_WARNING } from './orders.ts';
import { IKE_PORT } from './policy-of.ts';
import { DaemonRadius } from './radius.ts';
import { Reports } from './reports.ts';
import { ActorSystem, realClock } from './runtime/index.ts';
import { SecretKeeper } from './secret-keeper.ts';
import { serveMetrics } from './serve-metrics.ts';
import { DaemonServices } from './services.ts';
import { standFor } from './standing.ts';
import type { GateLimits } from './switchboard.ts';
import { Vitals } from './vitals.ts';
import type { LogLevel, World } from './world.ts';

/** How long SAs may take to say goodbye, ms. */
const FAREWELL = 2_000;

interface StopRequest {
  readonly leaveState: boolean;
  readonly answer?: Answer;
}

export class Pluto {
  readonly control: Control;
  readonly stopRequested: Promise<StopRequest>;
  readonly #options: DaemonOptions;
  readonly #setup: Setup;
  readonly #world: World;
  readonly #system: ActorSystem;
  readonly #helpers: PoolHelpers;
  readonly #connections: Connections;
  readonly #loading: Loading;
  readonly #listening: Listening;
  readonly #startTime = new Date();
  #stop: (request: StopRequest) => void = () => {};
  readonly #secrets: SecretKeeper;
  readonly #radius: DaemonRadius | undefined;
  readonly #certificates: CertificateStore;
  readonly #lookingUp: LookingUp;
  readonly #eap: DaemonEap;
  readonly #leaseFile: LeaseFile;
  readonly #vitals = new Vitals(realClock());
  #metrics: FarMetrics | undefined = undefined;

  private constructor(
    options: DaemonOptions,
    setup: Setup,
    log: Log,
    parts: {
      plane: DataPlane;
      helpers: PoolHelpers;
      keys: KeyRing;
      trust: TrustShelf;
      system: ActorSystem;
      onEvent: (handler: (event: PlaneEvent) => void) => void;
    },
  ) {
    this.#options = options;
    this.#setup = { ...setup, lookups: { ...setup.lookups, ...options.lookups } };
    this.#system = parts.system;
    this.#helpers = parts.helpers;
    this.#listening = new Listening({
      world: () => this.#world,
      wanted: options.listen === undefined ? setup.listen : options.listen.split(',').filter(Boolean),
      ikePort: this.#ikePort,
      listensUdp: options.listenUdp ?? setup.listenUdp,
      settings: {
        bufferOctets: options.ikeSocketBufsize ?? setup.ikeSocketBufsize,
        hearsErrors: options.ikeSocketErrqueue ?? setup.ikeSocketErrqueue,
      },
    });
    const dir = options.ipsecdir ?? setup.ipsecdir;
    this.#certificates = new CertificateStore({
      ...{ dir, trust: parts.trust, wall: () => this.#world.wall() },
      responder: this.#setup.lookups.ocspTrustname,
    });
    this.#secrets = new SecretKeeper({
      files: nodeFileSystem,
      privateDir: posix.join(dir, 'private'),
      keys: parts.keys,
      log: (level, text) => void this.#world.log(level, text),
    });
    this.#radius =
      setup.radius &&
      new DaemonRadius(setup.radius, {
        clock: realClock(),
        random: dice(),
        log: (level, text) => void this.#world.log(level, text),
        secrets: () => this.#secrets.store,
      });
    this.stopRequested = new Promise((resolve) => {
      this.#stop = resolve;
    });
    const clock = realClock();
    const random = dice();
    const logOfStrangers = (level: LogLevel, text: string) => this.#world.strangers.tell(level, text);
    this.#lookingUp = new LookingUp({
      lookups: this.#setup.lookups,
      shelf: parts.trust,
      certificates: () => this.#storedCertificates(),
      issuerOf: (der) => this.#issuerOf(der),
      crlsDir: posix.join(dir, 'crls'),
      system: parts.system,
      clock,
      random,
      log: (level, text) => void this.#world.log(level, text),
      logOfStrangers,
    });
    this.#eap = new DaemonEap({
      secrets: () => this.#secrets.store,
      keys: parts.keys,
      certificates: this.#certificates,
      oursOf: (conn) => this.#world.registry.named(conn)?.policy?.ours[0],
      rules: () => this.#world.env.directory.chainRules,
      revocation: this.#lookingUp.answerers.revocation!,
      radius: this.#radius?.eap,
      clock,
      random,
      log: logOfStrangers,
    });
    const xauth = new XauthAnswerer({
      file: new PasswdFile(posix.join(dir, 'passwd'), logOfStrangers),
      crypt: checkCrypt,
      pam: checkPam,
      later: (ms) => new Promise((resolve) => void clock.alarm(clock.now() + ms, resolve)),
      log: logOfStrangers,
    });
    this.#leaseFile = new LeaseFile({
      path: leaseFile(options.rundir),
      clock,
      log: (level, text) => log.write(level, text),
      all: () => this.#world.leases.all(),
    });
    const { world, connections, planeEvent } = makeWorld({
      system: parts.system,
      clock,
      random,
      log: (level, line, text, about) => log.write(level, line, text, about),
      plane: parts.plane,
      helpers: parts.helpers,
      services: new DaemonServices({
        group: parts.system.group('questions'),
        answerers: { ...this.#lookingUp.answerers, ...this.#eap.answerers, xauth },
        moreFigures: () => [...this.#lookingUp.figures(), ...this.#eap.figures(), ...xauth.figures()],
      }),
      credentials: new KeptCredentials({
        keys: parts.keys,
        certificates: this.#certificates,
        secrets: () => this.#secrets.store,
        publicKeys: () => this.#world.publicKeys,
        endsOf: (policy) => endsOf(this.#world.registry.owner(policy)),
        rules: rulesOf(this.#setup),
        wall: () => this.#world.wall(),
      }),
      ...(this.#radius && { accounting: this.#radius.sessions }),
      secrets: () => this.#secrets.store,
      limits: this.#limits(),
      interfaces: () => this.#listening.interfaces,
      defaultRoute,
      ikePort: this.#ikePort,
      keepAliveMs: this.#keepAliveMs,
      ikev1Policy: options.ikev1Policy ?? setup.ikev1Policy,
      virtualPrivate: setup.virtualPrivate,
      groupsDir: posix.join(dir, 'policies'),
      shuntLifetimeMs: setup.shuntLifetimeMs,
      uniqueIds: options.uniqueIds ?? setup.uniqueids,
      leaseNotes: this.#leaseFile,
      innerAddresses: parts.plane.name === 'none' ? NO_ADDRESSES : new LinkAddresses(),
    });
    this.#world = world;
    standFor(world.standing, options, setup);
    const found = this.#leaseFile.load();
    world.leases.restore(found.leases, found.isWhole);
    log.write('info', leasesLine(found, leaseFile(options.rundir)));
    this.#misbehave();
    this.#connections = connections;
    this.#loading = new Loading({ world, connections, setup });
    const reports = new Reports({
      world: this.#world,
      system: this.#system,
      info: () => this.#info(),
      holdings: { keys: parts.keys, certificates: this.#certificates, since: this.#startTime.getTime() },
      process: this.#body(),
    });
    this.control = new Control({
      world: this.#world,
      connections: this.#connections,
      reports,
      loading: this.#loading,
      daemon: {
        listen: (say) => this.#listen(say),
        unlisten: (say) => this.#unlisten(say),
        rereadingSecrets: (say) => this.#secrets.rereading(this.#secretsFile, say),
        rereadingCertificates: (say, dirs) => this.#rereadingCertificates(say, dirs),
        fetchCrls: (answer) => this.#lookingUp.fetchCrls(answer),
        purgeOcsp: () => this.#lookingUp.purgeOcsp(),
        resizeSockets: (octets, say) => this.#listening.resize(octets, say),
        toggleErrorQueue: (say) => this.#listening.toggleErrorQueue(say),
        resizeHelpers: (nhelpers, answer) => resizeHelpers(this.#helpers.pool, nhelpers, this.#world, answer),
        shutdown: (leaveState, answer) => this.requestStop(leaveState, answer),
      },
    });
    parts.onEvent(planeEvent);
  }

  /** Everything but the sockets; otherwise why not. */
  static open(options: DaemonOptions, setup: Setup, log: Log): Pluto | { readonly why: string } {
    const impaired = new Impairments().change(options.impair);
    if ('wrong' in impaired) return { why: impaired.wrong };
    if (impaired.lines.length > 0) return { why: `--impair:\n${impaired.lines.join('\n')}` };
    log.write('info', `Starting Pluto (Pluto Version ${version()}) pid:${process.pid}`);
    let handler: (event: PlaneEvent) => void = () => {};
    const opened = openPlane(
      options.dataPlane ?? setup.protostack ?? 'auto',
      (event) => handler(event),
      (text) => log.write('warn', text),
    );
    if (!('plane' in opened)) return { why: `${opened.why} (${opened.errno})` };
    log.write('info', opened.story);
    if (opened.plane.name === 'none' && (options.dataPlane ?? setup.protostack) !== 'none')
      log.write(
        'warn',
        'WARNING: nothing on this machine can carry ESP: tunnels will be negotiated, and protect nothing',
      );
    const clock = realClock();
    const keys = new KeyRing(clock);
    const trust = new TrustShelf();
    const warn = (text: string) => log.write('warn', text);
    const helpers = new PoolHelpers(options.nhelpers ?? setup.nhelpers ?? -1, { keys: keys.shelf, trust }, warn);
    log.write('info', helpersLine(helpers.pool.threads));
    const system = new ActorSystem({
      clock,
      report: ({ path, during, error }) => {
        const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
        for (const line of `internal error: ${path} ended in ${during}: ${what}`.split('\n'))
          log.write('warn', harmless(line));
      },
    });
    const onEvent = (wanted: (event: PlaneEvent) => void) => {
      handler = wanted;
    };
    return new Pluto(options, setup, log, { plane: opened.plane, helpers, keys, trust, system, onEvent });
  }

  /** Reads secrets and certificates, and opens the sockets. */
  start(): void {
    this.#listen(() => {});
    this.#secrets.reread(this.#secretsFile, () => {});
    atOnce(this.#rereadingCertificates(() => {}));
    this.#radius?.start();
    const listen = this.#options.metricsListen ?? this.#setup.metricsListen;
    const { metricsConnections: mostConnections } = this.#setup;
    const [world, system] = [this.#world, this.#system];
    if (listen !== undefined)
      this.#metrics = serveMetrics(listen, { world, system, mostConnections, body: this.#body() });
  }

  /** The conns of the configuration file, as their `auto=` says; a few at a time, packets in between. */
  load(conns: readonly Conn[]): void {
    this.#loading.start(this.#options.configFile, conns);
  }

  requestStop(leaveState: boolean, answer?: Answer): void {
    this.#stop({ leaveState, ...(answer ? { answer } : {}) });
  }

  async close(leaveState: boolean): Promise<void> {
    this.#radius?.sessions.closing();
    const report = await this.#system.shutdown(leaveState ? 0 : FAREWELL);
    if (report.forced > 0) this.#world.log('info', `${report.forced} actors had to be ended`);
    await this.#radius?.stop();
    await this.#leaseFile.close();
    this.#listening.close();
    if (!leaveState) this.#world.plane.flush();
    this.#world.plane.close();
    this.#secrets.wipe();
    await this.#lookingUp.close();
    await this.#eap.close();
    this.#vitals.stop();
    await this.#metrics?.close();
    await this.#helpers.pool.close();
  }

  get #ikePort(): number {
    return this.#options.ikePort ?? IKE_PORT;
  }

  get #keepAliveMs(): number {
    return this.#options.keepAlive === undefined ? this.#setup.keepAliveMs : this.#options.keepAlive * 1000;
  }

  /** Ours and the authorities', with who has issued each. */
  *#storedCertificates(): Generator<Stored> {
    const ours = this.#certificates;
    for (const stored of [ours.authorities(), ours.certificates()])
      for (const certificate of stored) {
        const [issuer] = ours.issuersOf(certificate);
        if (issuer) yield { der: certificate.der, issuer: issuer.der };
      }
  }

  #issuerOf(der: Uint8Array): Uint8Array | undefined {
    const own = this.#certificates.holding(der);
    return own && this.#certificates.issuersOf(own).at(0)?.der;
  }

  /** In `dirs`, or all. */
  #rereadingCertificates(say: (text: string) => void, dirs?: readonly StoreDir[]): Generator<undefined, void> {
    return rereading(this.#certificates, { log: this.#world.log, say, ...(dirs && { dirs }) });
  }

  /** Opens the sockets that are missing, and looks who we are now. */
  #listen(say: (text: string) => void): void {
    this.#listening.open(say);
    this.#connections.reorient();
  }

  #unlisten(say: (text: string) => void): void {
    say(this.#world.log('info', 'no longer listening for IKE messages'));
    this.#listening.close();
  }

  /** What the command line and the configuration ask for that is for those who look for faults. */
  #misbehave(): void {
    const { debugging, impairments, log } = this.#world;
    for (const text of debugging.change([...this.#setup.plutodebug, ...this.#options.debug])?.wrong ?? [])
      log('warn', text);
    if (debugging.on('private')) log('warn', PRIVATE_WARNING);
    impairments.change(this.#options.impair);
    if (impairments.any) log('warn', `WARNING: impaired on purpose: ${impairments.list().join(', ')}`);
  }

  #body(): Body {
    const vitals = this.#vitals;
    return {
      vital: () => vitals.now(),
      loop: () => vitals.loop(),
      helpers: () => this.#helpers.pool.helpers(),
      now: () => realClock().now(),
      memory: () => process.memoryUsage(),
      cpu: () => process.cpuUsage(),
      startedAt: this.#startTime.getTime(),
    };
  }

  get #secretsFile(): string {
    return this.#options.secretsFile ?? this.#setup.secretsfile;
  }

  #limits(): GateLimits {
    const { ddosMode, ddosIkeThreshold, maxHalfopenIke, maxHalfopenPerSource, ddosDelayMs } = this.#setup;
    return {
      mode: this.#options.ddosMode ?? ddosMode,
      cookiesFrom: ddosIkeThreshold,
      maxHalfOpen: maxHalfopenIke,
      maxPerSource: maxHalfopenPerSource,
      delay: ddosDelayMs,
    };
  }

  #info(): DaemonInfo {
    const { standing, debugging } = this.#world;
    const info = daemonInfo({
      options: this.#options,
      setup: this.#setup,
      plane: this.#world.plane.name,
      limits: this.#world.switchboard.limits,
      interfaces: this.#listening.sockets.map(({ name, local }) => ({ name, endpoint: `${local}`, transport: 'UDP' })),
      startTime: this.#startTime,
      keepAliveMs: this.#keepAliveMs,
      debug: debugging.list(),
    });
    const told = {
      ...(standing.myId ? { myid: `${standing.myId}` } : {}),
      'ike-socket-bufsize': `${this.#listening.settings.bufferOctets}`,
      'ike-socket-errqueue': this.#listening.settings.hearsErrors ? 'yes' : 'no',
    };
    return { ...info, setup: { ...info.setup, ...told } };
  }
}

/** What the log says at the start of the addresses that an earlier run gave. */
export const leasesLine = ({ leases, isWhole }: Found, path: string): string =>
  `leases: read ${leases.length} from ${path}${isWhole ? '' : ', which is not all there were'}`;

/** Our address towards the rest of the world. */
function defaultRoute(family: 4 | 6): Address | undefined {
  const way = routeGet(Address.any(family).toBytes());
  return isFault(way) || !way.src ? undefined : Address.fromBytes(way.src);
}
