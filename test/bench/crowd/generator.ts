/**
 * The generator: a process of its own in the warriors' namespace, so that what the load costs stands on nobody else's
 * account. It takes orders from its parent over Node's channel between processes, and ends with it.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { root } from '../../support/daemon.ts';
import type { Host } from '../../support/netns.ts';
import { type CommonSettings, common } from './common.ts';
import { Crowd, type Order, type Outcome } from './crowd.ts';
import { Flood, type Flooded, type FloodOrder } from './flood.ts';
import { PROFILES, type ProfileName } from './profiles.ts';

type Settings = Omit<CommonSettings, 'profile'> & { readonly profile: ProfileName };

type Request =
  | { readonly t: 'order'; readonly id: number; readonly order: Order }
  | { readonly t: 'flood'; readonly id: number; readonly order: FloodOrder }
  | { readonly t: 'up'; readonly id: number };

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export interface Generator {
  readonly pid: number;
  readonly carryOut: (order: Order) => Promise<Outcome>;
  readonly flood: (order: FloodOrder) => Promise<Flooded>;
  /** How many of its tunnels are up, as far as it knows. */
  readonly up: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

/** On this host, or where this process is. */
export async function startGenerator(host: Host | undefined, settings: Settings): Promise<Generator> {
  const [execPath, ...execArgv] = host
    ? host.inside([process.execPath, ...process.execArgv])
    : [process.execPath, ...process.execArgv];
  const child = fork(fileURLToPath(self()), [JSON.stringify(settings)], { execPath, execArgv });
  const awaited = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let ids = 0;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void gone.then(() => {
    for (const { reject } of awaited.values()) reject(new Error('the generator has ended'));
  });
  child.on('message', (message) => {
    const { id, value, error } = message as Reply;
    const waiting = awaited.get(id);
    awaited.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  });
  const answer = (id: number) => new Promise<unknown>((resolve, reject) => awaited.set(id, { resolve, reject }));
  type Asked = Request extends infer R ? (R extends { t: string } ? Omit<R, 'id'> : never) : never;
  const ask = async (request: Asked): Promise<unknown> => {
    const id = ++ids;
    child.send({ ...request, id });
    return answer(id);
  };
  await answer(0);
  return {
    pid: child.pid as number,
    carryOut: async (order) => (await ask({ t: 'order', order })) as Outcome,
    flood: async (order) => (await ask({ t: 'flood', order })) as Flooded,
    up: async () => (await ask({ t: 'up' })) as number,
    stop: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** As it is, compiled or under tsx; compiled, as the daemon is, where a test runner has loaded it. */
function self(): URL {
  const runsAsItIs = import.meta.url.endsWith('.js') || process.execArgv.some((word) => word.includes('tsx'));
  return runsAsItIs ? new URL(import.meta.url) : new URL('dist/test/bench/crowd/generator.js', root());
}

function generate({ profile, ...settings }: Settings): void {
  const shared = common({ profile: PROFILES[profile], ...settings });
  // It takes port 500, which only one process of a host can have.
  let made: Crowd | undefined;
  const crowd = (): Crowd => {
    made ??= new Crowd(shared);
    return made;
  };
  const flood = new Flood(shared);
  const say = (reply: Reply) => process.send?.(reply);
  const work = (request: Request) => {
    if (request.t === 'order') return crowd().carryOut(request.order);
    if (request.t === 'flood') return flood.pour(request.order);
    return Promise.resolve(crowd().up);
  };
  process.on('message', (message) => {
    const request = message as Request;
    work(request).then(
      (value) => say({ id: request.id, value }),
      (error) => say({ id: request.id, error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  say({ id: 0 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generate(JSON.parse(process.argv[2]) as Settings);
