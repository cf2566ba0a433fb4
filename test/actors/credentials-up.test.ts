/** Whole daemons prove who they are by what is in their files. */
import { describe, expect, test } from 'vitest';
import { TestClock } from '../../src/actors/runtime/index.ts';
import { encodeSpki } from '../../src/ike/crypto/signature/public-key.ts';
import { Wire } from '../../src/sim/wire.ts';
import { keyOf } from '../ike/crypto/signature/keys.ts';
import { certificate, crl, pem } from '../services/store/pki.ts';
import { endsIn, type Having, kept } from './kept.ts';
import { conn, EAST, House, WEST } from './town.ts';

const root = certificate({ subject: 'CN=root', isCa: true });
const middle = certificate({ subject: 'CN=middle', isCa: true, issuer: root });
const stranger = certificate({ subject: 'CN=stranger', isCa: true });
const [west, east] = ['west', 'east'].map((name) =>
  certificate({ subject: `CN=${name}`, issuer: middle, names: [name] }),
);
const CRL = (revoked: readonly number[]) => pem('X509 CRL', crl(root, revoked)) + pem('X509 CRL', crl(middle, revoked));
const CA = { 'cacerts/root.pem': root.pem, 'crls/all.pem': CRL([]) };
const OWN = {
  west: { ...CA, 'private/any.pem': west.keyPem, 'certs/gate.pem': west.pem + middle.pem },
  east: { ...CA, 'private/any.pem': east.keyPem, 'certs/gate.pem': east.pem + middle.pem },
};
const BY_CERTIFICATE = conn('w-e', { authby: 'ecdsa', leftcert: 'gate', sendca: 'all' });

/** Two daemons, each with its own files and its own view of the connection. */
function two(wish: { west: Having & { conf: string }; east: Having & { conf: string } }) {
  const clock = new TestClock();
  const wire = new Wire(clock);
  const house = (name: 'west' | 'east') => {
    const having = kept(
      wish[name],
      clock,
      endsIn(() => built.world.registry),
    );
    const { credentials, keys, trust } = having;
    const own = { credentials, keys: keys.shelf, trust, conf: '', secrets: '' };
    const built: House = new House(name, clock, wire, { address: name === 'west' ? WEST : EAST, ...own });
    built.load(wish[name].conf);
    return { ...having, house: built };
  };
  return { clock, west: house('west'), east: house('east') };
}

function up({ west: one, east: other }: ReturnType<typeof two>) {
  const { exit, text } = one.house.whack({ kind: 'initiate', name: 'w-e' });
  return { exit, text, log: [...one.house.log, ...other.house.log].join('\n') };
}

const raw = (kind: 'ed25519' | 'p384' | 'rsa') => `0s${Buffer.from(encodeSpki(keyOf(kind).public)).toString('base64')}`;
const keyPem = (kind: 'ed25519' | 'p384' | 'rsa') =>
  keyOf(kind).handle.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('certificates', () => {
  const eastConf = conn('w-e', { authby: 'ecdsa', rightcert: 'gate', sendca: 'all' });

  test('of one root, by an intermediate that comes along, bring a tunnel up', () => {
    const both = two({ west: { conf: BY_CERTIFICATE, files: OWN.west }, east: { conf: eastConf, files: OWN.east } });
    const { exit, text, log } = up(both);
    expect(log).not.toContain('internal error');
    expect([exit, text]).toEqual([0, expect.stringContaining('established')]);
    expect(both.east.house.plane.sas.size).toBe(2);
  });

  test('one that is revoked brings none, and one that is not trusted', () => {
    const revoked = { ...OWN.east, 'crls/all.pem': CRL(Array.from({ length: 60 }, (_, i) => i + 1)) };
    const cases = [
      [revoked, /revoked/, 'certificate-revoked'],
      [{ ...OWN.east, 'cacerts/root.pem': stranger.pem }, /CN=middle|CN=root/, 'certificate-untrusted'],
    ] as const;
    for (const [files, why, kind] of cases) {
      const both = two({ west: { conf: BY_CERTIFICATE, files: OWN.west }, east: { conf: eastConf, files } });
      expect(up(both).exit).not.toBe(0);
      expect(both.east.house.log.join('\n')).toMatch(why);
      expect(both.east.house.world.stats.authFailures.of(kind)).toBe(1);
      expect([both.west.house.plane.sas.size, both.east.house.plane.sas.size]).toEqual([0, 0]);
    }
  });

  test('choose among templates that ask for an authority, and none that asks for another', () => {
    const template = (name: string, leftca: string) =>
      conn(name, {
        ...{ left: '%any', leftid: '%fromcert', leftsubnet: undefined, leftca },
        ...{ authby: 'ecdsa', rightcert: 'gate', sendca: 'all' },
      });
    const trusted = { ...OWN.east, 'cacerts/stranger.pem': stranger.pem };
    const west = { conf: BY_CERTIFICATE.replace(/ {2}leftsubnet=.*\n/, ''), files: OWN.west };
    const strangers = template('strangers', '"CN=stranger"');
    const both = two({ west, east: { conf: strangers + template('ours', '"CN=root"'), files: trusted } });
    expect(up(both).exit).toBe(0);
    const { registry } = both.east.house.world;
    const letIn = (name: string) => registry.instancesOf(registry.named(name)!).length;
    expect([letIn('strangers'), letIn('ours')]).toEqual([0, 1]);
    const none = two({ west, east: { conf: strangers, files: trusted } });
    const refused = up(none);
    expect(refused.exit).not.toBe(0);
    expect(refused.log).toContain('CN=stranger');
    expect(none.east.house.plane.sas.size).toBe(0);
  });

  test('a renewed one is used by the next SA, and the one that is up stays', () => {
    const both = two({ west: { conf: BY_CERTIFICATE, files: OWN.west }, east: { conf: eastConf, files: OWN.east } });
    expect(up(both).exit).toBe(0);
    const renewed = certificate({ subject: 'CN=west', issuer: middle, names: ['west'] });
    both.west.write('private/any.pem', renewed.keyPem);
    both.west.write('certs/gate.pem', renewed.pem + middle.pem);
    both.west.reread();
    expect(both.west.house.plane.sas.size).toBe(2);
    both.west.house.whack({ kind: 'terminate', name: 'w-e' });
    expect(up(both).exit).toBe(0);
  });

  test('one without its key says so, and nothing is sent to prove it', () => {
    const files = { ...OWN.west, 'private/any.pem': east.keyPem };
    const both = two({ west: { conf: BY_CERTIFICATE, files }, east: { conf: eastConf, files: OWN.east } });
    const { exit, log } = up(both);
    expect(exit).not.toBe(0);
    expect(log).toContain('the private key of certificate "gate"');
  });
});

describe('raw keys', () => {
  const conf = conn('w-e', { authby: 'rsasig,ecdsa,eddsa', leftpubkey: raw('ed25519'), rightpubkey: raw('p384') });
  const files = (kind: 'ed25519' | 'p384' | 'rsa') => ({ 'private/host.pem': keyPem(kind) });

  test('of different kinds bring a tunnel up', () => {
    const both = two({ west: { conf, files: files('ed25519') }, east: { conf, files: files('p384') } });
    const { exit, text } = up(both);
    expect([exit, text]).toEqual([0, expect.stringContaining('established')]);
  });

  test('another key than the one that is known brings none', () => {
    const both = two({ west: { conf, files: files('ed25519') }, east: { conf, files: files('rsa') } });
    expect(up(both).exit).not.toBe(0);
    expect([both.west.house.plane.sas.size, both.east.house.plane.sas.size]).toEqual([0, 0]);
  });
});
