import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_CREDENTIALS } from '../../src/actors/credentials.ts';
import { Peers } from '../../src/actors/peers.ts';
import { policyOf } from '../../src/actors/policy-of.ts';
import type { Policy } from '../../src/ike/policy.ts';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import { conn, connsIn, town, WEST } from './town.ts';

const localHost = Address.parse(WEST)!;
const [NEAR, FAR] = ['192.0.2.2', '192.0.2.3'].map((text) => Address.parse(text)!);
/** As a peer presents them: a star is a star. */
const PRESENTED = [
  '@east',
  '@north',
  'C=CA, CN=a',
  'CN=a, C=CA',
  'C=DE, CN=a',
  'C=CA, CN=*',
  'C=CA, O=x, CN=b',
  'CN=a',
].map((text) => new Id(Id.parse(text)!.type, Id.parse(text)!.data));

function policy(right: string, rightid: string | undefined, leftid = '@west'): Policy {
  const [one] = connsIn(conn('x', { right, rightid: `"${rightid ?? '%any'}"`, leftid }));
  const made = policyOf(one, { side: 'left', localHost }, 16_384, 20_000, NO_CREDENTIALS);
  if ('hindrance' in made) throw new Error(made.hindrance);
  return made;
}

/** The definition, without an index. */
class Plain {
  readonly #all: Policy[] = [];
  add = (p: Policy) => void this.#all.push(p);
  remove = (p: Policy) => void this.#all.splice(this.#all.indexOf(p), 1);
  between = (_: Address, remote: Address | undefined) => this.#all.filter((p) => `${p.remoteHost}` === `${remote}`);
  naming = (local: Address, remote: Address | undefined, id: Id) => {
    const between = this.between(local, remote);
    const isWild = (p: Policy) => p.remoteId?.hasWildcards === true;
    return [
      ...between.filter((p) => !isWild(p) && p.remoteId?.matches(id.key) !== undefined),
      ...between.filter((p) => isWild(p) && p.remoteId?.matches(id.key) !== undefined),
      ...between.filter((p) => !p.remoteId),
    ];
  };
  sharing = ({ remoteHost, remoteId, localId }: Policy) =>
    this.between(localHost, remoteHost).filter(
      (p) => `${p.remoteId}` === `${remoteId}` && `${p.localId}` === `${localId}`,
    );
}

test('finds what looking through all of them finds, whoever comes and goes', () => {
  const kinds = [NEAR, FAR, '%any'].flatMap((right) =>
    ['@east', '@north', 'C=CA, CN=*', 'C=*, CN=a', 'CN=*, C=*', 'C=CA, O=x, CN=*', 'C=CA, CN=a', undefined].flatMap(
      (id) => ['@west', '@w2'].map((own) => [`${right}`, id, own] as const),
    ),
  );
  const step = fc.record({ kind: fc.nat(kinds.length - 1), removes: fc.boolean(), which: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const [peers, plain, here] = [new Peers(), new Plain(), [] as Policy[]];
      for (const { kind, removes, which } of steps) {
        if (removes && here.length > 0) {
          const [gone] = here.splice(which % here.length, 1);
          peers.remove(gone);
          plain.remove(gone);
        } else {
          const come = policy(...kinds[kind]);
          here.push(come);
          peers.add(come);
          plain.add(come);
        }
        for (const remote of [NEAR, FAR, undefined]) {
          expect(peers.between(localHost, remote)).toEqual(plain.between(localHost, remote));
          for (const id of PRESENTED)
            expect(peers.naming(localHost, remote, id)).toEqual(plain.naming(localHost, remote, id));
        }
        for (const one of here) expect(peers.sharing(one)).toEqual(plain.sharing(one));
      }
    }),
    { numRuns: 100 },
  );
});

test('a connection has no actor until somebody wants something of it', async () => {
  const { west } = town({ west: { conf: conn('idle') + conn('trap', { auto: 'ondemand' }) } });
  const used = () => [...west.world.registry.entries()].filter((e) => e.isUsed).map((e) => e.conn.name);
  expect(used()).toEqual(['trap']);
  await west.report({ kind: 'status' });
  expect(used()).toEqual(['trap']);
  expect(west.whack({ kind: 'delete', name: 'idle' }).exit).toBe(0);
  expect(west.crashes).toEqual([]);
});
