/** Secrets for hosts whose files of secrets are not at hand: a configuration can be judged without them. */
import { Secret } from '../conf/secret.ts';
import { SecretStore } from '../conf/secret-store.ts';

type Find = SecretStore['findPsk'];

/** The same secret for everybody. */
export class Granted extends SecretStore {
  readonly #secret = new Secret(new TextEncoder().encode('taken for granted'));

  override findPsk(..._: Parameters<Find>): ReturnType<Find> {
    return this.#secret;
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
}
