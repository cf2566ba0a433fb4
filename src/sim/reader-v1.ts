/**
 * IKEv1: the keys of an ISAKMP SA are a helper's result, and where the cipher begins was said in clear. Each message begins
 * with the last block of the one before it in its exchange, whoever has sent that (RFC 2409 appendix B):
 *
 *     phase 1   hash(g^xi | g^xr) ──► ID, HASH ──► ID, HASH ──┐ last block
 *     phase 2   hash(last block | message id) ──► HASH, SA .. ──► HASH, SA .. ──► HASH
 */
import { encrById, groupById, prfById } from '../ike/crypto/algorithms.ts';
import type { Job, JobResult } from '../ike/crypto/job.ts';
import { IsakmpKeys, type IsakmpSuite } from '../ike/v1/crypto/keys.ts';
import { exchangeIv, firstIv, nextIv, open } from '../ike/v1/crypto/protect.ts';
import { added, type Reassembly } from '../ike/v1/fragments.ts';
import {
  decodeChain,
  decodeMessage,
  dump,
  exchangeName,
  find,
  type Header,
  type Message,
  NOTIFY,
  type Payload,
  type PayloadNamed,
} from '../ike/v1/wire/index.ts';
import { type Heard, hex, plain, type Reader, type Said } from './reader.ts';
import type { Name } from './report.ts';
import { summary } from './summary-v1.ts';

/** An ISAKMP SA, by the initiator's cookie. */
interface Followed {
  readonly initiator: Name;
  gxi: Uint8Array | undefined;
  gxr: Uint8Array | undefined;
  /** The last encrypted block of phase 1, of which all exchanges after it begin. */
  last: Uint8Array | undefined;
  /** By message id: whose exchange it is, and what its next message begins with. */
  readonly exchanges: Map<number, { readonly by: Name; iv: Uint8Array | undefined }>;
}

interface Keys {
  readonly suite: IsakmpSuite;
  /** Ends with two secrets have two keys, and neither can read the other. */
  readonly all: IsakmpKeys[];
}

/** A message in fragments, of which the first few are here. */
interface Gathering {
  readonly whole: object;
  readonly parts: Reassembly;
}

export class V1Reader implements Reader {
  readonly #sas = new Map<string, Followed>();
  /** By both cookies. */
  readonly #keys = new Map<string, Keys>();
  /** By their sender and the header that they have in common. */
  readonly #gathered = new Map<string, Gathering>();

  learn(job: Job, result: JobResult): void {
    if (job.op !== 'isakmp.keys' || !result.ok || result.op !== 'isakmp.keys') return;
    const [encr, prf, group] = [encrById(job.encr), prfById(job.prf), groupById(job.group)];
    if (!encr || !prf || !group) return;
    const suite: IsakmpSuite = { encr, encrBits: job.encrBits, prf, integ: undefined, group };
    const known = this.#keys.get(hex(job.cookies)) ?? { suite, all: [] };
    this.#keys.set(hex(job.cookies), known);
    const keys = new IsakmpKeys(Uint8Array.from(result.keys), suite);
    // Both ends compute them.
    if (known.all.some(({ skeyid }) => hex(skeyid) === hex(keys.skeyid))) keys.wipe();
    else known.all.push(keys);
  }

  read(from: Name, bytes: Uint8Array): Heard | undefined {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return undefined;
    const fragment = find(decoded.value.chain.payloads, 'FRAGMENT');
    if (!fragment) return { said: this.#said(from, decoded.value), whole: undefined };
    return this.#gather(from, decoded.value.header, fragment);
  }

  close(): void {
    for (const { all } of this.#keys.values()) for (const keys of all) keys.wipe();
    this.#keys.clear();
  }

  /** Many senders give all their messages the same number: that one is whole is how the next is told from it. */
  #gather(from: Name, header: Header, fragment: PayloadNamed<'FRAGMENT'>): Heard {
    const key = `${from} ${hex(header.cookieI)} ${hex(header.cookieR)} ${header.messageId} ${fragment.id}`;
    const known = this.#gathered.get(key);
    const { kept, whole: bytes } = added(known?.parts, fragment, 0);
    const whole = known && (!kept || kept === known.parts) ? known.whole : {};
    if (kept) this.#gathered.set(key, { whole, parts: kept });
    else this.#gathered.delete(key);
    const decoded = bytes && decodeMessage(bytes);
    const said = decoded?.ok ? this.#said(from, decoded.value) : saidOf(header, false, undefined);
    return { said, whole };
  }

  #said(from: Name, { header, chain, sealed }: Message): Said {
    const sa = this.#saOf(from, header);
    const exchange = sa.exchanges.get(header.messageId) ?? { by: from, iv: undefined };
    sa.exchanges.set(header.messageId, exchange);
    const payloads = sealed ? this.#opened(sa, exchange, header, sealed) : chain.payloads;
    const ke = header.messageId === 0 ? find(payloads ?? [], 'KE') : undefined;
    if (ke && from === sa.initiator) sa.gxi ??= Uint8Array.from(ke.data);
    else if (ke) sa.gxr ??= Uint8Array.from(ke.data);
    return saidOf(header, from !== exchange.by, payloads);
  }

  #saOf(from: Name, { cookieI }: Header): Followed {
    const known = this.#sas.get(hex(cookieI));
    if (known) return known;
    const sa = { initiator: from, gxi: undefined, gxr: undefined, last: undefined, exchanges: new Map() };
    this.#sas.set(hex(cookieI), sa);
    return sa;
  }

  #opened(
    sa: Followed,
    exchange: { iv: Uint8Array | undefined },
    { cookieI, cookieR, messageId, nextPayload }: Header,
    sealed: Uint8Array,
  ): readonly Payload[] | undefined {
    const keys = this.#keys.get(hex(cookieI) + hex(cookieR));
    if (!keys || !sa.gxi || !sa.gxr) return undefined;
    const { suite, all } = keys;
    sa.last ??= firstIv(suite, sa.gxi, sa.gxr);
    const iv = exchange.iv ?? (messageId === 0 ? sa.last : exchangeIv(suite, sa.last, messageId));
    exchange.iv = nextIv(suite, sealed).slice();
    if (messageId === 0) sa.last = exchange.iv;
    for (const one of all) {
      const text = open(suite, one, iv, sealed);
      const inner = text && decodeChain(nextPayload, text);
      if (inner?.ok) return inner.value.payloads;
    }
    return undefined;
  }
}

function saidOf(header: Header, isAnswer: boolean, payloads: readonly Payload[] | undefined): Said {
  // RFC 3706 §5.3: an exchange of its own, and an answer all the same.
  const isAck = payloads?.some((p) => p.type === 'N' && p.notify === NOTIFY.R_U_THERE_ACK) ?? false;
  const { exchange, messageId } = header;
  return {
    version: 1,
    exchange: exchangeName(exchange),
    messageId,
    isResponse: isAnswer || isAck,
    payloads: payloads?.map((p) => summary(p, exchange, isAnswer)),
    detail: plain(dump(header, payloads ?? [])),
  };
}
