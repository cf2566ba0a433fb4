/** Rows about what is negotiated and established. Counters are octets, times seconds. */
import { flag, large, list, object, optional, text, version, whole, wordOf } from './shape.ts';

/** How a connection is named in every log line and report: `"NAME"[INSTANCE] PEER`. */
export const CONN_NAME = {
  conn: text('name of the connection, with its /1x0 suffix if it came of subnets='),
  instance: optional(
    object({ number: whole(), peer: optional(text('its address')) }, 'only of an instance of a template'),
  ),
};

const pair = (about: string) => object({ outbound: whole(), inbound: whole() }, about);

const SA = object(
  {
    protocol: wordOf(['esp', 'ah']),
    mode: wordOf(['tunnel', 'transport']),
    usedAgo: optional(whole('seconds since a packet was seen')),
    outboundSpi: whole(),
    inboundSpi: whole(),
    ah: optional(pair('of the AH around ESP')),
    ipcomp: optional(pair('CPIs of the compression within')),
    remote: text('address of the outer header'),
    local: text('address of the outer header'),
    inBytes: optional(large('absent where the data plane cannot say')),
    outBytes: optional(large('absent where the data plane cannot say')),
    maxBytes: large('2^63 is "no limit"'),
    username: optional(text()),
  },
  'the data plane’s side of an established Child SA',
);

const DPD = object(
  {
    kind: wordOf(['lastdpd', 'lastlive', 'nodpd']),
    secondsAgo: optional(whole()),
    seqIn: optional(whole('IKEv1')),
    seqOut: optional(whole('IKEv1')),
  },
  'when the peer was last known to be alive',
);

export const STATE = {
  ...CONN_NAME,
  serial: whole('#n'),
  kind: wordOf(['ike', 'child']),
  ikeVersion: version(),
  peerPort: whole('the peer’s IKE port'),
  overTcp: optional(flag()),
  state: text('ESTABLISHED_CHILD_SA, IKE_AUTH_I…'),
  story: text('the state in words'),
  events: list(object({ name: text('REKEY, EXPIRE, RETRANSMIT…'), inSeconds: whole() }), 'timers, soonest first'),
  isNewest: optional(flag('of its connection')),
  isRoutingOwner: optional(flag('this Child SA’s policies are the installed ones')),
  ikeSerial: optional(whole('the IKE SA that a Child SA hangs on')),
  dpd: optional(DPD),
  isCalculating: optional(flag('a helper job is out')),
  sa: optional(SA),
  pending: optional(
    list(object({ ...CONN_NAME, replacing: optional(whole('#n')) }), 'Child SAs that wait for this IKE SA'),
  ),
};

export const TRAFFIC = {
  ...CONN_NAME,
  serial: whole('#n of the Child SA'),
  type: wordOf(['ESP', 'AH', 'IPCOMP']),
  nicOffload: optional(wordOf(['crypto', 'packet'])),
  addTime: whole('seconds since 1970'),
  inBytes: large(),
  outBytes: large(),
  maxBytes: optional(large('ipsec-max-bytes=')),
  id: text('the peer’s identity'),
  username: optional(text()),
  lease: optional(list(text(), 'leased to the peer, as CIDR')),
};

export const BRIEF_CONNECTION = {
  ...CONN_NAME,
  local: text(),
  remote: text(),
  localHost: text(),
  remoteHost: text(),
  inBytes: large(),
  outBytes: large(),
  reqid: whole(),
};

export const TOTALS = { loaded: whole(), active: whole('with an established Child SA') };

export const COUNTS = {
  cookiesRequired: flag('responders ask for a cookie before they keep state'),
  accepting: flag('of new IKE SAs'),
  ike: object({
    total: whole(),
    halfOpen: whole(),
    open: whole('ours that are under way'),
    authenticated: whole(),
    anonymous: whole('authenticated by NULL (RFC 7619)'),
  }),
  ipsec: object({ total: whole(), authenticated: whole(), anonymous: whole() }),
};

export const SHUNT = {
  source: text(),
  sourcePort: whole(),
  destination: text(),
  destinationPort: whole(),
  protocol: whole('of IP; 0 is any'),
  policy: text('%pass, %drop, %hold…'),
  why: text(),
  connSerial: optional(whole('$n of the connection that it came from')),
};

export const POOL = {
  range: text(),
  size: large(),
  leases: whole(),
  inUse: whole(),
  free: large(),
  reusable: whole(),
};

export const LEASE = {
  pool: text('its range'),
  address: text(),
  holder: text('who has it, or had it last'),
  state: wordOf(['in-use', 'lingering', 'free']),
};
