/** From the data plane's events to the Child SA they are about. */
import type { ChildInstall } from '../ike/effects.ts';
import type { SaKey } from '../kernel/port.ts';
import type { ChildSaMessage } from './child-sa.ts';
import type { ActorRef } from './runtime/index.ts';

interface Listed {
  readonly ref: ActorRef<ChildSaMessage>;
  readonly install: ChildInstall;
}

export class SaIndex {
  /** By our own SPI, which is ours alone. */
  readonly #inbound = new Map<number, Listed>();
  /** By the peer's, which two peers may have chosen alike. */
  readonly #outbound = new Map<number, Listed | readonly Listed[]>();

  get size(): number {
    return this.#inbound.size;
  }

  add(ref: ActorRef<ChildSaMessage>, install: ChildInstall): void {
    const listed = { ref, install };
    this.#inbound.set(install.spiIn, listed);
    const others = this.#outbound.get(install.spiOut);
    this.#outbound.set(install.spiOut, others === undefined ? listed : [...list(others), listed]);
  }

  remove(install: ChildInstall): void {
    if (this.#inbound.get(install.spiIn)?.install.serial === install.serial) this.#inbound.delete(install.spiIn);
    const left = list(this.#outbound.get(install.spiOut)).filter((l) => l.install.serial !== install.serial);
    if (left.length === 0) this.#outbound.delete(install.spiOut);
    else this.#outbound.set(install.spiOut, left.length === 1 ? left[0] : left);
  }

  find({ spi, dst }: SaKey): Listed | undefined {
    const inbound = this.#inbound.get(spi);
    if (inbound?.install.local.address.equals(dst)) return inbound;
    return list(this.#outbound.get(spi)).find((l) => l.install.peer.address.equals(dst));
  }

  *refs(): Generator<ActorRef<ChildSaMessage>> {
    for (const { ref } of this.#inbound.values()) yield ref;
  }
}

const list = (listed: Listed | readonly Listed[] | undefined): readonly Listed[] =>
  listed === undefined ? [] : 'ref' in listed ? [listed] : listed;
