/**
 * The concentrator's bench: `node dist/test/bench/concentrator/run.js [SCENARIO...] [OPTIONS]`. Tables go to the
 * terminal, everything goes to NAME.json and NAME.html. Ends with status 1 if a bar was missed.
 *
 *     --scale N      of the sizes that count; 0.1 is a quick look (default 1)
 *     --rounds N     runs of which the median counts (default 5)
 *     --only A,B     of pluto, strongSwan, libreswan
 *     --profile A,B  of those in ../crowd/profiles.ts, where a scenario has several
 *     --out DIR      where the report goes (default: pluto-bench below the system's folder for temporary files)
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lacksDaemon } from '../../support/daemon.ts';
import { network } from '../../support/netns.ts';
import type { ProfileName } from '../crowd/profiles.ts';
import type { Implementation } from '../gateways/place.ts';
import { environment } from '../report/environment.ts';
import { html } from '../report/html.ts';
import { terminal } from '../report/terminal.ts';
import type { Bench } from './bench.ts';
import { held, type Result } from './result.ts';
import { SCENARIOS } from './scenarios.ts';
import type { ScenarioName } from './titles.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    profile: { type: 'string', default: '' },
    out: { type: 'string', default: join(tmpdir(), 'pluto-bench') },
  },
});
const lacking = process.getuid?.() !== 0 ? 'needs root for namespaces' : lacksDaemon();
if (lacking) {
  console.log(`skipped: ${lacking}`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !(name in SCENARIOS));
if (unknown.length > 0) {
  console.error(`no such scenario: ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}`);
  process.exit(2);
}

const list = (text: string): string[] => text.split(',').filter(Boolean);
const names = (positionals.length > 0 ? positionals : Object.keys(SCENARIOS)) as ScenarioName[];
const where = environment();
const hosts = network();
const directory = await mkdtemp(join(tmpdir(), 'pluto-bench-'));
const bench: Bench = {
  network: hosts,
  directory,
  scale: Number(values.scale),
  rounds: Number(values.rounds),
  only: list(values.only) as Implementation[],
  profiles: list(values.profile) as ProfileName[],
  say: (line) => console.error(line),
};
const results: Record<string, Result> = {};
const failed: string[] = [];
try {
  for (const name of names) {
    try {
      results[name] = await SCENARIOS[name](bench);
    } catch (error) {
      failed.push(name);
      results[name] = { findings: [], notes: [`failed: ${error instanceof Error ? error.message : String(error)}`] };
    }
    console.log(`\n${name}\n${terminal(results[name])}`);
  }
} finally {
  await hosts.close();
  await rm(directory, { recursive: true, force: true });
}
await mkdir(values.out, { recursive: true });
const stem = join(values.out, positionals.length > 0 ? positionals.join('-') : 'concentrator');
const all = Object.entries(results);
const judged = Object.fromEntries(
  all.map(([name, result]) => [name, { ...result, findings: result.findings.map((f) => ({ ...f, held: held(f) })) }]),
);
await writeFile(`${stem}.json`, `${JSON.stringify({ environment: where, results: judged }, null, 2)}\n`);
await writeFile(`${stem}.html`, html({ environment: where, results }));
console.log(`\nreport: ${stem}.html`);
const missed = all.flatMap(([, result]) => result.findings).filter((finding) => held(finding) === false);
process.exitCode = missed.length > 0 || failed.length > 0 ? 1 : 0;
