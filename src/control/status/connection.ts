/** `--connectionstatus`: a connection in some twenty-five lines, each beginning with its name. */
import type { ConnEnd, ConnRow } from './rows.ts';
import { settingsText } from './settings.ts';
import { connName, orUnset } from './text.ts';
import { topologies } from './topology.ts';

/** In one piece: a listing of 10,000 has a quarter of a million lines. */
export function connectionText(row: ConnRow): string {
  const { local, remote, settings } = row;
  const about = settingsText(settings);
  const details = [
    `${hosts(row)}${ikeOwners(row)}`,
    `${certificates(local, remote)}${updowns(row)}`,
    xauth(row),
    `our auth:${local.auth}, their auth:${remote.auth}, our autheap:${local.autheap ?? 'none'}, their autheap:${remote.autheap ?? 'none'};`,
    `modecfg info: us:${local.modecfg ?? 'none'}, them:${remote.modecfg ?? 'none'}, ${about.modecfg} cat:${local.cat ? 'set' : 'unset'};`,
    ...about.banner,
    `sec_label:${orUnset(settings.secLabel)};`,
    ...(local.ca || remote.ca ? [`CAs: '${local.ca ?? '%any'}'...'${remote.ca ?? '%any'}'`] : []),
    ...about.ike,
    `conn_prio: ${local.prefixLength},${remote.prefixLength}; interface: ${row.interface ?? ''}; ${about.kernel}`,
    about.marks,
    `our idtype: ${local.idType}; our id=${local.id}; their idtype: ${remote.idType}; their id=${remote.id}`,
    ...about.liveness,
    `routing: ${row.routing};${owner(row)}${ikeOwners(row)}${childOwners(row)}`,
    `conn serial: $${row.serial}${row.template === undefined ? '' : `, instantiated from: $${row.template}`};`,
    ...(row.hindrance === undefined ? [] : [`not negotiable yet: ${row.hindrance}`]),
    ...(row.aliases.length > 0 ? [`aliases: ${row.aliases.join(' ')}`] : []),
    ...about.algorithms,
    ...newest(row),
  ];
  const name = connName(row);
  const shape = topologies(row).join(`\n${name}: `);
  return `${name}: ${shape}\n${name}:   ${details.join(`\n${name}:   `)}`;
}

function hosts({ isOriented, local, remote }: ConnRow): string {
  if (isOriented) return `host: oriented; local: ${local.host}; remote: ${remote.host};`;
  return `host: unoriented; left: ${local.host}; right: ${remote.host};`;
}

function certificates(local: ConnEnd, remote: ConnEnd): string {
  const mine = local.cert === undefined ? '' : `mycert=${local.cert}; `;
  return remote.cert === undefined ? mine : `${mine}peercert=${remote.cert}; `;
}

function updowns({ isOriented, local, remote }: ConnRow): string {
  const text = ({ updown }: ConnEnd) => updown ?? '<disabled>';
  return isOriented ? `my_updown=${text(local)};` : `leftupdown=${text(local)}; rightupdown=${text(remote)};`;
}

function xauth({ local, remote, settings }: ConnRow): string {
  const by = local.xauth === 'server' ? `xauthby:${settings.xauthby ?? 'file'};` : '';
  const names = `my_username=${local.username ?? '[any]'}; their_username=${remote.username ?? '[any]'}`;
  return `xauth us:${local.xauth ?? 'none'}, xauth them:${remote.xauth ?? 'none'}, ${by} ${names}`;
}

const names = (row: ConnRow) =>
  row.settings.ikeVersion === 1 ? { ike: 'ISAKMP SA', child: 'IPsec SA' } : { ike: 'IKE SA', child: 'Child SA' };

/** Whose policies are the installed ones. */
function owner(row: ConnRow): string {
  const { child } = row.owners;
  return child === undefined ? '' : ` owner: ${names(row).child} #${child};`;
}

function ikeOwners(row: ConnRow): string {
  const { negotiatingIke, ike } = row.owners;
  return owners(names(row).ike, negotiatingIke, ike);
}

function childOwners(row: ConnRow): string {
  const { negotiatingChild, child } = row.owners;
  return owners(names(row).child, negotiatingChild, child);
}

function owners(what: string, negotiating: number | undefined, established: number | undefined): string {
  const underWay = negotiating === undefined ? '' : ` negotiating ${what}: #${negotiating};`;
  return established === undefined ? underWay : `${underWay} established ${what}: #${established};`;
}

function newest({ settings, newestIke, newestChild }: ConnRow): string[] {
  return [
    ...(newestIke === undefined ? [] : [`IKEv${settings.ikeVersion} algorithm newest: ${newestIke}`]),
    ...(newestChild === undefined
      ? []
      : [
          `${settings.policy.includes('ENCRYPT') ? 'ESP' : 'AH'} algorithm newest: ${newestChild.algorithms}; pfsgroup=${newestChild.pfsGroup}`,
        ]),
  ];
}
