import { APPEND, about, BOOL, choice, type Keyword, LIST, rows, SECTION, yesNoOr } from './keyword.ts';
import { CHILD_KEYWORDS } from './keywords-child.ts';
import { IKE_KEYWORDS, IKEV1_KEYWORDS } from './keywords-ike.ts';
import { adds, means, takes, yes } from './whack-form.ts';

const { now, later } = rows('conn', false);

const FAMILY = choice('ipv4 v4=ipv4 inet=ipv4 ipv6 v6=ipv6 inet6=ipv6');
const PERMISSION = yesNoOr('never=no permit=yes propose=yes insist=insist always=insist');

/** `conn NAME`, apart from what stands once for each end. */
export const CONN_KEYWORDS: readonly Keyword[] = [
  ...about(
    'The connection',
    now('auto', choice('ignore add ondemand route=ondemand start up=start keep'), 'what to do at start', {
      default: 'ignore',
    }),
    now('also', SECTION, 'take over the settings of another conn'),
    now('connalias', APPEND, 'further names', { whack: [{ ...takes('--connalias NAME,...'), isAside: true }] }),
    now('type', choice('tunnel transport pass=passthrough passthrough reject drop'), 'what becomes of the traffic', {
      default: 'tunnel',
      whack: [
        { ...means('tunnel', '--tunnel'), yieldsTo: ['passthrough', 'drop', 'reject'] },
        means('transport', '--transport'),
        means('passthrough', '--pass'),
        means('drop', '--drop'),
        means('reject', '--reject'),
      ],
    }),
    now('hostaddrfamily', FAMILY, 'family of left and right when they do not tell', {
      whack: [means('ipv4', '--ipv4'), means('ipv6', '--ipv6')],
    }),
    now('clientaddrfamily', FAMILY, 'family of the subnets when they do not tell', {
      whack: [means('ipv4', '--tunnelipv4'), means('ipv6', '--tunnelipv6')],
    }),
    now('plutodebug', LIST, 'debug classes for this connection', {
      default: 'none',
      aliases: ['debug'],
      since: '5.0',
    }),
  ),
  ...about(
    'How the peers prove who they are',
    now('authby', LIST, 'secret, rsasig, ecdsa, eddsa, null, never and their variants', {
      default: 'rsasig,ecdsa',
      whack: [
        adds('secret', '--psk'),
        adds('rsasig', '--rsasig'),
        adds('ecdsa', '--ecdsa', '--ecdsa-sha2'),
        adds('null', '--auth-null'),
        adds('never', '--auth-never'),
        adds('rsa-sha1', '--rsa-sha1'),
        adds('rsa-sha2', '--rsa-sha2'),
        adds('rsa-sha2_256', '--rsa-sha2_256'),
        adds('rsa-sha2_384', '--rsa-sha2_384'),
        adds('rsa-sha2_512', '--rsa-sha2_512'),
        adds('ecdsa-sha2_256', '--ecdsa-sha2_256'),
        adds('ecdsa-sha2_384', '--ecdsa-sha2_384'),
        adds('ecdsa-sha2_512', '--ecdsa-sha2_512'),
        adds('eddsa', '--eddsa'),
      ],
    }),
    now('sha1-signatures', BOOL, 'SHA-1 in digital signatures too, which RFC 8247 forbids', { default: 'no' }),
    now('ppk', PERMISSION, 'post-quantum preshared keys', { default: 'no' }),
    now('ppk-ids', LIST, 'which of them, in order of preference', { since: '5.0' }),
    now('require-id-on-certificate', BOOL, 'the certificate must name the identity', {
      default: 'yes',
      whack: [means('no', '--allow-cert-without-san-id')],
    }),
    later('dns-match-id', BOOL, 'the address must be one of the identity’s in DNS', {
      default: 'no',
      whack: [yes('--dns-match-id')],
    }),
    now('sendca', choice('none issuer all'), 'which of the issuers to send', {
      default: 'none',
      whack: [takes('--sendca none|issuer|all')],
    }),
    later('pam-authorize', BOOL, 'ask PAM too', { default: 'no' }),
  ),
  ...IKE_KEYWORDS,
  ...CHILD_KEYWORDS,
  ...IKEV1_KEYWORDS,
];
