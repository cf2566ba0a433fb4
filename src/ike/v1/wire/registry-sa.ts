/** What stands in the transforms of an SA payload: phase 1 RFC 2409 appendix A, phase 2 RFC 2407 §4.4 and §4.5. */

/** Phase 1 attributes. */
export const OAKLEY = {
  ENCRYPTION: 1,
  HASH: 2,
  AUTHENTICATION: 3,
  GROUP: 4,
  GROUP_TYPE: 5,
  LIFE_TYPE: 11,
  LIFE_DURATION: 12,
  PRF: 13,
  KEY_LENGTH: 14,
} as const;

/** Phase 2 attributes; ESN RFC 4304. */
export const IPSEC = {
  LIFE_TYPE: 1,
  LIFE_DURATION: 2,
  GROUP: 3,
  ENCAPSULATION: 4,
  AUTH: 5,
  KEY_LENGTH: 6,
  KEY_ROUNDS: 7,
  ECN_TUNNEL: 10,
  ESN: 11,
} as const;

/** The one transform of protocol ISAKMP. */
export const KEY_IKE = 1;

export const LIFE = { SECONDS: 1, KILOBYTES: 2 } as const;

/** Phase 1 "Authentication Method"; XAUTH_* draft-beaulieu-ike-xauth §7.2, from the initiator's end. */
export const AUTH_METHOD = {
  PRESHARED_KEY: 1,
  RSA_SIG: 3,
  XAUTH_INIT_PRESHARED: 65001,
  XAUTH_RESP_PRESHARED: 65002,
  XAUTH_INIT_RSA: 65005,
  XAUTH_RESP_RSA: 65006,
} as const;

/** RFC 2407 §4.5; UDP_* RFC 3947 §5.1 and draft-ietf-ipsec-nat-t-ike-02 §5.1. */
export const ENCAPSULATION = {
  TUNNEL: 1,
  TRANSPORT: 2,
  UDP_TUNNEL: 3,
  UDP_TRANSPORT: 4,
  UDP_TUNNEL_DRAFT: 61443,
  UDP_TRANSPORT_DRAFT: 61444,
} as const;
