/**
 * West as a road warrior of east: XAUTH, an inner address by Mode Config, then everything through the tunnel.
 *
 *     const { west, east, wire } = warrior();
 *     west.up();
 *     expectExchange(wire, [...MAIN, ...XAUTH, ...PULL, ...QUICK]);
 */
import type { CpServer } from '../../../src/ike/cp.ts';
import type { CpPolicy, Xauth } from '../../../src/ike/policy.ts';
import type { Question, Reply } from '../../../src/ike/questions.ts';
import { Address } from '../../../src/net/address.ts';
import type { AddressRange } from '../../../src/net/address-range.ts';
import { selectors } from '../v2/policies.ts';
import type { Weather, Wire } from '../v2/wire.ts';
import type { HostOptions } from './host.ts';
import { type Change, type Pair, pair } from './pair.ts';

export const address = (text: string): Address => Address.parse(text)!;
export const range = (text: string): AddressRange => {
  const [start, end] = text.split('-').map(address);
  return { start, end };
};
export const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

export const SERVER: CpServer = {
  role: 'server',
  pools: [range('10.9.0.1-10.9.0.3')],
  dns: [address('10.0.2.53')],
  domains: ['east.example', 'corp.example'],
  banner: 'be good',
};
export const CLIENT: CpPolicy = { role: 'client', families: [4] };
const EVERYTHING = selectors('0.0.0.0/0');

type Server = Extract<Xauth, { role: 'server' }>;
type Client = Extract<Xauth, { role: 'client' }>;

export interface WarriorOptions {
  readonly seed?: number;
  readonly weather?: Weather;
  readonly modeConfig?: 'pull' | 'push';
  readonly aggressive?: boolean;
  /** In place of the usual ones; undefined: none. */
  readonly server?: Partial<Server> | undefined;
  readonly client?: Partial<Client> | undefined;
  readonly cp?: { readonly west?: CpPolicy | undefined; readonly east?: CpPolicy | undefined };
  readonly west?: Change;
  readonly east?: Change;
  readonly hosts?: { readonly west?: Partial<HostOptions>; readonly east?: Partial<HostOptions> };
}

/** East believes `joe` with `sesame` and `ann` with `abc`; west has the password of joe. */
export function warrior(options: WarriorOptions = {}): Pair {
  const { seed, weather, modeConfig = 'pull', aggressive = false } = options;
  const server = 'server' in options && !options.server ? undefined : { ...SERVES, ...options.server };
  const client = 'client' in options && !options.client ? undefined : { ...ASKS, ...options.client };
  const cp = { west: CLIENT, east: SERVER, ...options.cp };
  const made = pair({
    ...(seed !== undefined && { seed }),
    ...(weather && { weather }),
    policy: { v1: { modeConfig, aggressive } },
    west: {
      ...options.hosts?.west,
      policy: {
        cp: cp.west,
        ...options.west,
        v1: { xauth: client, ...options.west?.v1 },
        child: { remote: EVERYTHING, ...options.west?.child },
      },
    },
    east: {
      ...options.hosts?.east,
      policy: {
        cp: cp.east,
        ...options.east,
        v1: { xauth: server, ...options.east?.v1 },
        child: { local: EVERYTHING, ...options.east?.child },
      },
    },
  });
  made.west.passwords = { joe: 'sesame' };
  made.east.answers = gatekeeper;
  return made;
}

const SERVES: Server = { role: 'server', by: 'file', isSoft: false };
const ASKS: Client = { role: 'client', user: 'joe' };

const USERS: Readonly<Record<string, string>> = { joe: 'sesame', ann: 'abc' };

export function gatekeeper(question: Question): Reply | undefined {
  if (question.t !== 'xauth') return undefined;
  const { user, password } = question;
  const isRight = USERS[user] !== undefined && Buffer.from(password).toString() === USERS[user];
  return isRight ? { t: 'xauth', ok: true, addresses: [] } : { t: 'xauth', ok: false, why: 'no such user or password' };
}

/** Types these, one after the other. */
export function typist(...texts: string[]): (question: Question) => Reply | undefined {
  const left = [...texts];
  return (question) => {
    const typed = question.t === 'xauthPrompt' ? left.shift() : undefined;
    return typed === undefined ? undefined : { t: 'xauthPrompt', typed: octets(typed) };
  };
}

export const XAUTH = [
  '                                                    <-- Transaction* { HASH, ATTRIBUTES(REQUEST) }',
  'Transaction* { HASH, ATTRIBUTES(REPLY) }            -->',
  '                                                    <-- Transaction* { HASH, ATTRIBUTES(SET) }',
  'Transaction* { HASH, ATTRIBUTES(ACK) }              -->',
];
export const PULL = [
  'Transaction* { HASH, ATTRIBUTES(REQUEST) }          -->',
  '                                                    <-- Transaction* { HASH, ATTRIBUTES(REPLY) }',
];
export const PUSH = [
  '                                                    <-- Transaction* { HASH, ATTRIBUTES(SET) }',
  'Transaction* { HASH, ATTRIBUTES(ACK) }              -->',
];

export function expectExchange(wire: Wire, lines: readonly string[]): void {
  for (const line of lines) wire.expect(line);
}
