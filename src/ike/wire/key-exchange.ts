/** KE, Nonce and V: what IKE_SA_INIT carries besides its proposals. RFC 7296 §3.4, §3.9, §3.12. */
import { payload, reserved, rest, uint } from './field.ts';
import { NONCE_OCTETS } from './limits.ts';
import { KE_ID_NAMES } from './registry-transform.ts';

/** §3.4. `data`: public value, big-endian, its length fixed by `group`. */
export const KE = payload(34, 'KE', { group: uint(2, KE_ID_NAMES), _reserved: reserved(2), data: rest(1) });

/** §3.9: Ni in a request, Nr in a response. */
export const NONCE = payload(40, 'Nonce', { data: rest(NONCE_OCTETS.min, NONCE_OCTETS.max) });

/** §3.12. */
export const V = payload(43, 'V', { data: rest() });
