/** What the exchanges that make keys have in common: nonces, groups, and how they are spoken of. */
import { type Group, groupById } from '../crypto/algorithms.ts';
import type { JobResult } from '../crypto/job.ts';
import type { IkeSuite } from '../crypto/keys.ts';
import { NOTIFY, notifies, type Payload } from '../wire/index.ts';
import type { Handshake, IkeSa } from './ike-sa.ts';

/** Octets; RFC 7296 §2.10 wants half the key of the prf at least. */
export const NONCE_OCTETS = 32;

export function handshakeOf(sa: IkeSa): Handshake {
  if (!sa.handshake) throw new Error(`#${sa.serial} has no handshake in state ${sa.state}`);
  return sa.handshake;
}

/** The group that an INVALID_KE_PAYLOAD notification asks for. RFC 7296 §1.3, §3.10.1. */
export function suggestedGroup(payloads: readonly Payload[]): Group | undefined {
  const data = notifies(payloads, NOTIFY.INVALID_KE_PAYLOAD)[0]?.data;
  return data?.length === 2 ? groupById((data[0] << 8) | data[1]) : undefined;
}

/** A group as the data of INVALID_KE_PAYLOAD. */
export const groupOctets = ({ id }: Group): Uint8Array => Uint8Array.of(id >> 8, id & 255);

/** RFC 7296 §2.8.1 compares octet by octet, as numbers. */
export const lowest = (a: Uint8Array, b: Uint8Array): Uint8Array => (Buffer.compare(a, b) <= 0 ? a : b);

/** Why a helper's answer is none. */
export const detail = (result: JobResult): string =>
  result.ok ? 'the wrong job answered' : `${result.why}: ${result.detail}`;

/** libreswan's text: `{cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 group=DH19}`. */
export const suiteText = (suite: IkeSuite): string =>
  `{cipher=${suite.encr.name}${suite.encrBits && !suite.encr.fixedKeyLength ? `_${suite.encrBits}` : ''} integ=${suite.integ?.name ?? 'n/a'} prf=${suite.prf.name} group=${groupsText(suite)}}`;

/** `DH31`, or `DH31+ML_KEM_768` when key exchanges follow the first. */
export const groupsText = (suite: { readonly group?: Group; readonly additional?: readonly Group[] }): string =>
  [suite.group, ...(suite.additional ?? [])].map((group) => group?.name).join('+');
