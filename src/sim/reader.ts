/** What a wiretap makes of datagrams: every version of IKE has its own way to hide what it says. */
import type { Job, JobResult } from '../ike/crypto/job.ts';
import type { Name } from './report.ts';

/** A message as its receiver reads it. */
export interface Said {
  readonly version: 1 | 2;
  /** `IKE_SA_INIT`, `Main Mode`. */
  readonly exchange: string;
  readonly messageId: number;
  readonly isResponse: boolean;
  /** By name; undefined: nobody could read it. */
  readonly payloads: readonly string[] | undefined;
  readonly detail: readonly string[];
}

export interface Heard {
  readonly said: Said;
  /** Of a fragment: the same for all of one message. */
  readonly whole: object | undefined;
}

export interface Reader {
  /** A result of a helper of either house: keys are among them. */
  learn(job: Job, result: JobResult): void;
  /** Datagrams in their order, none twice. Undefined: that is no message. */
  read(from: Name, bytes: Uint8Array): Heard | undefined;
  /** The keys are nobody's when it is over. */
  close(): void;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Plain ASCII, as all that is printed. */
export const plain = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replaceAll('…', '...'));

/** A long list is the detail's. */
export const listed = (items: readonly unknown[]): string =>
  items.length > 3 ? `${items.slice(0, 3).join(',')},+${items.length - 3}` : items.join(',');
