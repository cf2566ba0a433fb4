/** What a log line is about, and how it begins because of that, in the log and on whack's terminal. */

import type { LogEvent } from '../ike/effects.ts';
import type { Policy } from '../ike/policy.ts';
import type { Address } from '../net/address.ts';

/** Known where a line is made; the text form begins with it, the JSON form has it as fields. */
export interface About {
  readonly policy?: Pick<Policy, 'name' | 'instance'>;
  /** The peer's; in the text of an instance's lines only. */
  readonly peer?: Address | undefined;
  /** `#n` of an IKE SA or a Child SA. */
  readonly serial?: number;
  /** `IKE_AUTH`… */
  readonly exchange?: string | undefined;
  /** What has happened, in a word that scripts may rely on. */
  readonly event?: LogEvent | undefined;
}

/** `"west-east": `, `"roadwarrior"[3] 192.0.2.7 #2: `; nothing if it is about no connection. */
export function prefix({ policy, peer, serial }: About): string {
  if (!policy) return '';
  return serial === undefined ? `${connPrefix(policy, peer)}: ` : `${connPrefix(policy, peer)} #${serial}: `;
}

/** `"west-east"`, or `"roadwarrior"[3] 192.0.2.7` for an instance. */
export const connPrefix = (policy: Pick<Policy, 'name' | 'instance'>, peer?: Address): string =>
  policy.instance === undefined ? `"${policy.name}"` : `"${policy.name}"[${policy.instance}] ${peer ?? ''}`.trimEnd();

/**
 * Text that goes to terminals and log readers: control characters, line ends and what turns the direction of text
 * around are written out, whoever has chosen them.
 */
export const harmless = (text: string): string => (HARMFUL.test(text) ? text.replace(EACH_HARMFUL, escaped) : text);

const HARMFUL = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const EACH_HARMFUL = new RegExp(HARMFUL, 'g');
const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
};
