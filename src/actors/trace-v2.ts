/** What debugging shows of the messages and keys of an IKE SA. */
import { encrKeyOctets } from '../ike/crypto/algorithms.ts';
import { open } from '../ike/crypto/protect.ts';
import type { IkeSa } from '../ike/v2/ike-sa.ts';
import { decodeChain, decodeMessage, dump } from '../ike/wire/index.ts';
import { bitsOf, hexOf, type MessageReader } from './trace-text.ts';

export class V2Reader implements MessageReader {
  readonly #sa: IkeSa;

  constructor(sa: IkeSa) {
    this.#sa = sa;
  }

  received(bytes: Uint8Array): readonly string[] {
    return this.#dumped(bytes, false);
  }

  sent(bytes: Uint8Array): readonly string[] {
    return this.#dumped(bytes, true);
  }

  suite(): string {
    if (!this.#sa.suite) return 'none';
    const { encr, encrBits, integ, prf, group } = this.#sa.suite;
    const bits = encrKeyOctets(encr, encrBits) * 8;
    return `cipher ${encr.name} with ${bits} bits of key, integrity ${integ?.name ?? 'by the cipher'}, PRF ${prf.name}, group ${group.name}`;
  }

  keyLengths(): string {
    const { keys } = this.#sa;
    return keys ? `SK_d and SK_p ${bitsOf(keys.skD)}, SK_a ${bitsOf(keys.skAi)}, SK_e ${bitsOf(keys.skEi)}` : 'none';
  }

  /** In the order of Wireshark's table of IKEv2 keys. */
  secrets(): string {
    const { keys, spiI, spiR } = this.#sa;
    if (!keys) return 'none';
    return `SPIi ${hexOf(spiI)} SPIr ${hexOf(spiR)} SK_ei ${hexOf(keys.skEi)} SK_er ${hexOf(keys.skEr)} SK_ai ${hexOf(keys.skAi)} SK_ar ${hexOf(keys.skAr)}`;
  }

  /** A fragment is left as it is. */
  #dumped(bytes: Uint8Array, isOurs: boolean): readonly string[] {
    const { suite, keys, role } = this.#sa;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return [`malformed ${decoded.fault.where}: ${decoded.fault.why}`];
    const lines = dump(decoded.value);
    const envelope = decoded.value.payloads.at(-1);
    if (envelope?.type !== 'SK' || !suite || !keys) return lines;
    const isInitiators = isOurs === (role === 'initiator');
    const [encr, integ] = isInitiators ? [keys.skEi, keys.skAi] : [keys.skEr, keys.skAr];
    const opened = open(suite, encr, integ, bytes, envelope.aadOctets);
    const inner = opened.ok ? decodeChain(envelope.nextPayload, opened.plaintext) : undefined;
    if (!inner?.ok) return lines;
    return [...lines, ...dump({ ...decoded.value, payloads: inner.value }).slice(1)];
  }
}
