/**
 * A connection as ipsec.conf(5) describes it: typed, complete and frozen. Times are milliseconds. Ten thousand
 * of them are an ordinary file, so whatever equal conns can share (proposals, selectors, empty lists) they do.
 */
import type { Proposal } from '../ike/crypto/proposal.ts';
import type { KeyKind } from '../ike/crypto/signature/key-kind.ts';
import type { Address, Family } from '../net/address.ts';
import type { AddressRange } from '../net/address-range.ts';
import type { Id } from '../net/id.ts';
import { Selector } from '../net/selector.ts';
import type { Subnet } from '../net/subnet.ts';
import type { Value } from './keyword.ts';

export interface Conn {
  readonly name: string;
  /** The name of the section this conn was expanded from (`leftsubnets=`), then those of `connalias=`. */
  readonly aliases: readonly string[];
  readonly file: string;
  readonly line: number;

  readonly left: End;
  readonly right: End;
  readonly auto: 'ignore' | 'add' | 'ondemand' | 'start' | 'keep';
  readonly type: 'tunnel' | 'transport' | 'passthrough' | 'reject' | 'drop';
  readonly keyexchange: 'ikev1' | 'ikev2';
  /** Undefined: IKEv2. */
  readonly v1: ConnV1 | undefined;
  /** In order of preference; an end's own `auth` outranks it. Equal ones are one list. */
  readonly authby: readonly Authby[];
  /** SHA-1 in digital signatures (RFC 7427), which RFC 8247 forbids. */
  readonly sha1Signatures: boolean;
  /** A certificate must name the identity that comes with it. */
  readonly idOnCertificate: boolean;
  readonly sendCa: 'none' | 'issuer' | 'all';
  readonly ppk: 'no' | 'yes' | 'insist';
  /** In order of preference; empty: any that there is. */
  readonly ppkIds: readonly string[];
  readonly intermediate: boolean;
  /** Undefined: none; empty: any. */
  readonly acceptRedirect: readonly string[] | undefined;
  /** Undefined: it does not say. */
  readonly sendRedirect: 'yes' | 'no' | 'auto' | undefined;
  readonly redirectTo: readonly string[];
  /** `left`/`right`, when neither is an address (`hostaddrfamily=`, or the family of other addresses there). */
  readonly hostFamily: Family | undefined;

  readonly ike: readonly Proposal[];
  /** For `phase2`. */
  readonly child: readonly Proposal[];
  readonly phase2: 'esp' | 'ah';
  /** IKEv1, `phase2=esp+ah`: AH around the ESP of `child`. */
  readonly bundledAh: readonly Proposal[] | undefined;
  /** IKEv1: IPComp. */
  readonly compress: boolean;
  readonly pfs: boolean;
  readonly esn: 'yes' | 'no' | 'either';
  /** Packets; 0: no replay protection. */
  readonly replayWindow: number;

  readonly ikeLifetimeMs: number;
  readonly ipsecLifetimeMs: number;
  /** Absent: no limit. */
  readonly ipsecMaxBytes: number | undefined;
  readonly ipsecMaxPackets: number | undefined;
  readonly rekey: boolean;
  readonly rekeyMarginMs: number;
  /** 100 lets dice add up to the margin once more. */
  readonly rekeyFuzzPercent: number;
  /** 0: for ever. */
  readonly keyingtries: number;
  readonly retransmitIntervalMs: number;
  readonly retransmitTimeoutMs: number;
  /** 0: no liveness checks. */
  readonly dpddelayMs: number;

  readonly fragmentation: 'yes' | 'no' | 'force';
  readonly encapsulation: 'yes' | 'no' | 'auto';
  readonly natKeepalive: boolean;
  readonly initialContact: boolean;
  readonly narrowing: boolean;

  /** Of packets that are caught for a peer that is found by them: while it is asked, and when it would not. */
  readonly negotiationShunt: 'passthrough' | 'drop' | 'hold';
  readonly failureShunt: 'none' | 'passthrough' | 'drop' | 'reject';

