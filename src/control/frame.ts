/**
 * Frames of the control socket: one value each, MessagePack.
 *
 *      0                   1                   2                   3
 *     +-------+-------+-------+-------+-------+-------+-------+-------+
 *     |  'P'     'L'     'U'  |version|  octets that follow, unsigned |
 *     +-------+-------+-------+-------+-------+-------+-------+-------+
 *     |  MessagePack of one plain value                            ...
 *
 * These eight octets stay what they are in every version, so that either side can name the other's. 64-bit
 * integers are bigint on both sides, larger ones are sent as decimal text; everything else is number.
 */
import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr/pack';
import { whyNotPlain } from './plain.ts';

export const CONTROL_VERSION = 1;
const MAGIC = [0x50, 0x4c, 0x55] as const;
const HEADER = 8;

export type FrameFault =
  | { readonly kind: 'garbage'; readonly text: string }
  | { readonly kind: 'version'; readonly theirs: number; readonly text: string }
  | { readonly kind: 'too-large'; readonly octets: number; readonly text: string }
  | { readonly kind: 'malformed'; readonly text: string };

// Records would define themselves by extension, and a structured clone brings errors and cycles: neither is plain.
// A pool of IPv6 addresses has more of them than 64 bits say.
const packr = new Packr({ useRecords: false, int64AsType: 'bigint', largeBigIntToString: true });

/** The packer's own buffer, and where the value is in it until the next one is packed. */
type Packed = Buffer & { readonly start: number; readonly end: number };

/** One frame. `value` is plain: no class instances but arrays, no octets, no functions. */
export function encodeFrame(value: unknown): Buffer {
  // Packed in one place for all frames: a new one each time is four times what it holds, and long listings are it.
  const packed = packr.pack(value, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as Packed;
  const octets = packed.end - packed.start;
  const frame = Buffer.allocUnsafe(HEADER + octets);
  frame.set(MAGIC, 0);
  frame[3] = CONTROL_VERSION;
  frame.writeUInt32BE(octets, 4);
  packed.copy(frame, HEADER, packed.start, packed.end);
  return frame;
}

/** Cuts a stream into values. Never holds more than one frame of `maxFrame` octets, nor twice what has come of it. */
export class FrameDecoder {
  readonly #maxFrame: number;
  #held: Buffer = Buffer.alloc(HEADER);
  #filled = 0;
  /** Octets until there is something to look at: the header's, then the whole frame's. */
  #due = HEADER;
  #fault: FrameFault | undefined;

  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame;
  }

  /** True while a frame has begun and not ended. */
  get isPartial(): boolean {
    return this.#filled > 0;
  }

  /** The values completed by `chunk`, in order. After a fault nothing more is decoded. */
  push(chunk: Uint8Array): { readonly values: readonly unknown[]; readonly fault?: FrameFault } {
    const values: unknown[] = [];
    let at = 0;
    while (this.#fault === undefined && at < chunk.length) {
      const take = Math.min(this.#due - this.#filled, chunk.length - at);
      this.#hold(chunk.subarray(at, at + take));
      at += take;
      if (this.#filled === this.#due) this.#look(values);
    }
    return this.#fault ? { values, fault: this.#fault } : { values };
  }

  #hold(octets: Uint8Array): void {
    const filled = this.#filled + octets.length;
    if (filled > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#due, Math.max(filled, 2 * this.#held.length)));
      larger.set(this.#held.subarray(0, this.#filled));
      this.#held = larger;
    }
    this.#held.set(octets, this.#filled);
    this.#filled = filled;
  }

  /** The header is complete, or the frame is. */
  #look(values: unknown[]): void {
    if (this.#due === HEADER) {
      this.#fault = this.#checkHeader();
      if (this.#fault) return;
      this.#due = HEADER + this.#held.readUInt32BE(4);
      if (this.#due > HEADER) return;
    }
    this.#unpack(this.#held.subarray(HEADER, this.#due), values);
    this.#held = Buffer.alloc(HEADER);
    this.#filled = 0;
    this.#due = HEADER;
  }

  #checkHeader(): FrameFault | undefined {
    const head = this.#held;
    if (MAGIC.some((octet, i) => head[i] !== octet))
      return { kind: 'garbage', text: 'this is not the control protocol' };
    if (head[3] !== CONTROL_VERSION) {
      const text = `control protocol version ${head[3]} where this is version ${CONTROL_VERSION}`;
      return { kind: 'version', theirs: head[3], text };
    }
    const octets = head.readUInt32BE(4);
    if (octets <= this.#maxFrame) return undefined;
    return { kind: 'too-large', octets, text: `a frame of ${octets} octets where ${this.#maxFrame} is the limit` };
  }

  #unpack(body: Buffer, values: unknown[]): void {
    const wrong = whyNotPlain(body);
    if (wrong !== undefined) {
      this.#fault = { kind: 'malformed', text: `a malformed frame: ${wrong}` };
      return;
    }
    try {
      values.push(packr.unpack(body));
    } catch {
      this.#fault = { kind: 'malformed', text: 'a malformed frame' };
    }
  }
}
