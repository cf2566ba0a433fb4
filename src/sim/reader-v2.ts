/**
 * IKEv2: the helpers' results are the keys of an IKE SA, and those that a pre-shared secret has changed are computed once
 * more.
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
  dump,
  EXCHANGE,
  EXCHANGE_NAMES,
  type Header,
  type Message,
  NOTIFY,
  nameOf,
  notifies,
  type Payload,
} from '../ike/wire/index.ts';
import { type Heard, hex, plain, type Reader } from './reader.ts';
import type { Name } from './report.ts';
import { summary } from './summary-v2.ts';

interface Keys {
  readonly suite: IkeSuite;
  /** Of the handshake, for those that follow from these. */
  readonly context: { readonly ni: Uint8Array; readonly nr: Uint8Array; readonly spis: Uint8Array };
  /** The newest first. An answer in IKE_INTERMEDIATE still goes under those of before. */
  readonly all: IkeKeys[];
}

/** Of a fragmented message; the type of the first payload stands in the first fragment only. */
interface Parts {
  first: number;
  readonly parts: (Uint8Array | undefined)[];
}

export class V2Reader implements Reader {
  readonly #ppk: (id: Uint8Array) => Uint8Array | undefined;
  /** By SPIi and SPIr. */
  readonly #keys = new Map<string, Keys>();
  /** By their sender and the header of the message. */
  readonly #parts = new Map<string, Parts>();

  /** `ppk`: the post-quantum secret that both ends call so. */
  constructor(ppk: (id: Uint8Array) => Uint8Array | undefined) {
    this.#ppk = ppk;
  }

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

  read(from: Name, bytes: Uint8Array): Heard | undefined {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return undefined;
    const { header, payloads } = decoded.value;
    const last = payloads.at(-1);
    const whole = last?.type === 'SKF' ? this.#partsOf(from, header) : undefined;
    const readable = last?.type === 'SK' || whole ? this.#opened(decoded.value, bytes, whole) : payloads;
    if (header.exchange === EXCHANGE.IKE_INTERMEDIATE && header.isResponse) this.#mixIn(header, readable);
    const { messageId, isResponse } = header;
    const said = {
      version: 2,
      exchange: nameOf(EXCHANGE_NAMES, header.exchange),
      ...{ messageId, isResponse },
      payloads: readable?.map((p) => summary(p, isResponse)),
      detail: plain(dump({ header, payloads: [...(readable ?? [])] })),
    } as const;
    return { said, whole };
  }

  close(): void {
    for (const { all } of this.#keys.values()) for (const keys of all) keys.wipe();
    this.#keys.clear();
  }

  #partsOf(from: Name, { messageId, isResponse, spiI }: Header): Parts {
    const key = `${from} ${hex(spiI)} ${messageId} ${isResponse}`;
    const known = this.#parts.get(key) ?? { first: 0, parts: [] };
    this.#parts.set(key, known);
    return known;
  }

  #opened({ header, payloads }: Message, bytes: Uint8Array, whole: Parts | undefined): readonly Payload[] | undefined {
    const envelope = payloads.at(-1);
    const known = this.#keys.get(hex(header.spiI) + hex(header.spiR));
    if (!known || (envelope?.type !== 'SK' && envelope?.type !== 'SKF')) return undefined;
    const plaintext = plaintextOf(known, header, bytes, envelope.aadOctets);
    if (!plaintext) return undefined;
    if (envelope.type === 'SK' || !whole) return chain(envelope.nextPayload, plaintext);
    whole.parts[envelope.number - 1] = plaintext;
    if (envelope.number === 1) whole.first = envelope.nextPayload;
    const parts = whole.parts.flatMap((part) => (part ? [part] : []));
    return parts.length === envelope.total ? chain(whole.first, Buffer.concat(parts)) : undefined;
  }

  /** RFC 9867 §3.1: from the next message on, the keys have the secret in them that the responder has taken. */
  #mixIn(header: Header, payloads: readonly Payload[] | undefined): void {
    const [taken] = notifies(payloads ?? [], NOTIFY.PPK_IDENTITY);
    const id = taken && parsePpkId(taken.data);
    const secret = id && this.#ppk(id);
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
