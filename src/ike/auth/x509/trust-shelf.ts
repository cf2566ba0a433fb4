/**
 * What chains of certificates are held against, for all threads: authorities, intermediates, CRLs and OCSP responses, in
 * memory that the threads share. The main thread writes; a thread that checks a chain copies what it needs and keeps what
 * it has read, by stamp. A stamp is given once, so what is dropped is gone everywhere with the next job.
 *
 *     Int32    0           1            2 …                                           then the items
 *              generation  slots so far stamp, kind, offset, length, hash of the key   octets, in no order
 *
 * The key is what is looked for: a certificate's subject, a CRL's issuer, an OCSP response's CertID.
 */
import type { Wrong } from '../../crypto/signature/public-key.ts';
import { sha256 } from '../../crypto/signed.ts';
import { parseCertificate } from './certificate.ts';
import { type Crl, parseCrl } from './crl.ts';
import { latin1 } from './name.ts';
import { growableMemory, Room } from './room.ts';
import {
  HEAD,
  INITIAL_OCTETS,
  KIND,
  type Kind,
  keyHash,
  MOST_OCTETS,
  MOST_OF,
  RESPONDERS,
  slotAt,
} from './shelf-layout.ts';

export interface TrustedCertificate {
  /** DER. */
  readonly der: Uint8Array;
  /** Believed as it is: where a chain ends. Others must be signed by one that is believed. */
  readonly isAnchor: boolean;
}

/** What has no place on the shelf: where it stood in the list, and why. */
export interface Refused extends Wrong {
  readonly at: number;
}

/** What is on the shelf, by a number that is never given again. */
export interface Shelved {
  readonly number: number;
}

/** The side that is written. */
export class TrustShelf {
  /** For `TrustReader`s, in this thread or another. */
  readonly shared: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #room: Room;
  readonly #slots = new Map<number, Slot>();
  readonly #free: number[] = [];
  readonly #count: Record<Kind, number> = { anchor: 0, intermediate: 0, crl: 0, ocsp: 0, responder: 0 };
  /** Certificates and responses by kind, key and content, so that what is there already stays. */
  readonly #byContent = new Map<string, number>();
  /** By what they are about: the CRL that another one replaces, and the CertID of a response. */
  readonly #crls = new Map<string, number>();
  readonly #responses = new Map<string, number>();
  #crlOctets = 0;
  #turns = 0;
  #lastStamp = 0;
  #slotsUsed = 0;

  constructor() {
    this.shared = growableMemory(INITIAL_OCTETS, MOST_OCTETS);
    this.#head = new Int32Array(this.shared, 0, HEAD / 4);
    this.#room = new Room(this.shared, HEAD, MOST_OCTETS);
  }

  /** Rises with every change. */
  get generation(): number {
    return this.#head[0];
  }

  /** Of all CRLs. */
  get crlOctets(): number {
    return this.#crlOctets;
  }

  /**
   * In place of all certificates there were. Those that are no certificates, or for which there is no room, are left
   * out: their places in `certificates`, and why. One that was there already keeps what is known of it.
   */
  replaceCertificates(certificates: readonly TrustedCertificate[]): readonly Refused[] {
    const steps = this.replacingCertificates(certificates);
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  }

