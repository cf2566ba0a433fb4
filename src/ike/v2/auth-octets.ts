/** The AUTH payload's signed octets of either end of a handshake. RFC 7296 §2.15. */
import type { Id } from '../../net/id.ts';
import { pskAuth } from '../auth/psk.ts';
import { type Signing, signedOctets } from '../auth/signed-octets.ts';
import type { IkeKeys } from '../crypto/keys.ts';
import { handshakeOf } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';

export type Role = IkeSa['role'];

export const otherRole = ({ role }: IkeSa): Role => (role === 'initiator' ? 'responder' : 'initiator');

/** Of the end `who`, which goes by `id`. `keys`: other ones than the SA's, where both ends may have mixed a PPK in. */
export function signingOf(sa: IkeSa, who: Role, id: Id, keys: Pick<IkeKeys, 'skPi' | 'skPr'> = sa.keys!): Signing {
  const { ni, nr, request, response, intAuth } = handshakeOf(sa);
  return who === 'initiator'
    ? { message: request, nonce: nr, id, skP: keys.skPi, intAuth }
    : { message: response, nonce: ni, id, skP: keys.skPr, intAuth };
}

/** AUTH by a shared secret. */
export const secretAuth = (sa: IkeSa, who: Role, id: Id, secret: Uint8Array, keys = sa.keys!): Uint8Array =>
  pskAuth(sa.suite!.prf, secret, signingOf(sa, who, id, keys));

/** AUTH of an end that has no secret: NULL (RFC 7619 §2.1), and EAP that makes no key (RFC 7296 §2.16). */
export const nullAuth = (sa: IkeSa, who: Role, id: Id, keys = sa.keys!): Uint8Array =>
  secretAuth(sa, who, id, who === 'initiator' ? keys.skPi : keys.skPr, keys);

/** What is signed, in one piece. */
export const octetsToSign = (sa: IkeSa, who: Role, id: Id, keys = sa.keys!): Uint8Array =>
  Buffer.concat(signedOctets(sa.suite!.prf, signingOf(sa, who, id, keys)));
