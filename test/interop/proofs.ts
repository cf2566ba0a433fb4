/** Ways to prove who one is, as stories: each that both implementations have, and certificates that prove nothing. */
import { expect } from 'vitest';
import { eventually } from '../support/process.ts';
import { type Bed, expectSameSas } from './bed.ts';
import { type Kind, type LeafWish, pki } from './pki.ts';
import type { Proof } from './proof.ts';
import type { Story } from './stories.ts';
import type { Tunnel } from './tunnel.ts';

const tunnel: Tunnel = { encryption: 'aes_gcm256', groups: ['dh31'] };

interface Way {
  readonly title: string;
  readonly kind: Kind;
  readonly authby: string;
  readonly swanctl: string;
  readonly charon?: string;
  readonly conn?: readonly string[];
  readonly leaf?: LeafWish;
}

/** Signatures that strongSwan and libreswan both make. */
const COMMON: readonly Way[] = [
  {
    title: 'RSASSA-PKCS1-v1_5 with SHA-1, method 1',
    kind: 'rsa',
    authby: 'rsa-sha1',
    swanctl: 'pubkey',
    charon: 'signature_authentication = no',
  },
  { title: 'RSASSA-PSS', kind: 'rsa', authby: 'rsa-sha2', swanctl: 'rsa/pss', charon: 'rsa_pss = yes' },
  { title: 'ECDSA on P-256', kind: 'p256', authby: 'ecdsa', swanctl: 'ecdsa' },
  { title: 'ECDSA on P-384', kind: 'p384', authby: 'ecdsa', swanctl: 'ecdsa' },
  { title: 'ECDSA on P-521', kind: 'p521', authby: 'ecdsa', swanctl: 'ecdsa' },
];
/** strongSwan's alone. */
const STRONGSWAN: readonly Way[] = [
  { title: 'RSASSA-PKCS1-v1_5 with SHA-2', kind: 'rsa', authby: 'rsasig', swanctl: 'pubkey' },
  {
    title: 'ECDSA as RFC 4754',
    kind: 'p256',
    authby: 'ecdsa',
    swanctl: 'ecdsa',
    charon: 'signature_authentication = no',
  },
  { title: 'Ed25519', kind: 'ed25519', authby: 'eddsa', swanctl: 'pubkey' },
  { title: 'Ed448', kind: 'ed448', authby: 'eddsa', swanctl: 'pubkey' },
];

/** Of one end, so that the other has its intermediates from nobody else. */
const CHAINED: Way = {
  title: 'a chain with two intermediates',
  kind: 'rsa',
  authby: 'rsa-sha2',
  swanctl: 'rsa/pss',
  charon: 'rsa_pss = yes',
  conn: ['sendca=all'],
  leaf: { issuer: 'two' },
};

export function signatures(peer: 'strongswan' | 'libreswan'): readonly Story[] {
  const ways = peer === 'strongswan' ? [...COMMON, ...STRONGSWAN] : COMMON;
  return [
    ...ways.map((way) => byCertificate(way)),
    byCertificate(CHAINED, 'west'),
    byCertificate(CHAINED, 'east'),
    byKey(COMMON[1]),
    ...(peer === 'strongswan' ? [byKey(COMMON[2]), byKey(STRONGSWAN[2])] : []),
  ];
}

const SIDES = ['west', 'east'] as const;
type Side = (typeof SIDES)[number];

const leafName = (side: string, way: Way) => `${side}-${way.kind}-${way.leaf?.issuer ?? 'root'}`;

function certificateOf(side: string, way: Way): Proof {
  return { by: 'certificate', name: leafName(side, way), authby: way.authby, swanctl: way.swanctl };
}

async function leaves(ways: Readonly<Record<Side, Way>>): Promise<Partial<Tunnel>> {
  const made = await pki();
  for (const side of SIDES) {
    const { kind, leaf } = ways[side];
    await made.leaf(leafName(side, ways[side]), { kind, san: `DNS:${side}.test`, ...leaf });
  }
  return {};
}

/** `only`: whose leaf is as `way` wants it; that of the other end is from the root. */
function byCertificate(way: Way, only?: Side): Story {
  const of = (side: Side): Way => (only === undefined || only === side ? way : { ...way, leaf: {} });
  const ways = { west: of('west'), east: of('east') };
  return {
    title: `certificates: ${way.title}${only === undefined ? '' : ` at ${only}`}`,
    tunnel: {
      ...tunnel,
      ...settings(way),
      proofs: { west: certificateOf('west', ways.west), east: certificateOf('east', ways.east) },
    },
    prepare: () => leaves(ways),
    tell: up,
  };
}

