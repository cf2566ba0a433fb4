import { describe, expect, test } from 'vitest';
import { atOnce } from '../../../src/conf/at-once.ts';
import { TrustShelf } from '../../../src/ike/auth/x509/trust-shelf.ts';
import { Id } from '../../../src/net/id.ts';
import { CertificateStore } from '../../../src/services/store/certificate-store.ts';
import type { StoreFiles } from '../../../src/services/store/store-files.ts';
import { certificate, crl, type Made, pem } from './pki.ts';

const DIR = '/etc/ipsec.d';

/** Files in memory; what is written anew has another stamp. */
function shop(files: Record<string, string | Uint8Array>, wall = 0, responder?: string) {
  const contents = new Map(Object.entries(files).map(([path, octets]) => [`${DIR}/${path}`, octets]));
  const stamps = new Map<string, number>();
  const reads: string[] = [];
  let writes = 0;
  const port: StoreFiles = {
    list: (dir) =>
      [...contents.keys()].filter((path) => path.startsWith(`${dir}/`)).map((path) => path.slice(dir.length + 1)),
    stamp: (path) => (contents.has(path) ? `${stamps.get(path) ?? 0}` : { errno: 'ENOENT' }),
    read: (path) => {
      reads.push(path.slice(DIR.length + 1));
      const octets = contents.get(path);
      if (octets === '!') return { errno: 'EACCES' };
      return octets === undefined ? { errno: 'ENOENT' } : Uint8Array.from(Buffer.from(octets as string));
    },
  };
  const trust = new TrustShelf();
  const store = new CertificateStore({ dir: DIR, trust, files: port, wall: () => wall, responder });
  return {
    store,
    trust,
    reads,
    write: (path: string, octets: string | Uint8Array) => {
      contents.set(`${DIR}/${path}`, octets);
      stamps.set(`${DIR}/${path}`, ++writes);
    },
    remove: (path: string) => contents.delete(`${DIR}/${path}`),
    reread: () => {
      const said: string[] = [];
      reads.length = 0;
      const reading = atOnce(store.rereading((text) => said.push(text.replace(`${DIR}/`, ''))));
      return { ...reading, said };
    },
    trusted: () => [...trust.list('anchor')].length,
  };
}

const root = certificate({ subject: 'CN=root', isCa: true });
const between = certificate({ subject: 'CN=between', isCa: true, issuer: root });
const east = certificate({ subject: 'C=CA, CN=east', issuer: between, names: ['east.example'] });
const west = certificate({ subject: 'CN=west', issuer: root });

const chain = (made: Made, of: ReturnType<typeof shop>) => {
  const own = of.store.named(made.subject.replace(/.*CN=/, ''))!;
  return of.store.issuersOf(own).map(({ commonName }) => commonName);
};

test('a certificate is found by nickname, file, path and common name, and knows who has issued it', () => {
  const at = shop({
    'certs/gate.pem': east.pem,
    'certs/west.der': west.der,
    'cacerts/all.pem': between.pem + root.pem,
  });
  expect(at.reread()).toEqual({ certificates: 2, authorities: 2, crls: 0, changed: 3, gone: 0, said: [] });
  for (const name of ['gate', 'gate.pem', `${DIR}/certs/gate.pem`, 'east'])
    expect(at.store.named(name)?.nickname, name).toBe('gate');
  expect(at.store.named('../certs/gate.pem')).toBeUndefined();
  expect(at.store.named('root')).toBeUndefined();
  expect([...at.store.nicknames(9)].sort()).toEqual(['gate', 'west']);
  expect(chain(east, at)).toEqual(['between', 'root']);
  expect(chain(west, at)).toEqual(['root']);
});

test('authorities that others have issued are no anchors as long as those are there', () => {
  const at = shop({ 'cacerts/between.pem': between.pem, 'cacerts/root.pem': root.pem });
  at.reread();
  expect([[...at.trust.list('anchor')].length, [...at.trust.list('intermediate')].length]).toEqual([1, 1]);
  at.remove('cacerts/root.pem');
  at.reread();
  expect([[...at.trust.list('anchor')].length, [...at.trust.list('intermediate')].length]).toEqual([1, 0]);
  expect(Buffer.from([...at.trust.list('anchor')][0].der)).toEqual(Buffer.from(between.der));
});

test('an authority in certs is believed only if one that is trusted has issued it', () => {
  const at = shop({ 'certs/chain.pem': east.pem + between.pem, 'certs/alone.pem': root.pem });
  at.reread();
  expect([[...at.trust.list('anchor')].length, [...at.trust.list('intermediate')].length]).toEqual([0, 2]);
  expect(chain(east, at)).toEqual(['between', 'root']);
  expect(at.store.authorities()).toEqual([]);
});

