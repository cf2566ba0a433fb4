/**
 * Where log lines go: a file, stderr, or syslog; libreswan's shape or JSON, one line each. The lines of a turn of the event
 * loop leave together: a handshake says six, and each on its own costs a tenth of the handshake.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import winston from 'winston';
import type { About } from './lines.ts';
import { masked } from './masked.ts';
import { type Clock, realClock } from './runtime/index.ts';
import type { LogLevel } from './world.ts';

export interface LogOptions {
  readonly to:
    | { readonly t: 'file'; readonly path: string; readonly append: boolean }
    | { readonly t: 'stderr' }
    | { readonly t: 'syslog'; readonly priority: string };
  /** A time in front, `Nov 21 06:15:02.123456: `, or in its field. Syslog has its own in front of text. */
  readonly time: boolean;
  /** `json`: an object to a line. Text unless told. */
  readonly format?: 'text' | 'json';
  /** Lines about peers without addresses. */
  readonly masksAddresses?: boolean;
}

export interface Log {
  /**
   * Leaves at the end of this turn, or at the process's if that comes first, crashes included. `text` is what `line`
   * says after the beginning that `about` makes.
   */
  write(level: LogLevel, line: string, text?: string, about?: About): void;
  close(): Promise<void>;
}

/** Or why its file cannot be opened. */
export function openLog(options: LogOptions, clock: Clock = realClock()): Log | { readonly why: string } {
  const { to } = options;
  const stream = to.t === 'file' ? fileStream(to.path, to.append) : to.t === 'stderr' ? process.stderr : syslog(to);
  if ('why' in stream) return stream;
  const transport = new winston.transports.Stream({ stream });
  const logger = winston.createLogger({
    format: winston.format.printf(({ message }) => String(message)),
    transports: [transport],
  });
  const form = options.format === 'json' ? jsonForm(options, clock) : textForm(options, clock);
  let lines: string[] = [];
  const flush = () => {
    if (lines.length === 0) return;
    const message = lines.join('\n');
    lines = [];
    logger.info(message);
  };
  process.on('exit', flush);
  return {
    write(level, line, text = line, about = undefined) {
      if (lines.length === 0) clock.soon(flush);
      lines.push(form(level, line, text, about));
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

/** One line as it stands in the log. */
type Form = (level: LogLevel, line: string, text: string, about: About | undefined) => string;

function textForm({ to, time, masksAddresses }: LogOptions, clock: Clock): Form {
  const stamp = time && to.t !== 'syslog' ? stamper(clock, (now) => `${timestamp(now)}: `) : () => '';
  return (level, line, _, about) => {
    const shown = about && masksAddresses ? masked(line) : line;
    return level === 'debug' ? `${stamp()}| ${shown}` : stamp() + shown;
  };
}

/** `{"time":…,"level":…,"connection":…,"instance":…,"serial":…,"peer":…,"exchange":…,"event":…,"text":…}` */
function jsonForm({ time, masksAddresses }: LogOptions, clock: Clock): Form {
  const stamp = time ? stamper(clock, (now) => now.toISOString()) : () => undefined;
  const shown = masksAddresses ? masked : (text: string) => text;
  return (level, _, text, about) =>
    JSON.stringify({
      time: stamp(),
      level,
      connection: about?.policy?.name,
      instance: about?.policy?.instance,
      serial: about?.serial,
      peer: about?.peer && shown(`${about.peer}`),
      exchange: about?.exchange,
      event: about?.event,
      text: about ? shown(text) : text,
    });
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
function stamper(clock: Clock, form: (now: Date) => string): () => string {
  let ms = 0;
  let text = '';
  return () => {
    const now = clock.wall();
    if (now !== ms) text = form(new Date(now));
    ms = now;
    return text;
  };
}

function timestamp(at: Date): string {
  const two = (n: number) => `${n}`.padStart(2, '0');
  const day = `${at.getDate()}`.padStart(2, ' ');
  return `${MONTHS[at.getMonth()]} ${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${`${at.getMilliseconds()}`.padStart(3, '0')}000`;
}
