/**
 * What the reports are made of. The daemon fills these in, slice by slice; text and JSON are made of them in
 * the client. Everything is plain data that survives the control socket: addresses and identities as the
 * text they print as, counters that may pass 2^53 as bigint, durations in seconds, times in seconds since 1970.
 */

/** A slice of a report, named by what it consists of. */
export type Rows =
  | { readonly of: 'daemon'; readonly rows: readonly DaemonInfo[] }
  | { readonly of: 'connections'; readonly rows: readonly ConnRow[] }
  | { readonly of: 'briefConnections'; readonly rows: readonly BriefConnRow[] }
  | { readonly of: 'totals'; readonly rows: readonly Totals[] }
  | { readonly of: 'counts'; readonly rows: readonly Counts[] }
  | { readonly of: 'states'; readonly rows: readonly StateRow[] }
  | { readonly of: 'traffic'; readonly rows: readonly TrafficRow[] }
  | { readonly of: 'shunts'; readonly rows: readonly ShuntRow[] }
  | { readonly of: 'pools'; readonly rows: readonly PoolRow[] }
  | { readonly of: 'processes'; readonly rows: readonly ProcessRow[] }
  | { readonly of: 'globals'; readonly rows: readonly GlobalRow[] }
  | { readonly of: 'fips'; readonly rows: readonly FipsRow[] }
  | { readonly of: 'publicKeys'; readonly rows: readonly PublicKeyRow[] }
  | { readonly of: 'secretsFile'; readonly rows: readonly SecretsFileRow[] }
  | { readonly of: 'secrets'; readonly rows: readonly SecretRow[] }
  | { readonly of: 'certificates'; readonly rows: readonly CertificateRow[] }
  | { readonly of: 'caCertificates'; readonly rows: readonly CertificateRow[] }
  | { readonly of: 'crls'; readonly rows: readonly CrlRow[] }
  | { readonly of: 'clock'; readonly rows: readonly ClockRow[] }
  | { readonly of: 'events'; readonly rows: readonly EventRow[] }
  | { readonly of: 'groups'; readonly rows: readonly GroupRow[] }
  | { readonly of: 'plan'; readonly rows: readonly PlanRow[] };

export type RowsOf = Rows['of'];

/** How a connection is named in every log line and report: `"NAME"[INSTANCE] PEER`. */
export interface ConnName {
  /** With its `/1x0` suffix if it came of `subnets=`. */
  readonly conn: string;
  /** `[1]`, or `[1] 192.0.2.7` with the peer; only instances of a template have it. */
  readonly instance?: { readonly number: number; readonly peer?: string };
}

/** One Child SA pair and what it has carried. */
export interface TrafficRow extends ConnName {
  /** The Child SA's `#n`. */
  readonly serial: number;
  readonly type: 'ESP' | 'AH' | 'IPCOMP';
  readonly nicOffload?: 'crypto' | 'packet';
  /** Seconds since 1970. */
  readonly addTime: number;
  /** Octets. */
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  /** `ipsec-max-bytes`, when it is not the default 2^63. */
  readonly maxBytes?: bigint;
  /** The peer's identity. Not printed when there is a user name. */
  readonly id: string;
  readonly username?: string;
  /** Addresses leased to the peer, as CIDR. */
  readonly lease?: readonly string[];
}

