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
