/** `nhelpers=` 0, 1 and 2 and what we choose without it, by proposal: which is best here, and does the default know? */
import { PROFILES, type ProfileName } from '../crowd/profiles.ts';
import { accounted, type Bench, inTurns, isWanted, scaled, withGateways } from './bench.ts';
import { type Finding, type Line, median, type Result } from './result.ts';

const CHOICES = [0, 1, 2, undefined] as const;
const COUNT: Readonly<Partial<Record<ProfileName, number>>> = { psk: 1_000, modp: 400, rsa: 400, p256: 400 };
const WARMING = 4_000;
const WINDOW = 64;
/** The default may cost so much more than the best. */
const MOST = 1.05;

export async function helpers(bench: Bench): Promise<Result> {
  const findings: Finding[] = [];
  const rows: (string | number)[][] = [];
  const lines: Line[] = [];
  for (const [profile, count] of Object.entries(COUNT) as [ProfileName, number][]) {
    if (!isWanted(profile, bench)) continue;
    const names = CHOICES.map((nhelpers) => (nhelpers === undefined ? 'default' : `nhelpers=${nhelpers}`));
    const wishes = CHOICES.map((nhelpers) => ({
      ...({ implementation: 'pluto', profile } as const),
      tuning: nhelpers === undefined ? {} : { nhelpers },
    }));
    const [runs, rates]: Record<string, number[]>[] = [{}, {}];
    await withGateways(bench, wishes, async (gateways) => {
      const warming = scaled(WARMING, bench);
      for (const gateway of gateways) {
        await accounted(gateway, { act: 'up', from: 0, count: warming, window: WINDOW });
        await accounted(gateway, { act: 'down', from: 0, count: warming, window: WINDOW });
      }
      await inTurns(bench.rounds, gateways, async (gateway, round) => {
        const order = { from: warming + round * scaled(count, bench), count: scaled(count, bench), window: WINDOW };
        const { micros, done, took } = await accounted(gateway, { act: 'up', ...order });
        await accounted(gateway, { act: 'down', ...order });
        const name = names[gateways.indexOf(gateway)];
        runs[name] = [...(runs[name] ?? []), micros];
        rates[name] = [...(rates[name] ?? []), (done / took) * 1000];
        bench.say(`${profile} ${name} round ${round}: ${micros.toFixed(0)} µs`);
      });
    });
    const figures = Object.fromEntries(names.map((name) => [name, median(runs[name])]));
    const fixed = names.slice(0, -1);
    const best = fixed.reduce((a, b) => (figures[b] < figures[a] ? b : a));
    const by = `default / ${best}`;
    const what = `nhelpers, CPU per handshake, ${PROFILES[profile].title}`;
    findings.push({ what, unit: 'µs', figures, runs, value: figures.default / figures[best], most: MOST, by });
    for (const name of names) rows.push([profile, name, Math.round(figures[name]), Math.round(median(rates[name]))]);
    lines.push({ name: profile, points: fixed.map((name, i) => [i, figures[name]]) });
  }
  return {
    findings,
    tables: [{ title: `Helpers, ${WINDOW} at a time`, head: ['profile', 'helpers', 'CPU µs', 'a second'], rows }],
    plots: [{ title: 'CPU per handshake against nhelpers', x: 'nhelpers', y: 'µs', lines }],
  };
}