/** One IKE SA, Child SA or pending Child SA. */
export interface StateRow extends ConnName {
  readonly serial: number;
  readonly kind: 'ike' | 'child';
  readonly ikeVersion: 1 | 2;
  /** The peer's IKE port. */
  readonly peerPort: number;
  readonly overTcp?: boolean;
  /** `ESTABLISHED_CHILD_SA`, `IKE_AUTH_I`… */
  readonly state: string;
  /** The state in words: `established Child SA`. */
  readonly story: string;
  /** Armed timers, soonest first: `REKEY`, `REPLACE`, `RETRANSMIT`… */
  readonly events: readonly { readonly name: string; readonly inSeconds: number }[];
  readonly isNewest?: boolean;
  /** This Child SA's policies are the installed ones. */
  readonly isRoutingOwner?: boolean;
  /** The IKE SA a Child SA hangs on. */
  readonly ikeSerial?: number;
  readonly dpd?:
    | { readonly kind: 'lastdpd'; readonly secondsAgo: number; readonly seqIn: number; readonly seqOut: number }
    | { readonly kind: 'lastlive'; readonly secondsAgo: number }
    | { readonly kind: 'nodpd' };
  /** A helper job is out. */
  readonly isCalculating?: boolean;
  /** Only an established Child SA. */
  readonly sa?: StateSa;
  /** Children that wait for this IKE SA. */
  readonly pending?: readonly (ConnName & { readonly replacing?: number })[];
}

/** The kernel's side of an established Child SA. */
export interface StateSa {
  readonly protocol: 'esp' | 'ah';
  readonly mode: 'tunnel' | 'transport';
  /** Seconds since a packet was seen. */
  readonly usedAgo?: number;
  readonly outboundSpi: number;
  readonly inboundSpi: number;
  /** Addresses of the outer header. */
  readonly remote: string;
  readonly local: string;
  /** Octets; absent where the data plane cannot say. */
  readonly inBytes?: bigint;
  readonly outBytes?: bigint;
  /** Octets; 2^63 is "no limit". */
  readonly maxBytes: bigint;
  readonly username?: string;
}

/** Who is half-way in and who is in. `anonymous` is authentication by NULL (RFC 7619). */
export interface Counts {
  /** Responders ask for a cookie before they keep state. */
  readonly cookiesRequired: boolean;
  readonly accepting: boolean;
  readonly ike: {
    readonly total: number;
    readonly halfOpen: number;
    readonly open: number;
    readonly authenticated: number;
    readonly anonymous: number;
  };
  readonly ipsec: { readonly total: number; readonly authenticated: number; readonly anonymous: number };
}

export interface Totals {
  readonly loaded: number;
  /** With an established Child SA. */
  readonly active: number;
}

/** One end of a connection. */
export interface ConnEnd {
  /** Address, `%any`, `%group`, `%opportunistic`, or `%dns<name>` while a name is unresolved. */
  readonly host: string;
  /** `10.0.1.0/24`; absent when the client is the host itself. */
  readonly client?: readonly string[];
  readonly id: string;
  /** `ID_FQDN`… */
  readonly idType: string;
  readonly nexthop?: string;
  /** Where not 500 (or 4500 behind NAT). */
  readonly ikePort?: number;
  readonly protoport?: string;
  readonly sourceip?: string;
  /** `secret`, `rsasig`, `never`, `null`… */
  readonly auth: string;
  readonly autheap?: string;
  readonly cert?: string;
  readonly ca?: string;
  readonly updown?: string;
  readonly addresspool?: readonly string[];
  readonly xauth?: 'server' | 'client';
  readonly username?: string;
  readonly modecfg?: 'server' | 'client';
  /** `leftcat=yes`. */
  readonly cat?: boolean;
  readonly sendcert?: 'never' | 'sendifasked' | 'always';
  /** The widths of the client's prefix, for `conn_prio:`. */
  readonly prefixLength: number;
}

/** A connection as `--status` and `--connectionstatus` show it. Absent means unset. */
export interface ConnRow extends ConnName {
  /** `$n`. */
  readonly serial: number;
  readonly kind: 'permanent' | 'template' | 'instance' | 'group' | 'labeled';
  readonly isOriented: boolean;
  /** `left` and `right` as written; `localIsLeft` says which is us once oriented. */
  readonly local: ConnEnd;
  readonly remote: ConnEnd;
  /** `unrouted`, `routed-ondemand`, `routed-tunnel`… */
  readonly routing: string;
  /** Serials that own the routing and the negotiation. */
  readonly owners: { readonly ike?: number; readonly child?: number };
  readonly ikeVersion: 1 | 2;
  /** `IKEv2+PSK+ENCRYPT+TUNNEL+PFS+UP+…`, in libreswan's order. */
  readonly policy: readonly string[];
  /** Hashes of digital signatures; empty is `none`. */
  readonly authHash: readonly string[];
  readonly aliases: readonly string[];

