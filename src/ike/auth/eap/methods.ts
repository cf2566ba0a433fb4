/** EAP methods by their numbers: IANA "EAP Numbers", "Method Types". */
import type { EapWay } from '../../policy.ts';

export type MethodWay = Exclude<EapWay, 'eap' | 'eap-radius'>;

export interface Method {
  readonly way: MethodWay;
  readonly type: number;
  /** As logs have it. */
  readonly name: string;
  /** Whether it ends with an MSK. RFC 7296 §2.16: those that do not cannot protect themselves, and are never alone. */
  readonly makesKey: boolean;
}

/** As authenticator in this order, when the way is `eap` and nothing says otherwise. */
export const METHODS: readonly Method[] = [
  { way: 'eap-tls', type: 13, name: 'EAP-TLS', makesKey: true }, // RFC 5216, RFC 9190
  { way: 'eap-ttls', type: 21, name: 'EAP-TTLS', makesKey: true }, // RFC 5281
  { way: 'eap-peap', type: 25, name: 'PEAP', makesKey: true }, // draft-kamath-pppext-peapv0
  { way: 'eap-mschapv2', type: 26, name: 'EAP-MSCHAPv2', makesKey: true }, // draft-kamath-pppext-eap-mschapv2
  { way: 'eap-md5', type: 4, name: 'EAP-MD5', makesKey: false }, // RFC 3748 §5.4
];

export const methodOf = (way: MethodWay): Method => METHODS.find((row) => row.way === way)!;
