/**
 * `npm run bench`: every bench one after another, each in a process of its own, under a title.
 * `node dist/test/bench/run.js [BENCH...] [OPTIONS]` runs only those, with these options. One that cannot run here is named with the reason, one
 * that fails or misses its bound is named at the end, and then the exit status is 1.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { commandExists } from '../support/machine.ts';
import { SCENARIO_TITLES } from './concentrator/titles.ts';

interface Bench {
  readonly name: string;
  /** Without its ending; the name unless said. */
  readonly file?: string;
  readonly args?: readonly string[];
  readonly title: string;
  readonly needsRoot?: boolean;
  readonly commands?: readonly string[];
  /** Run in a network namespace of its own. */
  readonly inNamespace?: boolean;
}

const BENCHES: readonly Bench[] = [
  { name: 'codec', title: 'IKE messages: decoding and encoding' },
  { name: 'crypto', title: 'Key exchange and payload protection' },
  { name: 'signatures', title: 'Signatures by kind of key' },
  { name: 'runtime', title: 'The actor runtime' },
  { name: 'handshake', title: 'Handshakes between two cores in one process' },
  { name: 'daemon', title: 'Tunnels in one process: handshakes, CPU, octets per tunnel' },
  {
    name: 'listing',
    title: 'Long listings: what they cost the daemon, how late they make it',
    needsRoot: true,
    commands: ['ip', 'unshare'],
    inNamespace: true,
  },
  ...Object.entries(SCENARIO_TITLES).map(([name, title]) => ({
    ...{ name, title, file: 'concentrator/run', args: [name], needsRoot: true, commands: ['ip', 'openssl'] },
  })),
  { name: 'load', title: 'Loading connections, beside libreswan', needsRoot: true, commands: ['ip'] },
  { name: 'xfrm', title: 'The xfrm plane', needsRoot: true, commands: ['unshare'], inNamespace: true },
  { name: 'userspace/run', title: 'ESP in user space, side by side', needsRoot: true, commands: ['ip', 'iperf3'] },
];

/** ms; a bench that takes longer hangs. */
const PATIENCE = 30 * 60_000;

// What begins with a dash, and what follows that, is for the bench.
const given = process.argv.slice(2);
const dash = given.findIndex((word) => word.startsWith('-'));
const wanted = dash < 0 ? given : given.slice(0, dash);
const options = dash < 0 ? [] : given.slice(dash);

function lacks({ needsRoot, commands = [] }: Bench): string | undefined {
  if (needsRoot && process.getuid?.() !== 0) return 'needs root';
  const missing = commands.filter((command) => !commandExists(command));
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined;
}

/** Whether it ended well; what it prints goes straight through. */
function run({ name, file: stem = name, args: own = [], inNamespace }: Bench): Promise<boolean> {
  // Beside this file, and as it is: compiled, or TypeScript under tsx.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./${stem}.${extension}`, import.meta.url));
  const node = [process.execPath, ...process.execArgv, file, ...own, ...options];
  const [command, ...args] = inNamespace ? ['unshare', '-n', ...node] : node;
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    const alarm = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    const settle = (isWell: boolean) => {
      clearTimeout(alarm);
      resolve(isWell);
    };
    child.once('error', () => settle(false));
    child.once('exit', (status) => settle(status === 0));
  });
}

const unknown = wanted.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(', ')}; there are ${BENCHES.map((bench) => bench.name).join(', ')}`);
  process.exit(2);
}

const failed: string[] = [];
for (const bench of BENCHES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  console.log(`\n=== ${bench.name}: ${bench.title}`);
  const lacking = lacks(bench);
  if (lacking) console.log(`skipped: ${lacking}`);
  else if (!(await run(bench))) failed.push(bench.name);
}
if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
