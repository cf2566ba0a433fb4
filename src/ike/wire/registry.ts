/**
 * IANA's "Internet Key Exchange Version 2 (IKEv2) Parameters", one table per registry, from which codec, log and
 * exchanges all draw. Notify types and transforms have files of their own; ID types stand in src/net/id.ts,
 * because configuration reads them too.
 */
import { namesIn } from './names.ts';

/** "IKEv2 Payload Types" by their RFC notation, RFC 7296 §3.2; 49 RFC 6467, 50 to 52 G-IKEv2, 53 RFC 7383, 54 RFC 8019. */
export const PAYLOAD = {
  NONE: 0,
  SA: 33,
  KE: 34,
  IDi: 35,
  IDr: 36,
  CERT: 37,
  CERTREQ: 38,
  AUTH: 39,
  Nonce: 40,
  N: 41,
  D: 42,
  V: 43,
  TSi: 44,
  TSr: 45,
  SK: 46,
  CP: 47,
  EAP: 48,
  GSPM: 49,
  IDg: 50,
  GSA: 51,
  KD: 52,
  SKF: 53,
  PS: 54,
} as const;
export const PAYLOAD_NAMES = namesIn(PAYLOAD);

/** "IKEv2 Exchange Types", RFC 7296 §3.1; 38 RFC 5723, 39 to 41 G-IKEv2, 43 RFC 9242, 44 RFC 9370. */
export const EXCHANGE = {
  IKE_SA_INIT: 34,
  IKE_AUTH: 35,
  CREATE_CHILD_SA: 36,
  INFORMATIONAL: 37,
  IKE_SESSION_RESUME: 38,
  GSA_AUTH: 39,
  GSA_REGISTRATION: 40,
  GSA_REKEY: 41,
  IKE_INTERMEDIATE: 43,
  IKE_FOLLOWUP_KE: 44,
} as const;
export const EXCHANGE_NAMES = namesIn(EXCHANGE);

/** "IKEv2 Security Protocol Identifiers", RFC 7296 §3.3.1; 4 and 5 RFC 4595. */
export const PROTOCOL = {
  NONE: 0,
  IKE: 1,
  AH: 2,
  ESP: 3,
  FC_ESP_HEADER: 4,
  FC_CT_AUTHENTICATION: 5,
} as const;
export const PROTOCOL_NAMES = namesIn(PROTOCOL);

/** "IKEv2 Authentication Method", RFC 7296 §3.8; 9 to 11 RFC 4754, 12 RFC 6467, 13 RFC 7619, 14 RFC 7427. */
export const AUTH_METHOD = {
  RSA_DIGITAL_SIGNATURE: 1,
  SHARED_KEY_MIC: 2,
  DSS_DIGITAL_SIGNATURE: 3,
  ECDSA_SHA2_256_P256: 9,
  ECDSA_SHA2_384_P384: 10,
  ECDSA_SHA2_512_P521: 11,
  GENERIC_SECURE_PASSWORD: 12,
  NULL: 13,
  DIGITAL_SIGNATURE: 14,
} as const;
export const AUTH_METHOD_NAMES = namesIn(AUTH_METHOD);

/** "IKEv2 Certificate Encodings", RFC 7296 §3.6; 14 RFC 4806, 15 RFC 7670. */
export const CERT_ENCODING = {
  PKCS7_WRAPPED_X509: 1,
  PGP: 2,
  DNS_SIGNED_KEY: 3,
  X509_SIGNATURE: 4,
  KERBEROS_TOKENS: 6,
  CRL: 7,
  ARL: 8,
  SPKI: 9,
  X509_ATTRIBUTE: 10,
  RAW_RSA: 11,
  X509_CERT_URL: 12,
  X509_BUNDLE_URL: 13,
  OCSP_CONTENT: 14,
  RAW_PUBLIC_KEY: 15,
} as const;
export const CERT_ENCODING_NAMES = namesIn(CERT_ENCODING);

/** "IKEv2 Configuration Payload CFG Types", RFC 7296 §3.15. */
export const CFG_TYPE = {
  CFG_REQUEST: 1,
  CFG_REPLY: 2,
  CFG_SET: 3,
  CFG_ACK: 4,
} as const;
export const CFG_TYPE_NAMES = namesIn(CFG_TYPE);

/** "IKEv2 Configuration Payload Attribute Types", RFC 7296 §3.15.1; 25 and 26 RFC 8598. */
export const CFG_ATTRIBUTE = {
  INTERNAL_IP4_ADDRESS: 1,
  INTERNAL_IP4_NETMASK: 2,
  INTERNAL_IP4_DNS: 3,
  INTERNAL_IP4_NBNS: 4,
  INTERNAL_IP4_DHCP: 6,
  APPLICATION_VERSION: 7,
  INTERNAL_IP6_ADDRESS: 8,
  INTERNAL_IP6_DNS: 10,
  INTERNAL_IP6_DHCP: 12,
  INTERNAL_IP4_SUBNET: 13,
  SUPPORTED_ATTRIBUTES: 14,
  INTERNAL_IP6_SUBNET: 15,
  MIP6_HOME_PREFIX: 16,
  INTERNAL_IP6_LINK: 17,
  INTERNAL_IP6_PREFIX: 18,
  HOME_AGENT_ADDRESS: 19,
  P_CSCF_IP4_ADDRESS: 20,
  P_CSCF_IP6_ADDRESS: 21,
  FTT_KAT: 22,
  EXTERNAL_SOURCE_IP4_NAT_INFO: 23,
  TIMEOUT_PERIOD_FOR_LIVENESS_CHECK: 24,
  INTERNAL_DNS_DOMAIN: 25,
  INTERNAL_DNSSEC_TA: 26,
} as const;
export const CFG_ATTRIBUTE_NAMES = namesIn(CFG_ATTRIBUTE);

/** "IKEv2 Traffic Selector Types", RFC 7296 §3.13.1; 9 RFC 4595, 10 RFC 9478. */
export const TS_TYPE = {
  TS_IPV4_ADDR_RANGE: 7,
  TS_IPV6_ADDR_RANGE: 8,
  TS_FC_ADDR_RANGE: 9,
  TS_SECLABEL: 10,
} as const;
export const TS_TYPE_NAMES = namesIn(TS_TYPE);

/** "IKEv2 Hash Algorithms", in SIGNATURE_HASH_ALGORITHMS; RFC 7427 §7, 5 RFC 8420. */
export const HASH = {
  SHA1: 1,
  SHA2_256: 2,
  SHA2_384: 3,
  SHA2_512: 4,
  IDENTITY: 5,
} as const;
export const HASH_NAMES = namesIn(HASH);

/** "Transform Attribute Types", RFC 7296 §3.3.5. */
export const TRANSFORM_ATTRIBUTE = { KEY_LENGTH: 14 } as const;

export { ID_TYPES as ID_TYPE } from '../../net/id.ts';
