/** Why a peer is not believed to be who it says it is: the labels of a counter, so they are few and none is the peer's word. */
export const DISTRUST = [
  /** No connection is for it, or not the one that we asked for. */
  'unknown-identity',
  /** By another way than the connection wants, or by one that nobody knows. */
  'method',
  'no-secret',
  'wrong-secret',
  /** No public key is known for it, and it has sent no certificate. */
  'no-key',
  'bad-signature',
  'certificate-expired',
  'certificate-revoked',
  /** Nobody could be asked whether it is. */
  'certificate-unchecked',
  'certificate-untrusted',
  /** It is somebody else's. */
  'certificate-name',
  'bad-certificate',
  'eap',
  'xauth',
  'ppk',
  /** Proofs too few, too many or out of turn; payloads that it has to send once. */
  'protocol',
  /** We cannot prove who we are, so it is not asked. */
  'ourselves',
  /** A helper failed. */
  'failed',
  /** It does not believe us. */
  'peer',
] as const;

export type Distrust = (typeof DISTRUST)[number];

/** What helpers say is wrong with a proof. */
export const distrustOf = (why: string): Distrust => DISTRUST.find((each) => each === why) ?? 'failed';
