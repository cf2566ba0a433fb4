/** What is made of messages that prove something, and of those that do not. */
import { NONE } from './isakmp-sa.ts';
import type { Incoming, Turn } from './turn.ts';

/** In phase 1 that is what comes of two secrets: said once, for a person; after that it is noise on the wire. */
export function distrust(turn: Turn, text: string): void {
  const { handshake } = turn.sa;
  if (!handshake || handshake.hasWarned) return turn.debug(() => `${text}; dropped`);
  handshake.hasWarned = true;
  const hint = handshake.method === 'secret' ? ': perhaps the pre-shared keys differ' : '';
  turn.say(`probable authentication failure: ${text}${hint}`, { level: 'warn', event: 'rejected' });
}

/** A peer behind a NAT is where its last authentic message came from. RFC 3947 §4. */
export function follow(turn: Turn, { local, peer }: Incoming): void {
  const { sa } = turn;
  const isMoved = !sa.peer.equals(peer) || !sa.local.equals(local);
  const mayMove = sa.isHalfOpen || (sa.peerIsNatted && !sa.weAreNatted);
  if (!isMoved || !mayMove) return;
  turn.debug(() => `peer moved from ${sa.peer} to ${peer}`);
  sa.peer = peer;
  sa.local = local;
  const serials = sa.children.length > 0 ? sa.children.map((c) => c.serial) : NONE;
  if (serials.length > 0) turn.outs.push({ t: 'moved', serials, local, peer });
}
