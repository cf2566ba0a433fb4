/** One reading of ipsec.secrets(5): found by whom it is for, listed without a word of it, wiped as a whole. */
import { inspect } from 'node:util';
import type { Address } from '../net/address.ts';
import { ID_TYPES, Id } from '../net/id.ts';
import type { Place } from './scan.ts';
import { type Secret, SecretSlab } from './secret.ts';
import {
  type Index,
  KEY_KINDS,
  type KeyEntry,
  type PpkEntry,
  type SecretEntry,
  type SecretKind,
  type SharedEntry,
} from './secret-entry.ts';
import { SecretIndex } from './secret-index.ts';

/** An entry as `--listpsks` and `--listpubkeys` may show it. */
export interface SecretRow extends Place {
  readonly kind: SecretKind;
  /** Identities as text, `%any`, and `(none)` for what matches nobody; empty: for everybody. */
  readonly indices: readonly string[];
}

export class SecretStore {
  /** Where the secrets of its entries are. */
  readonly slab = new SecretSlab();
  #entries: SecretEntry[] = [];
  #psks = new SecretIndex<SharedEntry>();
  #xauth = new SecretIndex<SharedEntry>();
  #eap = new SecretIndex<SharedEntry>();
  #radius = new SecretIndex<SharedEntry>();
  #ppksByOwner = new SecretIndex<PpkEntry>();
  readonly #ppks = new Map<string, PpkEntry>();

  /** In the order of the file. Returns the entry that stands in this one's way: the same PPK_ID with another secret. */
  add(entry: SecretEntry): PpkEntry | undefined {
    this.#entries.push(entry);
    if (entry.kind === 'PSK') this.#psks.add(entry);
    else if (entry.kind === 'XAUTH') this.#xauth.add(entry);
    else if (entry.kind === 'EAP') this.#eap.add(entry);
    else if (entry.kind === 'RADIUS') this.#radius.add(entry);
    else if (entry.kind === 'PPKS') {
      const key = ppkKey(entry.id);
      const known = this.#ppks.get(key);
      if (known) return known.secret.equals(entry.secret) ? undefined : known;
      this.#ppks.set(key, entry);
      this.#ppksByOwner.add(entry);
    }
    return undefined;
  }

  /** Entries of all kinds. */
  get size(): number {
    return this.#entries.length;
  }

  /**
   * The secret of the best rank (`SecretIndex`). `remote` undefined: the peer has not said who it is, and its
   * address stands in. When several of one rank differ, the first in the file is it, and `warn` is told where.
   */
  findPsk(
    local: Id,
    remote: Id | undefined,
    addresses: { readonly local: Address; readonly remote: Address },
    warn?: (text: string) => void,
  ): Secret | undefined {
    const found = this.#psks.find(local, remote ?? Id.ofAddress(addresses.remote));
    if (found?.rival) {
      warn?.(`secrets at ${where(found.entry)} and ${where(found.rival)} match equally; the first is used`);
    }
    return found?.entry.secret;
  }

  /** The password of the XAUTH user with this name, who is the index `@name`. */
  findXauth(user: string): Secret | undefined {
    return this.#xauth.find(new Id(ID_TYPES.ID_FQDN, Buffer.from(user)), undefined)?.entry.secret;
  }

  /** The password of the EAP user with this name, or else of the XAUTH user: there are gateways that have both. */
  findEap(user: string): Secret | undefined {
    const named = /^[@%]/.test(user) ? undefined : Id.parse(user);
    const id = named ?? new Id(ID_TYPES.ID_FQDN, Buffer.from(user));
    return this.#eap.find(id, undefined)?.entry.secret ?? this.findXauth(user);
  }

  /** What we share with the RADIUS server, or client, at this address. */
  findRadius(address: Address): Secret | undefined {
    return this.#radius.find(Id.ofAddress(address), undefined)?.entry.secret;
  }

  /** The key with this PPK_ID, octet for octet (RFC 8784 §5.1). */
  findPpk(id: Uint8Array): Secret | undefined {
    return this.#ppks.get(ppkKey(id))?.secret;
  }

  /** The PPK that is for these identities, when none is asked for by its ID. */
  ppkFor(local: Id, remote: Id | undefined): PpkEntry | undefined {
    return this.#ppksByOwner.find(local, remote)?.entry;
  }

  /** Private keys in the order of the file. */
  privateKeys(): readonly KeyEntry[] {
    return this.#entries.filter(isKey);
  }

  /** What there is, in the order of the file. */
  *describe(): Generator<SecretRow, void, undefined> {
    for (const { kind, indices, file, line } of this.#entries) yield { kind, indices: indices.map(textOf), file, line };
  }

  /** Zeros for all secrets; nothing is found or listed afterwards. */
  wipe(): void {
    this.slab.wipe();
    this.#entries = [];
    this.#psks = this.#xauth = this.#eap = this.#radius = new SecretIndex();
    this.#ppksByOwner = new SecretIndex();
    this.#ppks.clear();
  }

  toJSON(): string {
    return `<${this.size} secrets>`;
  }

  [inspect.custom](): string {
    return this.toJSON();
  }
}

const isKey = (entry: SecretEntry): entry is KeyEntry => (KEY_KINDS as readonly string[]).includes(entry.kind);
const where = ({ file, line }: Place): string => `${file}:${line}`;
const ppkKey = (id: Uint8Array): string => Buffer.from(id).toString('latin1');

function textOf(index: Index): string {
  return index.t === 'id' ? `${index.id}` : index.t === 'any' ? '%any' : '(none)';
}
