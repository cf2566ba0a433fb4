/** First messages that come in fragments, until they are whole: before that nothing is begun for them. */
import type { Endpoint } from '../../net/endpoint.ts';
import { beginning } from './first.ts';
import { added, fresh, type Reassembly } from './fragments.ts';
import { decodeMessage } from './wire/index.ts';

/** At once; the one that has waited longest makes room, for a sound one is whole within moments. */
const MOST = 64;

export class FirstFragments {
  readonly #known = new Map<string, Reassembly>();

  get size(): number {
    return this.#known.size;
  }

  /** Octets that are kept. */
  get octets(): number {
    return [...this.#known.values()].reduce((sum, { octets }) => sum + octets, 0);
  }

  /** The first message if `bytes`, a fragment of one, makes it whole. */
  take(bytes: Uint8Array, peer: Endpoint, now: number): Uint8Array | undefined {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return undefined;
    const { header, chain } = decoded.value;
    const [fragment] = chain.payloads;
    if (chain.payloads.length !== 1 || fragment.type !== 'FRAGMENT') return undefined;
    const key = `${Buffer.from(header.cookieI).toString('latin1')}${peer}`;
    const { kept, whole } = added(fresh(this.#known.get(key), now), fragment, now);
    this.#known.delete(key);
    if (kept) this.#keep(key, kept, now);
    const isSound =
      whole &&
      beginning(whole, 0, whole.length) === header.exchange &&
      Buffer.compare(whole.subarray(0, 8), header.cookieI) === 0;
    return isSound ? whole : undefined;
  }

  #keep(key: string, kept: Reassembly, now: number): void {
    for (const [other, reassembly] of this.#known) {
      if (this.#known.size < MOST && fresh(reassembly, now)) break;
      this.#known.delete(other);
    }
    this.#known.set(key, kept);
  }
}
