/** Debian's FreeRADIUS with users, certificates and a detail file of its own, on loopback or on a host. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../support/netns.ts';
import { type Finished, type Running, run, start } from '../support/process.ts';
import { file, libraryPath } from './peers/prefix.ts';

export interface RadiusServerPlace {
  /** Its files go here; made when it is not there. */
  readonly directory: string;
  readonly address: string;
  readonly authPort: number;
  readonly acctPort: number;
  readonly secret: string;
  /** users(5) of FreeRADIUS. */
  readonly users: string;
  /** PEM files; what clients show must come from `ca`. */
  readonly tls?: { readonly key: string; readonly certificate: string; readonly ca: string };
  /** Absent: this machine. */
  readonly host?: Host;
}

export interface RadiusServer {
  /** Accounting records so far, as FreeRADIUS writes them. */
  readonly details: () => Promise<string>;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Gives the server once it listens; throws with all it said when it ends before. */
export async function startRadiusServer(place: RadiusServerPlace): Promise<RadiusServer> {
  const { directory, host } = place;
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'radiusd.conf'), conf(place));
  await writeFile(join(directory, 'users'), place.users);
  const command = [
    ...['env', `LD_LIBRARY_PATH=${libraryPath}`, file('freeradius', 'usr/sbin/freeradius')],
    ...['-d', directory, '-D', file('freeradius', 'usr/share/freeradius'), '-f', '-l', 'stdout'],
  ];
  const options = { copy: join(directory, 'out') };
  const server: Running = host ? host.start(command, options) : start(command, options);
  try {
    await server.says(/Ready to process requests/);
  } catch (error) {
    await server.stop('SIGKILL');
    throw error;
  }
  const detail = join(directory, 'detail');
  return {
    details: () => (existsSync(detail) ? readFile(detail, 'utf8') : Promise.resolve('')),
    log: server.output,
    stop: async () => void (await server.stop('SIGTERM')),
  };
}

/** radclient(1), which sends `attributes` and says what it hears. */
export function radclient(
  to: string,
  command: 'disconnect' | 'coa',
  secret: string,
  attributes: readonly string[],
  { host, tries = 3 }: { readonly host?: Host; readonly tries?: number } = {},
): Promise<Finished> {
  const line = [
    ...['env', `LD_LIBRARY_PATH=${libraryPath}`, file('freeradius', 'usr/bin/radclient')],
    ...['-D', file('freeradius', 'usr/share/freeradius'), '-x', '-r', `${tries}`, '-t', '1', to, command, secret],
  ];
  const options = { input: `${attributes.join('\n')}\n` };
  return host ? host.run(line, options) : run(line, options);
}

function conf({ directory, address, authPort, acctPort, secret, tls, host }: RadiusServerPlace): string {
  const from = host ? '0.0.0.0/0' : address;
  return `name = radiusd
libdir = ${file('freeradius', 'usr/lib/freeradius')}
logdir = ${directory}
run_dir = ${directory}
raddbdir = ${directory}
cleanup_delay = 0
log {
  destination = stdout
  auth = yes
}
security {
  allow_vulnerable_openssl = yes
  reject_delay = 0
}
thread pool {
  start_servers = 1
  max_servers = 2
  min_spare_servers = 1
  max_spare_servers = 2
  max_requests_per_server = 0
}
client pluto {
  ipaddr = ${from}
  secret = ${secret}
  require_message_authenticator = yes
}
modules {
  files {
    usersfile = ${directory}/users
  }
  mschap {
  }
  detail {
    filename = ${directory}/detail
    permissions = 0600
  }
  eap {
    default_eap_type = md5
    timer_expire = 60
    max_sessions = 4096
    md5 {
    }
    mschapv2 {
    }
    ${tls ? tunnels(tls) : ''}
  }
}
server default {
  listen {
    type = auth
    ipaddr = ${address}
    port = ${authPort}
  }
  listen {
    type = acct
    ipaddr = ${address}
    port = ${acctPort}
  }
  authorize {
    eap {
      ok = return
    }
    files
  }
  authenticate {
    mschap
    eap
  }
  post-auth {
    Post-Auth-Type REJECT {
      eap
    }
  }
  accounting {
    detail
  }
}
`;
}

const tunnels = ({ key, certificate, ca }: NonNullable<RadiusServerPlace['tls']>): string => `
    tls-config common {
      private_key_file = ${key}
      certificate_file = ${certificate}
      ca_file = ${ca}
      tls_min_version = "1.2"
      tls_max_version = "1.3"
      fragment_size = 1024
    }
    tls {
      tls = common
    }
    ttls {
      tls = common
      default_eap_type = md5
      virtual_server = default
      use_tunneled_reply = yes
    }
    peap {
      tls = common
      default_eap_type = mschapv2
      virtual_server = default
      use_tunneled_reply = yes
    }
`;
