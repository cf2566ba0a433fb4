/** What ipsec.secrets says, and whether it has what the conns ask for. Not a word of it is shown. */
import type { Conn, End } from '../../conf/conn.ts';
import { orient } from '../../conf/orient.ts';
import type { SecretStore } from '../../conf/secret-store.ts';
import { loadSecrets, type Secrets } from '../../conf/secrets.ts';
import { Address } from '../../net/address.ts';
import { Id } from '../../net/id.ts';
import { type Check, counted, few, type Outcome, ok, type Scene, skip, verdictOf, warn } from './check.ts';

export const SECRET_CHECKS: readonly Check[] = [
  {
    name: 'what they say',
    check: (scene) =>
      withSecrets(
        scene,
        ({ secrets, problems }) =>
          verdictOf(problems, `look at ${scene.secretsFile}; ipsec help ipsec.secrets says what may be there`) ??
          ok(`${counted(secrets.size, 'secret')}, nothing wrong`),
      ),
  },
  { name: 'shared keys of conns', check: (scene) => withSecrets(scene, ({ secrets }) => sharedKeys(scene, secrets)) },
];

/** Wiped when `look` has looked. */
function withSecrets({ machine, config, secretsFile }: Scene, look: (secrets: Secrets) => Outcome): Outcome {
  const read = /[*?[]/.test(secretsFile) ? undefined : machine.readOctets(secretsFile);
  if (read && 'errno' in read) return skip(`cannot read ${secretsFile}: ${read.errno}`);
  read?.octets.fill(0);
  const found = loadSecrets(secretsFile, machine, { privateDir: `${config.setup.ipsecdir}/private` });
  try {
    return look(found);
  } finally {
    found.secrets.wipe();
  }
}

/** A conn whose key nobody has fails only when it has negotiated half-way. */
function sharedKeys({ machine, config, secretsFile }: Scene, secrets: SecretStore): Outcome {
  const here = machine.addresses();
  const addresses = here.flatMap(({ address }) => Address.parse(address) ?? []);
  const interfaces = new Set(here.map((each) => each.interface));
  let tried = 0;
  const keyless: string[] = [];
  for (const conn of config.conns.filter(asksForKey)) {
    const side = orient(conn, addresses, interfaces);
    if (side === undefined) continue;
    const [us, peer] = side === 'left' ? [conn.left, conn.right] : [conn.right, conn.left];
    const ends = { local: idOf(us), remote: idOf(peer) };
    // Who comes from anywhere and is called anything has a key when it comes.
    if (!ends.local || !ends.remote) continue;
    tried++;
    const none = Address.any(4);
    if (!secrets.findPsk(ends.local, ends.remote, { local: none, remote: none })) keyless.push(conn.name);
  }
  if (tried === 0) return skip('no conn says authby=secret for two that are known');
  return keyless.length === 0
    ? ok(`${counted(tried, 'conn')} with one`)
    : warn(
        `no key for ${few(keyless)}`,
        `an entry in ${secretsFile} with both identities, as leftid= and rightid= say them: @a @b : PSK "…"`,
      );
}

const asksForKey = ({ authby, left, right }: Conn): boolean =>
  left.auth === 'secret' || right.auth === 'secret' || (left.auth === undefined && authby.includes('secret'));

/** What pluto goes by: the identity, else the address. */
function idOf({ id, idText, host }: End): Id | undefined {
  if (id) return id;
  return idText === undefined && host.t === 'address' ? Id.ofAddress(host.address) : undefined;
}
