/** Rows about the daemon itself. */
import { either, large, list, object, optional, table, text, whole, wordOf } from './shape.ts';

export const FIPS = { mode: wordOf(['disabled', 'enabled', 'enabled [forced]']) };

export const INTERFACE = {
  name: text(),
  endpoint: text('192.0.2.1:500, [2001:db8::1]:500'),
  transport: wordOf(['UDP', 'TCP']),
};

const ALGORITHMS = object(
  {
    espEncrypt: list(object({ name: text(), keyMin: whole(), keyMax: whole() })),
    espAuth: list(object({ name: text(), keyLength: whole() })),
    ikeEncrypt: list(
      object({
        v1Id: whole('-1: none'),
        v1Name: text(),
        v2Id: whole('-1: none'),
        v2Name: text(),
        blockSize: whole('octets'),
        keyDefault: whole(),
      }),
    ),
    ikePrf: list(object({ name: text(), hashLength: whole('octets') })),
    ikeDh: list(object({ name: text(), bits: whole() })),
  },
  'what the build can do; sizes in bits unless said',
);

export const DAEMON = {
  pid: whole(),
  version: text(),
  startTime: whole('seconds since 1970'),
  dataPlane: wordOf(['xfrm', 'userspace', 'none']),
  interfaces: list(object(INTERFACE)),
  fips: FIPS.mode,
  selinux: text(),
  seccomp: text(),
  setup: table(text(), 'config setup as it is in force, by keyword'),
  debug: list(text(), 'classes that are set'),
  keepAlive: whole('seconds'),
  natIkePort: whole(),
  virtualPrivate: object({ allowed: list(text()), excluded: list(text()) }),
  algorithms: ALGORITHMS,
};

export const PROCESS = { pid: whole(), name: text() };

const PERCENTILES = { p50: whole('µs'), p90: whole('µs'), p99: whole('µs') };

export const THREAD = {
  busy: whole('percent of the last seconds'),
  delay: object({ ...PERCENTILES, max: whole('µs') }, 'how late it came to what was due'),
};

export const HELPER = {
  name: text('as in processes'),
  thread: whole('its number among the threads of the process'),
  done: whole('jobs'),
  inHand: whole('messages of up to eight jobs that it has not answered'),
  busy: whole('percent of the last seconds'),
  run: object(PERCENTILES, 'how long jobs took'),
};

export const JOBS = {
  family: text('ke.make, ike.keys, auth.check…'),
  done: whole('well or badly'),
  failed: whole(),
  queued: whole('waiting or running'),
  refused: whole('because too many were queued'),
  dropped: whole('done when nobody waited any more'),
  wait: object(PERCENTILES, 'for a helper, and the way to it and back'),
  run: object(PERCENTILES, 'how long they took'),
};

export const GLOBAL = {
  key: text('current.states.ike, total.ipsec.type.esp…'),
  value: either(either(whole(), text()), large()),
};

export const PLAN = {
  action: wordOf(['add', 'change', 'remove', 'keep'], 'what ipsec reload does to the connection'),
  conn: text(),
  keywords: optional(list(text(), 'those that differ, of a change')),
};
