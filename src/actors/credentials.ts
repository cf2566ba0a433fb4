/** Keys and certificates as the protocol looks them up: the part of its `Directory` that is no connections. */
import type { Directory } from '../ike/effects.ts';

export type Credentials = Pick<
  Directory,
  'credential' | 'publicKeys' | 'authorities' | 'issuers' | 'chainRules' | 'ppk'
>;

/** There are none. */
export const NO_CREDENTIALS: Credentials = {
  credential: () => ({ wrong: 'there are no private keys' }),
  publicKeys: () => [],
  authorities: () => new Uint8Array(),
  issuers: () => [],
  chainRules: {
    trust: 0,
    crlStrict: false,
    crlFetch: false,
    ocsp: false,
    ocspStrict: false,
    ocspUri: undefined,
    at: 0,
  },
  ppk: () => undefined,
};
