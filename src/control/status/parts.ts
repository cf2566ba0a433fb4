/** What reports consist of. Apart from the members of rows, which only their schema needs: whack loads what it prints with. */
import type { ReportKind } from '../protocol.ts';
import type { RowsOf } from './rows.ts';

/** Those of which a report has one. */
export const ONE: ReadonlySet<RowsOf> = new Set([
  'daemon',
  'mainThread',
  'totals',
  'counts',
  'clock',
  'secretsFile',
  'fips',
]);

/** What a report consists of, in the order the daemon sends it. */
export const REPORT_PARTS: Readonly<Record<ReportKind, readonly RowsOf[]>> = {
  status: ['daemon', 'connections', 'totals', 'counts', 'states', 'shunts'],
  briefstatus: ['counts'],
  globalstatus: ['globals'],
  trafficstatus: ['traffic'],
  showstates: ['states'],
  connectionstatus: ['connections', 'totals'],
  briefconnectionstatus: ['briefConnections', 'totals'],
  shuntstatus: ['shunts'],
  fipsstatus: ['fips'],
  processstatus: ['processes', 'mainThread', 'helpers', 'jobs'],
  addresspoolstatus: ['pools', 'leases'],
  listpubkeys: ['publicKeys'],
  checkpubkeys: ['publicKeys'],
  listcerts: ['certificates'],
  listcacerts: ['caCertificates'],
  listcrls: ['crls'],
  listpsks: ['secretsFile', 'secrets'],
  listevents: ['clock', 'events'],
  listgroups: ['groups'],
  listall: ['publicKeys', 'secretsFile', 'secrets', 'certificates', 'caCertificates', 'crls'],
};