test('the issuer is whose key has signed, not whose name is the same', () => {
  const namesake = certificate({ subject: 'CN=between', isCa: true, issuer: root, until: 2_600_000_000 });
  const at = shop({ 'certs/east.pem': east.pem, 'cacerts/a.pem': namesake.pem + root.pem });
  at.reread();
  expect(chain(east, at)).toEqual([]);
  at.write('cacerts/b.pem', between.pem);
  at.reread();
  expect(Buffer.from(at.store.issuersOf(at.store.named('east')!)[0].der)).toEqual(Buffer.from(between.der));
});

test('a certificate is below its issuer, all above, and a wildcard of them', () => {
  const at = shop({ 'certs/east.pem': east.pem, 'cacerts/between.pem': between.pem });
  at.reread();
  const own = at.store.named('east')!;
  const below = (dn: string) => at.store.isBelow(own, Id.parse(dn)!);
  expect([below('CN=between'), below('CN=root'), below('CN=*'), below('CN=other'), below('C=CA, CN=east')]).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

describe('a rereading', () => {
  test('reads what has changed, and nothing else', () => {
    const at = shop({ 'certs/east.pem': east.pem, 'certs/west.pem': west.pem, 'cacerts/root.pem': root.pem });
    at.reread();
    const before = at.store.named('west');
    const generation = at.trust.generation;
    expect(at.reread()).toMatchObject({ changed: 0, gone: 0 });
    expect([at.reads, at.trust.generation]).toEqual([[], generation]);
    const renewed = certificate({ subject: 'C=CA, CN=east', issuer: between, key: east.key });
    at.write('certs/east.pem', renewed.pem);
    expect(at.reread()).toMatchObject({ changed: 1, gone: 0, said: [] });
    expect(at.reads).toEqual(['certs/east.pem']);
    expect(Buffer.from(at.store.named('east')!.der)).toEqual(Buffer.from(renewed.der));
    expect(at.store.named('west')).toBe(before);
  });

  test('forgets a file that has gone, its authority too', () => {
    const at = shop({ 'certs/east.pem': east.pem, 'cacerts/root.pem': root.pem });
    at.reread();
    at.remove('certs/east.pem');
    at.remove('cacerts/root.pem');
    expect(at.reread()).toMatchObject({ certificates: 0, authorities: 0, changed: 0, gone: 2 });
    expect([at.store.named('east'), at.trusted()]).toEqual([undefined, 0]);
  });

  test('leaves a file as it was that is broken now, says so, and loses nothing else', () => {
    const at = shop({ 'certs/east.pem': east.pem, 'certs/west.pem': west.pem });
    at.reread();
    at.write('certs/east.pem', east.pem.slice(0, 200));
    at.write('certs/new.pem', root.pem);
    const again = at.reread();
    expect(again.said).toEqual([
      'certs/east.pem: it is no certificate: certificate: it is missing, at octet 0; kept as it was',
    ]);
    expect(at.store.named('east')).toBeDefined();
    expect([...at.store.certificates()].length).toBe(3);
    // Until it is mended.
    expect(at.reread().said.length).toBe(1);
    at.write('certs/east.pem', east.pem);
    expect(at.reread().said).toEqual([]);
  });

  test('in steps: until the last all is as it was', () => {
    const at = shop({ 'certs/east.pem': east.pem, 'certs/west.pem': west.pem });
    const steps = at.store.rereading(() => {});
    while (at.reads.length < 1) {
      expect(steps.next().done).toBe(false);
      expect(at.store.named('east')).toBeUndefined();
    }
    atOnce(steps);
    expect(at.store.named('east')).toBeDefined();
  });

  test('that began earlier does not undo one that began later', () => {
    const at = shop({ 'certs/east.pem': east.pem });
    const slow = at.store.rereading(() => {});
    slow.next();
    at.write('certs/west.pem', west.pem);
    at.reread();
    atOnce(slow);
    expect(at.store.named('west')).toBeDefined();
  });
});

describe('what is refused, by name', () => {
  const junk: Record<string, [string, string | Uint8Array, string]> = {
    'no certificate at all': ['certs/a.pem', 'hello', 'there is nothing in PEM or DER'],
    'an empty file': ['certs/a.pem', '', 'there is nothing in PEM or DER'],
    'no base64': [
      'certs/a.pem',
      east.pem.replace('M', '*'),
      'it is no certificate: certificate: it is missing, at octet 0',
    ],
    'an end that is missing': [
      'certs/a.pem',
      east.pem.slice(0, -30),
      'it is no certificate: certificate: it is missing, at octet 0',
    ],
    'DER cut off': [
      'certs/a.der',
      east.der.slice(0, -1),
      'it is no certificate: certificate: it is cut off, at octet 0',
    ],
    'a leaf among authorities': ['cacerts/a.pem', west.pem, 'it is no authority’s: its basicConstraints do not say so'],
    'a CRL among certificates': [
      'certs/a.pem',
      pem('X509 CRL', crl(root, [])),
      'a X509 CRL does not belong into certs',
    ],
    'a certificate among CRLs': ['crls/a.pem', root.pem, 'a CERTIFICATE does not belong into crls'],
    'what may not be read': ['certs/a.pem', '!', 'cannot read it: EACCES'],
  };
  test.each(Object.entries(junk))('%s', (_, [path, octets, text]) => {
    const at = shop({ [path]: octets, 'certs/west.pem': west.pem });
    const { said } = at.reread();
    expect(said).toEqual([`${path}: ${text}`]);
    expect([...at.store.certificates()].map(({ nickname }) => nickname)).toEqual(['west']);
    expect(at.trusted()).toBe(0);
  });

  test('of a bundle the rest is taken', () => {
    const at = shop({ 'cacerts/a.pem': `${root.pem}${west.pem}some words\n${between.pem}` });
    expect(at.reread().said).toEqual([
      'cacerts/a.pem: in part 2: it is no authority’s: its basicConstraints do not say so',
    ]);
    expect(at.store.authorities().length).toBe(2);
  });

  test('two files of one name: the first by path has it', () => {
    const at = shop({ 'certs/a.pem': west.pem, 'certs/a.crt': east.pem });
    expect(at.reread().said).toEqual([
      `certs/a.crt: "a" is ${DIR}/certs/a.pem too; ${DIR}/certs/a.crt is taken by that name`,
    ]);
    expect(at.store.named('a')?.path).toBe(`${DIR}/certs/a.crt`);
  });
});

describe('CRLs', () => {
  test('come on the shelf, and go with their file', () => {
    const at = shop({ 'crls/root.crl': crl(root, [7]), 'crls/between.pem': pem('X509 CRL', crl(between, [])) });
    expect(at.reread()).toMatchObject({ crls: 2, said: [] });
    at.remove('crls/root.crl');
    expect(at.reread()).toMatchObject({ crls: 1, gone: 1 });
    expect([...at.trust.list('crl')].length).toBe(1);
  });

  test('a newer one takes the place of the older', () => {
    const at = shop({ 'crls/root.crl': crl(root, [7]) });
    at.reread();
    const newer = crl(root, [7, 8], 1_700_000_100);
    at.write('crls/root.crl', newer);
    expect(at.reread()).toMatchObject({ crls: 1 });
    expect(Buffer.from([...at.trust.list('crl')][0].der)).toEqual(Buffer.from(newer));
  });

  test('a newer one that was fetched does not go with the file of the older', () => {
    const at = shop({ 'crls/root.crl': crl(root, [7]) });
    at.trust.putCrl(crl(root, [7, 8], 1_700_000_100));
    expect(at.reread()).toMatchObject({ crls: 0, said: [] });
    at.remove('crls/root.crl');
    at.reread();
    expect([...at.trust.list('crl')].length).toBe(1);
  });

  test('junk is said, and costs nothing', () => {
    const at = shop({ 'crls/a.crl': crl(root, []).slice(0, -3), 'crls/b.crl': crl(between, []) });
    const { said, crls } = at.reread();
    expect(said.length).toBe(1);
    expect(said[0]).toMatch(/^crls\/a\.crl: .*left out$/);
    expect(crls).toBe(1);
  });
});

test('a certificate that has expired is taken, once with a word about it', () => {
  const late = certificate({ subject: 'CN=west', issuer: root, until: 1_700_000_000 });
  const files = { 'certs/west.pem': late.pem };
  const { reread, store } = shop(files, 1_700_000_001_000);
  expect(reread().said).toEqual(['certs/west.pem: expired 2023-11-14 22:13:20 UTC']);
  expect(store.named('west')).toBeDefined();
  expect(reread().said).toEqual([]);
  expect(shop(files, 1_700_000_000_000).reread().said).toEqual([]);
});

test('the responder that ocsp-trustname= names is trusted for as long as it is there', () => {
  const at = shop({ 'cacerts/root.pem': pem('CERTIFICATE', root.der) }, 0, 'west');
  expect(at.reread().said).toContain('ocsp-trustname=west: there is no such certificate');
  at.write('ocspcerts/west', pem('CERTIFICATE', west.der));
  expect(at.reread().said).toEqual([]);
  expect([...at.trust.list('responder')].map(({ der }) => Buffer.compare(der, west.der))).toEqual([0]);
  at.remove('ocspcerts/west');
  expect(at.reread().said).toContain('ocsp-trustname=west: there is no such certificate');
  expect([...at.trust.list('responder')]).toEqual([]);
});