  /** Seconds. */
  readonly ikeLifetime: number;
  readonly ipsecLifetime: number;
  readonly rekeyMargin: number;
  /** Percent. */
  readonly rekeyFuzz: number;
  /** Octets and packets; 2^63 is "no limit". */
  readonly ipsecMaxBytes: bigint;
  readonly ipsecMaxPackets: bigint;
  readonly replayWindow: number;
  /** Milliseconds. */
  readonly retransmitInterval: number;
  /** Seconds. */
  readonly retransmitTimeout: number;
  readonly ikeTcp: 'no' | 'yes' | 'fallback';
  readonly ikeTcpPort: number;
  /** Seconds; 0 is passive. */
  readonly dpdDelay: number;
  /** Seconds, IKEv1. */
  readonly dpdTimeout?: number;
  /** Seconds; 0 is off. */
  readonly natKeepalive: number;
  readonly encapsulation: 'auto' | 'yes' | 'no';

  readonly initialContact: boolean;
  readonly ciscoUnity: boolean;
  readonly fakeStrongswan: boolean;
  readonly sendVendorid: boolean;
  readonly sendNoEspTfc: boolean;
  readonly iptfs: boolean;
  readonly modecfgPull: boolean;
  readonly dns?: string;
  readonly domains?: string;
  readonly banner?: string;
  readonly secLabel?: string;

  readonly interface?: string;
  readonly metric: number;
  readonly mtu?: number;
  readonly priority?: number;
  readonly tfc?: number;
  readonly nflogGroup?: number;
  readonly mark?: string;
  readonly vtiInterface?: string;
  readonly vtiRouting: boolean;
  readonly vtiShared: boolean;
  readonly nicOffload: 'no' | 'crypto' | 'packet';
  readonly reqid?: number;
  readonly debug: readonly string[];

  /** Proposals configured, as libreswan prints them; empty when the defaults are used. */
  readonly ikeAlgorithms: string;
  readonly espAlgorithms: string;
  /** `AES_GCM_16_256-HMAC_SHA2_512-DH19` of the newest SAs. */
  readonly newestIke?: string;
  readonly newestChild?: { readonly algorithms: string; readonly pfsGroup: string };
}

/** One active connection in a line. */
export interface BriefConnRow extends ConnName {
  readonly local: string;
  readonly remote: string;
  readonly localHost: string;
  readonly remoteHost: string;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  readonly reqid: number;
}

export interface ShuntRow {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** IP protocol, 0 for any. */
  readonly protocol: number;
  /** `%pass`, `%drop`, `%hold`… */
  readonly policy: string;
  readonly why: string;
  /** `$n` of the connection it came from. */
  readonly connSerial?: number;
}

export interface PoolRow {
  readonly range: string;
  readonly size: bigint;
  readonly leases: number;
  readonly inUse: number;
  readonly free: bigint;
  readonly reusable: number;
  readonly lease: readonly { readonly address: string; readonly holder: string; readonly state: string }[];
}

export interface ProcessRow {
  readonly pid: number;
  readonly name: string;
}

/** One `key=value` of `--globalstatus`. */
export interface GlobalRow {
  readonly key: string;
  readonly value: string | number | bigint;
}

export interface FipsRow {
  readonly mode: 'disabled' | 'enabled' | 'enabled [forced]';
}

/** A public key that the daemon may check a signature by. Times are seconds since 1970. */
export interface PublicKeyRow {
  readonly algorithm: 'RSA' | 'ECDSA';
  readonly bits: number;
  /** The first octets of the key, in base 64. */
  readonly keyId: string;
  readonly hasPrivate: boolean;
  readonly installed: number;
  /** Absent: it does not expire. */
  readonly until?: number;
  readonly idType: string;
  readonly id: string;
  /** Of the certificate that it came with. */
  readonly issuer?: string;
}

