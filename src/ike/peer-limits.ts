/** What a peer may make grow, or have us do again: the labels of a counter of how often it went too far. */
export const PEER_LIMITS = [
  /** Packets that wait while a helper works for their SA. */
  'waiting-packets',
  /** Cookies and other groups that an answer to IKE_SA_INIT asks for. */
  'restarts',
  /** In one message; more are ignored. */
  'certificates',
  /** Messages of one EAP conversation. */
  'eap-messages',
  /** Key exchanges begun with CREATE_CHILD_SA and not gone on with. */
  'key-exchanges',
  /** Number or octets of the fragments of one message; those that fit no other ones are counted with them. */
  'fragments',
] as const;

export type PeerLimit = (typeof PEER_LIMITS)[number];
