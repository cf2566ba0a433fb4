/** Where log lines go: a file, stderr, or syslog; libreswan's shape, one line each. */
import { spawn } from 'node:child_process';
import winston from 'winston';
import type { LogLevel } from './world.ts';

export interface LogOptions {
  readonly to:
    | { readonly t: 'file'; readonly path: string; readonly append: boolean }
    | { readonly t: 'stderr' }
    | { readonly t: 'syslog'; readonly priority: string };
  /** A time in front, `Nov 21 06:15:02.123456: `. Syslog has its own. */
  readonly time: boolean;
}

export interface Log {
  write(level: LogLevel, text: string): void;
  close(): Promise<void>;
}

export function openLog({ to, time }: LogOptions): Log {
  const transport =
    to.t === 'file'
      ? new winston.transports.File({ filename: to.path, options: { flags: to.append ? 'a' : 'w', mode: 0o600 } })
      : new winston.transports.Stream({ stream: to.t === 'stderr' ? process.stderr : syslogStream(to.priority) });
  const stamp = time && to.t !== 'syslog';
  const logger = winston.createLogger({
    levels: { warn: 0, info: 1, debug: 2 },
    level: 'debug',
    format: winston.format.printf(({ message }) => `${stamp ? `${timestamp(new Date())}: ` : ''}${String(message)}`),
    transports: [transport],
  });
  return {
    write: (level, text) => void logger.log(level, level === 'debug' ? `| ${text}` : text),
    close: () =>
      new Promise((resolve) => {
        transport.once('finish', () => resolve());
        logger.end();
        if (to.t !== 'file') resolve();
      }),
  };
}

/**
 * syslog(3) by way of logger(1), which every Debian has: Node has no UNIX datagram sockets. Started once, before
 * the heap grows. `priority`: `daemon.error`.
 */
function syslogStream(priority: string): NodeJS.WritableStream {
  const logger = spawn('logger', ['--tag', 'pluto', `--id=${process.pid}`, '--priority', priority], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  logger.once('error', () => {});
  logger.stdin.once('error', () => {});
  return logger.stdin;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function timestamp(at: Date): string {
  const two = (n: number) => `${n}`.padStart(2, '0');
  const day = `${at.getDate()}`.padStart(2, ' ');
  return `${MONTHS[at.getMonth()]} ${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${`${at.getMilliseconds()}`.padStart(3, '0')}000`;
}
