/** What MS-CHAPv2 computes, RFC 2759 §8, and the key that EAP makes of it, RFC 3079 §3. */
import { transcode } from 'node:buffer';
import { desEncrypt, md4 } from '../../crypto/legacy.ts';
import { sha1, wipe } from '../../crypto/misc.ts';

export interface Exchange {
  /** 16 octets each. */
  readonly authenticatorChallenge: Uint8Array;
  readonly peerChallenge: Uint8Array;
  /** As the peer writes it, with its domain. */
  readonly user: Uint8Array;
}

/** RFC 2759 has 256 characters. */
const MAX_PASSWORD = 256;

/**
 * `password` in UTF-8. `ntResponse`: 24 octets; `authenticatorResponse`: `S=` and 40 hex digits; `msk`: 64 octets.
 * Undefined with a password that is too long. The MSK is the caller's to wipe.
 */
export function msChapV2(
  exchange: Exchange,
  password: Uint8Array,
): { readonly ntResponse: Uint8Array; readonly authenticatorResponse: string; readonly msk: Uint8Array } | undefined {
  const hash = passwordHash(password);
  if (hash === undefined) return undefined;
  const challenge = challengeHash(exchange);
  const hashHash = md4(hash);
  const ntResponse = challengeResponse(challenge, hash);
  const authenticatorResponse = respond(hashHash, ntResponse, challenge);
  const msk = masterSessionKey(hashHash, ntResponse);
  wipe(hash);
  wipe(hashHash);
  return { ntResponse, authenticatorResponse, msk };
}

/** MD4 over the password in UTF-16, little-endian. */
export function passwordHash(password: Uint8Array): Uint8Array | undefined {
  // Without a string on the way, which could not be wiped.
  const unicode = password.length === 0 ? new Uint8Array() : transcode(password, 'utf8', 'utf16le');
  const hash = unicode.length <= 2 * MAX_PASSWORD ? md4(unicode) : undefined;
  wipe(unicode);
  return hash;
}

/** 8 octets, RFC 2759 §8.2. The name goes in without a domain: `DOMAIN\user`. */
export function challengeHash({ peerChallenge, authenticatorChallenge, user }: Exchange): Uint8Array {
  const name = user.subarray(user.lastIndexOf(0x5c) + 1);
  return sha1(peerChallenge, authenticatorChallenge, name).subarray(0, 8);
}

/** 24 octets, RFC 2759 §8.5: DES under three thirds of the hash. */
function challengeResponse(challenge: Uint8Array, hash: Uint8Array): Uint8Array {
  const thirds = new Uint8Array(new ArrayBuffer(21));
  thirds.set(hash);
  const response = new Uint8Array(24);
  for (let i = 0; i < 3; i++) response.set(desEncrypt(thirds.subarray(7 * i, 7 * i + 7), challenge), 8 * i);
  wipe(thirds);
  return response;
}

/** RFC 2759 §8.7. */
function respond(hashHash: Uint8Array, ntResponse: Uint8Array, challenge: Uint8Array): string {
  const first = sha1(hashHash, ntResponse, ascii('Magic server to client signing constant'));
  const second = sha1(first, challenge, ascii('Pad to make it do more than one iteration'));
  return `S=${Buffer.from(second).toString('hex').toUpperCase()}`;
}

/** RFC 3079 §3.4: the key for what the peer sends, then that for what it receives, then zeros. */
function masterSessionKey(hashHash: Uint8Array, ntResponse: Uint8Array): Uint8Array {
  const master = sha1(hashHash, ntResponse, ascii('This is the MPPE Master Key')).subarray(0, 16);
  const msk = new Uint8Array(new ArrayBuffer(64));
  msk.set(startKey(master, PEER_SENDS), 0);
  msk.set(startKey(master, PEER_RECEIVES), 16);
  wipe(master);
  return msk;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const PEER_SENDS = ascii('On the client side, this is the send key; on the server side, it is the receive key.');
const PEER_RECEIVES = ascii('On the client side, this is the receive key; on the server side, it is the send key.');
const PADS = [new Uint8Array(40), new Uint8Array(40).fill(0xf2)] as const;

const startKey = (master: Uint8Array, magic: Uint8Array): Uint8Array =>
  sha1(master, PADS[0], magic, PADS[1]).subarray(0, 16);
