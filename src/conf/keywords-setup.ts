import {
  APPEND,
  about,
  BOOL,
  choice,
  type Keyword,
  LIST,
  MILLIS,
  PATH,
  rows,
  SECONDS,
  STRING,
  UNSIGNED,
  unsigned,
} from './keyword.ts';

const { now, later, obsolete } = rows('setup', false);

const ANCHORS = 'the validating resolver has the anchors';

/** Octets that SO_RCVBUFFORCE takes: the kernel keeps twice as many, in 31 bits. libreswan stops at 65535. */
export const MOST_SOCKET_BUFFER = 1_073_741_823;

/** `config setup`, in the order of the manual. */
export const SETUP_KEYWORDS: readonly Keyword[] = [
  ...about(
    'Logging and debugging',
    now('plutodebug', LIST, 'debug classes; no- before a class clears it', { default: 'none', aliases: ['debug'] }),
    now('logfile', PATH, 'log to this file rather than to syslog', { aliases: ['plutostderrlog'] }),
    now('logtime', BOOL, 'begin lines of the log file with the time', { default: 'yes' }),
    now('logappend', BOOL, 'append to the log file rather than truncate it', { default: 'yes' }),
    now('logformat', choice('text json'), 'lines of text, or a JSON object to a line', { default: 'text' }),
    now('logip', BOOL, 'show peer addresses in the log', { default: 'yes' }),
    later('audit-log', BOOL, 'tell the audit system of negotiated and deleted SAs', { default: 'yes' }),
    now('syslog', STRING, 'facility and level for syslog', { default: 'daemon.error' }),
  ),
  ...about(
    'Files',
    later('dumpdir', PATH, 'where core files go', { default: '/run/pluto' }),
    now('ipsecdir', PATH, 'where policies and passwords are', { default: '/etc/ipsec.d' }),
    later('nssdir', PATH, 'where the key database is', { default: '/var/lib/ipsec/nss' }),
    now('secretsfile', PATH, 'where the secrets are, a glob', { default: '/etc/ipsec.secrets' }),
    later('statsbin', PATH, 'command that is told of tunnels going up and down'),
  ),
  ...about(
    'Sockets',
    now('listen', LIST, 'addresses or interfaces to listen on; all if unset'),
    later('listen-tcp', BOOL, 'listen on TCP port 4500', { default: 'no' }),
    now('listen-udp', BOOL, 'listen on UDP ports 500 and 4500', { default: 'yes' }),
    now('ike-socket-bufsize', unsigned(0, MOST_SOCKET_BUFFER), 'octets of socket buffer; 0: 4 MB', {
      default: '0',
    }),
    now('ike-socket-errqueue', BOOL, 'read ICMP errors from the error queue', { default: 'yes' }),
    now('keep-alive', SECONDS, 'time between NAT keepalives', { default: '20s' }),
    now('virtual-private', LIST, 'subnets that vhost: and vnet: ends may have', { aliases: ['virtual_private'] }),
  ),
  ...about(
    'The daemon',
    now('protostack', choice('auto=xfrm xfrm netkey=xfrm native=xfrm userspace none noklips=none'), 'data plane', {}),
    now(
      'nhelpers',
      unsigned(-1, 256),
      'helper threads; 0 computes on the main thread; -1, or unset: by the processors',
    ),
    now('uniqueids', BOOL, 'a new IKE SA with an identity replaces the old one', { default: 'yes' }),
    later('myvendorid', STRING, 'vendor ID to send'),
    later('seedbits', UNSIGNED, 'bits of seed to wait for at start', { default: '0' }),
    later('seccomp', choice('enabled disabled tolerant'), 'confine system calls', { default: 'disabled' }),
    later('drop-oppo-null', BOOL, 'drop opportunistic requests with null authentication', { default: 'no' }),
    later('ipsec-interface-managed', BOOL, 'make and remove ipsec interfaces', { default: 'yes', since: '5.2' }),
  ),
  ...about(
    'Load and limits',
    now('ddos-mode', choice('auto busy unlimited'), 'when to demand cookies', { default: 'auto' }),
    now('ddos-ike-threshold', UNSIGNED, 'half-open IKE SAs before cookies are demanded', { default: '25000' }),
    now('max-halfopen-ike', UNSIGNED, 'half-open IKE SAs before new ones are refused', { default: '50000' }),
    now(
      'max-halfopen-per-source',
      UNSIGNED,
      'half-open IKE SAs of one address, or IPv6 /64, while cookies are demanded; 0 is any number',
      { default: '32' },
    ),
    now(
      'ddos-delay',
      MILLIS,
      'wait of handshakes or unread requests that calls for cookies; ten times that: all refused',
      {
        default: '500ms',
      },
    ),
    now('metrics-listen', STRING, 'where metrics are served for Prometheus: PORT of this machine, or ADDRESS:PORT'),
    now('metrics-connections', unsigned(0, 100_000), 'connections with metrics of their own; the rest is counted', {
      default: '5000',
    }),
    now('shuntlifetime', SECONDS, 'how long failureshunt= stays', { default: '15m' }),
    later('xfrmlifetime', SECONDS, 'how long the kernel waits for an answer to an acquire', { default: '30' }),
    later('nflog-all', UNSIGNED, 'nflog group for all traffic through tunnels'),
  ),
  ...about(
    'IKEv1 and redirection',
    now('ikev1-policy', choice('accept reject drop'), 'what to do with IKEv1 requests', {
      default: 'drop',
      since: '4.1',
    }),
    now('global-redirect', choice('yes no auto'), 'send every initiator elsewhere; auto: while cookies are demanded', {
      default: 'no',
    }),
    now('global-redirect-to', STRING, 'where initiators are sent, by turns: addresses and names'),
    now('redirect-grace', SECONDS, 'how long a peer that has been sent elsewhere may stay', { default: '60' }),
  ),
  ...about(
    'Certificates and DNS',
    now('curl-iface', STRING, 'interface that CRLs are fetched through'),
    now('curl-timeout', SECONDS, 'limit for fetching a CRL', { default: '5s' }),
    now('fetch-private', LIST, 'fetch from private addresses: yes, no, or the subnets that are allowed', {
      default: 'no',
    }),
    now('crl-strict', BOOL, 'refuse certificates without a fresh CRL', { default: 'no' }),
    now('crlcheckinterval', SECONDS, 'time between CRL fetches; 0 is never', { default: '0' }),
    now('ocsp-enable', BOOL, 'ask OCSP about certificates', { default: 'no' }),
    now('ocsp-strict', BOOL, 'refuse certificates that OCSP does not answer for', { default: 'no' }),
    now('ocsp-uri', STRING, 'default OCSP responder'),
    now('ocsp-timeout', SECONDS, 'limit for an OCSP answer', { default: '2s' }),
    now('ocsp-trustname', STRING, 'certificate whose OCSP answers are believed about anybody: nickname or file'),
    now('ocsp-cache-size', UNSIGNED, 'OCSP answers to keep', { default: '1000' }),
    now('ocsp-cache-min-age', SECONDS, 'least age before an answer is asked for again', { default: '3600s' }),
    now('ocsp-cache-max-age', SECONDS, 'greatest age of a kept answer', { default: '86400s' }),
    now('ocsp-method', choice('get post'), 'HTTP method for OCSP', { default: 'get' }),
    now('dnssec-enable', BOOL, 'use keys from DNS only if a resolver has validated them', { default: 'yes' }),
    now('dns-servers', LIST, 'resolvers to ask for keys, ADDRESS or ADDRESS@PORT; those of resolv.conf if unset'),
    now('dns-trust-ad', BOOL, 'believe resolvers on other machines that they have validated', { default: 'no' }),
    later('dnssec-rootkey-file', PATH, 'DNSSEC root key', { instead: ANCHORS }),
    later('dnssec-anchors', PATH, 'further DNSSEC trust anchors', { instead: ANCHORS }),
  ),
  ...about(
    'RADIUS',
    now('radius-server', APPEND, 'servers that know EAP users: ADDRESS[:PORT[:ACCOUNTING-PORT]]; repeatable'),
    now('radius-timeout', SECONDS, 'time between two transmissions of a request', { default: '2s' }),
    now('radius-retries', unsigned(0, 10), 'retransmissions before the next server is asked', { default: '2' }),
    now('radius-dead-time', SECONDS, 'how long a server that does not answer is left alone', { default: '60s' }),
    now('radius-nas-identifier', STRING, 'how the servers know this host; its name if unset'),
    now('radius-accounting', BOOL, 'tell the servers of sessions and their traffic', { default: 'no' }),
    now('radius-interim', SECONDS, 'time between updates of a session; 0 is never', { default: '0' }),
    now('radius-dae-listen', LIST, 'where requests to end sessions are heard: ADDRESS[:PORT]'),
    now('radius-dae-clients', LIST, 'who may have sessions ended; the servers if unset'),
  ),
  ...about(
    'Former days',
    obsolete('interfaces', 'virtual interfaces of KLIPS'),
    obsolete('ikev1-secctx-attr-type', 'number of the IKEv1 security context attribute', {
      aliases: ['secctx-attr-type'],
    }),
  ),
];
