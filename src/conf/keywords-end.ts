import { APPEND, about, BOOL, choice, type Keyword, LIST, PATH, rows, STRING, unsigned } from './keyword.ts';
import { means, old, takes, yes } from './whack-form.ts';

const { now, later } = rows('conn', true);

const AUTH = choice(
  'never secret rsasig rsa=rsasig ecdsa eddsa pubkey null ' +
    'eaponly eap eap-tls eap-mschapv2 eap-md5 eap-ttls eap-peap eap-radius',
);

/** What an end has; every name is written with `left` or `right` before it. */
export const END_KEYWORDS: readonly Keyword[] = [
  ...about(
    'An end: where it is',
    now('', STRING, 'address, name, %defaultroute, %any, %IFACE, %group, %opportunistic or %opportunisticgroup', {
      laterValues: ['HOSTNAME', '%hostname'],
      whack: [takes('--host ADDRESS')],
    }),
    now('ikeport', unsigned(1, 65535), 'UDP port of IKE', { whack: [takes('--ikeport PORT')] }),
    later('nexthop', STRING, 'gateway towards the peer: an address, %direct or %defaultroute', {
      whack: [takes('--nexthop ADDRESS')],
    }),
  ),
  ...about(
    'An end: what is behind it',
    now('subnet', LIST, 'ADDRESS, ADDRESS/BITS or FIRST-LAST, with /PROTOCOL/PORT; vnet:…, vhost:… to choose from', {
      whack: [takes('--subnet SUBNET,...', old('--client SUBNET,...'))],
    }),
    now('subnets', APPEND, 'as subnet, but a tunnel for each pair'),
    now('protoport', STRING, 'PROTOCOL, PROTOCOL/PORT or PROTOCOL/%any', {
      whack: [takes('--clientprotoport PROTOCOL/PORT')],
    }),
    later('sourceip', LIST, 'inner address for our own packets', {
      whack: [takes('--sourceip ADDRESS', old('--srcip ADDRESS'))],
    }),
    later('updown', PATH, 'command for changes of routes and tunnels; %disabled or empty runs none', {
      default: 'ipsec _updown',
      whack: [takes('--updown COMMAND')],
    }),
    later('interface-ip', STRING, 'address for the ipsec interface', {
      since: '5.0',
      whack: [takes('--interface-ip ADDRESS', old('--interfaceip ADDRESS'))],
    }),
    later('vti', STRING, 'address for the VTI interface', { whack: [takes('--vtiip ADDRESS')] }),
    now('addresspool', LIST, 'addresses to lease: FIRST-LAST or ADDRESS/BITS; of several, in order', {
      whack: [takes('--addresspool RANGE,...')],
    }),
    later('cat', BOOL, 'translate the leased address', { default: 'no', whack: [yes('--cat')] }),
  ),
  ...about(
    'An end: who it is',
    now('id', STRING, 'identity: @FQDN, user@FQDN, an address, a distinguished name, @#HEX, %fromcert', {
      laterValues: ['HOSTNAME'],
      whack: [takes('--id ID')],
    }),
    now('auth', AUTH, 'how it proves that', {
      whack: [{ ...takes('--authby psk|null|rsasig|rsa|ecdsa|eaponly'), words: { psk: 'secret' } }],
    }),
    now('autheap', choice('none tls'), 'EAP method of eaponly', {
      default: 'none',
      whack: [takes('--autheap none|tls')],
    }),
    now('rsasigkey', STRING, 'RSA public key (RFC 3110), %cert, %dns, %dnsondemand or %none'),
    now('ecdsakey', STRING, 'ECDSA public key, %cert, %dns, %dnsondemand or %none'),
    now('pubkey', STRING, 'public key of any kind (SubjectPublicKeyInfo), %cert, %dns, %dnsondemand or %none', {
      whack: [means('%dnsondemand', '--dnskeyondemand')],
    }),
    now('cert', PATH, 'nickname of its certificate', { whack: [takes('--cert NICKNAME')] }),
    now('ckaid', STRING, 'key by its CKAID', { whack: [takes('--ckaid CKAID')] }),
    now('sendcert', choice('never sendifasked alwayssend=always always'), 'when to send the certificate', {
      default: 'always',
      whack: [
        {
          ...takes('--sendcert always|never|ifasked'),
          words: { yes: 'always', no: 'never', ifasked: 'sendifasked' },
        },
      ],
    }),
    now('ca', STRING, 'certificate authority it must come from: a distinguished name, %same or %any', {
      whack: [takes('--ca DN')],
    }),
    now('eapid', STRING, 'name of the EAP user: ours, else the identity; theirs, or a pattern such as *@example.com'),
    now('auth2', AUTH, 'a second proof after the first, RFC 4739'),
    now('id2', STRING, 'identity that the second proof is for; unset: the same'),
    now('cert2', PATH, 'nickname of its certificate'),
    later('groundhog', BOOL, 'accept certificates out of their time', { since: '5.0' }),
  ),
  ...about(
    'An end: IKEv1 road warriors',
    now('xauthserver', BOOL, 'ask the other end for a name and a password (XAUTH)', {
      default: 'no',
      whack: [means('yes', '--xauthserver', '--xauth')],
    }),
    now('xauthclient', BOOL, 'answer with a name and a password', {
      default: 'no',
      whack: [means('yes', '--xauthclient')],
    }),
    now('username', STRING, 'that name; its password is in ipsec.secrets, or whack is asked for it', {
      aliases: ['xauthusername'],
    }),
    now('modecfgserver', BOOL, 'lease addresses', {
      default: 'no',
      whack: [yes('--modecfgserver', '--modeconfigserver')],
    }),
    now('modecfgclient', BOOL, 'ask for an address', {
      default: 'no',
      whack: [yes('--modecfgclient', '--modeconfigclient')],
    }),
  ),
];
