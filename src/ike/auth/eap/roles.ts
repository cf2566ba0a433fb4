/**
 * A method as its two ends play it: octets of type-data in, octets of type-data out. What is around them (codes,
 * identifiers, Nak, retransmissions) is the conversation's. Those with TLS below them answer later.
 */

/** The authenticator's end. */
export interface AuthenticatorMethod {
  /** The data of the first request. */
  begin(id: number): Uint8Array | Promise<Uint8Array>;
  /** The data of the peer's response; `id` is that of the request that may come next. */
  next(data: Uint8Array, id: number): MethodTurn | Promise<MethodTurn>;
  /** Its secrets go. */
  end(): void;
}

export type MethodTurn =
  | { readonly t: 'ask'; readonly data: Uint8Array }
  /** `msk`: 64 octets of the receiver's to wipe. `user`: who the peer is, if the method says better than Identity. */
  | { readonly t: 'succeed'; readonly msk: Uint8Array | undefined; readonly user?: string }
  | { readonly t: 'fail'; readonly why: string };

/** The peer's end. */
export interface PeerMethod {
  /** The data of a request. */
  next(data: Uint8Array, id: number): PeerTurn | Promise<PeerTurn>;
  end(): void;
}

export type PeerTurn =
  /** `success`: the authenticator may say so next, for it has proved what the method lets it prove. */
  | { readonly t: 'answer'; readonly data: Uint8Array; readonly success?: { readonly msk: Uint8Array | undefined } }
  /** `data`: what there is to say before the end. */
  | { readonly t: 'fail'; readonly why: string; readonly data?: Uint8Array };

/** Octets of a user's password, UTF-8. They belong to the store: not to be kept, not to be wiped. */
export type Password = () => Uint8Array | undefined;

export type Random = (octets: number) => Uint8Array;
