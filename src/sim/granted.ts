/** Secrets for hosts whose files of secrets are not at hand: a configuration can be judged without them. */
import { Secret } from '../conf/secret.ts';
import { SecretStore } from '../conf/secret-store.ts';

type Find = SecretStore['findPsk'];

const GRANTED = new Secret(new TextEncoder().encode('taken for granted'));

/** The same secret for everybody. */
export class Granted extends SecretStore {
  override findPsk(..._: Parameters<Find>): ReturnType<Find> {
    return GRANTED;
  }

  override findXauth(): ReturnType<SecretStore['findXauth']> {
    return GRANTED;
  }
}

/** What the other host has for the same two. */
export class Mirrored extends SecretStore {
  readonly #other: SecretStore;

  constructor(other: SecretStore) {
    super();
    this.#other = other;
  }

  override findPsk(...[local, remote, addresses]: Parameters<Find>): ReturnType<Find> {
    return this.#other.findPsk(remote ?? local, local, { local: addresses.remote, remote: addresses.local });
  }

  /** Who is asked for one has it, and who asks keeps it elsewhere. */
  override findXauth(): ReturnType<SecretStore['findXauth']> {
    return GRANTED;
  }
}
