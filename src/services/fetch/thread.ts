/** What runs in the thread of the services. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import { Address } from '../../net/address.ts';
import { endpoint } from '../endpoint.ts';
import { realClock } from './clock.ts';
import { type LookupSettings, type Lookups, NearLookups } from './lookups.ts';

const near = new NearLookups(workerData as LookupSettings, {
  clock: realClock,
  wall: () => Date.now(),
  randomId: () => randomInt(0x10000),
  readText(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  },
  interfaceAddresses: (name) => {
    const own = Address.parse(name);
    if (own) return [own];
    return (networkInterfaces()[name] ?? []).flatMap(({ address }) => Address.parse(address) ?? []);
  },
});

/** Documents change hands: a large one is not copied. */
const handOver = <R extends object>(result: R): R =>
  'der' in result && result.der instanceof Uint8Array ? transfer(result, [result.der.buffer as ArrayBuffer]) : result;

/** What the main thread may call. */
export const served: Lookups = {
  crl: async (url, issuer) => handOver(await near.crl(url, issuer)),
  ocsp: async (url, request) => handOver(await near.ocsp(url, request)),
  keys: (name) => near.keys(name),
  addresses: (name) => near.addresses(name),
};

if (parentPort) expose(served, endpoint(parentPort));
