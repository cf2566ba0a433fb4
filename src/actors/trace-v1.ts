/**
 * What debugging shows of the messages and keys of an ISAKMP SA. A message is opened by the last block of the one before
 * it in its exchange (RFC 2409 appendix B): a step moves the SA's on, so they are followed here.
 */
import { encrKeyOctets } from '../ike/crypto/algorithms.ts';
import { exchangeIv, firstIv, nextIv, open } from '../ike/v1/crypto/protect.ts';
import type { Handshake, IsakmpSa } from '../ike/v1/isakmp-sa.ts';
import { decodeChain, decodeMessage, dump } from '../ike/v1/wire/index.ts';
import { bitsOf, hexOf, type MessageReader } from './trace-text.ts';

export class V1Reader implements MessageReader {
  readonly #sa: IsakmpSa;
  /** By message id. */
  readonly #ivs = new Map<number, Uint8Array>();
  /** Gone at the end of the step that establishes the SA. */
  readonly #handshake: Handshake | undefined;

  constructor(sa: IsakmpSa) {
    this.#sa = sa;
    this.#handshake = sa.handshake;
    for (const { messageId, iv } of sa.conversations) if (iv) this.#ivs.set(messageId, iv);
    if (sa.phaseOne?.iv) this.#ivs.set(0, sa.phaseOne.iv);
  }

  received(bytes: Uint8Array): readonly string[] {
    return this.#dumped(bytes);
  }

  sent(bytes: Uint8Array): readonly string[] {
    return this.#dumped(bytes);
  }

  suite(): string {
    if (!this.#sa.suite) return 'none';
    const { encr, encrBits, prf, group } = this.#sa.suite;
    return `cipher ${encr.name} with ${encrKeyOctets(encr, encrBits) * 8} bits of key, hash ${prf.name}, group ${group.name}`;
  }

  keyLengths(): string {
    const { keys } = this.#sa;
    return keys ? `SKEYID, SKEYID_d and SKEYID_a ${bitsOf(keys.skeyid)}, cipher ${bitsOf(keys.encr)}` : 'none';
  }

  /** The first and the last are Wireshark's table of IKEv1 keys. */
  secrets(): string {
    const { keys, cookieI } = this.#sa;
    if (!keys) return 'none';
    return `initiator's cookie ${hexOf(cookieI)} SKEYID_d ${hexOf(keys.skeyidD)} SKEYID_a ${hexOf(keys.skeyidA)} encryption key ${hexOf(keys.encr)}`;
  }

  /** What is said again is opened by the wrong block: then its header is all that there is. */
  #dumped(bytes: Uint8Array): readonly string[] {
    const { suite, keys } = this.#sa;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return [`malformed ${decoded.fault.where}: ${decoded.fault.why}`];
    const { header, chain, sealed } = decoded.value;
    const lines = dump(header, chain.payloads);
    if (!sealed || !suite || !keys) return lines;
    const iv = this.#ivs.get(header.messageId) ?? this.#first(header.messageId);
    const plain = iv && open(suite, keys, iv, sealed);
    const inner = plain && decodeChain(header.nextPayload, plain);
    if (!inner?.ok) return lines;
    this.#ivs.set(header.messageId, nextIv(suite, sealed).slice());
    return [...lines, ...dump(header, inner.value.payloads).slice(1)];
  }

  /** Of an exchange that begins to be encrypted with this message. */
  #first(messageId: number): Uint8Array | undefined {
    const { suite, lastBlock, role } = this.#sa;
    if (!suite) return undefined;
    if (messageId !== 0) return lastBlock.length > 0 ? exchangeIv(suite, lastBlock, messageId) : undefined;
    if (!this.#handshake || this.#handshake.theirPublic.length === 0) return undefined;
    const { public: ours, theirPublic } = this.#handshake;
    return role === 'initiator' ? firstIv(suite, ours, theirPublic) : firstIv(suite, theirPublic, ours);
  }
}