  /** 1..16383; absent: the daemon's choice. */
  readonly reqid: number | undefined;
  /** 0: derived from the selectors. */
  readonly priority: number;
  readonly mtu: number | undefined;
  readonly metric: number | undefined;
  /** Debug classes in order, `no-` before one clears it. */
  readonly debug: readonly string[];

  /** Of packets on the way in and out that the policies are for; absent: any. */
  readonly markIn: Mark | undefined;
  readonly markOut: Mark | undefined;
  /** Its number: `ipsec-interface=yes` is 1; absent: none. */
  readonly ipsecInterface: number | undefined;
  /** Name servers for those who lease an address. */
  readonly modecfgdns: readonly Address[];
  /** Names that those servers are to be asked for, RFC 8598. */
  readonly modecfgdomains: readonly string[];
  readonly modecfgbanner: string | undefined;

  /** Keywords that are given but have no effect yet, by their canonical name (`leftcert`). */
  readonly later: ReadonlyMap<string, Value> | undefined;
}

/** What only IKEv1 asks for. Frozen, and one for all conns that are made of equal settings. */
export interface ConnV1 {
  readonly aggressive: boolean;
  readonly nat: 'both' | 'rfc' | 'drafts' | 'none';
  /** How long a peer may be silent when it is probed; 0: never given up. */
  readonly dpdTimeoutMs: number;
  /** `dpdaction=`; undefined: what becomes of a tunnel whose peer is dead is up to `auto=`. */
  readonly dpdAction: 'hold' | 'clear' | 'restart' | undefined;
  /** An ISAKMP SA, and nothing that it would protect: `phase2=none`, whack without `--encrypt` and `--authenticate`. */
  readonly isAlone: boolean;
  readonly xauthby: 'file' | 'pam' | 'alwaysok';
  readonly xauthfail: 'hard' | 'soft';
  /** The client asks for its address, else the server tells it unasked. */
  readonly modecfgPull: boolean;
}

export interface End {
  readonly host: HostSpec;
  /** Absent: the end's address. */
  readonly id: Id | undefined;
  /** An identity that is no octets yet: `%fromcert`, `%any`, a host name. */
  readonly idText: string | undefined;
  /** With `protoport` applied; empty: the end's own address, see `selectorsOf`. */
  readonly subnets: readonly Selector[];
  /** In place of `subnets`: what this end may choose. */
  readonly virtual: VirtualSubnet | undefined;
  /** In place of `subnets`: what is leased to this end; one of each family at most. */
  readonly addresspool: readonly AddressRange[];
  /** `modecfgclient=`, `modecfgserver=`; absent: as `addresspool=` has it. */
  readonly modecfg: 'client' | 'server' | undefined;
  readonly protoport: Protoport | undefined;
  /** Inner address for our own packets; the first one is used for routes. */
  readonly sourceip: readonly Address[];
  /** Addresses for the ipsec interface and the VTI interface. */
  readonly interfaceIp: Cidr | undefined;
  readonly vti: Cidr | undefined;
  readonly ikeport: number | undefined;
  readonly nexthop: Nexthop | undefined;
  /** The command; undefined: the stock one, `null`: none (`%disabled` or empty). */
  readonly updown: string | null | undefined;
  readonly auth: EndAuth | undefined;
  readonly keys: EndKeys;
  /** `xauthserver=`, `xauthclient=`: asks for a password, or answers with one. */
  readonly xauth: 'server' | 'client' | undefined;
  /** The name that goes with the password; absent: what whack says, or the secrets have. */
  readonly username: string | undefined;
}

