/** Certificates that only a server knows to be bad: we must ask it, and believe nothing that we cannot look up. */
import { expect } from 'vitest';
import { eventually } from '../support/process.ts';
import { sides } from '../support/topology.ts';
import { type Bed, expectSameSas } from './bed.ts';
import { pki } from './pki.ts';
import type { Proof } from './proof.ts';
import type { Story } from './stories.ts';
import { tellFrom, underShim } from './tell.ts';

const PORT = 8888;
/** The peer's host serves CRLs and OCSP as well. */
type Server = 'ocsp' | 'crl';

function story(peer: string, liar: 'west' | 'east', by: Server, is: 'good' | 'revoked' | 'unknown'): Story {
  const honest = liar === 'west' ? 'east' : 'west';
  const url = `http://${sides[liar].address}:${PORT}/${by === 'crl' ? 'root.crl' : ''}`;
  const [name, mine] = [`${liar}-${by}-${is}-${peer}`, `${honest}-rsa-root`];
  const proof = (leaf: string): Proof => ({ by: 'certificate', name: leaf, authby: 'rsa-sha2', swanctl: 'rsa/pss' });
  const strict = by === 'ocsp' ? ['ocsp-enable=yes', 'ocsp-strict=yes'] : ['crl-strict=yes', 'crlcheckinterval=3600'];
  return {
    title: `${by.toUpperCase()} from a server: ${is}`,
    tunnel: {
      encryption: 'aes_gcm256',
      groups: ['dh31'],
      charon: 'rsa_pss = yes',
      setup: [...strict, 'fetch-private=yes'],
      proofs: liar === 'west' ? { west: proof(name), east: proof(mine) } : { west: proof(mine), east: proof(name) },
    },
    prepare: async () => {
      const made = await pki();
      await made.leaf(mine, { san: `DNS:${honest}.test` });
      await made.leaf(name, { san: `DNS:${liar}.test`, [by]: url });
      return {};
    },
    tell: async (bed) => {
      const server = is === 'unknown' ? undefined : await serve(bed, liar, by, name, is);
      try {
        if (is === 'good') {
          await bed.west.up();
          await expectSameSas(bed);
        } else {
          const says = is === 'revoked' ? 'revoked' : by === 'ocsp' ? 'OCSP' : 'CRL';
          await expectRefusal(bed, honest, new RegExp(`certificate "C=AT, O=Test, CN=${name}": .*${says}`));
        }
      } finally {
        await server?.stop('SIGKILL');
      }
    },
  };
}

async function serve({ topology }: Bed, liar: 'west' | 'east', by: Server, name: string, is: 'good' | 'revoked') {
  const made = await pki();
  const { host } = topology[liar];
  if (by === 'ocsp') {
    const server = host.start(await made.ocsp(name, PORT, { [is]: [name] }));
    await server.says(/waiting for OCSP client connections/i);
    return server;
  }
  const crl = await made.crl(name, is === 'revoked' ? [name] : []);
  const script = `require('node:http').createServer((_, answer) => answer.end(require('node:fs').readFileSync(process.argv[1])))
    .listen(${PORT}, () => console.log('listening'))`;
  const server = host.start([process.execPath, '-e', script, crl]);
  await server.says(/listening/);
  return server;
}

async function expectRefusal({ west, east }: Bed, honest: 'west' | 'east', says: RegExp): Promise<void> {
  await expect(west.up()).rejects.toThrow();
  const [us, them] = honest === 'west' ? [west, east] : [east, west];
  await eventually(`the log says ${says}`, async () => says.test(await us.log()));
  // libreswan as responder says nothing of the notification, and goes by the delete beside it.
  if (them.name === 'libreswan' && them === east) await eventually('it is down', async () => !(await them.isUp()));
  else await eventually('it hears why', async () => /AUTH_FAILED|AUTHENTICATION_FAILED/.test(await them.log()));
  expect(await us.installed()).toEqual([]);
}

for (const peer of ['strongswan', 'libreswan'] as const)
  for (const [ours, liar] of [
    ['west', 'east'],
    ['east', 'west'],
  ] as const)
    tellFrom(
      ours,
      (['ocsp', 'crl'] as const).flatMap((by) =>
        (['good', 'revoked', 'unknown'] as const).map((is) => story(peer, liar, by, is)),
      ),
      peer,
      underShim,
    );
