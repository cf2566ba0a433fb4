/**
 * Where log lines go: a file, stderr, or syslog; libreswan's shape, one line each. The lines of a turn of the event
 * loop leave together: a handshake says six, and each on its own costs a tenth of the handshake.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import winston from 'winston';
import { type Clock, realClock } from './runtime/index.ts';
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
  /** Leaves at the end of this turn, or at the process's if that comes first, crashes included. */
  write(level: LogLevel, text: string): void;
  close(): Promise<void>;
}

/** Or why its file cannot be opened. */
export function openLog({ to, time }: LogOptions, clock: Clock = realClock()): Log | { readonly why: string } {
  const stream = to.t === 'file' ? fileStream(to.path, to.append) : to.t === 'stderr' ? process.stderr : syslog(to);
  if ('why' in stream) return stream;
  const transport = new winston.transports.Stream({ stream });
  const logger = winston.createLogger({
    format: winston.format.printf(({ message }) => String(message)),
    transports: [transport],
  });
  const stamp = time && to.t !== 'syslog' ? stamper(clock) : () => '';
  let lines: string[] = [];
  const flush = () => {
    if (lines.length === 0) return;
    const message = lines.join('\n');
    lines = [];
    logger.info(message);
  };
  process.on('exit', flush);
  return {
    write(level, text) {
      if (lines.length === 0) clock.soon(flush);
      lines.push(level === 'debug' ? `${stamp()}| ${text}` : stamp() + text);
    },
    close: () =>
      new Promise((resolve) => {
        flush();
        process.off('exit', flush);
        transport.once('finish', () => {
          // Not stderr: it is not ours to end.
          if (to.t === 'stderr') resolve();
          else stream.end(resolve);
        });
        logger.end();
      }),
  };
}

/** Written at once: handing it to the thread pool costs more, and a crash would take the lines along. */
function fileStream(path: string, append: boolean): Writable | { readonly why: string } {
  let fd: number;
  try {
    mkdirSync(dirname(path), { recursive: true });
    fd = openSync(path, append ? 'a' : 'w', 0o600);
  } catch (e) {
    return { why: `cannot open log file "${path}": ${e instanceof Error ? e.message : String(e)}` };
  }
  return new Writable({
    write(lines: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < lines.length; ) at += writeSync(fd, lines, at);
      } catch {
        // A full disk is no reason to die; there is nowhere to say so.
      }
      done();
    },
    final(done) {
      closeSync(fd);
      done();
    },
  });
}

/**
 * syslog(3) by way of logger(1), which every Debian has: Node has no UNIX datagram sockets. Started once, before
 * the heap grows. `priority`: `daemon.error`.
 */
function syslog({ priority }: { readonly priority: string }): Writable {
  const logger = spawn('logger', ['--tag', 'pluto', `--id=${process.pid}`, '--priority', priority], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  logger.once('error', () => {});
  logger.stdin.once('error', () => {});
  return logger.stdin;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Lines of one millisecond share the text of it. */
function stamper(clock: Clock): () => string {
  let ms = 0;
  let text = '';
  return () => {
    const now = clock.wall();
    if (now !== ms) text = `${timestamp(new Date(now))}: `;
    ms = now;
    return text;
  };
}

function timestamp(at: Date): string {
  const two = (n: number) => `${n}`.padStart(2, '0');
  const day = `${at.getDate()}`.padStart(2, ' ');
  return `${MONTHS[at.getMonth()]} ${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${`${at.getMilliseconds()}`.padStart(3, '0')}000`;
}
