/**
 * Keywords of FreeS/WAN and of libreswan's early days that say how to start a daemon, or steer a kernel module, that
 * are no more. Leaving them out changes no tunnel, so a file that still has them is loaded, with a warning for each.
 */
const SETUP: ReadonlySet<string> = new Set(
  (
    'disable_port_floating force_keepalive forwardcontrol fragicmp hidetos klipsdebug manualstart myid nat_traversal ' +
    'nocrsend no_eroute_pass oe opportunistic overridemtu packetdefault pluto plutobackgroundload plutofork plutoload ' +
    'plutoopts plutorestartoncrash plutostart plutowait postpluto prepluto rp_filter'
  ).split(' '),
);
const CONN: ReadonlySet<string> = new Set(['disablearrivalcheck']);

export function isBygone(section: 'setup' | 'conn', keyword: string): boolean {
  return (section === 'setup' ? SETUP : CONN).has(keyword.toLowerCase().replaceAll('-', '_'));
}
