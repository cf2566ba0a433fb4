/** `--trafficstatus`: what each Child SA has carried. */
import type { BriefConnRow, Totals, TrafficRow } from './rows.ts';
import { connName, NO_LIMIT } from './text.ts';

/** `#2: "w-e", type=ESP, add_time=1700000000, inBytes=84, outBytes=84, maxBytes=2^63B, id='@east'`. */
export function trafficLine(row: TrafficRow): string {
  const offload = row.nicOffload ? `(nic-offload=${row.nicOffload})` : '';
  const parts = [
    `#${row.serial}: ${connName(row)}`,
    ...(row.username === undefined ? [] : [`username=${row.username}`]),
    `type=${row.type}${offload}`,
    `add_time=${row.addTime}`,
    `inBytes=${row.inBytes}`,
    `outBytes=${row.outBytes}`,
    ...(row.maxBytes === undefined ? [] : [`maxBytes=${row.maxBytes >= NO_LIMIT ? '2^63' : row.maxBytes}B`]),
    ...(row.username === undefined ? [`id='${row.id}'`] : []),
    ...(row.lease?.length ? [`lease=${row.lease.join(',')}`] : []),
  ];
  return parts.join(', ');
}

/** `10.0.1.0/24 <==> 10.0.2.0/24	from 192.0.2.1 to 192.0.2.2 (84/84)	"w-e", reqid=16388`. */
export function briefConnectionLine(row: BriefConnRow): string {
  const hosts = `from ${row.localHost} to ${row.remoteHost} (${row.inBytes}/${row.outBytes})`;
  return `${row.local} <==> ${row.remote}\t${hosts}\t${connName(row)}, reqid=${row.reqid}`;
}

export function totalsLine({ loaded, active }: Totals): string {
  return `Total IPsec connections: loaded ${loaded}, active ${active}`;
}
