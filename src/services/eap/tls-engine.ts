/**
 * TLS by node:tls over wires in memory. A flight is fed, OpenSSL does in the same turn of the event loop what there is to do,
 * and when nothing has moved for a few turns, what has come of it is handed back.
 */
import { constants } from 'node:crypto';
import { Duplex } from 'node:stream';
import {
  type CommonConnectionOptions,
  connect,
  createServer,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { MOST_CERTIFICATES } from '../../ike/auth/check.ts';
import type { Trust } from '../../ike/auth/x509/trust-reader.ts';
import type { Keyring } from '../../ike/crypto/signature/key-shelf.ts';
import { isFairShare, Sources } from '../../net/sources.ts';
import { pem, pemChain } from './pem.ts';
import { judge } from './tls-certificates.ts';
import type { Flight, Judgement, Judging, KeyRequest, Opened, TlsPort, TlsTerms } from './tls-port.ts';

/** Each has 80 kB and more of OpenSSL's; whoever has one has been through IKE_SA_INIT and sent a ClientHello. */
export const MOST_TUNNELS = 256;
/** Turns of the event loop without news after which a flight is complete. */
const QUIET_TURNS = 3;
/** Octets that the other end may have us hold. */
const MOST_PLAIN = 65_536;

export class TlsEngine implements TlsPort {
  readonly #keys: Keyring;
  readonly #trust: Trust;
  readonly #tunnels = new Map<number, { readonly tunnel: Tunnel; readonly source: string | undefined }>();
  readonly #sources = new Sources();
  #last = 0;

  constructor(keys: Keyring, trust: Trust) {
    this.#keys = keys;
    this.#trust = trust;
  }

  async open(terms: TlsTerms): Promise<number | { readonly wrong: string }> {
    const { source } = terms;
    const excess = this.#excess(source);
    if (excess !== undefined) return { wrong: excess };
    const settings = settingsOf(terms, this.#keys);
    if ('wrong' in settings) return settings;
    try {
      this.#tunnels.set(++this.#last, { tunnel: new Tunnel(terms, settings), source });
      if (source !== undefined) this.#sources.take(source);
      return this.#last;
    } catch (error) {
      return { wrong: `TLS cannot use our certificate or key: ${text(error)}` };
    } finally {
      settings.key?.fill(0);
    }
  }

  async feed(tunnel: number, records: Uint8Array): Promise<Flight> {
    return this.#tunnels.get(tunnel)?.tunnel.feed(records) ?? GONE;
  }

  async write(tunnel: number, plain: Uint8Array): Promise<Flight> {
    return this.#tunnels.get(tunnel)?.tunnel.write(plain) ?? GONE;
  }

  async judge(tunnel: number, judging: Judging): Promise<Judgement> {
    const known = this.#tunnels.get(tunnel);
    return known ? known.tunnel.judge(judging, this.#trust) : { t: 'bad', why: 'the tunnel is gone' };
  }

  async exportKey(tunnel: number, request: KeyRequest): Promise<Uint8Array | undefined> {
    return this.#tunnels.get(tunnel)?.tunnel.exportKey(request);
  }

  close(tunnel: number): void {
    const known = this.#tunnels.get(tunnel);
    if (!known) return;
    known.tunnel.close();
    this.#tunnels.delete(tunnel);
    if (known.source !== undefined) this.#sources.giveBack(known.source);
  }

  #excess(source: string | undefined): string | undefined {
    const { size } = this.#tunnels;
    if (size >= MOST_TUNNELS) return `${MOST_TUNNELS} TLS tunnels are open already`;
    const held = source === undefined ? 0 : this.#sources.held(source);
    return isFairShare(held, size, MOST_TUNNELS) ? undefined : `${held} TLS tunnels with this address are open already`;
  }
}

const GONE: Flight = {
  out: new Uint8Array(),
  plain: new Uint8Array(),
  state: 'closed',
  why: 'the tunnel is gone',
  opened: undefined,
};

interface Settings extends SecureContextOptions, CommonConnectionOptions {
  readonly key?: Buffer;
}

/** No resumption (who was let in once is asked again), no renegotiation, nothing older than TLS 1.2. */
function settingsOf({ key, chain, wantsCertificate }: TlsTerms, keys: Keyring): Settings | { wrong: string } {
  const signing = key === undefined ? undefined : keys.find(key);
  if (key !== undefined && signing === undefined) return { wrong: 'the private key is gone' };
  const der = signing?.handle.export({ type: 'pkcs8', format: 'der' });
  const own = der && { key: pem('PRIVATE KEY', der), cert: pemChain(chain) };
  der?.fill(0);
  return {
    ...own,
    // Without a list OpenSSL would read those whom browsers trust. With ours it would parse hundreds for each tunnel, and
    // name them all to the peer; chains are judged by `judge`, when the tunnel is open.
    ca: [],
    minVersion: 'TLSv1.2',
    // Servers of strongSwan do not know RFC 5746. What it protects is application data after somebody else's handshake;
    // here the key of our handshake goes into AUTH, and we never do a second one.
    secureOptions:
      constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_LEGACY_SERVER_CONNECT,
    requestCert: wantsCertificate,
    rejectUnauthorized: false,
  };
}

class Tunnel {
  readonly #wire = new Wire();
  #socket: TLSSocket | undefined = undefined;
  #state: Flight['state'] = 'handshake';
  #why: string | undefined = undefined;
  #opened: Opened | undefined = undefined;
  #plain: Buffer[] = [];
  #held = 0;
  /** Rises with everything that happens. */
  #news = 0;

  constructor(terms: TlsTerms, settings: Settings) {
    this.#wire.onOutput = () => void this.#news++;
    this.#wire.on('error', () => {});
    if (terms.role === 'server') this.#serve(settings);
    else this.#call(settings);
  }

  feed(records: Uint8Array): Promise<Flight> {
    if (this.#state !== 'closed' && records.length > 0) this.#wire.push(records);
    return this.#settled();
  }

  write(plain: Uint8Array): Promise<Flight> {
    // TLS enciphers it before this returns.
    if (this.#state === 'open') this.#socket?.write(plain);
    return this.#settled();
  }

  /** By the rules for IKE's own certificates. That the other end has its key, OpenSSL has seen to. */
  judge(judging: Judging, trust: Trust): Judgement {
    if (this.#state !== 'open' || this.#socket === undefined) return { t: 'bad', why: 'the tunnel is not open' };
    return judge(chainOf(this.#socket), judging, trust);
  }

  exportKey({ octets, label, context }: KeyRequest): Uint8Array | undefined {
    if (this.#state !== 'open') return undefined;
    // The binding tells absence from emptiness by the argument; its type does not.
    const given = context === undefined ? undefined : Buffer.from(context);
    return this.#socket?.exportKeyingMaterial(octets, label, given as Buffer);
  }

  close(): void {
    this.#state = 'closed';
    this.#socket?.destroy();
    this.#wire.destroy();
    for (const part of this.#plain) part.fill(0);
    this.#plain = [];
  }

  #serve(settings: Settings): void {
    // A server to each tunnel: so no event can be taken for another tunnel's.
    const server = createServer({ ...settings, handshakeTimeout: HANDSHAKE });
    server.once('secureConnection', (socket) => this.#open(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#socket ??= socket;
      this.#end(text(error));
    });
    server.emit('connection', this.#wire);
  }

  #call(settings: Settings): void {
    // Whose certificate it is, is for the method to judge, and no host name.
    const socket = connect({ ...settings, socket: this.#wire, checkServerIdentity: () => undefined });
    this.#socket = socket;
    socket.once('secureConnect', () => this.#open(socket));
    socket.on('error', (error) => this.#end(text(error)));
  }

  #open(socket: TLSSocket): void {
    this.#socket = socket;
    this.#news++;
    this.#state = 'open';
    const isTls13 = socket.getProtocol() === 'TLSv1.3';
    this.#opened = { isTls13, hasCertificate: chainOf(socket).length > 0 };
    socket.on('error', (error) => this.#end(text(error)));
    socket.on('end', () => {
      // Who has gone hears no goodbye: what node says to this must not keep the conversation up.
      this.#wire.mute();
      this.#end('the other end has closed the tunnel');
    });
    socket.on('data', (part: Buffer) => {
      this.#news++;
      this.#held += part.length;
      if (this.#held > MOST_PLAIN) this.#end(`more than ${MOST_PLAIN} octets at once`);
      else this.#plain.push(part);
    });
  }

  #end(why: string): void {
    this.#news++;
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#why = why;
  }

  async #settled(): Promise<Flight> {
    for (let quiet = 0, news = this.#news; quiet < QUIET_TURNS; quiet++) {
      await turn();
      if (news !== this.#news) quiet = 0;
      news = this.#news;
    }
    const plain = joined(this.#plain);
    for (const part of this.#plain) part.fill(0);
    this.#plain = [];
    this.#held = 0;
    const opened = this.#opened;
    this.#opened = undefined;
    return { out: this.#wire.takeOutput(), plain, state: this.#state, why: this.#why, opened };
  }
}

/** ms: longer than any conversation, because whoever opened the tunnel closes it. */
const HANDSHAKE = 600_000;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The far end of the socket that TLS believes to have. */
class Wire extends Duplex {
  onOutput = (): void => {};
  #output: Buffer[] = [];
  #isMute = false;

  override _read(): void {}

  override _write(part: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.#isMute) this.#output.push(part);
    this.onOutput();
    done();
  }

  /** Nothing more goes out. */
  mute(): void {
    this.#isMute = true;
  }

  takeOutput(): Uint8Array {
    const output = joined(this.#output);
    this.#output = [];
    return output;
  }
}

function chainOf(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw && chain.length <= MOST_CERTIFICATES) {
    chain.push(Uint8Array.from(certificate.raw));
    // What signs itself is its own issuer there.
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** Fresh octets with a buffer of their own, which can be moved to another thread. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** OpenSSL's words, without its file names and numbers: `…:sslv3 alert bad certificate:…`. */
function text(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  return reason.trim().slice(0, 200);
}
