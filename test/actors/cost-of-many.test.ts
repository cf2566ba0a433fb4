/** What a packet costs does not depend on how many tunnels there are: by counts of what is run, which are the same on every machine. */
import { afterAll, describe, expect, test } from 'vitest';
import { Operations, total } from '../support/operations.ts';
import { conn, EAST, type Town, town, WEST } from './town.ts';

const FEW = 20;
const MANY = 400;
/** Of hash tables that grow, pages of slots that fill up, and names that get a digit longer. */
const SLACK = 1.02;

const road = conn('road', { right: '%any', rightid: '%any', rightsubnet: undefined, rekey: 'no' });
const warrior = (i: number) =>
  conn(`r${i}`, {
    ...{
      left: EAST,
      leftid: `@e${i}`,
      leftsubnet: undefined,
      right: WEST,
      rightid: '@west',
      rightsubnet: '10.0.1.0/24',
    },
    rekey: 'no',
  });

/** West with so many road warriors, all of whom are up; and one more who is not. */
function crowded(count: number): Town {
  const conf = Array.from({ length: MANY + 1 }, (_, i) => warrior(i)).join('');
  const made = town({
    west: { conf: road, secrets: ': PSK "swordfish"\n' },
    east: { conf, secrets: ': PSK "swordfish"\n' },
  });
  for (let i = 0; i < count; i++) initiate(made, i);
  return made;
}

function initiate({ east, clock }: Town, i: number): void {
  const { exit, text } = east.whack({ kind: 'initiate', name: `r${i}` });
  if (exit !== 0) throw new Error(`r${i} did not come up: ${text}`);
  clock.advance(10);
}

const ask = (kind: 'rekey-ike' | 'rekey-child' | 'terminate', i: number) => (made: Town) => {
  if (made.east.whack({ kind, name: `r${i}` }).exit !== 0) throw new Error(`${kind} failed`);
  made.clock.advance(10);
};

const operations = new Operations();
afterAll(() => operations.end());

describe('beside 400 tunnels it takes the same work as beside 20', () => {
  const [few, many] = [crowded(FEW), crowded(MANY)];

  test.each<[string, (made: Town) => void]>([
    ['to bring one up', (made) => initiate(made, MANY)],
    ['to rekey its child', ask('rekey-child', MANY)],
    ['to rekey its IKE SA', ask('rekey-ike', MANY)],
    ['to take it down', ask('terminate', MANY)],
    ['to bring it up again', (made) => initiate(made, MANY)],
  ])('%s', (_, work) => {
    const [a, b] = [few, many].map((made) => operations.of(() => work(made)));
    const grown = [...b].filter(([name, count]) => count > (a.get(name) ?? 0) * 2 + 50);
    expect(grown).toEqual([]);
    expect(total(b)).toBeLessThan(total(a) * SLACK);
    expect(total(a)).toBeGreaterThan(1_000);
  });

  test('and what does look at all of them is seen to', () => {
    const [a, b] = [few, many].map(({ west }) =>
      operations.of(() => void west.whack({ kind: 'deleteid', name: '@nobody' })),
    );
    expect(total(b)).toBeGreaterThan(total(a) * 4);
  });
});