function byKey(way: Way): Story {
  const name = (side: string) => `${side}-${way.kind}-raw`;
  const proof = (side: string): Proof => ({ by: 'key', name: name(side), authby: way.authby, swanctl: way.swanctl });
  return {
    title: `raw keys: ${way.title}`,
    tunnel: { ...tunnel, ...settings(way), proofs: { west: proof('west'), east: proof('east') } },
    prepare: async () => {
      // A certificate as well, for NSS takes keys only with one.
      for (const side of ['west', 'east']) await (await pki()).leaf(name(side), { kind: way.kind, issuer: 'other' });
      return {};
    },
    tell: up,
  };
}

const settings = ({ charon, conn }: Way): Partial<Tunnel> => ({
  ...(charon === undefined ? {} : { charon }),
  ...(conn === undefined ? {} : { conn }),
});

async function up(bed: Bed): Promise<void> {
  await bed.west.up();
  await expectSameSas(bed);
}

const RSASIG: Way = { title: '', kind: 'rsa', authby: 'rsasig', swanctl: 'pubkey' };

/** A way of its own for each end. */
export const mixed: readonly Story[] = [
  {
    title: 'the initiator by certificate, the responder by secret',
    tunnel: { ...tunnel, proofs: { west: certificateOf('west', RSASIG), east: { by: 'secret' } } },
    prepare: () => leaves({ west: RSASIG, east: RSASIG }),
    tell: up,
  },
  {
    title: 'the initiator by secret, the responder by certificate',
    tunnel: { ...tunnel, proofs: { west: { by: 'secret' }, east: certificateOf('east', RSASIG) } },
    prepare: () => leaves({ west: RSASIG, east: RSASIG }),
    tell: up,
  },
];
/** strongSwan has none. */
export const nobodies: readonly Story[] = [
  {
    title: 'nobody proves anything, RFC 7619',
    tunnel: { ...tunnel, proofs: { west: { by: 'null' }, east: { by: 'null' } } },
    tell: up,
  },
  {
    title: 'only the responder proves who it is',
    tunnel: { ...tunnel, proofs: { west: { by: 'null' }, east: certificateOf('east', RSASIG) } },
    prepare: () => leaves({ west: RSASIG, east: RSASIG }),
    tell: up,
  },
];

const PSS: Way = { title: '', kind: 'rsa', authby: 'rsa-sha2', swanctl: 'rsa/pss', charon: 'rsa_pss = yes' };
const DAY = 86_400;

/** RFC 4739: a secret, and then a certificate of another identity. Only strongSwan has it. */
export const twice: readonly Story[] = [
  second('of the initiator: a secret, then a certificate', ['west'], up),
  second('of the initiator, whose certificate is of an authority that nobody trusts', ['west'], refused, 'other'),
];
/** As initiator strongSwan wants all proofs of the responder at once. */
export const twiceOfResponder: readonly Story[] = [
  second('of the responder: a secret, then a certificate', ['east'], up),
  second('of both: a secret, then a certificate', ['west', 'east'], up),
  second('of the responder, whose certificate is of an authority that nobody trusts', ['east'], refused, 'other'),
];

function second(title: string, sides: readonly Side[], tell: Story['tell'], issuer: 'root' | 'other' = 'root'): Story {
  const name = (side: Side) => `${side}-device-${issuer}`;
  const proofOf = (side: Side) => ({
    id: `${side}-device.test`,
    proof: { by: 'certificate', name: name(side), authby: RSASIG.authby, swanctl: RSASIG.swanctl } as const,
  });
  return {
    title: `two proofs ${title}`,
    tunnel: { ...tunnel, seconds: Object.fromEntries(sides.map((side) => [side, proofOf(side)])) },
    prepare: async () => {
      for (const side of sides) await (await pki()).leaf(name(side), { issuer, san: `DNS:${side}-device.test` });
      return {};
    },
    tell,
  };
}

async function refused({ west, east }: Bed): Promise<void> {
  await expect(west.up()).rejects.toThrow();
  const said = /AUTH_FAILED|AUTHENTICATION_FAILED|failed authentication/;
  for (const peer of [west, east]) {
    await eventually(`${peer.name} knows that it failed`, async () => said.test(await peer.log()));
    await eventually(`${peer.name} is not up`, async () => !(await peer.isUp()));
    expect(await peer.installed()).toEqual([]);
  }
}

