/** `radius-…=` of `config setup`: which servers are asked about users, and who may have sessions ended. */
import type { Address } from '../net/address.ts';
import { Endpoint } from '../net/endpoint.ts';
import { parseAddress } from './address-text.ts';
import { shown } from './printable.ts';
import type { Setting, Settings } from './sections.ts';
import type { Taken } from './taken.ts';

/** Times are milliseconds. */
export interface RadiusSetup {
  /** In order of preference. */
  readonly servers: readonly {
    readonly address: Address;
    readonly authPort: number;
    readonly acctPort: number;
  }[];
  /** Between two transmissions. */
  readonly timeoutMs: number;
  readonly retries: number;
  readonly deadTimeMs: number;
  /** Absent: the host's name. */
  readonly nasIdentifier: string | undefined;
  readonly accounting: boolean;
  /** 0: no interim updates. */
  readonly interimMs: number;
  /** Where RFC 5176's requests are heard; empty: nowhere. */
  readonly daeListen: readonly Endpoint[];
  readonly daeClients: readonly Address[];
}

/** Complains of one setting, or of one word of its list. */
type Complain = (setting: Setting, severity: 'error' | 'warning', text: string) => void;

const [AUTH_PORT, ACCT_PORT, DAE_PORT] = [1812, 1813, 3799];
const MOST_SERVERS = 16;

/** Undefined without a server. Unset DAE clients are the servers themselves. */
export function radius(settings: Settings, s: Taken, complain: Complain): RadiusSetup | undefined {
  const read = <T>(key: string, expected: string, one: (word: string) => T | undefined): readonly T[] => {
    const found: T[] = [];
    for (const word of s.list(key)) {
      const value = one(word);
      if (value !== undefined) found.push(value);
      else complain(settings.get(key)!, 'error', `expected ${expected}, got ${shown(word)}`);
    }
    return Object.freeze(found);
  };
  const servers = read('radius-server', 'ADDRESS[:PORT[:ACCOUNTING-PORT]]', (word) => {
    const [address, authPort = AUTH_PORT, acctPort = authPort === AUTH_PORT ? ACCT_PORT : authPort + 1, ...more] =
      withPorts(word) ?? [undefined];
    return address && more.length === 0 && acctPort <= 65535 ? { address, authPort, acctPort } : undefined;
  });
  const daeListen = read('radius-dae-listen', 'ADDRESS[:PORT]', (word) => {
    const [address, port = DAE_PORT, ...more] = withPorts(word) ?? [undefined];
    return address && more.length === 0 ? new Endpoint(address, port) : undefined;
  });
  const daeClients = read('radius-dae-clients', 'addresses', parseAddress);
  if (servers.length > MOST_SERVERS)
    complain(settings.get('radius-server')!, 'error', `there may be ${MOST_SERVERS} servers, not ${servers.length}`);
  if (servers.length === 0) {
    for (const key of ['radius-accounting', 'radius-dae-listen']) {
      const setting = settings.get(key);
      if (setting && setting.value !== false) complain(setting, 'warning', 'has no effect without radius-server=');
    }
    return undefined;
  }
  return Object.freeze({
    servers,
    timeoutMs: within('radius-timeout', 500, 10_000, '500ms to 10s'),
    retries: s.number('radius-retries')!,
    deadTimeMs: within('radius-dead-time', 1_000, 3_600_000, '1s to 1h'),
    nasIdentifier: s.text('radius-nas-identifier'),
    accounting: s.flag('radius-accounting'),
    interimMs: s.number('radius-interim') === 0 ? 0 : within('radius-interim', 60_000, 86_400_000, '0, or 60s to 1d'),
    daeListen,
    daeClients: daeClients.length > 0 ? daeClients : Object.freeze(servers.map(({ address }) => address)),
  });

  function within(key: string, least: number, most: number, expected: string): number {
    const value = s.number(key)!;
    if (value < least || value > most)
      complain(settings.get(key)!, 'warning', `expected ${expected}; the nearest of it is used`);
    return Math.min(Math.max(value, least), most);
  }
}

/** `192.0.2.1`, `192.0.2.1:1812`, `192.0.2.1:1812:1813`, `2001:db8::1`, `[2001:db8::1]:1812`. */
function withPorts(word: string): readonly [Address, ...number[]] | undefined {
  const bracketed = /^\[(.+)\]((?::\d{1,5})*)$/.exec(word);
  const plain = /^([^:]+)((?::\d{1,5})*)$/.exec(word);
  const [, text, rest] = bracketed ?? plain ?? ['', word, ''];
  const address = parseAddress(text);
  const ports = rest.split(':').slice(1).map(Number);
  return address && ports.every((port) => port >= 1 && port <= 65535) ? [address, ...ports] : undefined;
}
