/** What is made of messages that prove something, and of those that do not. */
import { mayExplain } from '../explain/seldom.ts';
import { clip } from '../explain/words.ts';
import type { Refusal } from '../refusal.ts';
import { explainSecrets } from './choosing.ts';
import { end } from './ending.ts';
import { NONE } from './isakmp-sa.ts';
import type { Incoming, Turn } from './turn.ts';

/** A message makes no sense. In phase 1 that is what comes of two secrets: said once; after that it is noise on the wire. */
export function distrust(turn: Turn, text: string): void {
  const { handshake } = turn.sa;
  if (!handshake || handshake.hasWarned) return turn.debug(() => `${text}; dropped`);
  handshake.hasWarned = true;
  const isSecret = handshake.method === 'secret';
  tell(turn, {
    wrong: isSecret ? `${text}: perhaps the pre-shared keys differ` : text,
    kind: isSecret ? 'wrong-secret' : 'protocol',
    why: () => (isSecret ? explainSecrets(turn) : []),
  });
}

/**
 * A proof does not hold, or is of somebody whom we do not want. The SA stays as it was, for anybody can send that; it is
 * said once, and counted.
 */
export function disbelieve(turn: Turn, refusal: Refusal): void {
  const { handshake } = turn.sa;
  if (!handshake || handshake.disbelieved++ > 0) return turn.debug(() => `${refusal.wrong}; dropped`);
  tell(turn, refusal);
}

/** A signature costs us a look, and its certificates some more: whoever has had so many wrong ones gets no further look. */
const MOST_DISBELIEVED = 32;

export const isTiresome = ({ sa }: Turn): boolean => (sa.handshake?.disbelieved ?? 0) >= MOST_DISBELIEVED;

/** Of a first message, which makes nothing. */
export function refuseStranger(turn: Turn, { wrong, kind, why }: Refusal): void {
  turn.env.distrusted?.(kind);
  if (mayExplain(turn.env)) explain(turn, why());
  end(turn, 'refused', wrong);
}

function tell(turn: Turn, { wrong, kind, why }: Refusal): void {
  const { sa, env } = turn;
  env.distrusted?.(kind);
  if (sa.role === 'initiator' || mayExplain(env)) explain(turn, why());
  turn.say(`probable authentication failure: ${wrong}`, { level: 'warn', event: 'rejected' });
}

/** For whoever has to mend it; never for the peer. */
export function explain(turn: Turn, lines: readonly string[]): void {
  for (const line of lines) turn.say(`why: ${clip(line, 1_000)}`, { event: 'explained' });
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
