/** Keys, certificates and secrets from files in memory, kept as a daemon does. */
import { endsOf, KeptCredentials } from '../../src/actors/credentials.ts';
import { KeyRing } from '../../src/actors/key-ring.ts';
import { PublicKeys } from '../../src/actors/public-keys.ts';
import type { Registry } from '../../src/actors/registry.ts';
import type { TestClock } from '../../src/actors/runtime/index.ts';
import { SecretKeeper } from '../../src/actors/secret-keeper.ts';
import { atOnce } from '../../src/conf/at-once.ts';
import { TrustShelf } from '../../src/ike/auth/x509/trust-shelf.ts';
import { CertificateStore } from '../../src/services/store/certificate-store.ts';
import { memoryFiles } from '../conf/memory-files.ts';

export const DIR = '/etc/ipsec.d';
export const SECRETS = '/etc/ipsec.secrets';

export interface Having {
  readonly secrets?: string;
  /** Below `DIR`. */
  readonly files?: Readonly<Record<string, string>>;
}

type Ports = ConstructorParameters<typeof KeptCredentials>[0];

export function kept({ secrets = '', files = {} }: Having, clock: TestClock, ends: Ports['endsOf']) {
  const all: Record<string, string> = { [SECRETS]: secrets };
  const write = (name: string, text: string) => {
    all[`${DIR}/${name}`] = text;
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const port = memoryFiles(all);
  const keys = new KeyRing(clock);
  const trust = new TrustShelf();
  const said: string[] = [];
  const log = (_: string, text: string) => void said.push(text);
  const keeper = new SecretKeeper({ files: port, privateDir: `${DIR}/private`, keys, log });
  const certificates = new CertificateStore({
    dir: DIR,
    trust,
    wall: () => clock.wall(),
    files: {
      list: (dir) => port.glob(`${dir}/*`).map((path) => path.slice(dir.length + 1)),
      stamp: (path) => all[path],
      read: (path) => Uint8Array.from(Buffer.from(all[path])),
    },
  });
  const reread = () => {
    keeper.reread(SECRETS, () => {});
    atOnce(certificates.rereading((text) => said.push(text)));
  };
  reread();
  const publicKeys = new PublicKeys();
  const credentials = new KeptCredentials({
    keys,
    certificates,
    secrets: () => keeper.store,
    publicKeys: () => publicKeys,
    endsOf: ends,
    rules: { crlStrict: true, crlFetch: false, ocsp: false, ocspStrict: false, ocspUri: undefined },
    wall: () => clock.wall(),
  });
  return { credentials, keys, certificates, trust, publicKeys, said, write, reread };
}

/** Of a house that is still to be built. */
export const endsIn =
  (registry: () => Registry): Ports['endsOf'] =>
  (policy) =>
    endsOf(registry().owner(policy));