/** Certificates of a peer's that we must not believe, and what we say of them. */
const BAD: readonly {
  readonly title: string;
  readonly leaf: LeafWish;
  readonly isRevoked?: true;
  /** Seconds that our clock is ahead of the peer's, which would not even begin with what is out of date for it. */
  readonly clockAhead?: number;
  readonly says: RegExp;
}[] = [
  { title: 'revoked by a CRL', leaf: {}, isRevoked: true, says: /revoked/ },
  { title: 'expired', leaf: { days: 1 }, clockAhead: 2 * DAY, says: /expired/ },
  { title: 'another name', leaf: { san: 'DNS:mallory.test' }, says: /SAN|subjectAltName|name/ },
  { title: 'another authority', leaf: { issuer: 'other' }, says: /issuer|authority|trust/ },
  { title: 'for mail only', leaf: { eku: 'emailProtection' }, says: /extKeyUsage/ },
  { title: 'signed with SHA-1', leaf: { digest: 'sha1' }, says: /SHA-?1/ },
];

/** `liar`: the end whose certificate is bad; the other one is ours. */
export function impostors(peer: 'strongswan' | 'libreswan', liar: 'west' | 'east'): readonly Story[] {
  const honest = liar === 'west' ? 'east' : 'west';
  const way = PSS;
  return BAD.map(({ title, leaf, isRevoked, clockAhead, says }, i) => {
    const bad = `${liar}-bad-${i}`;
    const proof = (name: string): Proof => ({ by: 'certificate', name, authby: way.authby, swanctl: way.swanctl });
    const [good, crl] = [`${honest}-rsa-root`, `crl-${bad}-${peer}`];
    return {
      title: `${peer} with a certificate: ${title}`,
      tunnel: {
        ...tunnel,
        ...settings(way),
        proofs: liar === 'west' ? { west: proof(bad), east: proof(good) } : { west: proof(good), east: proof(bad) },
      },
      ...(clockAhead === undefined ? {} : { onlyAt: { [honest]: { clockAhead } } }),
      prepare: async () => {
        const made = await pki();
        await made.leaf(good, { kind: 'rsa', san: `DNS:${honest}.test` });
        await made.leaf(bad, { kind: 'rsa', san: `DNS:${liar}.test`, ...leaf });
        return isRevoked ? { crls: [await made.crl(crl, [bad])] } : {};
      },
      tell: async ({ west, east }) => {
        await expect(west.up()).rejects.toThrow();
        const [us, them] = honest === 'west' ? [west, east] : [east, west];
        const named = new RegExp(`certificate "C=AT, O=Test, CN=${bad}": .*(?:${says.source})`);
        await eventually(`the log says ${named}`, async () => named.test(await us.log()));
        // libreswan as responder says nothing of the notification, and goes by the delete beside it.
        if (peer === 'libreswan' && honest === 'west') await eventually('it is down', async () => !(await them.isUp()));
        else await eventually('it hears why', async () => /AUTH_FAILED|AUTHENTICATION_FAILED/.test(await them.log()));
        expect(await us.installed()).toEqual([]);
        expect(await us.isUp()).toBe(false);
      },
    };
  });
}

/** Our own certificate is out of date by the peer's clock, and not by ours. `us`: the end that is ours. */
export function outdated(peer: 'strongswan' | 'libreswan', us: 'west' | 'east'): readonly Story[] {
  const them = us === 'west' ? 'east' : 'west';
  const name = (side: Side) => `${side}-${side === us ? 'brief' : 'rsa-root'}`;
  const proof = (side: Side): Proof => ({
    by: 'certificate',
    name: name(side),
    authby: PSS.authby,
    swanctl: PSS.swanctl,
  });
  return [
    {
      title: 'our certificate has expired by the clock of the peer',
      tunnel: { ...tunnel, ...settings(PSS), proofs: { west: proof('west'), east: proof('east') } },
      onlyAt: { [them]: { clockAhead: 2 * DAY } },
      prepare: async () => {
        const made = await pki();
        await made.leaf(name(us), { kind: 'rsa', san: `DNS:${us}.test`, days: 1 });
        await made.leaf(name(them), { kind: 'rsa', san: `DNS:${them}.test` });
        return {};
      },
      tell: async (bed) => {
        await expect(bed.west.up()).rejects.toThrow();
        await eventually('the peer says why', async () =>
          /has expired|certificate invalid/.test(await bed[them].log()),
        );
        expect(await bed[them].installed()).toEqual([]);
        expect(await bed[them].isUp()).toBe(false);
        // libreswan as initiator tells nobody: until it comes again, or does not answer, we are up.
        if (peer === 'libreswan' && us === 'east') return;
        await eventually('we hear why', async () => /AUTHENTICATION_FAILED/.test(await bed[us].log()));
        await eventually('we are not up', async () => !(await bed[us].isUp()));
      },
    },
  ];
}
