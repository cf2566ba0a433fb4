/** A thread that dies of what it is asked. */
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import { endpoint } from '../../../src/services/endpoint.ts';

if (parentPort)
  expose(
    {
      crl: () => process.exit(3),
      ocsp: () => {
        throw new Error('a bug');
      },
      keys: async () => ({ ok: true, keys: [], isSecure: true, problems: [], ttl: 1 }),
    },
    endpoint(parentPort),
  );
