/**
 * The concentrator's bench: `node dist/test/bench/concentrator/run.js [SCENARIO...] [OPTIONS]`.
 *
 *     --scale N      of the sizes that count; 0.1 is a quick look (default 1)
 *     --rounds N     runs of which the median counts (default 5)
 *     --only A,B     of pluto, strongSwan, libreswan
 *     --out DIR      where report.json and report.html go (default: a folder below the system's for temporary files)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lacksDaemon } from '../../support/daemon.ts';
import { network } from '../../support/netns.ts';
import type { Implementation } from '../gateways/gateway.ts';
import type { Bench } from './bench.ts';
import { burst } from './burst.ts';
import { flood } from './flood.ts';
import { helpers } from './helpers.ts';
import { hundredThousand } from './hundred-thousand.ts';
import { memory } from './memory.ts';
import { offered } from './offered.ts';
import { responder } from './responder.ts';
import { held, type Result } from './result.ts';

const SCENARIOS: Readonly<Record<string, (bench: Bench) => Promise<Result>>> = {
  responder: (bench) => responder(bench),
  memory,
  'hundred-thousand': hundredThousand,
  burst,
  flood,
  helpers,
  offered,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
  },
});
const lacking = process.getuid?.() !== 0 ? 'needs root for namespaces' : lacksDaemon();
if (lacking) {
  console.log(`skipped: ${lacking}`);
  process.exit(0);
}

const hosts = network();
const directory = await mkdtemp(join(tmpdir(), 'pluto-bench-'));
const bench: Bench = {
  network: hosts,
  directory,
  scale: Number(values.scale),
  rounds: Number(values.rounds),
  only: values.only.split(',').filter(Boolean) as Implementation[],
  say: (line) => console.error(line),
};
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(SCENARIOS)) {
    const scenario = SCENARIOS[name];
    if (!scenario) throw new Error(`no such scenario: ${name}`);
    const result = await scenario(bench);
    console.log(
      JSON.stringify(
        result.findings.map((f) => ({ ...f, held: held(f) })),
        null,
        1,
      ),
    );
  }
} finally {
  await hosts.close();
  await rm(directory, { recursive: true, force: true });
}
