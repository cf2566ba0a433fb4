/**
 * What the daemon looks up elsewhere, put together: the thread that does it, who answers SAs with it, and an actor that
 * fetches CRLs in time (`crlcheckinterval=`), on request (`--fetchcrls`), and drops OCSP answers that are too old.
 */
import type { Lookups } from '../conf/lookups.ts';
import type { Answer } from '../control/answer.ts';
import { RC } from '../control/reply-codes.ts';
import { parseCertificate } from '../ike/auth/x509/certificate.ts';
import { urlsOf } from '../ike/auth/x509/distribution-point.ts';
import type { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import { DnsKeys } from '../services/dns/dns-keys.ts';
import { HostAddresses } from '../services/dns/host-addresses.ts';
import { FarLookups } from '../services/fetch/far.ts';
import type { LookupSettings } from '../services/fetch/lookups.ts';
import type { CrlPlace, Refreshed } from '../services/revocation/crls.ts';
import { OwnOcsp } from '../services/revocation/own-ocsp.ts';
import { Revocation } from '../services/revocation/revocation.ts';
import { crlSaver } from '../services/revocation/saved-crls.ts';
import type { ActorRef, ActorSystem, Behavior, Clock, Context } from './runtime/index.ts';
import type { Answerers } from './services.ts';
import type { LogLevel } from './world.ts';

export interface LookingUpOptions {
  readonly lookups: Lookups;
  readonly shelf: TrustShelf;
  /** What is in the store: their distribution points are what is fetched without being asked. */
  readonly certificates: () => Iterable<Stored>;
  /** The issuer of one of our certificates, both in DER. */
  readonly issuerOf: (certificate: Uint8Array) => Uint8Array | undefined;
  /** Where fetched CRLs are kept. */
  readonly crlsDir: string;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly random: (octets: number) => Uint8Array;
  readonly log: (level: LogLevel, text: string) => void;
  /** Of what a peer can provoke that has yet to prove who it is. */
  readonly logOfStrangers: (level: LogLevel, text: string) => void;
}

/** A certificate, and that of its issuer, in DER. */
export interface Stored {
  readonly der: Uint8Array;
  readonly issuer: Uint8Array;
}

export class LookingUp {
  readonly answerers: Pick<Answerers, 'revocation' | 'dnsKeys' | 'ownOcsp' | 'addresses'>;
  readonly #far: FarLookups;
  readonly #revocation: Revocation;
  readonly #ownOcsp: OwnOcsp;
  readonly #dnsKeys: DnsKeys;
  readonly #counts = new Map<string, number>();
  readonly #keeper: ActorRef<KeeperMessage>;

  constructor(options: LookingUpOptions) {
    const { lookups, shelf, certificates, issuerOf, crlsDir, system, clock, random, log, logOfStrangers } = options;
    const now = () => clock.now();
    const warn = (text: string) => log('warn', text);
    const count = (what: string) => void this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    this.#far = new FarLookups({ settings: settingsOf(lookups), now, warn });
    const save = crlSaver(crlsDir, warn);
    this.#revocation = new Revocation({ lookups: this.#far, shelf, settings: lookups, now, log, count, save });
    this.#dnsKeys = new DnsKeys({
      lookups: this.#far,
      onlySecure: lookups.dnssecEnable,
      now,
      log: logOfStrangers,
      count,
    });
    const { ocspUri } = lookups;
    const wall = () => clock.wall();
    this.#ownOcsp = new OwnOcsp({ lookups: this.#far, issuerOf, ocspUri, now, wall, log, count });
    this.answerers = {
      revocation: this.#revocation,
      dnsKeys: this.#dnsKeys,
      ownOcsp: this.#ownOcsp,
      addresses: new HostAddresses({ lookups: this.#far, now, count }),
    };
    this.#keeper = system.spawn(
      'crls',
      new Keeper({
        revocation: this.#revocation,
        places: () => distributionPoints(certificates()),
        interval: lookups.crlcheckintervalMs,
        random,
      }),
    );
  }

  /** `--fetchcrls`: all there are, whatever `crlcheckinterval=` says; ends `answer`. */
  fetchCrls(answer: Answer): void {
    this.#keeper.tell({ t: 'fetch', answer });
  }

  /** `--purgeocsp`: how many there were. */
  purgeOcsp(): number {
    return this.#revocation.purgeOcsp() + this.#ownOcsp.purge();
  }

  /** Names and values for `--globalstatus`. */
  *figures(): Generator<readonly [string, number]> {
    for (const [name, value] of this.#revocation.figures()) yield [`lookups.${name}`, value];
    yield ['lookups.ownOcsp.kept', this.#ownOcsp.size];
    for (const [name, value] of this.#dnsKeys.figures()) yield [`lookups.${name}`, value];
    for (const [name, value] of this.#counts) yield [`lookups.${name}`, value];
  }

  close(): Promise<void> {
    return this.#far.close();
  }
}

function settingsOf(lookups: Lookups): LookupSettings {
  const { fetchPrivate, dnsServers } = lookups;
  return {
    curlIface: lookups.curlIface,
    curlTimeoutMs: lookups.curlTimeoutMs,
    ocspTimeoutMs: lookups.ocspTimeoutMs,
    ocspMethod: lookups.ocspMethod,
    fetchPrivate: typeof fetchPrivate === 'string' ? fetchPrivate : fetchPrivate.map(String),
    dnsServers: dnsServers?.map(({ address, port }) => `${address}@${port}`),
    dnsTrustAd: lookups.dnsTrustAd,
  };
}

/** So many lists are fetched in time, of however many certificates. */
const MOST_POINTS = 1024;

/** The first distribution point of each, in steps of a certificate. */
function* distributionPoints(certificates: Iterable<Stored>): Generator<undefined, readonly CrlPlace[]> {
  const places = new Map<string, CrlPlace>();
  for (const { der, issuer } of certificates) {
    const certificate = parseCertificate(der);
    const [url] = 'wrong' in certificate ? [] : urlsOf(certificate.extensions.crlPoints);
    if (url !== undefined) places.set(url, { url, issuer });
    if (places.size >= MOST_POINTS) break;
    yield undefined;
  }
  return [...places.values()];
}

interface KeeperOptions {
  readonly revocation: Pick<Revocation, 'refresh' | 'keepUp' | 'sweep'>;
  /** Where the store's certificates say that lists are; in steps. */
  readonly places: () => Generator<undefined, readonly CrlPlace[]>;
  /** ms; 0: only on request. */
  readonly interval: number;
  readonly random: (octets: number) => Uint8Array;
}

type KeeperMessage =
  | { readonly t: 'fetch'; readonly answer: Answer }
  | { readonly t: 'check' | 'sweep' }
  | { readonly t: 'more'; readonly looking: Looking };

/** Through the certificates, and what to do with what they say. */
interface Looking {
  readonly places: Generator<undefined, readonly CrlPlace[]>;
  readonly act: (places: readonly CrlPlace[]) => void;
}

/** ms. */
const SWEEP_EVERY = 60_000;
/** The first check comes soon after the start, when the certificates are there. */
const FIRST_CHECK = 5_000;
/** ms of work before a pause. */
const SLICE = 1;

/** Fetches a list as soon as it would run out before the check after the next one. */
export class Keeper implements Behavior<KeeperMessage> {
  readonly #options: KeeperOptions;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  started(self: Context<KeeperMessage>): void {
    self.after(SWEEP_EVERY, { t: 'sweep' });
    const { interval } = this.#options;
    if (interval > 0) self.after(Math.min(FIRST_CHECK, interval), { t: 'check' });
  }

  receive(message: KeeperMessage, self: Context<KeeperMessage>): void {
    const { revocation, places, interval } = this.#options;
    switch (message.t) {
      case 'sweep':
        revocation.sweep();
        self.after(SWEEP_EVERY, message);
        return;
      case 'check': {
        const before = (self.wall() + 2 * interval) / 1000;
        self.after(Math.round(interval * this.#jitter()), message);
        return look({ places: places(), act: (found) => void revocation.keepUp(found, before) }, self);
      }
      case 'fetch': {
        const { answer } = message;
        const act = (found: readonly CrlPlace[]) =>
          void revocation.refresh(found).then((refreshed) => tell(answer, refreshed));
        return look({ places: places(), act }, self);
      }
      case 'more':
        return look(message.looking, self);
      default:
        message satisfies never;
    }
  }

  /** Gateways that were started together shall not fetch together: 0.9 to 1.1. */
  #jitter(): number {
    return 0.9 + (0.2 * this.#options.random(1)[0]) / 255;
  }
}

function look(looking: Looking, self: Context<KeeperMessage>): void {
  const until = self.now() + SLICE;
  do {
    const { done, value } = looking.places.next();
    if (done) return looking.act(value);
  } while (self.now() < until);
  self.soon({ t: 'more', looking });
}

function tell(answer: Answer, { fetched, problems }: Refreshed): void {
  if (!answer.isOpen) return;
  for (const problem of problems) answer.line(RC.CRLERROR, problem);
  answer.line(RC.LOG, `${fetched} CRL${fetched === 1 ? '' : 's'} fetched`);
  answer.end();
}
