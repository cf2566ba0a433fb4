import {
  about,
  BOOL,
  choice,
  type Keyword,
  LIST,
  MILLIS,
  rows,
  SECONDS,
  STRING,
  UNSIGNED,
  unsigned,
  yesNoOr,
} from './keyword.ts';
import { means, old, takes, yes } from './whack-form.ts';

const { now, later } = rows('conn', false);

/** What a conn says of its IKE SA. */
export const IKE_KEYWORDS: readonly Keyword[] = [
  ...about(
    'IKE',
    now('keyexchange', choice('ike=ikev2 ikev1 ikev2'), 'version of IKE', {
      default: 'ikev2',
      whack: [
        means('ikev1', '--ikev1', old('--ikev1-allow')),
        means('ikev2', '--ikev2', old('--ikev2-allow'), old('--ikev2-propose')),
      ],
    }),
    now('ikev2', yesNoOr('never=no propose=yes permit=yes insist=yes always=yes'), 'old spelling of keyexchange='),
    now('ike', STRING, 'proposals for the IKE SA', { whack: [takes('--ike PROPOSALS', '--ikealg PROPOSALS')] }),
    now('ikelifetime', SECONDS, 'lifetime of the IKE SA, at most 24h; IKEv1: 1h, at most 8h', {
      default: '8h',
      whack: [takes('--ikelifetime SECONDS')],
    }),
    now('fragmentation', yesNoOr('force never=no insist=force'), 'IKE fragmentation', {
      default: 'yes',
      whack: [
        takes('--fragmentation yes|no|force'),
        means('yes', old('--ikefrag-allow')),
        means('force', old('--ikefrag-force')),
      ],
    }),
    now('retransmit-interval', MILLIS, 'first wait for an answer, doubled each time', {
      default: '500ms',
      whack: [takes('--retransmit-interval MILLISECONDS')],
    }),
    now('retransmit-timeout', SECONDS, 'when to give up on an answer', {
      default: '60s',
      whack: [takes('--retransmit-timeout SECONDS')],
    }),
    now('keyingtries', UNSIGNED, 'attempts to connect; 0 is for ever', {
      default: '0',
      whack: [takes('--keyingtries N')],
    }),
    now('dpddelay', SECONDS, 'quiet time before the peer is probed; 0 is never', {
      default: '0',
      whack: [takes('--dpddelay SECONDS')],
    }),
    now('initial-contact', BOOL, 'tell the peer that older SAs of ours are gone', {
      default: 'no',
      whack: [means('yes', '--initialcontact')],
    }),
    later('reauth', BOOL, 'authenticate anew instead of rekeying', {
      default: 'no',
      whack: [means('yes', '--reauth')],
    }),
    later('mobike', BOOL, 'let the peer change its address', { default: 'no', whack: [yes('--mobike')] }),
    now('intermediate', BOOL, 'IKE_INTERMEDIATE exchange', { default: 'no', whack: [yes('--intermediate')] }),
    later('session-resumption', BOOL, 'resume with a ticket', {
      default: 'no',
      since: '5.2',
      whack: [yes('--session-resumption')],
    }),
    now('send-redirect', yesNoOr('auto'), 'send the peer elsewhere; auto: while busy', {
      default: 'no',
      whack: [takes('--send-redirect yes|no|auto')],
    }),
    now('redirect-to', STRING, 'gateways to send it to, by turns', {
      whack: [{ ...takes('--redirect-to GATEWAY'), isAside: true }],
    }),
    now('accept-redirect', BOOL, 'let the peer send us elsewhere', {
      default: 'no',
      whack: [takes('--accept-redirect yes|no')],
    }),
    now('accept-redirect-to', STRING, 'gateways it may send us to; all if unset', {
      whack: [takes('--accept-redirect-to GATEWAY,...')],
    }),
    later('ikepad', yesNoOr('auto'), 'pad IKE messages to four octets', {
      default: 'auto',
      whack: [means('yes', '--ikepad')],
    }),
    later('ms-dh-downgrade', BOOL, 'let Windows change the group when it rekeys', {
      default: 'no',
      whack: [yes('--ms-dh-downgrade')],
    }),
    later('send-vendorid', BOOL, 'send our vendor ID', { default: 'no' }),
    later('fake-strongswan', BOOL, 'send strongSwan’s vendor ID', {
      default: 'no',
      whack: [means('yes', '--fake-strongswan')],
    }),
  ),
  ...about(
    'The way there',
    now('encapsulation', yesNoOr('auto'), 'ESP in UDP; auto follows NAT detection', {
      default: 'auto',
      whack: [means('yes', '--encapsulation[=yes|no|auto]', '--encaps yes|no|auto')],
    }),
    now('nat-keepalive', BOOL, 'send NAT keepalives', { default: 'yes', whack: [means('no', '--no-nat_keepalive')] }),
    later('enable-tcp', yesNoOr('fallback'), 'IKE and ESP over TCP', {
      default: 'no',
      whack: [takes('--tcp yes|no|fallback')],
    }),
    later('tcp-remoteport', unsigned(1, 65535), 'TCP port of the peer', {
      default: '4500',
      whack: [takes('--tcp-remote-port PORT')],
    }),
  ),
];

