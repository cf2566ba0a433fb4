/** The daemon: takes the lock, opens what it needs in order, runs, and leaves in the opposite order. pluto(8). */
import { DEFAULT_SETUP, loadConfig } from '../conf/load.ts';
import { nodeFileSystem } from '../conf/node-file-system.ts';
import { formatProblem, hasErrors } from '../conf/problem.ts';
import type { Setup } from '../conf/setup.ts';
import { controlSocket, type DaemonOptions, lockFile, PLUTO_EXIT } from '../control/daemon-options.ts';
import { listenControl } from '../control/listen.ts';
import { selfTests } from '../ike/crypto/selftest.ts';
import { peerCredentials } from '../native/index.ts';
import { reachOpenssl } from '../workers/openssl.ts';
import { harmless } from './lines.ts';
import { isPluto, takeLock } from './lock.ts';
import { type Log, type LogOptions, openLog } from './log.ts';
import { Pluto } from './pluto.ts';

/** Runs until it is told to stop; resolves to the exit status. */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  reachOpenssl();
  if (options.selftest) return selfTest();
  const complain = (text: string) => void process.stderr.write(`pluto: ${text}\n`);

  const config = options.readsConfig ? loadConfig(options.configFile, nodeFileSystem) : undefined;
  for (const problem of config?.problems ?? []) complain(formatProblem(problem));
  if (config && hasErrors(config.problems)) return PLUTO_EXIT.failure;
  const setup = config?.setup ?? DEFAULT_SETUP;

  const lock = takeLock(lockFile(options.rundir), isPluto);
  if ('heldBy' in lock) {
    complain(`lock file "${lockFile(options.rundir)}" is held by process ${lock.heldBy}: pluto is running`);
    return PLUTO_EXIT.locked;
  }
  if ('why' in lock) {
    complain(`unable to create lock file "${lockFile(options.rundir)}": ${lock.why}`);
    return PLUTO_EXIT.failure;
  }

  const log = openLog(logOptions(options, setup));
  if ('why' in log) {
    lock.release();
    complain(log.why);
    return PLUTO_EXIT.failure;
  }
  let exit: number = PLUTO_EXIT.failure;
  try {
    exit = await run(options, setup, config?.conns ?? [], log, complain);
  } finally {
    lock.release();
    await log.close();
  }
  return exit;
}

async function run(
  options: DaemonOptions,
  setup: Setup,
  conns: Parameters<Pluto['load']>[0],
  log: Log,
  complain: (text: string) => void,
): Promise<number> {
  const pluto = Pluto.open(options, setup, log);
  if ('why' in pluto) {
    complain(pluto.why);
    log.write('warn', pluto.why);
    return PLUTO_EXIT.failure;
  }
  const control = await listenControl({
    path: controlSocket(options.rundir),
    peerCredentials: (fd) => {
      const who = peerCredentials(fd);
      return 'errno' in who ? undefined : who;
    },
    handle: (request, answer) => pluto.control.handle(request, answer),
    onNotice: (text) => log.write('warn', harmless(text)),
  });
  if ('fault' in control) {
    complain(control.fault.text);
    await pluto.close(false);
    return PLUTO_EXIT.failure;
  }

  const onTerm = () => pluto.requestStop(false);
  const onHup = () => log.write('info', 'Pluto ignores SIGHUP -- perhaps you want "whack --listen"');
  process.on('SIGTERM', onTerm).on('SIGINT', onTerm).on('SIGHUP', onHup);
  // Nobody reading our output any more is no reason to die.
  process.stdout.on('error', () => {});

  pluto.start();
  process.stdout.write('Pluto initialized\n');
  pluto.load(conns);

  const { leaveState, answer } = await pluto.stopRequested;
  log.write('info', 'shutting down');
  await pluto.close(leaveState);
  answer?.end();
  await control.server.close(500);
  process.off('SIGTERM', onTerm).off('SIGINT', onTerm).off('SIGHUP', onHup);
  return PLUTO_EXIT.ok;
}

function selfTest(): number {
  const faults = [...selfTests()].map(({ name, fault }) => {
    process.stdout.write(`${name}: ${fault ?? 'passed'}\n`);
    return fault;
  });
  return faults.some((fault) => fault !== undefined) ? PLUTO_EXIT.failure : PLUTO_EXIT.ok;
}

function logOptions(options: DaemonOptions, setup: Setup): LogOptions {
  const path = options.logfile ?? setup.logfile;
  const how = {
    time: options.logTime ?? setup.logtime,
    format: options.logFormat ?? setup.logformat,
    masksAddresses: !(options.logIp ?? setup.logip),
  };
  if (options.stderrlog) return { to: { t: 'stderr' }, ...how };
  if (path !== undefined) return { to: { t: 'file', path, append: options.logAppend ?? setup.logappend }, ...how };
  return { to: { t: 'syslog', priority: setup.syslog }, ...how };
}
