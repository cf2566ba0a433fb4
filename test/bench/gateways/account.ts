/** What a daemon has used, by /proc: of itself and of every process that it has started. */
import { readdirSync, readFileSync } from 'node:fs';

/** ms of processor time, all threads; the kernel counts it in ns, where /proc/PID/stat has ticks of 10 ms. */
export function cpuOf(pid: number): number {
  return family(pid).reduce((total, each) => total + cpuOfProcess(each), 0);
}

/** ms of processor time by thread, `TID NAME`, of `pid` alone. */
export function cpuByThread(pid: number): ReadonlyMap<string, number> {
  return new Map(
    entries(`/proc/${pid}/task`).map((task) => [
      `${task} ${text(`/proc/${pid}/task/${task}/comm`).trim()}`,
      Number(text(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1e6,
    ]),
  );
}

/** Octets. */
export function residentOf(pid: number): number {
  return family(pid).reduce((total, each) => {
    const resident = /VmRSS:\s+(\d+)/.exec(text(`/proc/${each}/status`))?.[1];
    return total + Number(resident ?? 0) * 1024;
  }, 0);
}

/** Datagrams that its sockets' buffers had no room for, in the namespace of `pid`. */
export function overflows(pid: number): number {
  const [names = '', values = ''] = text(`/proc/${pid}/net/snmp`)
    .split('\n')
    .filter((line) => line.startsWith('Udp:'));
  return Number(values.split(' ')[names.split(' ').indexOf('RcvbufErrors')] ?? 0);
}

function cpuOfProcess(pid: number): number {
  let ms = 0;
  for (const each of cpuByThread(pid).values()) ms += each;
  return ms;
}

function family(pid: number): number[] {
  const children = entries(`/proc/${pid}/task`).flatMap((task) =>
    text(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(family)];
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
