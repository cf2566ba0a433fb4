/** What a peer may make grow, or have us do again: the labels of a counter of how often it went too far. */
export const PEER_LIMITS = [
  /** Packets that wait while a helper works for their SA. */
  'waiting-packets',
  /** Cookies and other groups that an answer to IKE_SA_INIT asks for. */
  'restarts',
] as const;

export type PeerLimit = (typeof PEER_LIMITS)[number];