/** Where secrets are read from. */
export interface SecretsFileRow {
  readonly file: string;
}

/** A line of ipsec.secrets(5), without its secret. */
export interface SecretRow {
  readonly file: string;
  readonly line: number;
  readonly kind: 'PSK' | 'RSA' | 'ECDSA' | 'XAUTH' | 'PPK' | 'PIN';
  /** For whom; empty is for everybody. */
  readonly ids: readonly string[];
}

/** Times are seconds since 1970. */
export interface CertificateRow {
  readonly nickname: string;
  readonly isCa: boolean;
  readonly subject: string;
  readonly issuer: string;
  /** In hex. */
  readonly serialNumber: string;
  readonly algorithm: string;
  readonly bits: number;
  readonly hasPrivate: boolean;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface CrlRow {
  readonly issuer: string;
  readonly revoked: number;
  /** Seconds since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
}

/** What the times of events count from. */
export interface ClockRow {
  /** Seconds of a clock that never goes back. */
  readonly now: number;
}

/** A timer: of a state, or of the daemon if it names none. */
export interface EventRow {
  /** `REPLACE`, `EVENT_SHUNT_SCAN`… */
  readonly name: string;
  /** Seconds on the clock of `ClockRow`. */
  readonly at: number;
  readonly inSeconds: number;
  readonly serial?: number;
  readonly conn?: string;
  readonly instance?: ConnName['instance'];
}

/** A member of a policy group, and the connection it belongs to. */
export interface GroupRow extends ConnName {
  readonly subnet: string;
  readonly file: string;
  readonly line: number;
}

/** What `ipsec reload` does to one connection. */
export interface PlanRow {
  readonly action: 'add' | 'change' | 'remove' | 'keep';
  readonly conn: string;
  /** Keywords that differ, of a change. */
  readonly keywords?: readonly string[];
}

/** The daemon itself: everything above "Connection list:" in `--status`. */
export interface DaemonInfo {
  readonly pid: number;
  readonly version: string;
  /** Seconds since 1970. */
  readonly startTime: number;
  readonly dataPlane: 'xfrm' | 'userspace' | 'none';
  readonly interfaces: readonly InterfaceRow[];
  readonly fips: FipsRow['mode'];
  readonly selinux: string;
  readonly seccomp: string;
  /** `config setup` as it is in force, by keyword (`nhelpers`, `logfile`, `ddos-ike-threshold`…), as text. */
  readonly setup: Readonly<Record<string, string>>;
  readonly debug: readonly string[];
  /** Seconds. */
  readonly keepAlive: number;
  readonly natIkePort: number;
  readonly virtualPrivate: { readonly allowed: readonly string[]; readonly excluded: readonly string[] };
  readonly algorithms: Algorithms;
}

export interface InterfaceRow {
  readonly name: string;
  /** `192.0.2.1:500` or `[2001:db8::1]:500`. */
  readonly endpoint: string;
  readonly transport: 'UDP' | 'TCP';
}

/** What the build can do; sizes in bits unless said. */
export interface Algorithms {
  readonly espEncrypt: readonly { readonly name: string; readonly keyMin: number; readonly keyMax: number }[];
  readonly espAuth: readonly { readonly name: string; readonly keyLength: number }[];
  readonly ikeEncrypt: readonly {
    /** −1 where the version has no such transform. */
    readonly v1Id: number;
    readonly v1Name: string;
    readonly v2Id: number;
    readonly v2Name: string;
    /** Octets. */
    readonly blockSize: number;
    readonly keyDefault: number;
  }[];
  /** `hashLength` in octets. */
  readonly ikePrf: readonly { readonly name: string; readonly hashLength: number }[];
  readonly ikeDh: readonly { readonly name: string; readonly bits: number }[];
}
