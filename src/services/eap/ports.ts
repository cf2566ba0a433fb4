/** What EAP wants of the world: the daemon's secrets and certificates, TLS, time and dice. Tests bring their own. */

import type { Random } from '../../ike/auth/eap/roles.ts';
import type { ChainRules } from '../../ike/effects.ts';
import type { Want } from '../../ike/questions.ts';
import type { Id } from '../../net/id.ts';
import type { TlsPort } from './tls-port.ts';

/** What we show in TLS. */
export interface TlsIdentity {
  /** Of the private key, its number on the key shelf. */
  readonly key: number;
  /** DER, ours first, then its issuers as far as they are to be sent. */
  readonly chain: readonly Uint8Array[];
}

export interface EapPorts {
  /** A user's password in UTF-8, or our own as that user. The octets belong to the store: not to be kept, not to be wiped. */
  password(user: string): Uint8Array | undefined;
  /** The certificate of an identity of ours, and its key, as this connection has it. */
  identity(localId: Id, conn: string): TlsIdentity | { readonly wrong: string };
  readonly tls: TlsPort;
  readonly random: Random;
  /** A peer is refused, which it may not wait to be told: for the log. */
  onRefused(text: string): void;
  /** How chains are checked now. */
  rules(): ChainRules;
  /** Fetches what a chain wants; when that is over, what there was to find is on the trust shelf. */
  lookUp(wants: readonly Want[]): Promise<void>;
}