  /** The same, a certificate a step; one that has begun later is all that counts. */
  *replacingCertificates(certificates: readonly TrustedCertificate[]): Generator<undefined, readonly Refused[]> {
    const turn = ++this.#turns;
    const kept = new Set<number>();
    const put = ({ der, isAnchor }: TrustedCertificate, at: number): Refused | undefined => {
      const put = this.#putCertificate(der, isAnchor ? 'anchor' : 'intermediate');
      if ('wrong' in put) return { at, wrong: put.wrong };
      kept.add(put.number);
      return undefined;
    };
    // The new ones first, so that no chain is without an authority in between; then again those that had no room.
    const refused: Refused[] = [];
    for (const [at, certificate] of certificates.entries()) {
      yield undefined;
      if (turn !== this.#turns) return NONE;
      const wrong = put(certificate, at);
      if (wrong) refused.push(wrong);
    }
    for (const [number, { kind }] of [...this.#slots]) {
      if ((kind !== 'anchor' && kind !== 'intermediate') || kept.has(number)) continue;
      this.drop(number);
      yield undefined;
      if (turn !== this.#turns) return NONE;
    }
    return refused.map(({ at }) => put(certificates[at], at)).filter((one) => one !== undefined);
  }

  /**
   * A CRL in DER; it replaces an older one of the same issuer and scope. One that is not newer than what is there is no
   * news: the number of that. Its signature is looked at by whoever believes it. `isOlder`: what is there is newer.
   */
  putCrl(der: Uint8Array): (Shelved & { readonly isOlder?: true }) | Wrong {
    const crl = parseCrl(der);
    if ('wrong' in crl) return crl;
    const old = this.#slots.get(this.#crls.get(crl.series) ?? 0);
    if (old?.crl && old.crl.thisUpdate >= crl.thisUpdate)
      return { number: old.number, ...(old.crl.thisUpdate > crl.thisUpdate && { isOlder: true }) };
    const put = this.#put('crl', der, crl.issuerKey, { series: crl.series, thisUpdate: crl.thisUpdate });
    if ('wrong' in put) return put;
    if (old) this.drop(old.number);
    this.#crls.set(crl.series, put.number);
    return put;
  }

  /** An OCSP response in DER to a request for `certId` (CertID in DER); it replaces what there was for that. */
  putOcsp(certId: Uint8Array, der: Uint8Array): Shelved | Wrong {
    const key = latin1(certId);
    const old = this.#responses.get(key);
    if (old !== undefined) this.drop(old);
    else if (this.#count.ocsp >= MOST_OF.ocsp) this.drop(this.#responses.values().next().value!);
    const put = this.#put('ocsp', der, key);
    if ('number' in put) this.#responses.set(key, put.number);
    return put;
  }

  /** A certificate in DER whose answers by OCSP are believed whoever has issued it (RFC 6960 §4.2.2.2), or none. */
  trustResponder(der: Uint8Array | undefined): Wrong | undefined {
    const certificate = der && parseCertificate(der);
    if (certificate && 'wrong' in certificate) return certificate;
    const put = der && this.#put('responder', der, RESPONDERS);
    if (put && 'wrong' in put) return put;
    for (const slot of [...this.#slots.values()])
      if (slot.kind === 'responder' && slot.number !== put?.number) this.drop(slot.number);
    return undefined;
  }

  /** Nobody finds it any more. One that is not there is no news. */
  drop(number: number): void {
    const slot = this.#slots.get(number);
    if (slot === undefined) return;
    this.#slots.delete(number);
    this.#byContent.delete(slot.content);
    if (slot.kind === 'ocsp') this.#responses.delete(slot.key);
    if (slot.crl) {
      this.#crls.delete(slot.crl.series);
      this.#crlOctets -= slot.length;
    }
    this.#count[slot.kind]--;
    Atomics.store(this.#head, slotAt(slot.place), 0);
    this.#room.free(slot.offset, slot.length);
    this.#free.push(slot.place);
    Atomics.add(this.#head, 0, 1);
  }

  /** All CRLs, or all OCSP responses. */
  dropAll(kind: 'crl' | 'ocsp'): void {
    for (const slot of [...this.#slots.values()]) if (slot.kind === kind) this.drop(slot.number);
  }

  /** For listings: copies in DER. */
  *list(kind: Kind): IterableIterator<Shelved & { readonly der: Uint8Array }> {
    for (const slot of [...this.#slots.values()])
      if (slot.kind === kind) yield { number: slot.number, der: this.#room.read(slot.offset, slot.length) };
  }

  #putCertificate(der: Uint8Array, kind: 'anchor' | 'intermediate'): Shelved | Wrong {
    const certificate = parseCertificate(der);
    return 'wrong' in certificate ? certificate : this.#put(kind, der, certificate.subjectKey);
  }

  #put(kind: Kind, der: Uint8Array, key: string, crl?: Slot['crl']): Shelved | Wrong {
    // Of a CRL the series and the date have told; a digest over megabytes would hold everybody up.
    const content = crl ? `${kind} ${crl.series} ${crl.thisUpdate}` : `${kind} ${key} ${latin1(sha256(der))}`;
    const known = this.#byContent.get(content);
    if (known !== undefined) return { number: known };
    if (this.#count[kind] >= MOST_OF[kind]) return { wrong: `there are ${MOST_OF[kind]} already` };
    const offset = this.#room.take(der);
    if (offset === undefined) return { wrong: `there is no room for ${der.length} octets more` };
    const place = this.#free.pop() ?? this.#slotsUsed++;
    const number = ++this.#lastStamp;
    this.#count[kind]++;
    this.#byContent.set(content, number);
    const slot: Slot = { number, place, kind, offset, length: der.length, content, key, ...(crl && { crl }) };
    this.#slots.set(number, slot);
    if (crl) this.#crlOctets += der.length;
    const at = slotAt(place);
    this.#head.set([KIND[kind], offset, der.length, keyHash(key)], at + 1);
    Atomics.store(this.#head, 1, this.#slotsUsed);
    Atomics.store(this.#head, at, number);
    Atomics.add(this.#head, 0, 1);
    return { number };
  }
}

const NONE: readonly never[] = Object.freeze([]);

interface Slot extends Shelved {
  readonly place: number;
  readonly kind: Kind;
  readonly offset: number;
  readonly length: number;
  readonly content: string;
  readonly key: string;
  /** Of a CRL: what makes another one its successor. */
  readonly crl?: Pick<Crl, 'series' | 'thisUpdate'>;
}
