/** What runs in the thread that does TLS for EAP. Private keys come out of memory that the threads share. */
import { parentPort, workerData } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import { TrustReader } from '../../ike/auth/x509/trust-reader.ts';
import { KeyReader } from '../../ike/crypto/signature/key-shelf.ts';
import { endpoint } from '../endpoint.ts';
import { TlsEngine } from './tls-engine.ts';
import type { Flight, Judging, KeyRequest, TlsTerms } from './tls-port.ts';

/** Memory that is shared with the main thread. */
export interface Shelves {
  readonly keys: SharedArrayBuffer;
  readonly trust: SharedArrayBuffer;
}

const { keys, trust } = workerData as Shelves;
const engine = new TlsEngine(new KeyReader(keys), new TrustReader(trust));

/** What leaves here is moved, so that no copy of a secret stays behind. */
const moved = (flight: Flight): Flight => transfer(flight, [flight.out.buffer, flight.plain.buffer]);

/** `TlsPort` as the other side calls it. */
export const served = {
  open: (terms: TlsTerms) => engine.open(terms),
  feed: async (tunnel: number, records: Uint8Array) => moved(await engine.feed(tunnel, records)),
  write: async (tunnel: number, plain: Uint8Array) => {
    const flight = await engine.write(tunnel, plain);
    plain.fill(0);
    return moved(flight);
  },
  judge: (tunnel: number, judging: Judging) => engine.judge(tunnel, judging),
  exportKey: async (tunnel: number, request: KeyRequest) => {
    const key = await engine.exportKey(tunnel, request);
    if (key === undefined) return undefined;
    // OpenSSL's buffer may be a part of Node's pool.
    const own = Uint8Array.from(key);
    key.fill(0);
    return transfer(own, [own.buffer]);
  },
  close: (tunnel: number) => engine.close(tunnel),
};

if (parentPort) expose(served, endpoint(parentPort));
