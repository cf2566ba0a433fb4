/** What whack tells the daemon as a whole: settings that stand until the next order, each said back in a line. */
import { parseEncoded } from '../conf/encoded-bytes.ts';
import type { Answer } from '../control/answer.ts';
import type { RequestOf } from '../control/protocol.ts';
import { RC, type ReplyCode } from '../control/reply-codes.ts';
import { parseRsaKey } from '../ike/crypto/signature/public-key.ts';
import { parseGateways } from '../net/gateways.ts';
import { Id } from '../net/id.ts';
import { MOST_KEYS } from './public-keys.ts';
import type { World } from './world.ts';

export const PRIVATE_WARNING = 'WARNING: debugging private: keys go to the log, and whoever reads it reads the traffic';

/** Classes of the daemon, or of the connections that go by `name`. */
export function changeDebugging(world: World, { set, clear, name }: RequestOf<'debug'>, answer: Answer): void {
  const { debugging, registry, log } = world;
  const words = [...clear.map((klass) => (klass === 'none' ? 'none' : `no-${klass}`)), ...set];
  const conns = name === undefined ? [undefined] : registry.namedOrAliased(name).map((entry) => entry.conn.name);
  if (conns.length === 0) return end(answer, RC.UNKNOWN_NAME, `no connection or alias named "${name}"`);
  const wasPrivate = debugging.on('private', conns[0]);
  for (const conn of conns) {
    const wrong = debugging.change(words, conn)?.wrong ?? [];
    for (const text of wrong) answer.line(RC.WHACK_PROBLEM, text);
    if (wrong.length > 0) return answer.end();
  }
  if (!wasPrivate && debugging.on('private', conns[0])) answer.line(RC.LOG, log('warn', PRIVATE_WARNING));
  answer.end();
}

export function impair({ impairments, log }: World, { set, clear }: RequestOf<'impair'>, answer: Answer): void {
  const before = impairments.list().join(',');
  const changed = impairments.change(set, clear);
  if ('wrong' in changed) return end(answer, RC.WHACK_PROBLEM, changed.wrong);
  for (const line of changed.lines) answer.line(RC.LOG, line);
  const after = impairments.list().join(',');
  if (after !== before) log('warn', `impaired on purpose: ${after || 'nothing any more'}`);
  answer.end();
}

/** For connections added from now on. */
export function setMyId({ standing, log }: World, { id }: RequestOf<'myid'>, answer: Answer): void {
  const parsed = id === '' || id === '%none' ? undefined : Id.parse(id);
  if (!parsed && id !== '' && id !== '%none') return end(answer, RC.BADID, `"${id}" is no identity`);
  standing.myId = parsed;
  end(answer, RC.LOG, log('info', `%myid is ${parsed ?? 'our own address'} in connections added from now on`));
}

export function takePublicKey(world: World, { id, add, key }: RequestOf<'pubkey'>, answer: Answer): void {
  const { publicKeys, wall, log } = world;
  const say = (text: string) => answer.line(RC.LOG, log('info', text));
  const whose = Id.parse(id);
  if (!whose) return end(answer, RC.BADID, `"${id}" is no identity`);
  const octets = key === undefined ? undefined : parseEncoded(new TextEncoder().encode(key));
  if (key !== undefined && !octets)
    return end(answer, RC.WHACK_PROBLEM, 'bad key: expected 0x hexadecimal, 0s base 64 or 0t text');
  const rsa = octets && parseRsaKey(octets);
  if (rsa && 'wrong' in rsa) return end(answer, RC.WHACK_PROBLEM, `bad key: ${rsa.wrong}`);
  // Only now: a key that is wrong does not cost the ones that were there.
  const forgotten = add ? 0 : publicKeys.forget(whose);
  if (forgotten > 0) say(`forgot ${forgotten} public key${forgotten === 1 ? '' : 's'} of ${whose.typeName} '${whose}'`);
  if (rsa) {
    const taken = publicKeys.add(whose, rsa, wall());
    if (!taken)
      return end(
        answer,
        RC.WHACK_PROBLEM,
        `${whose.typeName} '${whose}' has ${MOST_KEYS} public keys, and that is enough`,
      );
    say(`added ${taken.bits}-bit RSA public key ${taken.keyId} of ${whose.typeName} '${whose}'`);
  }
  answer.end();
}

export function redirectAll({ standing }: World, { mode, to }: RequestOf<'global-redirect'>, answer: Answer): void {
  const targets = to === undefined ? { to: standing.globalRedirectTo } : targetsOf(to);
  if ('wrong' in targets) return end(answer, RC.WHACK_PROBLEM, targets.wrong);
  const next = mode ?? standing.globalRedirect ?? 'no';
  if (next !== 'no' && targets.to.length === 0)
    return end(answer, RC.WHACK_PROBLEM, `global-redirect=${next} needs global-redirect-to=`);
  standing.globalRedirectTo = targets.to;
  standing.globalRedirect = next;
  const where = targets.to.join(', ') || 'nowhere';
  end(answer, RC.LOG, `global-redirect is ${next}, to ${where}`);
}

/** Every total that `globalstatus` shows begins anew. What is there now, such as SAs, stays. */
export function clearStatistics({ stats, switchboard, helpers, log }: World, answer: Answer): void {
  stats.clear();
  zero(switchboard.counters);
  for (const family of helpers.stats().values()) family.clear();
  end(answer, RC.LOG, log('info', 'statistics begin anew'));
}

export function end(answer: Answer, code: ReplyCode, text: string): void {
  answer.line(code, text);
  answer.end();
}

function zero<K extends string>(counters: Record<K, number>): void {
  for (const name of Object.keys(counters) as K[]) counters[name] = 0;
}

function targetsOf(text: string): { readonly to: readonly string[] } | { readonly wrong: string } {
  const parsed = parseGateways(text);
  return 'to' in parsed ? parsed : { wrong: `cannot redirect to "${parsed.bad}": neither an address nor a host name` };
}
