import {
  about,
  BOOL,
  BYTES,
  COUNT,
  choice,
  type Keyword,
  PERCENT,
  rows,
  SECONDS,
  STRING,
  UNSIGNED,
  unsigned,
  yesNoOr,
} from './keyword.ts';
import { means, old, takes, yes } from './whack-form.ts';

const { now, later } = rows('conn', false);

/** What a conn says of the SAs that carry its traffic. */
export const CHILD_KEYWORDS: readonly Keyword[] = [
  ...about(
    'The tunnel’s SAs',
    now(
      'phase2',
      choice('esp ah esp+ah none default=esp'),
      'protocol; IKEv1: AH around ESP, or none: an ISAKMP SA alone',
      {
        default: 'esp',
        whack: [means('esp', '--encrypt'), means('ah', '--authenticate')],
      },
    ),
    now('esp', STRING, 'proposals for ESP', { aliases: ['phase2alg'], whack: [takes('--esp PROPOSALS')] }),
    now('ah', STRING, 'proposals for AH'),
    now('pfs', BOOL, 'a new key exchange for every SA', { default: 'yes', whack: [yes('--pfs')] }),
    now('esn', yesNoOr('either'), 'extended sequence numbers', {
      default: 'either',
      whack: [means('yes', '--esn[=yes|no|either]'), means('no', old('--no-esn'))],
    }),
    now('replay-window', UNSIGNED, 'packets; 0 disables replay protection', {
      default: '128',
      whack: [takes('--replay-window PACKETS')],
    }),
    now('ipsec-lifetime', SECONDS, 'lifetime of the tunnel’s SAs, at most 24h', {
      default: '8h',
      aliases: ['keylife', 'lifetime', 'salifetime'],
      whack: [takes('--ipsec-lifetime SECONDS', old('--ipseclifetime SECONDS'))],
    }),
    now('ipsec-max-bytes', BYTES, 'octets before the SAs are replaced', { whack: [takes('--ipsec-max-bytes N')] }),
    now('ipsec-max-packets', COUNT, 'packets before the SAs are replaced', { whack: [takes('--ipsec-max-packets N')] }),
    now('rekey', BOOL, 'replace SAs before they expire', { default: 'yes', whack: [means('no', '--dontrekey')] }),
    now('rekeymargin', SECONDS, 'how long before', {
      default: '9m',
      whack: [takes('--rekeymargin SECONDS', '--rekeywindow SECONDS')],
    }),
    now('rekeyfuzz', PERCENT, 'how much more than that at random', {
      default: '100%',
      whack: [{ ...takes('--rekeyfuzz PERCENT'), suffix: '%' }],
    }),
    now('narrowing', BOOL, 'accept part of the selectors; yes is implied by addresspool=', {
      default: 'no',
      whack: [yes('--allow-narrowing', '--narrowing yes|no')],
    }),
    now('reqid', unsigned(1, 16383), 'number that ties SAs to policies', { whack: [takes('--reqid 1..16383')] }),
    now('priority', unsigned(0, 4294967295), 'of the policies; 0 derives it from the selectors', {
      default: '0',
      whack: [takes('--priority N')],
    }),
    now('compress', BOOL, 'IP compression (IKEv1), where the peer wants it too', {
      default: 'no',
      whack: [yes('--compress')],
    }),
    later('tfc', UNSIGNED, 'pad packets to this size', { default: '0', whack: [takes('--tfc OCTETS')] }),
    later('send-no-esp-tfc', BOOL, 'ask the peer not to pad', {
      default: 'no',
      whack: [means('yes', '--send-no-esp-tfc')],
    }),
    later('sha2-truncbug', BOOL, 'old Linux SHA2-256 truncation', {
      default: 'no',
      whack: [yes('--sha2-truncbug', old('--sha2_truncbug'))],
    }),
    later('pfs-rekey-workaround', BOOL, 'offer the IKE SA’s group when rekeying', {
      default: 'no',
      since: '5.0',
      whack: [yes('--pfs-rekey-workaround')],
    }),
    later('decap-dscp', BOOL, 'copy DSCP on the way in', { default: 'no', whack: [yes('--decap-dscp')] }),
    later('encap-dscp', BOOL, 'copy DSCP on the way out', {
      default: 'yes',
      since: '5.0',
      whack: [yes('--encap-dscp')],
    }),
    later('nopmtudisc', BOOL, 'no path MTU discovery', { default: 'no', whack: [yes('--nopmtudisc')] }),
    later('overlapip', BOOL, 'let several peers have the same subnet', { default: 'no', whack: [yes('--overlapip')] }),
    later('sec-label', STRING, 'SELinux label', { aliases: ['policy-label'], whack: [takes('--policylabel LABEL')] }),
    now(
      'failureshunt',
      choice('none passthrough drop hold=drop reject'),
      'packets to a peer of a group, or an opportunistic one, that would not negotiate',
      {
        default: 'none',
        whack: [
          means('none', '--failnone'),
          means('passthrough', '--failpass'),
          means('drop', '--faildrop'),
          means('reject', '--failreject'),
        ],
      },
    ),
    now('negotiationshunt', choice('passthrough drop hold'), 'those packets while it is asked', {
      default: 'hold',
      whack: [means('passthrough', '--negopass')],
    }),
  ),
  ...about(
    'IP-TFS, RFC 9347',
    later('iptfs', BOOL, 'aggregate and fragment packets', { default: 'no', since: '5.2', whack: [yes('--iptfs')] }),
    later('iptfs-fragmentation', BOOL, 'fragment them', {
      default: 'yes',
      since: '5.2',
      whack: [yes('--iptfs-fragmentation')],
    }),
    later('iptfs-packet-size', COUNT, 'size of the outer packets', {
      since: '5.2',
      whack: [takes('--iptfs-packet-size OCTETS')],
    }),
    later('iptfs-max-queue-size', COUNT, 'octets that may wait', {
      default: '1000000',
      since: '5.2',
      whack: [takes('--iptfs-max-queue-size OCTETS')],
    }),
    later('iptfs-reorder-window', COUNT, 'packets to put in order', {
      default: '3',
      since: '5.2',
      whack: [takes('--iptfs-reorder-window PACKETS')],
    }),
    later('iptfs-init-delay', SECONDS, 'wait for more before sending', {
      default: '0s',
      since: '5.2',
      whack: [takes('--iptfs-init-delay SECONDS')],
    }),
    later('iptfs-drop-time', SECONDS, 'wait for a missing packet', {
      default: '1s',
      since: '5.2',
      whack: [takes('--iptfs-drop-time SECONDS')],
    }),
  ),
  ...about(
    'In the kernel',
    later('mtu', UNSIGNED, 'of the routes', { whack: [takes('--mtu OCTETS')] }),
    later('metric', UNSIGNED, 'of the routes', { whack: [takes('--metric N')] }),
    later('mark', STRING, 'mark of packets in both directions, VALUE/MASK', { whack: [takes('--conn-mark MARK')] }),
    later('mark-in', STRING, 'mark of packets on the way in', { whack: [takes('--conn-mark-in MARK')] }),
    later('mark-out', STRING, 'mark of packets on the way out', { whack: [takes('--conn-mark-out MARK')] }),
    later('vti-interface', STRING, 'name of the VTI interface', {
      whack: [takes('--vti-interface NAME', old('--vti-iface NAME'))],
    }),
    later('vti-routing', BOOL, 'make routes into it', { default: 'no', whack: [yes('--vti-routing')] }),
    later('vti-shared', BOOL, 'leave it when the tunnel goes', { default: 'no', whack: [yes('--vti-shared')] }),
    later('ipsec-interface', STRING, 'number of the xfrm interface, yes or no', {
      default: 'no',
      whack: [takes('--ipsec-interface N')],
    }),
    later('nic-offload', choice('no crypto packet yes=crypto'), 'what the network card does', {
      default: 'no',
      whack: [takes('--nic-offload no|crypto|packet')],
    }),
    later('nflog', unsigned(0, 65535), 'nflog group for the tunnel', { whack: [takes('--nflog-group 1..65535')] }),
  ),
];
