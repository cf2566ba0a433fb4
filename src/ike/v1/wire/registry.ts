/** The numbers of IKEv1, one table per registry of IANA's: RFC 2408, 2407 and 2409, and what came after them. */
import { namesIn } from '../../wire/names.ts';

/**
 * "Next Payload Types", RFC 2408 §3.1; ATTRIBUTES draft-dukes-ike-mode-cfg, NAT_D and NAT_OA RFC 3947 §5, their first
 * numbers draft-ietf-ipsec-nat-t-ike-02, FRAGMENT the form of IKE fragments that Cisco and Microsoft began.
 */
export const PAYLOAD = {
  NONE: 0,
  SA: 1,
  P: 2,
  T: 3,
  KE: 4,
  ID: 5,
  CERT: 6,
  CERTREQ: 7,
  HASH: 8,
  SIG: 9,
  Nonce: 10,
  N: 11,
  D: 12,
  VID: 13,
  ATTRIBUTES: 14,
  NAT_D: 20,
  NAT_OA: 21,
  NAT_D_DRAFT: 130,
  NAT_OA_DRAFT: 131,
  FRAGMENT: 132,
} as const;
export const PAYLOAD_NAMES = namesIn(PAYLOAD);

/** RFC 2408 §3.1, RFC 2409 §10; TRANSACTION draft-dukes-ike-mode-cfg. */
export const EXCHANGE = {
  BASE: 1,
  MAIN: 2,
  AUTH_ONLY: 3,
  AGGRESSIVE: 4,
  INFORMATIONAL: 5,
  TRANSACTION: 6,
  QUICK: 32,
  NEW_GROUP: 33,
} as const;
export const EXCHANGE_NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [EXCHANGE.BASE, 'Base'],
  [EXCHANGE.MAIN, 'Main Mode'],
  [EXCHANGE.AUTH_ONLY, 'Authentication Only'],
  [EXCHANGE.AGGRESSIVE, 'Aggressive Mode'],
  [EXCHANGE.INFORMATIONAL, 'Informational'],
  [EXCHANGE.TRANSACTION, 'Transaction'],
  [EXCHANGE.QUICK, 'Quick Mode'],
  [EXCHANGE.NEW_GROUP, 'New Group Mode'],
]);

/** The IPsec DOI and its one situation that is spoken here, RFC 2407 §4.2 and §6. */
export const DOI = { ISAKMP: 0, IPSEC: 1 } as const;
export const SIT_IDENTITY_ONLY = 1;

/** "IPSEC Security Protocol Identifiers", RFC 2407 §4.4.1. */
export const PROTOCOL = { ISAKMP: 1, AH: 2, ESP: 3, IPCOMP: 4 } as const;
export const PROTOCOL_NAMES = namesIn(PROTOCOL);

/** ID types beyond those of `src/net/id.ts`: only Quick Mode has them. RFC 2407 §4.6.2.1. */
export const NET_ID = {
  ID_IPV4_ADDR_SUBNET: 4,
  ID_IPV6_ADDR_SUBNET: 6,
  ID_IPV4_ADDR_RANGE: 7,
  ID_IPV6_ADDR_RANGE: 8,
} as const;

