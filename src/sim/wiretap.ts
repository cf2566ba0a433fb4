/**
 * What goes over the wire, in clear: the helpers' results are the keys, as an SSLKEYLOG file would hold them. Fragments
 * become the message that they are of, and what is sent again is counted where it was first.
 */
import type { Job, JobResult } from '../ike/crypto/job.ts';
import { hex, type Reader, type Said } from './reader.ts';
import { V1Reader } from './reader-v1.ts';
import { V2Reader } from './reader-v2.ts';
import type { Name } from './report.ts';

export interface Overheard {
  readonly at: number;
  readonly from: Name;
  /** As its last fragment has made it. */
  said: Said;
  octets: number;
  fragments: number;
  repeated: number;
  readonly arrives: boolean;
  readonly phase: string;
}

export class Wiretap {
  readonly messages: Overheard[] = [];
  /** What is going on, as the next messages are to say. */
  phase = 'negotiation';
  /** The post-quantum secret that both ends call so. */
  ppk: (id: Uint8Array) => Uint8Array | undefined = () => undefined;
  /** By the major version. */
  readonly #readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
    [1, new V1Reader()],
    [2, new V2Reader((id) => this.ppk(id))],
  ]);
  /** Datagrams seen, and the message that each belongs to. */
  readonly #seen = new Map<string, Overheard>();
  /** Messages that have come in fragments. */
  readonly #wholes = new Map<object, Overheard>();

  /** A result of a helper of either house. */
  learn(job: Job, result: JobResult): void {
    for (const reader of this.#readers.values()) reader.learn(job, result);
  }

  hear(at: number, from: Name, bytes: Uint8Array, arrives: boolean): void {
    const text = `${from}${hex(bytes)}`;
    const before = this.#seen.get(text);
    if (before) {
      before.repeated++;
      return;
    }
    const heard = this.#readers.get(bytes[VERSION_AT] >> 4)?.read(from, bytes);
    if (!heard) return;
    const { said, whole } = heard;
    const known = whole && this.#wholes.get(whole);
    const { phase } = this;
    const message: Overheard = known ?? { at, from, said, octets: 0, fragments: 0, repeated: 0, arrives, phase };
    message.said = said;
    message.octets += bytes.length;
    message.fragments++;
    this.#seen.set(text, message);
    if (whole) this.#wholes.set(whole, message);
    if (!known) this.messages.push(message);
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close();
  }
}

const VERSION_AT = 17;
