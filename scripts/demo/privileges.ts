/** Namespaces need root, or a user namespace in which an ordinary user has root's capabilities over nothing but them. */
import { spawnSync } from 'node:child_process';

const inside = 'PLUTO_DEMO_IN_USER_NAMESPACE';

/**
 * Returns when this process may make namespaces. As an ordinary user it runs the demo again in a user namespace, with
 * an empty /run for `ip netns`, and ends with its status; where the system does not allow that, it says so.
 */
export function mayMakeNamespaces(): void {
  const uid = process.getuid?.() ?? 0;
  if (uid === 0 || process.env[inside] !== undefined) return;
  // Two namespaces, one in the other: mount(8) wants to be root, while tcpdump as root would want to become another
  // user, which no user namespace of one user allows. In the inner one we are ourselves again, with all capabilities.
  const outer = ['--user', '--map-root-user', '--mount'];
  const inner = ['--user', `--map-user=${uid}`, '--map-group=0', '--keep-caps', '--net', '--mount'];
  const settle = ['sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh', 'unshare', ...inner];
  if (spawnSync('unshare', [...outer, ...settle, 'true']).status === 0) {
    const { status } = spawnSync('unshare', [...outer, ...settle, process.execPath, ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, [inside]: '1' },
    });
    process.exit(status ?? 1);
  }
  process.stderr.write(
    'This system does not let an ordinary user make network namespaces (user.max_user_namespaces,\n' +
      'kernel.unprivileged_userns_clone or AppArmor forbid it). As root it works:  sudo npm run demo\n',
  );
  process.exit(1);
}
