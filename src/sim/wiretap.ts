/**
 * What goes over the wire, in clear: the helpers' results are the keys, as an SSLKEYLOG file would hold them, and those
 * that a pre-shared secret has changed are computed once more. Fragments become the message that they are of, and what
 * is sent again is counted where it was first.
 */
import { encrById, groupById, integById, prfById } from '../ike/crypto/algorithms.ts';
import type { Job, JobResult } from '../ike/crypto/job.ts';
import { IkeKeys, type IkeSuite } from '../ike/crypto/keys.ts';
import { renewedByPpk } from '../ike/crypto/ppk.ts';
import { open } from '../ike/crypto/protect.ts';
import { parsePpkId } from '../ike/v2/ppk.ts';
import {
  decodeChain,
  decodeMessage,
  EXCHANGE,
  type Header,
  type Message,
  NOTIFY,
  notifies,
  type Payload,
} from '../ike/wire/index.ts';
import type { Name } from './report.ts';

/** A message as its receiver reads it. */
export interface Overheard {
  readonly at: number;
  readonly from: Name;
  readonly header: Header;
  /** Undefined: nobody could read it. */
  payloads: readonly Payload[] | undefined;
  octets: number;
  fragments: number;
  repeated: number;
  readonly arrives: boolean;
  readonly phase: string;
}

interface Keys {
  readonly suite: IkeSuite;
  /** Of the handshake, for those that follow from these. */
  readonly context: { readonly ni: Uint8Array; readonly nr: Uint8Array; readonly spis: Uint8Array };
  /** The newest first. An answer in IKE_INTERMEDIATE still goes under those of before. */
  readonly all: IkeKeys[];
}

export class Wiretap {
  readonly messages: Overheard[] = [];
  /** What is going on, as the next messages are to say. */
  phase = 'negotiation';
  /** The post-quantum secret that both ends call so. */
  ppk: (id: Uint8Array) => Uint8Array | undefined = () => undefined;
  /** By SPIi and SPIr. */
  readonly #keys = new Map<string, Keys>();
  /** Datagrams seen, and the message that each belongs to. */
  readonly #seen = new Map<string, Overheard>();
  /** Of fragmented messages; the type of the first payload stands in the first fragment only. */
  readonly #parts = new Map<Overheard, { first: number; readonly parts: (Uint8Array | undefined)[] }>();

  /** A result of a helper of either house. */
  learn(job: Job, result: JobResult): void {
    if (job.op !== 'ike.keys' || !result.ok || result.op !== 'ike.keys') return;
    const [encr, prf, group] = [encrById(job.encr), prfById(job.prf), groupById(job.group)];
    const integ = job.integ === 0 ? undefined : integById(job.integ);
    if (!encr || !prf || !group) return;
    const suite: IkeSuite = { encr, encrBits: job.encrBits, prf, integ, group };
    const known = this.#keys.get(hex(job.spis)) ?? { suite, context: contextOf(job), all: [] };
    this.#keys.set(hex(job.spis), known);
    const keys = new IkeKeys(Uint8Array.from(result.keys), suite);
    // Both ends compute them.
    if (known.all.some(({ skD }) => hex(skD) === hex(keys.skD))) keys.wipe();
    else known.all.unshift(keys);
  }

  hear(at: number, from: Name, bytes: Uint8Array, arrives: boolean): void {
    const text = `${from}${hex(bytes)}`;
    const before = this.#seen.get(text);
    if (before) {
      before.repeated++;
      return;
    }
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return;
    const { header, payloads } = decoded.value;
    const last = payloads.at(-1);
    const isPart = last?.type === 'SKF';
    const known = isPart ? this.#fragmentOf(from, header) : undefined;
    const message: Overheard = known ?? {
      at,
      from,
      header,
      payloads: undefined,
      octets: 0,
      fragments: 0,
      repeated: 0,
      arrives,
      phase: this.phase,
    };
    message.octets += bytes.length;
    message.fragments++;
    this.#seen.set(text, message);
    if (!known) this.messages.push(message);
    message.payloads = last?.type === 'SK' || isPart ? this.#opened(decoded.value, bytes, message) : payloads;
    if (header.exchange === EXCHANGE.IKE_INTERMEDIATE && header.isResponse) this.#mixIn(message);
  }

  /** The keys are nobody's when it is over. */
  close(): void {
    for (const { all } of this.#keys.values()) for (const keys of all) keys.wipe();
    this.#keys.clear();
  }

  #fragmentOf(from: Name, header: Header): Overheard | undefined {
    return this.messages.findLast(
      (m) =>
        m.from === from &&
        this.#parts.has(m) &&
        m.header.messageId === header.messageId &&
        m.header.isResponse === header.isResponse &&
        hex(m.header.spiI) === hex(header.spiI),
    );
  }

  #opened({ header, payloads }: Message, bytes: Uint8Array, message: Overheard): readonly Payload[] | undefined {
    const envelope = payloads.at(-1);
    const known = this.#keys.get(hex(header.spiI) + hex(header.spiR));
    if (!known || (envelope?.type !== 'SK' && envelope?.type !== 'SKF')) return undefined;
    const plaintext = plaintextOf(known, header, bytes, envelope.aadOctets);
    if (!plaintext) return undefined;
    if (envelope.type === 'SK') return chain(envelope.nextPayload, plaintext);
    const fragments = this.#parts.get(message) ?? { first: 0, parts: [] };
    this.#parts.set(message, fragments);
    fragments.parts[envelope.number - 1] = plaintext;
    if (envelope.number === 1) fragments.first = envelope.nextPayload;
    const whole = fragments.parts.flatMap((part) => (part ? [part] : []));
    return whole.length === envelope.total ? chain(fragments.first, Buffer.concat(whole)) : undefined;
  }

  /** RFC 9867 §3.1: from the next message on, the keys have the secret in them that the responder has taken. */
  #mixIn({ header, payloads }: Overheard): void {
    const [taken] = notifies(payloads ?? [], NOTIFY.PPK_IDENTITY);
    const id = taken && parsePpkId(taken.data);
    const secret = id && this.ppk(id);
    const known = this.#keys.get(hex(header.spiI) + hex(header.spiR));
    if (!secret || !known) return;
    known.all.unshift(renewedByPpk(known.suite, known.all[0], secret, known.context));
  }
}

const contextOf = ({ ni, nr, spis }: Keys['context']): Keys['context'] => ({
  ni: Uint8Array.from(ni),
  nr: Uint8Array.from(nr),
  spis: Uint8Array.from(spis),
});

function plaintextOf({ suite, all }: Keys, { isInitiator }: Header, bytes: Uint8Array, aadOctets: number) {
  for (const keys of all) {
    const [encr, integ] = isInitiator ? [keys.skEi, keys.skAi] : [keys.skEr, keys.skAr];
    const opened = open(suite, encr, integ, bytes, aadOctets);
    if (opened.ok) return opened.plaintext;
  }
  return undefined;
}

function chain(first: number, plaintext: Uint8Array): readonly Payload[] | undefined {
  const inner = decodeChain(first, plaintext);
  return inner.ok ? inner.value : undefined;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
