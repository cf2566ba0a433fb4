import { APPEND, BOOL, choice, type Keyword, LIST, PATH, rows, STRING, unsigned } from './keyword.ts';

const { now, later } = rows('conn', true);

/** What an end has; every name is written with `left` or `right` before it. */
export const END_KEYWORDS: readonly Keyword[] = [
  // Where it is.
  now('', STRING, 'address, name, %defaultroute, %any, %IFACE, %group, %opportunistic or %opportunisticgroup'),
  now('ikeport', unsigned(1, 65535), 'UDP port of IKE'),
  later('nexthop', STRING, 'gateway towards the peer: an address, %direct or %defaultroute'),

  // What is behind it.
  now('subnet', LIST, 'selectors: ADDRESS, ADDRESS/BITS, FIRST-LAST, each with /PROTOCOL/PORT if wanted'),
  now('subnets', APPEND, 'as subnet, but a tunnel for each pair'),
  now('protoport', STRING, 'PROTOCOL, PROTOCOL/PORT or PROTOCOL/%any'),
  later('sourceip', LIST, 'inner address for our own packets'),
  later('updown', PATH, 'command for changes of routes and tunnels; %disabled or empty runs none'),
  later('interface-ip', STRING, 'address for the ipsec interface', { since: '5.0' }),
  later('vti', STRING, 'address for the VTI interface'),
  later('addresspool', LIST, 'addresses to lease'),
  later('cat', BOOL, 'translate the leased address', { default: 'no' }),

  // Who it is.
  now('id', STRING, 'identity: @FQDN, user@FQDN, an address, a distinguished name, @#HEX, %fromcert'),
  now('auth', choice('never secret rsasig rsa=rsasig ecdsa null eaponly'), 'how it proves that', {
    laterValues: ['rsasig', 'ecdsa', 'null', 'eaponly'],
  }),
  later('autheap', choice('none tls'), 'EAP method', { default: 'none' }),
  later('rsasigkey', STRING, 'RSA public key, %cert, %dns or %dnsondemand'),
  later('ecdsakey', STRING, 'ECDSA public key, %cert, %dns or %dnsondemand'),
  later('pubkey', STRING, 'public key, %cert, %dns or %dnsondemand'),
  later('cert', PATH, 'nickname of its certificate'),
  later('ckaid', STRING, 'key by its CKAID'),
  later('sendcert', choice('never sendifasked alwayssend=always always'), 'when to send the certificate', {
    default: 'always',
  }),
  later('ca', STRING, 'certificate authority it must come from'),
  later('groundhog', BOOL, 'accept certificates out of their time', { since: '5.0' }),

  // IKEv1 road warriors.
  later('xauthserver', BOOL, 'ask for an XAUTH password', { default: 'no' }),
  later('xauthclient', BOOL, 'answer with an XAUTH password', { default: 'no' }),
  later('username', STRING, 'XAUTH user', { aliases: ['xauthusername'] }),
  later('modecfgserver', BOOL, 'lease addresses', { default: 'no' }),
  later('modecfgclient', BOOL, 'ask for an address', { default: 'no' }),
];
