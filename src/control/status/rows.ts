/**
 * What reports are made of. The daemon fills rows in, slice by slice; text and JSON are made of them in the client.
 * Everything is plain data that survives the control socket: addresses and identities as the text they print as,
 * counters that may pass 2^53 as bigint, absent where something is unset.
 */
import { type CONN_END, type CONN_SETTINGS, CONNECTION } from './rows-conn.ts';
import { DAEMON, FIPS, GLOBAL, HELPER, type INTERFACE, JOBS, PLAN, PROCESS, THREAD } from './rows-daemon.ts';
import { CERTIFICATE, CLOCK, CRL, EVENT, GROUP, PUBLIC_KEY, SECRET, SECRETS_FILE } from './rows-lists.ts';
import { BRIEF_CONNECTION, type CONN_NAME, COUNTS, LEASE, POOL, SHUNT, STATE, TOTALS, TRAFFIC } from './rows-states.ts';
import type { Members, Of } from './shape.ts';

/** Kinds of rows, by the name they have in JSON. */
export const ROWS = {
  daemon: DAEMON,
  connections: CONNECTION,
  briefConnections: BRIEF_CONNECTION,
  totals: TOTALS,
  counts: COUNTS,
  states: STATE,
  traffic: TRAFFIC,
  shunts: SHUNT,
  pools: POOL,
  leases: LEASE,
  processes: PROCESS,
  mainThread: THREAD,
  helpers: HELPER,
  jobs: JOBS,
  globals: GLOBAL,
  fips: FIPS,
  publicKeys: PUBLIC_KEY,
  secretsFile: SECRETS_FILE,
  secrets: SECRET,
  certificates: CERTIFICATE,
  caCertificates: CERTIFICATE,
  crls: CRL,
  clock: CLOCK,
  events: EVENT,
  groups: GROUP,
  plan: PLAN,
} as const satisfies Record<string, Members>;

export type RowsOf = keyof typeof ROWS;
export type RowOf<K extends RowsOf> = Of<(typeof ROWS)[K]>;

/** A slice of a report, named by what it consists of. */
export type Rows = { readonly [K in RowsOf]: { readonly of: K; readonly rows: readonly RowOf<K>[] } }[RowsOf];

export type ConnName = Of<typeof CONN_NAME>;
export type ConnEnd = Of<typeof CONN_END>;
export type ConnSettings = Of<typeof CONN_SETTINGS>;
export type ConnRow = RowOf<'connections'>;
export type BriefConnRow = RowOf<'briefConnections'>;
export type Totals = RowOf<'totals'>;
export type Counts = RowOf<'counts'>;
export type StateRow = RowOf<'states'>;
export type StateSa = NonNullable<StateRow['sa']>;
export type TrafficRow = RowOf<'traffic'>;
export type ShuntRow = RowOf<'shunts'>;
export type PoolRow = RowOf<'pools'>;
export type LeaseRow = RowOf<'leases'>;
export type ProcessRow = RowOf<'processes'>;
export type ThreadRow = RowOf<'mainThread'>;
export type HelperRow = RowOf<'helpers'>;
export type JobsRow = RowOf<'jobs'>;
export type GlobalRow = RowOf<'globals'>;
export type FipsRow = RowOf<'fips'>;
export type PublicKeyRow = RowOf<'publicKeys'>;
export type SecretsFileRow = RowOf<'secretsFile'>;
export type SecretRow = RowOf<'secrets'>;
export type CertificateRow = RowOf<'certificates'>;
export type CrlRow = RowOf<'crls'>;
export type ClockRow = RowOf<'clock'>;
export type EventRow = RowOf<'events'>;
export type GroupRow = RowOf<'groups'>;
export type PlanRow = RowOf<'plan'>;
export type DaemonInfo = RowOf<'daemon'>;
export type InterfaceRow = Of<typeof INTERFACE>;
