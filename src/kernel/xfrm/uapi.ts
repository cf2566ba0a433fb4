/** Numbers of linux/xfrm.h, and the sizes and offsets of its structures on 64-bit machines. */

export const XFRM_MSG = {
  newSa: 0x10,
  deleteSa: 0x11,
  getSa: 0x12,
  newPolicy: 0x13,
  deletePolicy: 0x14,
  allocateSpi: 0x16,
  acquire: 0x17,
  expire: 0x18,
  updatePolicy: 0x19,
  updateSa: 0x1a,
  getSadInfo: 0x23,
  newSpdInfo: 0x24,
  getSpdInfo: 0x25,
  mapping: 0x26,
} as const;

export const XFRMA = {
  algCrypt: 2,
  algComp: 3,
  encap: 4,
  tmpl: 5,
  lifetimeValue: 9,
  replayValue: 10,
  lastUsed: 15,
  algAead: 18,
  algAuthTrunc: 20,
  replayEsnValue: 23,
  pad: 27,
} as const;

/** Attributes of XFRM_MSG_NEWSPDINFO and of the answers to GETSADINFO and GETSPDINFO. */
export const SPD_INFO = { counts: 1, hashThreshold4: 3, hashThreshold6: 4 } as const;
export const SAD_INFO = { count: 1 } as const;

/** Multicast groups. */
export const XFRM_GROUP = { acquire: 1, expire: 2, mapping: 8 } as const;

export const STATE_FLAG = { afUnspec: 32, esn: 128 } as const;
export const UDP_ENCAP_ESPINUDP = 2;

export const AF = { 4: 2, 6: 10 } as const;
export const IPPROTO = { esp: 50, ah: 51, ipcomp: 108 } as const;
export const MODE = { transport: 0, tunnel: 1 } as const;
export const DIRECTION = { in: 0, out: 1, fwd: 2 } as const;
export const ACTION = { allow: 0, block: 1 } as const;

/** struct xfrm_selector */
export const SELECTOR = {
  dst: 0,
  src: 16,
  dport: 32,
  dportMask: 34,
  sport: 36,
  sportMask: 38,
  family: 40,
  prefixDst: 42,
  prefixSrc: 43,
  protocol: 44,
  size: 56,
} as const;

/** struct xfrm_usersa_info */
export const SA_INFO = {
  dst: 56,
  spi: 72,
  protocol: 76,
  src: 80,
  bytes: 160,
  packets: 168,
  addTime: 176,
  useTime: 184,
  statsWindow: 192,
  statsReplay: 196,
  statsIntegrity: 200,
  reqid: 208,
  family: 212,
  flags: 216,
  size: 224,
} as const;

/** struct xfrm_user_acquire, xfrm_user_tmpl, xfrm_user_expire, xfrm_user_mapping, xfrm_replay_state_esn */
export const ACQUIRE = { selector: 40, size: 280 } as const;
export const TMPL = { reqid: 44, size: 64 } as const;
export const EXPIRE = { hard: 224, size: 232 } as const;
export const MAPPING = {
  dst: 0,
  spi: 16,
  family: 20,
  protocol: 22,
  newSrc: 44,
  newSport: 62,
  size: 64,
} as const;
export const REPLAY_ESN = { oseq: 4, oseqHigh: 12 } as const;
