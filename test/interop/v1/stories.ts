/** What two implementations of IKEv1 must be able to do with each other, on one bed: a conn for each story. */
import { expect } from 'vitest';
import { eventually } from '../../support/process.ts';
import type { PeerName } from '../peers/prefix.ts';
import { pki } from '../pki.ts';
import type { Proof } from '../proof.ts';
import { establishedIn } from './agreed.ts';
import { type Conn, conns, type Side, v1Tunnel, type Wish } from './conn.ts';
import { newSas, noSas, onBed, sameSas, sasOf, type TellOne, type V1Bed } from './on-bed.ts';

interface Story extends Wish {
  /** What one end has otherwise. */
  readonly at?: Partial<Record<'us' | 'them', Partial<Wish>>>;
  readonly tell: (bed: V1Bed, conn: Conn) => Promise<void>;
}

type Actor = 'us' | 'them';
const ACTORS: readonly Actor[] = ['us', 'them'];
const otherThan = (actor: Actor): Actor => (actor === 'us' ? 'them' : 'us');

const cert = (side: Side, issuer: Issuer): Proof => ({
  by: 'certificate',
  name: `${side}-v1-${issuer}`,
  ...{ authby: 'rsasig', swanctl: 'pubkey' },
});
const certs = (issuer: Issuer, ofWest: Issuer = issuer) => ({ west: cert('west', ofWest), east: cert('east', issuer) });
const ISSUERS = ['root', 'two', 'other'] as const;
type Issuer = (typeof ISSUERS)[number];
const key = (side: Side): Proof => ({ by: 'key', name: `${side}-v1-raw`, authby: 'rsasig', swanctl: 'pubkey' });
const KEYS = { west: key('west'), east: key('east') };

/** NSS takes bare keys only with a certificate. */
async function makeKeys(): Promise<void> {
  const made = await pki();
  for (const side of ['west', 'east'] as const) {
    await made.leaf(`${side}-v1-raw`, { issuer: 'other' });
    for (const issuer of ISSUERS) await made.leaf(`${side}-v1-${issuer}`, { issuer, san: `DNS:${side}.test` });
  }
}

async function up(bed: V1Bed, actor: Actor, conn: Conn): Promise<readonly string[]> {
  await bed[actor].up(conn.name);
  return (await sameSas(bed, conn.west!)).map(({ spi }) => spi);
}

/** `begins` does, and nothing comes of it: either end says why. */
const refused =
  (begins: Actor, says: RegExp): Story['tell'] =>
  async (bed, conn) => {
    const logs = async (): Promise<string[]> => Promise.all(ACTORS.map((actor) => bed[actor].log()));
    const before = new Set((await logs()).flatMap((log) => log.split('\n')));
    const attempt = bed[begins].up(conn.name).catch(() => undefined);
    await eventually(`${says} in a log`, async () =>
      (await logs()).some((log) => log.split('\n').some((line) => says.test(line) && !before.has(line))),
    );
    expect([await sasOf(bed.us, conn.west!), await sasOf(bed.them, conn.west!)]).toEqual([[], []]);
    // Who was told to be up tries again until it is told otherwise.
    await bed[begins].deleteIke(conn.name).catch(() => undefined);
    await attempt;
  };

const proven = (what: string, proofs: Conn['proofs']): readonly Story[] =>
  ACTORS.flatMap((begins) =>
    [false, true].map((isAggressive) => ({
      ...(proofs && { proofs }),
      name: `${what}-${isAggressive ? 'aggressive' : 'main'}-${begins}`,
      isAggressive,
      tell: async (bed: V1Bed, conn: Conn) => {
        await up(bed, begins, conn);
        await bed[begins].deleteIke(conn.name);
        await noSas(bed, conn.west!);
      },
    })),
  );

/** Ours and strongSwan's words, and libreswan's. */
const UNTRUSTED = /untrusted|not trusted|no trusted|issuer|INVALID_(?:CERT|KEY|ID)|AUTHENTICATION_FAILED|AUTH_FAILED/i;

const refusals = (peer: PeerName): readonly Story[] =>
  ACTORS.flatMap((begins): readonly Story[] => [
    {
      name: `wrong-secret-${begins}`,
      ids: { west: 'w1.test', east: 'e1.test' },
      at: { them: { secret: 'another one' } },
      // Nobody can say what is wrong: the hash cannot be read.
      tell: refused(begins, /secret|PAYLOAD_MALFORMED|INVALID_HASH|integrity check|could not decrypt|malformed/i),
    },
    {
      name: `wrong-secret-aggressive-${begins}`,
      isAggressive: true,
      ids: { west: 'w2.test', east: 'e2.test' },
      at: { them: { secret: 'another one' } },
      tell: refused(begins, /hash|AUTHENTICATION_FAILED|INVALID_HASH|secret/i),
    },
    {
      name: `wrong-cipher-${begins}`,
      at: { them: { ike: '3des-sha1-modp2048' } },
      tell: refused(begins, /NO_PROPOSAL_CHOSEN/),
    },
    {
      name: `wrong-group-${begins}`,
      at: { them: { ike: 'aes128-sha2_256-modp3072' } },
      tell: refused(begins, /NO_PROPOSAL_CHOSEN/),
    },
    {
      name: `wrong-esp-${begins}`,
      at: { them: { esp: '3des-sha1' } },
      tell: refused(begins, /NO_PROPOSAL_CHOSEN/),
    },
    // libreswan takes whatever group it is asked for.
    ...(peer === 'libreswan' && begins === 'us'
      ? []
      : [
          {
            name: `wrong-pfs-${begins}`,
            pfs: 'modp2048',
            at: { them: { pfs: 'modp3072' } },
            tell: refused(begins, /NO_PROPOSAL_CHOSEN|INVALID_/),
          },
        ]),
    {
      name: `wrong-subnets-${begins}`,
      at: { them: { subnets: { west: '10.66.1.0/24', east: '10.66.2.0/24' } } },
      tell: refused(begins, /INVALID_ID_INFORMATION|NO_PROPOSAL_CHOSEN/),
    },
  ]);

