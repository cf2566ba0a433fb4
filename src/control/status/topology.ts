/** `10.0.1.0/24===192.0.2.1[@west]---192.0.2.254...192.0.2.2[@east]===10.0.2.0/24`. */
import type { ConnEnd, ConnRow } from './rows.ts';
import { orUnset } from './text.ts';

/** One for each pair of clients; `; unrouted; my_ip=unset; their_ip=unset;` behind it. */
export function topologies({ local, remote, routing, isOriented }: ConnRow): string[] {
  const state = `${isOriented ? routing : 'unoriented'}; my_ip=${orUnset(local.sourceip)}; their_ip=${orUnset(remote.sourceip)};`;
  const left = `${host(local)}${hop(local, remote, (at) => `---${at}`)}`;
  const right = `${isOriented ? '' : hop(remote, local, (at) => `${at}---`)}${host(remote)}`;
  return clients(local).flatMap((ours) =>
    clients(remote).map((theirs) => {
      const near = ours === '' ? left : `${ours}===${left}`;
      return `${near}...${right}${theirs === '' ? '' : `===${theirs}`}; ${state}`;
    }),
  );
}

/** Empty stands for the host itself. */
function clients({ client, addresspool }: ConnEnd): readonly string[] {
  if (client && client.length > 0) return client;
  return addresspool && addresspool.length > 0 ? [`{${addresspool.join(',')}}`] : HOST;
}

const HOST: readonly string[] = [''];

function hop({ nexthop }: ConnEnd, other: ConnEnd, draw: (hop: string) => string): string {
  return nexthop === undefined || nexthop === other.host ? '' : draw(nexthop);
}

/** `192.0.2.1:4510<west.example>[@west,MS+S=C]`. */
function host(end: ConnEnd): string {
  const isSix = end.ikePort !== undefined && end.host.includes(':');
  const where = isSix ? `[${end.host}]` : end.host;
  const port = end.ikePort === undefined ? '' : `:${end.ikePort}`;
  const name = end.hostName === undefined || end.hostName === end.host ? '' : `<${end.hostName}>`;
  const id = end.id === end.host || end.idType === '%none' ? '' : end.id;
  const inside = [id, flags(end)].filter(Boolean).join(',');
  return `${where}${port}${name}${inside === '' ? '' : `[${inside}]`}`;
}

/** Mode config server and client, CAT, XAUTH server and client, when certificates are sent; nothing if all is usual. */
function flags(end: ConnEnd): string {
  if (!end.modecfg && !end.xauth && !end.sendcert) return '';
  return [
    end.modecfg === 'server' ? 'MS' : '',
    end.modecfg === 'client' ? '+MC' : '',
    end.cat ? '+CAT' : '',
    end.xauth === 'server' ? '+XS' : '',
    end.xauth === 'client' ? '+XC' : '',
    end.sendcert === 'never' ? '+S-C' : end.sendcert === 'sendifasked' ? '+S?C' : '+S=C',
  ].join('');
}
