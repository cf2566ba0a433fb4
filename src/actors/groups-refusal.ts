/** What actors without SAs of their own answer. */
import { RC } from '../control/reply-codes.ts';
import type { ConnectionMessage } from './connection.ts';

export const NOTHING_UP = { isUp: false, ike: [], children: [] } as const;

/** Whoever asks for SAs hears why there are none, and whoever asks for their end has it at once. */
export function refuse(
  message: ConnectionMessage,
  name: string,
  why: string,
  code: typeof RC.NOPEERIP | typeof RC.INITSHUNT = RC.NOPEERIP,
): void {
  const answer = 'answer' in message ? message.answer : undefined;
  if (message.t === 'initiate' || message.t === 'acquire') answer?.line(code, `"${name}": ${why}`);
  answer?.end();
}
