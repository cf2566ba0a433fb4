/** Who carries on an EAP conversation as authenticator: methods of our own, or a RADIUS server. */
import type { Question, Reply } from '../../ike/questions.ts';

export type EapQuestion = Extract<Question, { t: 'eap' }>;
export type EapReply = Extract<Reply, { t: 'eap' }>;

export interface EapBackend {
  /** A conversation with one peer, for the first question about its session. */
  open(question: EapQuestion): EapConversation;
}

export interface EapConversation {
  /** The peer's packet, or none to begin with. Never rejects; a server that does not answer is a failure with its reason. */
  next(packet: Uint8Array | undefined): Promise<EapReply>;
  /** For the log: connection, method and user, while the user is being asked. */
  readonly underWay: string | undefined;
  /** Nobody will ask again. */
  close(): void;
}