/** What only IKEv1 has, or one vendor's idea of it. */
export const IKEV1_KEYWORDS: readonly Keyword[] = about(
  'IKEv1',
  now('aggressive', BOOL, 'begin with Aggressive Mode, and answer it', {
    default: 'no',
    aliases: ['aggrmode'],
    whack: [yes('--aggressive', old('--aggrmode'))],
  }),
  now('ikev1-dpdtimeout', SECONDS, 'how long a peer may be silent when it is probed', {
    default: '0',
    aliases: ['dpdtimeout'],
    whack: [takes('--dpdtimeout SECONDS')],
  }),
  now(
    'dpdaction',
    choice('hold clear restart restart_by_peer'),
    'a tunnel whose peer is dead leaves a trap, nothing, or comes again',
    {
      whack: [takes('--dpdaction hold|clear|restart')],
    },
  ),
  now('nat-ikev1-method', choice('both rfc drafts none'), 'forms of NAT traversal: RFC 3947, the drafts before it', {
    default: 'both',
    whack: [takes('--ikev1-natt both|rfc|drafts|none', old('--ikev1_natt both|rfc|drafts|none'))],
  }),
  now('xauthby', choice('file pam alwaysok'), 'who checks XAUTH passwords: the file passwd of ipsecdir=, PAM, nobody', {
    default: 'file',
    whack: [takes('--xauthby file|pam|alwaysok')],
  }),
  now('xauthfail', choice('hard soft'), 'a wrong password ends the SA, or is only told to updown', {
    default: 'hard',
    whack: [takes('--xauthfail hard|soft')],
  }),
  now('modecfgpull', BOOL, 'the client asks for its address, else the server begins', {
    default: 'no',
    whack: [yes('--modecfgpull')],
  }),
  now('modecfgdns', LIST, 'name servers for clients', { whack: [takes('--modecfgdns ADDRESS,...')] }),
  now('modecfgdomains', LIST, 'domains for clients', { whack: [takes('--modecfgdomains DOMAIN,...')] }),
  now('modecfgbanner', STRING, 'greeting for clients', { whack: [takes('--modecfgbanner TEXT')] }),
  later('ignore-peer-dns', BOOL, 'do not use the peer’s name servers', {
    default: 'no',
    whack: [yes('--ignore-peer-dns')],
  }),
  later('cisco-unity', BOOL, 'Cisco Unity vendor ID', {
    default: 'no',
    instead: 'peers that know Unity are spoken to in its terms',
    whack: [means('yes', '--cisco-unity', old('--cisco_unity'))],
  }),
  later('remote-peer-type', choice('cisco'), 'work around the peer', {
    instead: 'what a Cisco gateway tells its clients is obeyed in any case',
    aliases: ['remote_peer_type'],
    whack: [takes('--remote-peer-type cisco')],
  }),
  later('nm-configured', BOOL, 'NetworkManager made this connection', {
    default: 'no',
    whack: [yes('--nm-configured', old('--nm_configured[=yes|no]'))],
  }),
);