const changes: readonly Story[] = ACTORS.flatMap((begins) =>
  ACTORS.flatMap((acts): readonly Story[] => {
    const who = `${begins === 'us' ? 'we' : 'they'}-began-${acts === 'us' ? 'we' : 'they'}-act`;
    return [
      {
        name: `rekey-child-${who}`,
        pfs: 'modp2048',
        tell: async (bed, conn) => {
          const before = await up(bed, begins, conn);
          await bed[acts].rekeyChild(conn.name);
          await newSas(bed, conn.west!, before);
          await putDown(bed, conn);
        },
      },
      {
        name: `rekey-isakmp-${who}`,
        // libreswan replaces no ISAKMP SA when it is told to, only when the time has come.
        ...(acts === 'them' && { at: { them: { libreswan: ['ikelifetime=8', 'rekeymargin=4', 'rekeyfuzz=0%'] } } }),
        tell: async (bed, conn) => {
          const before = await up(bed, begins, conn);
          await bed[acts].rekeyIke(conn.name);
          for (const peer of [bed.us, bed.them])
            await eventually(`${peer.name} has a second ISAKMP SA`, async () => {
              return establishedIn(await peer.log(), conn.name) >= 2;
            });
          // Its children live on, and another is made under the new one.
          expect((await sameSas(bed, conn.west!)).map(({ spi }) => spi).sort()).toEqual([...before].sort());
          await bed[otherThan(acts)].rekeyChild(conn.name);
          await newSas(bed, conn.west!, before);
          await putDown(bed, conn);
        },
      },
      {
        name: `delete-child-${who}`,
        tell: async (bed, conn) => {
          const before = await up(bed, begins, conn);
          await bed[acts].deleteChild(conn.name);
          await gone(bed, conn, before);
        },
      },
      {
        name: `delete-isakmp-${who}`,
        tell: async (bed, conn) => {
          const before = await up(bed, begins, conn);
          await bed[acts].deleteIke(conn.name);
          await gone(bed, conn, before);
        },
      },
    ];
  }),
);

/** An initiator that was told to be up may come back at once, with new SAs. */
async function gone(bed: V1Bed, conn: Conn, before: readonly string[]): Promise<void> {
  for (const peer of [bed.us, bed.them])
    await eventually(`${peer.name} has none of the old SAs`, async () =>
      (await sasOf(peer, conn.west!)).every(({ spi }) => !before.includes(spi)),
    );
  await putDown(bed, conn);
}

/** Who has ever been told to be up comes back, until it is told otherwise. */
async function putDown(bed: V1Bed, conn: Conn): Promise<void> {
  for (const actor of ACTORS) await bed[actor].deleteIke(conn.name).catch(() => undefined);
}

/** `whose` certificate is of an authority that the other end does not know. */
const distrusted = (whose: Actor): readonly Story[] =>
  ACTORS.map((begins) => ({
    name: `untrusted-${whose}-${begins}`,
    proofs: whose === 'us' ? certs('root', 'other') : certs('other', 'root'),
    tell: refused(begins, UNTRUSTED),
  }));

const DPD = { dpd: { delay: 1, timeout: 3 } };

export function tellStories(peer: PeerName): void {
  const stories = [
    ...proven('raw-keys', KEYS),
    ...proven('certificates', certs('root')),
    ...proven('chains', certs('two')),
    ...refusals(peer),
    ...changes,
  ];
  onStories(`exchanges with ${peer}`, peer, [...stories, ...deaths('them')]);
  // Beds of their own: charon takes whichever of its certificates is trusted, and who has one of an authority trusts it.
  onStories(`distrust and death of ours, with ${peer}`, peer, [...distrusted('us'), ...deaths('us')]);
  onStories(`distrust of theirs, with ${peer}`, peer, distrusted('them'));
}

/** The last of a bed: nobody comes back. */
const deaths = (dies: Actor): readonly Story[] => {
  const survivor = otherThan(dies);
  return [
    {
      ...DPD,
      name: 'dead-peer',
      tell: async (bed, conn) => {
        await up(bed, survivor, conn);
        await bed[dies].kill();
        await eventually(
          `${bed[survivor].name} has noticed`,
          async () => (await sasOf(bed[survivor], conn.west!)).length === 0,
          30_000,
        );
      },
    },
  ];
};

function onStories(title: string, peer: PeerName, stories: readonly Story[]): void {
  const list = conns(stories.map(({ at: _, tell: __, ...wish }) => wish));
  const of = (actor: Actor) =>
    v1Tunnel(list.map((conn, i) => ({ ...conn, ...stories[i].at?.[actor], name: conn.name })));
  const onlyAt = { west: of('us'), east: of('them') };
  onBed(title, { peer, tunnel: v1Tunnel(list), onlyAt, prepare: makeKeys }, (tell: TellOne) => {
    stories.forEach((story, i) => {
      tell(story.name, (bed) => story.tell(bed, list[i]));
    });
  });
}
