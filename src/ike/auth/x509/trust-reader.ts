/** The side of the trust shelf that is read: what a thread has copied and parsed, it keeps for as long as it is there. */
import type { Wrong } from '../../crypto/signature/public-key.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { type Crl, parseCrl } from './crl.ts';
import { HEAD, KIND, keyHash, RESPONDERS, slotAt } from './shelf-layout.ts';

export interface Believed {
  readonly certificate: Certificate;
  readonly isAnchor: boolean;
}

/** What chains are held against. */
export interface Trust {
  /** Those with this subject (`nameKey`), those that are believed first. */
  certificates(subjectKey: string): readonly Believed[];
  /** Those of this issuer (`nameKey`). Their signatures have not been looked at. */
  crls(issuerKey: string): readonly Crl[];
  /** Responses to requests for this CertID, in DER (`latin1`). Nothing of them has been looked at. */
  responses(certId: string): readonly Uint8Array[];
  /** Whose answers by OCSP are believed by our own configuration. */
  responders(): readonly Certificate[];
}

export const NO_TRUST: Trust = { certificates: () => [], crls: () => [], responses: () => [], responders: () => [] };

/** In one thread, over the memory of a `TrustShelf` in this or another. */
export class TrustReader implements Trust {
  readonly #shared: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #slots: (Slot | undefined)[] = [];
  /** Slots by kind and hash of the key. */
  readonly #index = new Map<number, Set<Slot>>();
  /** What `certificates` has answered in this generation. */
  readonly #believed = new Map<string, readonly Believed[]>();
  #generation = 0;

  constructor(shared: SharedArrayBuffer) {
    this.#shared = shared;
    this.#head = new Int32Array(shared, 0, HEAD / 4);
  }

  certificates(subjectKey: string): readonly Believed[] {
    this.#catchUp();
    const known = this.#believed.get(subjectKey);
    if (known) return known;
    const found = [...this.#certificates('anchor', subjectKey), ...this.#certificates('intermediate', subjectKey)];
    // Strangers choose what is looked for: what is not there is not remembered.
    if (found.length > 0) this.#believed.set(subjectKey, found);
    return found;
  }

  crls(issuerKey: string): readonly Crl[] {
    const found: Crl[] = [];
    for (const slot of this.#find('crl', issuerKey)) {
      slot.crl ??= this.#parsed(slot, parseCrl);
      if (slot.crl && !('wrong' in slot.crl) && slot.crl.issuerKey === issuerKey) found.push(slot.crl);
    }
    return found;
  }

  responses(certId: string): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    for (const slot of this.#find('ocsp', certId)) {
      slot.octets ??= this.#copy(slot);
      if (slot.octets) found.push(slot.octets);
    }
    return found;
  }

  responders(): readonly Certificate[] {
    return this.#read('responder', RESPONDERS);
  }

  #certificates(kind: 'anchor' | 'intermediate', subjectKey: string): readonly Believed[] {
    return this.#read(kind, subjectKey)
      .filter((certificate) => certificate.subjectKey === subjectKey)
      .map((certificate) => ({ certificate, isAnchor: kind === 'anchor' }));
  }

  #read(kind: 'anchor' | 'intermediate' | 'responder', key: string): readonly Certificate[] {
    const found: Certificate[] = [];
    for (const slot of this.#find(kind, key)) {
      slot.certificate ??= this.#parsed(slot, parseCertificate);
      if (slot.certificate && !('wrong' in slot.certificate)) found.push(slot.certificate);
    }
    return found;
  }

  #find(kind: keyof typeof KIND, key: string): Iterable<Slot> {
    this.#catchUp();
    return this.#index.get(indexKey(KIND[kind], keyHash(key))) ?? [];
  }

  /** Forgets what is not there any more, and learns where the rest is; nothing is copied before it is asked for. */
  #catchUp(): void {
    const generation = Atomics.load(this.#head, 0);
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#believed.clear();
    const places = Atomics.load(this.#head, 1);
    for (let place = 0; place < places; place++) {
      const at = slotAt(place);
      const stamp = Atomics.load(this.#head, at);
      const known = this.#slots[place];
      if ((known?.stamp ?? 0) === stamp) continue;
      if (known) this.#index.get(known.index)?.delete(known);
      this.#slots[place] = stamp === 0 ? undefined : this.#learn(place, stamp);
    }
  }

  #learn(place: number, stamp: number): Slot {
    const [kind, offset, length, hash] = this.#head.subarray(slotAt(place) + 1, slotAt(place) + 5);
    const index = indexKey(kind, hash);
    const slot: Slot = { place, stamp, index, offset, length };
    const same = this.#index.get(index);
    if (same) same.add(slot);
    else this.#index.set(index, new Set([slot]));
    return slot;
  }

  #parsed<T>(slot: Slot, parse: (octets: Uint8Array) => T | Wrong): T | Wrong | undefined {
    const octets = this.#copy(slot);
    return octets && parse(octets);
  }

  /** Undefined if it has been dropped in the meantime: what was copied may be part of something else. */
  #copy({ place, stamp, offset, length }: Slot): Uint8Array | undefined {
    if (offset + length > this.#shared.byteLength) return undefined;
    const copy = new Uint8Array(this.#shared, offset, length).slice();
    // An exchange, which no read before it can be put off behind; a load would allow that.
    return Atomics.compareExchange(this.#head, slotAt(place), stamp, stamp) === stamp ? copy : undefined;
  }
}

interface Slot {
  readonly place: number;
  readonly stamp: number;
  readonly index: number;
  readonly offset: number;
  readonly length: number;
  certificate?: Certificate | Wrong | undefined;
  crl?: Crl | Wrong | undefined;
  octets?: Uint8Array | undefined;
}

/** `hash`: Int32. */
const indexKey = (kind: number, hash: number): number => kind * 2 ** 32 + (hash >>> 0);
