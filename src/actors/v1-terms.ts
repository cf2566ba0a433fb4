/** What IKEv1 alone asks of a policy. */
import type { ConnV1, End } from '../conf/conn.ts';
import type { V1Terms, Xauth } from '../ike/policy.ts';

/** Seen from `us`. Equal ones of one conn, and of conns made alike, are one object. */
export function termsOf(v1: ConnV1, us: End, them: End): V1Terms {
  const xauth = xauthOf(v1, us, them);
  const key = xauth ? `${xauth.role} ${us.username ?? ''}` : '';
  const known = TERMS.get(v1) ?? new Map<string, V1Terms>();
  TERMS.set(v1, known);
  const shared = known.get(key);
  if (shared) return shared;
  const terms: V1Terms = Object.freeze({
    aggressive: v1.aggressive,
    nat: v1.nat,
    dpdTimeout: v1.dpdTimeoutMs,
    dpdAction: v1.dpdAction,
    isAlone: v1.isAlone,
    xauth,
    modeConfig: v1.modecfgPull ? 'pull' : 'push',
  });
  if (known.size < MOST_SHARED) known.set(key, terms);
  return terms;
}

const TERMS = new WeakMap<ConnV1, Map<string, V1Terms>>();
/** A conn with names of its own shares nothing, and need not be remembered. */
const MOST_SHARED = 100;

/** An end that says nothing of it is what the other needs it to be. */
function xauthOf({ xauthby, xauthfail }: ConnV1, us: End, them: End): Xauth | undefined {
  if (us.xauth === 'client' || (us.xauth === undefined && them.xauth === 'server'))
    return Object.freeze({ role: 'client', user: us.username });
  if (us.xauth === 'server' || them.xauth === 'client')
    return Object.freeze({ role: 'server', by: xauthby, isSoft: xauthfail === 'soft' });
  return undefined;
}
