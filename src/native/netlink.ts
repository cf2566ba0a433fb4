/** Netlink messages: written into one buffer, sent together, each answered by a verdict. netlink(7). */
import { addon, type RawNetlinkSocket } from './addon.ts';
import { attempt, type SystemFault, systemFault } from './fault.ts';
import { isLittleEndian, NetlinkWriter } from './netlink-writer.ts';

export { NetlinkWriter } from './netlink-writer.ts';

/** Families of netlink sockets. */
export const NETLINK = { route: 0, xfrm: 6 } as const;

/** Flags of a request. Every request asks for its verdict (NLM_F_ACK); that needs no mention. */
export const NLM_F = { dump: 0x300, replace: 0x100, exclusive: 0x200, create: 0x400 } as const;

/** A message that the kernel sent: its type, and what follows the netlink header. */
export interface NetlinkMessage {
  readonly type: number;
  readonly body: DataView;
}

/** Answers to many requests: verdicts in their order. */
export type Verdicts = readonly (SystemFault | undefined)[];

// More would not save anything (a system call is a microsecond), and their verdicts fit into any receive buffer.
const MESSAGES_AT_ONCE = 64;

/** A socket that asks; each call returns when the kernel has answered, in microseconds. */
export class Netlink {
  readonly #raw: RawNetlinkSocket;
  readonly #writer = new NetlinkWriter();
  readonly #errnos = new Int32Array(MESSAGES_AT_ONCE);

  private constructor(raw: RawNetlinkSocket) {
    this.#raw = raw;
  }

  static open(protocol: number): Netlink | SystemFault {
    const raw = attempt(() => new (addon().NetlinkSocket)(protocol), 'netlink');
    return 'errno' in raw ? raw : new Netlink(raw);
  }

  /** One request, written by `write` (one `begin` … `end`), that has no answer but its verdict. */
  tell(write: (to: NetlinkWriter) => void): SystemFault | undefined {
    const replies = this.ask(write);
    return 'errno' in replies ? replies : undefined;
  }

  /** One request and what the kernel had to say to it. */
  ask(write: (to: NetlinkWriter) => void): readonly NetlinkMessage[] | SystemFault {
    this.#writer.reset();
    write(this.#writer);
    const answer = this.#send();
    if (this.#errnos[0] !== 0) return systemFault(this.#errnos[0], answer?.[1][0] ?? '');
    return answer ? [...messagesOf(answer[0])] : [];
  }

  /** Many requests, in order; one's refusal does not stop the next. */
  tellAll(count: number, write: (to: NetlinkWriter, index: number) => void): Verdicts {
    const verdicts: (SystemFault | undefined)[] = [];
    for (let first = 0; first < count; first = verdicts.length) {
      this.#writer.reset();
      let next = first;
      while (next < count && next - first < MESSAGES_AT_ONCE && this.#writer.hasRoom) write(this.#writer, next++);
      const answer = this.#send();
      for (let i = 0; i < next - first; i++) {
        const errno = this.#errnos[i];
        verdicts.push(errno === 0 ? undefined : systemFault(errno, answer?.[1][i] ?? ''));
      }
    }
    return verdicts;
  }

  close(): void {
    this.#raw.close();
  }

  #send() {
    const answer = this.#raw.transact(this.#writer.length, this.#writer.buffer, this.#errnos);
    this.#writer.wipe();
    return answer;
  }
}

/**
 * Listens to multicast groups until closed. `onMessages` gets all that came at once; `lost` says that the kernel
 * dropped messages because they were not read in time (ENOBUFS).
 */
export function listen(
  protocol: number,
  groups: readonly number[],
  onMessages: (messages: Iterable<NetlinkMessage>, lost: boolean) => void,
  receiveBuffer = 4 * 1024 * 1024,
): { close(): void } | SystemFault {
  return attempt(
    () =>
      new (addon().NetlinkEvents)(protocol, groups, receiveBuffer, (bytes, lost) =>
        onMessages(messagesOf(bytes), lost),
      ),
    'netlink events',
  );
}

/** The messages in `bytes`; stops at the first that its own length does not fit. */
export function* messagesOf(bytes: Uint8Array): Iterable<NetlinkMessage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = view.getUint32(at, isLittleEndian);
    if (length < 16 || length > bytes.length - at) return;
    yield {
      type: view.getUint16(at + 4, isLittleEndian),
      body: new DataView(bytes.buffer, bytes.byteOffset + at + 16, length - 16),
    };
    at += (length + 3) & ~3;
  }
}

/** Type and value of each attribute of `body` from `start` on; stops where a length does not fit. */
export function* attributesOf(body: DataView, start: number): Iterable<readonly [number, DataView]> {
  for (let at = start; at + 4 <= body.byteLength; ) {
    const length = body.getUint16(at, isLittleEndian);
    if (length < 4 || length > body.byteLength - at) return;
    yield [
      body.getUint16(at + 2, isLittleEndian) & 0x3fff,
      new DataView(body.buffer, body.byteOffset + at + 4, length - 4),
    ];
    at += (length + 3) & ~3;
  }
}

export const attributeOf = (body: DataView, start: number, type: number): DataView | undefined => {
  for (const [found, value] of attributesOf(body, start)) if (found === type) return value;
  return undefined;
};
