/** `--connectionstatus`: a connection in some twenty-five lines, each beginning with its name. */
import type { ConnEnd, ConnRow } from './rows.ts';
import { connName, limit, orUnset, yesNo } from './text.ts';

export function connectionLines(row: ConnRow): string[] {
  const name = connName(row);
  const { local, remote } = row;
  const hosts = row.isOriented ? `host: oriented; local: ${local.host}; remote: ${remote.host};` : 'host: unoriented;';
  const details = [
    hosts,
    ...certificates(local, remote),
    `my_updown=${local.updown ?? '%disabled'};`,
    `xauth us:${local.xauth ?? 'none'}, xauth them:${remote.xauth ?? 'none'},  my_username=${local.username ?? '[any]'}; their_username=${remote.username ?? '[any]'}`,
    `our auth:${local.auth}, their auth:${remote.auth}, our autheap:${local.autheap ?? 'none'}, their autheap:${remote.autheap ?? 'none'};`,
    `modecfg info: us:${local.modecfg ?? 'none'}, them:${remote.modecfg ?? 'none'}, modecfg policy:${row.modecfgPull ? 'pull' : 'push'}, dns:${orUnset(row.dns)}, domains:${orUnset(row.domains)}, cat:${local.cat ? 'set' : 'unset'};`,
    ...(row.banner === undefined ? [] : [`banner:${row.banner};`]),
    `sec_label:${orUnset(row.secLabel)};`,
    ...(local.ca || remote.ca ? [`CAs: '${local.ca ?? '%any'}'...'${remote.ca ?? '%any'}'`] : []),
    ...lifetimes(row),
    ...ikeDetails(row),
    ...kernelDetails(row),
    ...identities(row),
    ...livenessAndNat(row),
    ...(row.debug.length ? [`debug: ${row.debug.join('+')}`] : []),
    `routing: ${row.routing}${owner(' IKE SA', row.owners.ike)}${owner(' Child SA', row.owners.child)};`,
    `conn serial: $${row.serial};`,
    ...(row.aliases.length ? [`aliases: ${row.aliases.join(' ')}`] : []),
    ...algorithms(row),
  ];
  return [`${name}: ${topology(row)}`, ...details.map((detail) => `${name}:   ${detail}`)];
}

/** `10.0.1.0/24===192.0.2.1[@west]...192.0.2.2[@east]===10.0.2.0/24; unrouted; my_ip=unset; their_ip=unset;`. */
export function topology({ local, remote, routing }: ConnRow): string {
  const addresses = `my_ip=${orUnset(local.sourceip)}; their_ip=${orUnset(remote.sourceip)};`;
  return `${leftwards(local)}...${rightwards(remote)}; ${routing}; ${addresses}`;
}

function leftwards(end: ConnEnd): string {
  return `${client(end, (c) => `${c}===`)}${host(end)}${hop(end, (h) => `---${h}`)}`;
}

function rightwards(end: ConnEnd): string {
  return `${hop(end, (h) => `${h}---`)}${host(end)}${client(end, (c) => `===${c}`)}`;
}

function client({ client, addresspool }: ConnEnd, draw: (client: string) => string): string {
  if (client?.length) return draw(client.join(','));
  return addresspool?.length ? draw(`{${addresspool.join(',')}}`) : '';
}

const hop = (end: ConnEnd, draw: (hop: string) => string): string => (end.nexthop ? draw(end.nexthop) : '');

/** `192.0.2.1:4510[@west,MS+S=C]`. */
function host(end: ConnEnd): string {
  const port = end.ikePort === undefined ? '' : `:${end.ikePort}`;
  const inside = [...(end.id === end.host ? [] : [end.id]), ...flags(end)].join(',');
  return `${end.host}${port}${inside ? `[${inside}]` : ''}${end.protoport ? `:${end.protoport}` : ''}`;
}

/** Mode config server and client, CAT, XAUTH server and client, and sending of certificates where not "always". */
function flags(end: ConnEnd): string[] {
  const all = [
    end.modecfg === 'server' ? 'MS' : '',
    end.modecfg === 'client' ? '+MC' : '',
    end.cat ? '+CAT' : '',
    end.xauth === 'server' ? '+XS' : '',
    end.xauth === 'client' ? '+XC' : '',
    end.sendcert === 'never'
      ? '+S-C'
      : end.sendcert === 'sendifasked'
        ? '+S?C'
        : end.sendcert === 'always'
          ? '+S=C'
          : '',
  ].join('');
  return all === '' || (all === '+S=C' && end.cert === undefined) ? [] : [all];
}