/** RFC 2408 §3.14.1, RFC 2407 §4.6.3; R_U_THERE and its answer RFC 3706 §5.3. */
export const NOTIFY = {
  INVALID_PAYLOAD_TYPE: 1,
  DOI_NOT_SUPPORTED: 2,
  SITUATION_NOT_SUPPORTED: 3,
  INVALID_COOKIE: 4,
  INVALID_MAJOR_VERSION: 5,
  INVALID_MINOR_VERSION: 6,
  INVALID_EXCHANGE_TYPE: 7,
  INVALID_FLAGS: 8,
  INVALID_MESSAGE_ID: 9,
  INVALID_PROTOCOL_ID: 10,
  INVALID_SPI: 11,
  INVALID_TRANSFORM_ID: 12,
  ATTRIBUTES_NOT_SUPPORTED: 13,
  NO_PROPOSAL_CHOSEN: 14,
  BAD_PROPOSAL_SYNTAX: 15,
  PAYLOAD_MALFORMED: 16,
  INVALID_KEY_INFORMATION: 17,
  INVALID_ID_INFORMATION: 18,
  INVALID_CERT_ENCODING: 19,
  INVALID_CERTIFICATE: 20,
  CERT_TYPE_UNSUPPORTED: 21,
  INVALID_CERT_AUTHORITY: 22,
  INVALID_HASH_INFORMATION: 23,
  AUTHENTICATION_FAILED: 24,
  INVALID_SIGNATURE: 25,
  ADDRESS_NOTIFICATION: 26,
  NOTIFY_SA_LIFETIME: 27,
  CERTIFICATE_UNAVAILABLE: 28,
  UNSUPPORTED_EXCHANGE_TYPE: 29,
  UNEQUAL_PAYLOAD_LENGTHS: 30,
  CONNECTED: 16384,
  RESPONDER_LIFETIME: 24576,
  REPLAY_STATUS: 24577,
  INITIAL_CONTACT: 24578,
  R_U_THERE: 36136,
  R_U_THERE_ACK: 36137,
} as const;
export const NOTIFY_NAMES = namesIn(NOTIFY);

/** What a transaction does, draft-dukes-ike-mode-cfg §3.2. */
export const CFG_TYPE = { REQUEST: 1, REPLY: 2, SET: 3, ACK: 4 } as const;
export const CFG_TYPE_NAMES = namesIn(CFG_TYPE);

/** draft-dukes-ike-mode-cfg §3.3; XAUTH_* draft-beaulieu-ike-xauth §6.2; UNITY_* Cisco's own. */
export const CFG_ATTRIBUTE = {
  INTERNAL_IP4_ADDRESS: 1,
  INTERNAL_IP4_NETMASK: 2,
  INTERNAL_IP4_DNS: 3,
  INTERNAL_IP4_NBNS: 4,
  INTERNAL_ADDRESS_EXPIRY: 5,
  INTERNAL_IP4_DHCP: 6,
  APPLICATION_VERSION: 7,
  INTERNAL_IP6_ADDRESS: 8,
  INTERNAL_IP6_NETMASK: 9,
  INTERNAL_IP6_DNS: 10,
  INTERNAL_IP6_NBNS: 11,
  INTERNAL_IP6_DHCP: 12,
  INTERNAL_IP4_SUBNET: 13,
  SUPPORTED_ATTRIBUTES: 14,
  XAUTH_TYPE: 16520,
  XAUTH_USER_NAME: 16521,
  XAUTH_USER_PASSWORD: 16522,
  XAUTH_PASSCODE: 16523,
  XAUTH_MESSAGE: 16524,
  XAUTH_CHALLENGE: 16525,
  XAUTH_DOMAIN: 16526,
  XAUTH_STATUS: 16527,
  XAUTH_NEXT_PIN: 16528,
  XAUTH_ANSWER: 16529,
  UNITY_BANNER: 28672,
  UNITY_SAVE_PASSWD: 28673,
  UNITY_DEF_DOMAIN: 28674,
  UNITY_SPLITDNS_NAME: 28675,
  UNITY_SPLIT_INCLUDE: 28676,
  UNITY_NATT_PORT: 28677,
  UNITY_LOCAL_LAN: 28678,
  UNITY_PFS: 28679,
  UNITY_FW_TYPE: 28680,
  UNITY_BACKUP_SERVERS: 28681,
  UNITY_DDNS_HOSTNAME: 28682,
} as const;
export const CFG_ATTRIBUTE_NAMES = namesIn(CFG_ATTRIBUTE);

/** Values of XAUTH_TYPE and XAUTH_STATUS, draft-beaulieu-ike-xauth-02 §6.2. */
export const XAUTH_GENERIC = 0;
export const STATUS = { FAIL: 0, OK: 1 } as const;