/** What an end proves itself with. Frozen; of ends that say the same there is one. */
export interface EndKeys {
  /** The name of its certificate in the store; it outranks `ckaid`. */
  readonly cert: string | undefined;
  /** 20 octets. */
  readonly ckaid: Uint8Array | undefined;
  /** Each once. */
  readonly publicKeys: readonly RawKey[];
  /** `%dns`, `%dnsondemand`: further ones are looked for in DNS. */
  readonly fromDns: boolean;
  /** The authority that its certificate comes from; `same`: as the other end's. */
  readonly ca: Id | 'same' | undefined;
  readonly sendCert: 'always' | 'ifasked' | 'never';
  /** The method of `eaponly`. */
  readonly eap: 'none' | 'tls';
  /** The name of the EAP user, or a pattern with `*`; absent: ours as the identity, theirs anybody. */
  readonly eapId: string | undefined;
  readonly second: SecondProof | undefined;
}

/** One more proof after the first, RFC 4739. */
export interface SecondProof {
  readonly auth: EndAuth;
  /** Absent: as in the first. */
  readonly id: Id | undefined;
  readonly cert: string | undefined;
}

/** A public key without a certificate. */
export interface RawKey {
  readonly kind: KeyKind;
  readonly bits: number;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
  /** 20 octets. */
  readonly ckaid: Uint8Array;
}

export type HostSpec =
  | { readonly t: 'address'; readonly address: Address }
  | { readonly t: 'any' }
  | { readonly t: 'defaultroute' }
  | { readonly t: 'interface'; readonly name: string }
  /** `%hostname` is this machine's own. */
  | { readonly t: 'name'; readonly name: string }
  | { readonly t: 'group' }
  | { readonly t: 'opportunistic' }
  | { readonly t: 'opportunisticgroup' };

export type Nexthop =
  | { readonly t: 'address'; readonly address: Address }
  | { readonly t: 'defaultroute' }
  | { readonly t: 'direct' };

/** `port` 0 and `wildcard`: one port that the peer chooses (`tcp/%any`); ICMP: type * 256 + code. */
export interface Protoport {
  /** 0: any. */
  readonly protocol: number;
  /** 0: any. */
  readonly port: number;
  readonly wildcard: boolean;
}

/** An address in its network: unlike a subnet it has host bits. */
export interface Cidr {
  readonly address: Address;
  readonly prefix: number;
}

/** 32 bits each. `unique` (written -1): one for every SA. */
export interface Mark {
  readonly value: number | 'unique';
  readonly mask: number;
}

/** `vhost:` and `vnet:`: the peer chooses one address, or a subnet, out of what is allowed. */
export interface VirtualSubnet {
  readonly isHost: boolean;
  /** `%no`: its own address. */
  readonly no: boolean;
  /** `%priv`: as `virtual-private=` has it. */
  readonly private: boolean;
  /** `%all`: anything. */
  readonly all: boolean;
  readonly subnets: readonly Subnet[];
}

export type Authby =
  | 'never'
  | 'null'
  | 'secret'
  | 'rsasig-v1.5'
  | 'rsa-sha2_256'
  | 'rsa-sha2_384'
  | 'rsa-sha2_512'
  | 'ecdsa-sha2_256'
  | 'ecdsa-sha2_384'
  | 'ecdsa-sha2_512'
  | 'eddsa';

export type EndAuth =
  | 'never'
  | 'secret'
  | 'rsasig'
  | 'ecdsa'
  | 'eddsa'
  /** Any signature that `authby=` allows. */
  | 'pubkey'
  | 'null'
  | 'eaponly'
  | EapAuth;
export type EapAuth = 'eap' | 'eap-tls' | 'eap-mschapv2' | 'eap-md5' | 'eap-ttls' | 'eap-peap' | 'eap-radius';

/** What travels from or to `end` inside the tunnel when its host turns out to be `host`. */
export function selectorsOf(end: End, host: Address): readonly Selector[] {
  if (end.subnets.length > 0) return end.subnets;
  const { protocol = 0, port = 0 } = end.protoport ?? {};
  return [Selector.ofAddress(host, protocol, port, port === 0 ? 65535 : port)];
}
