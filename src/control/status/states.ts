/** `--showstates` and `--briefstatus`: every IKE SA and Child SA with what it waits for. */
import type { Counts, StateRow, StateSa } from './rows.ts';
import { connName, limit, size } from './text.ts';

/** One line for the state, one for its SA in the kernel, one for each child that waits for it. */
export function stateLines(row: StateRow): string[] {
  return [stateLine(row), ...(row.sa ? [saLine(row, row.sa)] : []), ...pendingLines(row)];
}

function stateLine(row: StateRow): string {
  const ike = row.ikeVersion === 1 ? 'ISAKMP SA' : 'IKE SA';
  const clauses = [
    `${row.state} (${row.story})`,
    ...row.events.map(({ name, inSeconds }) => `${name} in ${inSeconds}s`),
    ...(row.isNewest ? ['newest'] : []),
    ...(row.isRoutingOwner ? ['eroute owner'] : []),
    ...(row.ikeSerial === undefined ? [] : [`${ike} #${row.ikeSerial}`]),
    ...(row.dpd ? [dpdClause(row.dpd)] : []),
    row.isCalculating ? 'crypto_calculating' : 'idle',
  ];
  return `#${row.serial}: ${connName(row)}:${row.peerPort}${row.overTcp ? '(tcp)' : ''} ${clauses.join('; ')};`;
}

function dpdClause(dpd: NonNullable<StateRow['dpd']>): string {
  switch (dpd.kind) {
    case 'lastdpd':
      return `lastdpd=${dpd.secondsAgo ?? -1}s(seq in:${dpd.seqIn ?? 0} out:${dpd.seqOut ?? 0})`;
    case 'lastlive':
      return `lastlive=${dpd.secondsAgo ?? -1}s`;
    case 'nodpd':
      return 'nodpd';
  }
}

/** `#2: "w-e" esp.c0ffee01@192.0.2.2 esp.0badcafe@192.0.2.1 tun.0@… Traffic: ESPin=84B ESPout=84B ESPmax=2^63B`. */
function saLine(row: StateRow, sa: StateSa): string {
  const protocol = sa.protocol.toUpperCase();
  const tunnel = sa.mode === 'tunnel' ? ` tun.0@${sa.remote} tun.0@${sa.local}` : '';
  const moved = (way: string, octets: bigint | undefined) =>
    octets === undefined ? '' : ` ${protocol}${way}=${size(octets)}`;
  return [
    `#${row.serial}: ${connName(row)}`,
    sa.usedAgo === undefined ? '' : ` used ${sa.usedAgo}s ago;`,
    ...(sa.ah ? [spis('ah', sa.ah, sa)] : []),
    spis(sa.protocol, { outbound: sa.outboundSpi, inbound: sa.inboundSpi }, sa),
    ...(sa.ipcomp ? [spis('ipcomp', sa.ipcomp, sa)] : []),
    tunnel,
    ` Traffic:${moved('in', sa.inBytes)}${moved('out', sa.outBytes)} ${protocol}max=${limit(sa.maxBytes, 'B')}`,
    sa.username === undefined ? '' : ` username=${sa.username}`,
  ].join('');
}

const spis = (protocol: string, pair: NonNullable<StateSa['ah']>, { remote, local }: StateSa): string =>
  ` ${protocol}.${hex(pair.outbound)}@${remote} ${protocol}.${hex(pair.inbound)}@${local}`;

function pendingLines(row: StateRow): string[] {
  const what = row.ikeVersion === 1 ? 'IPsec SA' : 'Child SA';
  return (row.pending ?? []).map((child) => {
    const replacing = child.replacing === undefined ? '' : ` replacing #${child.replacing}`;
    return `#${row.serial}: pending ${what} for ${connName(child)}${replacing}`;
  });
}

/** The three lines of `--briefstatus`. */
export function countsLines(counts: Counts): string[] {
  const { ike, ipsec } = counts;
  const cookies = counts.cookiesRequired ? 'REQUIRED' : 'not required';
  const accepting = counts.accepting ? 'Accepting' : 'NOT ACCEPTING';
  return [
    `State Information: DDoS cookies ${cookies}, ${accepting} new IKE connections`,
    `IKE SAs: total(${ike.total}), half-open(${ike.halfOpen}), open(${ike.open}), authenticated(${ike.authenticated}), anonymous(${ike.anonymous})`,
    `IPsec SAs: total(${ipsec.total}), authenticated(${ipsec.authenticated}), anonymous(${ipsec.anonymous})`,
  ];
}

const hex = (spi: number): string => spi.toString(16);
