/** Addresses of hosts that a configuration or a peer names: gateways of RFC 5685. */
import type { Question, Reply } from '../../ike/questions.ts';
import { Address } from '../../net/address.ts';
import type { Answerer } from '../answerer.ts';
import type { Failure } from '../fetch/http.ts';
import type { AddressesFound, Lookups } from '../fetch/lookups.ts';
import { Recent } from '../recent.ts';
import { Turns } from '../turns.ts';

export interface HostAddressesOptions {
  readonly lookups: Pick<Lookups, 'addresses'>;
  /** ms, monotonic. */
  readonly now: () => number;
  /** One more of these: `hosts.found`, `hosts.answer`, ... */
  readonly count: (what: string) => void;
}

/** Names that are remembered, and for how long: ms. Gateways are moved by hand, and a thousand clients ask at once. */
const MOST_NAMES = 1024;
const KEEP = { found: 30_000, failed: 10_000 };
const AT_ONCE = 64;
const MOST_WAITING = 4096;
/** Of one question. */
const MOST_ASKED = 16;

export class HostAddresses implements Answerer<'addresses'> {
  readonly #options: HostAddressesOptions;
  readonly #recent: Recent<AddressesFound | Failure>;
  readonly #turns = new Turns(AT_ONCE, MOST_WAITING);

  constructor(options: HostAddressesOptions) {
    this.#options = options;
    this.#recent = new Recent({
      keep: ({ ok }) => (ok ? KEEP.found : KEEP.failed),
      most: MOST_NAMES,
      now: options.now,
    });
  }

  async answer({ names, family }: Extract<Question, { t: 'addresses' }>): Promise<Reply> {
    const found = await Promise.all(names.slice(0, MOST_ASKED).map((name) => this.#addressesOf(name.toLowerCase())));
    const addresses = found
      .flatMap((one) => (one.ok ? one.addresses : []))
      .flatMap((text) => Address.parse(text) ?? [])
      .filter((address) => address.family === family);
    const whys = found.flatMap((one) => (one.ok ? [] : [one.why]));
    return { t: 'addresses', addresses, ...(whys.length > 0 && { why: whys.join('; ') }) };
  }

  #addressesOf(name: string): Promise<AddressesFound | Failure> {
    return this.#recent.ask(name, async () => {
      const found = (await this.#turns.take(() => this.#options.lookups.addresses(name))) ?? TOO_MANY;
      this.#options.count(`hosts.${found.ok ? 'found' : found.kind}`);
      return found;
    });
  }
}

const TOO_MANY: Failure = { ok: false, kind: 'local', why: `${MOST_WAITING} questions wait already` };
