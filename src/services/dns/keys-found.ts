/** The keys that a name has in DNS. */
import type { Failure } from '../fetch/http.ts';
import { type IpsecKey, readIpsecKey } from './ipseckey.ts';
import type { Resolver } from './resolver.ts';

export interface KeysFound {
  readonly ok: true;
  /** In the order of their precedence. */
  readonly keys: readonly IpsecKey[];
  readonly isSecure: boolean;
  /** Why it is not. */
  readonly doubt: string | undefined;
  /** Records that are no keys to us, and why. */
  readonly problems: readonly string[];
  /** s. */
  readonly ttl: number;
}

/** Of one name: a signature is tried against each. */
const MOST_KEYS = 16;
/** A record each; what is beyond is not looked at. */
const MOST_RECORDS = 64;

/** Never rejects. */
export async function findKeys(name: string, resolver: Pick<Resolver, 'lookUp'>): Promise<KeysFound | Failure> {
  const answer = await resolver.lookUp(name, 'IPSECKEY');
  if (!answer.ok) return { ok: false, kind: 'unreachable', why: answer.why };
  const { isSecure, doubt, ttl, records } = answer;
  const keys: IpsecKey[] = [];
  const problems: string[] = [];
  for (const { data } of records.slice(0, MOST_RECORDS)) {
    const key = typeof data === 'string' ? { wrong: 'it is text' } : readIpsecKey(data);
    if ('wrong' in key) problems.push(key.wrong);
    else keys.push(key);
  }
  keys.sort((a, b) => a.precedence - b.precedence);
  return { ok: true, keys: keys.slice(0, MOST_KEYS), isSecure, doubt, problems, ttl };
}