function certificates(local: ConnEnd, remote: ConnEnd): string[] {
  const both = [local.cert && `mycert=${local.cert}; `, remote.cert && `peercert=${remote.cert}; `].filter(Boolean);
  return both.length ? [both.join('').trim()] : [];
}

function lifetimes(row: ConnRow): string[] {
  return [
    `ike_life: ${row.ikeLifetime}s; ipsec_life: ${row.ipsecLifetime}s; ipsec_max_bytes: ${limit(row.ipsecMaxBytes, 'B')}; ipsec_max_packets: ${limit(row.ipsecMaxPackets)}; replay_window: ${row.replayWindow}; rekey_margin: ${row.rekeyMargin}s; rekey_fuzz: ${row.rekeyFuzz}%;`,
    `iptfs: ${yesNo(row.iptfs)};`,
    `retransmit-interval: ${row.retransmitInterval}ms; retransmit-timeout: ${row.retransmitTimeout}s; iketcp:${row.ikeTcp}; iketcp-port:${row.ikeTcpPort};`,
  ];
}

function ikeDetails(row: ConnRow): string[] {
  return [
    `initial-contact:${yesNo(row.initialContact)}; cisco-unity:${yesNo(row.ciscoUnity)}; fake-strongswan:${yesNo(row.fakeStrongswan)}; send-vendorid:${yesNo(row.sendVendorid)}; send-no-esp-tfc:${yesNo(row.sendNoEspTfc)};`,
    `policy: ${row.policy.join('+')};`,
    ...(row.ikeVersion === 2 ? [`v2-auth-hash-policy: ${row.authHash.join('+') || 'none'};`] : []),
  ];
}

function kernelDetails(row: ConnRow): string[] {
  return [
    `conn_prio: ${row.local.prefixLength},${row.remote.prefixLength}; interface: ${row.interface ?? ''}; metric: ${row.metric}; mtu: ${orUnset(row.mtu)}; sa_prio:${row.priority ?? 'auto'}; sa_tfc:${row.tfc ?? 'none'};`,
    `nflog-group: ${orUnset(row.nflogGroup)}; mark: ${orUnset(row.mark)}; vti-iface:${orUnset(row.vtiInterface)}; vti-routing:${yesNo(row.vtiRouting)}; vti-shared:${yesNo(row.vtiShared)}; nic-offload:${row.nicOffload};`,
  ];
}

function identities({ local, remote }: ConnRow): string[] {
  return [`our idtype: ${local.idType}; our id=${local.id}; their idtype: ${remote.idType}; their id=${remote.id}`];
}

function livenessAndNat(row: ConnRow): string[] {
  const mode = row.dpdDelay > 0 ? 'active' : 'passive';
  return [
    row.ikeVersion === 2
      ? `liveness: ${mode}; dpddelay:${row.dpdDelay}s; retransmit-timeout:${row.retransmitTimeout}s`
      : `dpd: ${mode}; delay:${row.dpdDelay}s; timeout:${row.dpdTimeout ?? 0}s`,
    `nat-traversal: encapsulation:${row.encapsulation}; keepalive:${row.natKeepalive > 0 ? `${row.natKeepalive}s` : 'no'}`,
  ];
}

function algorithms(row: ConnRow): string[] {
  const version = row.ikeVersion === 1 ? 'IKEv1' : 'IKEv2';
  return [
    ...(row.ikeAlgorithms ? [`IKE algorithms: ${row.ikeAlgorithms}`] : []),
    ...(row.espAlgorithms ? [`ESP algorithms: ${row.espAlgorithms}`] : []),
    ...(row.newestIke ? [`${version} algorithm newest: ${row.newestIke}`] : []),
    ...(row.newestChild
      ? [`ESP algorithm newest: ${row.newestChild.algorithms}; pfsgroup=${row.newestChild.pfsGroup}`]
      : []),
  ];
}

const owner = (what: string, serial: number | undefined): string =>
  serial === undefined ? '' : `;${what}: #${serial}`;
