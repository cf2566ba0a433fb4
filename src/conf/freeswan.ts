/**
 * Keywords of FreeS/WAN and of libreswan's early days that say how to start a daemon, or steer a kernel module, that
 * are no more. Leaving them out changes no tunnel, so a file that still has them is loaded, with a warning for each.
 */
const SETUP: ReadonlySet<string> = new Set(
  (
    'disable_port_floating force_keepalive forwardcontrol fragicmp hidetos klipsdebug manualstart myid nat_traversal ' +
    'nocrsend no_eroute_pass oe opportunistic overridemtu packetdefault pluto plutobackgroundload plutofork plutoload ' +
    'plutoopts plutorestartoncrash plutostart plutowait postpluto ' +
    'perpeerlog perpeerlogdir prepluto rp_filter'
  ).split(' '),
);
const CONN: ReadonlySet<string> = new Set(['disablearrivalcheck', 'loopback', 'sareftrack']);

/** Keywords of those days that are not spelled like what took their place. Leaving them out would change a tunnel. */
const SUCCESSORS: ReadonlyMap<string, string> = new Map([
  ['coredir', 'dumpdir'],
  ['force_busy', 'ddos-mode'],
  ['strictcrlpolicy', 'crl-strict'],
  ['forceencaps', 'encapsulation'],
  ['ike_frag', 'fragmentation'],
  ['ikev2_allow_narrowing', 'narrowing'],
  ['labeled_ipsec', 'sec-label'],
  ['leftfirewall', 'leftupdown'],
  ['rightfirewall', 'rightupdown'],
  ['lefthostaccess', 'leftupdown'],
  ['righthostaccess', 'rightupdown'],
  ['leftsubnetwithin', 'leftsubnet'],
  ['rightsubnetwithin', 'rightsubnet'],
  ['pfsgroup', 'esp'],
]);

export function successorOf(keyword: string): string | undefined {
  return SUCCESSORS.get(keyword.toLowerCase().replaceAll('-', '_'));
}

export function isBygone(section: 'setup' | 'conn', keyword: string): boolean {
  return (section === 'setup' ? SETUP : CONN).has(keyword.toLowerCase().replaceAll('-', '_'));
}

/**
 * What FreeS/WAN's whack means by what a command line leaves out. Without `--encrypt` and `--authenticate` there is an
 * ISAKMP SA, and nothing that it protects. It knew no other version of IKE: `--keyingtries`, which IKEv2 ignores, beside nothing
 * that is of later days, nor says what proves who the ends are, is a line of its manual: of when there were only shared keys.
 */
export function asFreeswan(keywords: Keywords, acceptsV1: boolean): Keywords | undefined {
  if (SHUNT.test(keywords.type ?? '')) return undefined;
  const protects = PROTECTING.some((keyword) => Object.hasOwn(keywords, keyword));
  const phase2 = protects ? {} : { phase2: 'none' };
  if (keywords.keyexchange === 'ikev1') return phase2;
  const isOld =
    Object.hasOwn(keywords, 'keyingtries') &&
    Object.keys(keywords).every((keyword) => OF_OLD.test(keyword) || (protects && OF_OLD_TUNNELS.test(keyword)));
  return acceptsV1 && isOld ? { keyexchange: 'ikev1', authby: 'secret', ...phase2 } : undefined;
}

type Keywords = Readonly<Record<string, string>>;

const PROTECTING = ['phase2', 'esp', 'ah', 'compress'];
const SHUNT = /^(pass|passthrough|drop|reject)$/;
const OF_OLD =
  /^((left|right)(|id|ikeport|nexthop|updown|pubkey)|ikelifetime|ipsec-lifetime|rekeymargin|rekeyfuzz|rekey|keyingtries)$/;
const OF_OLD_TUNNELS = /^((left|right)subnet|phase2|type|pfs|compress)$/;
