/** Raw keys of identities, from their IPSECKEY records: as long as DNS says they are good, and only if they are secure. */
import type { Question, Reply } from '../../ike/questions.ts';
import type { Answerer } from '../answerer.ts';
import type { Failure } from '../fetch/http.ts';
import type { Lookups } from '../fetch/lookups.ts';
import { Recent } from '../recent.ts';
import { Turns } from '../turns.ts';
import type { KeysFound } from './keys-found.ts';
import { nameOf } from './names.ts';

export interface DnsKeysOptions {
  readonly lookups: Pick<Lookups, 'keys'>;
  /** `dnssec-enable=`: without, keys that nobody has validated are taken as well. */
  readonly onlySecure: boolean;
  /** ms, monotonic. */
  readonly now: () => number;
  readonly log: (level: 'info' | 'warn' | 'debug', text: string) => void;
  /** One more of these: `dns.found`, `dns.insecure`, ... */
  readonly count: (what: string) => void;
}

/** Names that are remembered; 16 keys of 500 octets each at the most. */
const MOST_NAMES = 4096;
/** s. */
const TTL = { least: 1, most: 3600, failed: 10 };
const AT_ONCE = 64;
const MOST_WAITING = 4096;

export class DnsKeys implements Answerer<'dnsKeys'> {
  readonly #options: DnsKeysOptions;
  readonly #recent: Recent<KeysFound | Failure>;
  readonly #turns = new Turns(AT_ONCE, MOST_WAITING);

  constructor(options: DnsKeysOptions) {
    this.#options = options;
    this.#recent = new Recent({
      keep: (result) => 1000 * (result.ok ? Math.min(Math.max(result.ttl, TTL.least), TTL.most) : TTL.failed),
      most: MOST_NAMES,
      now: options.now,
    });
  }

  async answer({ id }: Extract<Question, { t: 'dnsKeys' }>): Promise<Reply> {
    const name = nameOf(id);
    if (typeof name !== 'string') return none(name.wrong);
    const found = await this.#recent.ask(name, () => this.#lookUp(name));
    if (!found.ok) return none(`${name}: ${found.why}`);
    const keys = found.keys.map(({ spki }) => spki);
    const { isSecure, doubt = '' } = found;
    if (keys.length === 0) return none([`${name} has no key there`, ...found.problems].join('; '));
    if (isSecure || !this.#options.onlySecure)
      return { t: 'dnsKeys', keys, isSecure, ...(!isSecure && { why: `${name}: ${doubt}` }) };
    return none(`${name} has ${keys.length}, which cannot be believed: ${doubt}`);
  }

  /** Names and values. */
  *figures(): Generator<readonly [string, number]> {
    yield ['dns.asked', this.#recent.figures.asked];
    yield ['dns.spared', this.#recent.figures.spared];
    yield ['dns.kept', this.#recent.size];
  }

  async #lookUp(name: string): Promise<KeysFound | Failure> {
    const { lookups, log, count } = this.#options;
    const found = (await this.#turns.take(() => lookups.keys(name))) ?? TOO_MANY;
    if (!found.ok) {
      count(`dns.${found.kind}`);
      log('warn', `keys of ${name} in DNS: ${found.why}`);
      return found;
    }
    count(found.keys.length === 0 ? 'dns.nothing' : found.isSecure ? 'dns.found' : 'dns.insecure');
    for (const problem of found.problems) log('debug', `an IPSECKEY record of ${name} is left out: ${problem}`);
    const kinds = found.keys.map(({ kind, bits }) => `${kind} of ${bits} bits`).join(', ');
    log('debug', `keys of ${name} in DNS: ${kinds || 'none'}, ${found.doubt ?? 'validated'}; for ${found.ttl} s`);
    return found;
  }
}

const none = (why: string): Reply => ({ t: 'dnsKeys', keys: [], isSecure: false, why });
const TOO_MANY: Failure = { ok: false, kind: 'local', why: `${MOST_WAITING} questions wait already` };
