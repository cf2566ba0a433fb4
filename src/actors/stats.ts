/** Totals since the start, for `--globalstatus`, under the names it gives them. Whoever knows of an event counts it. */
import type { ChildSuite, IkeSuite } from '../ike/crypto/keys.ts';
import type { DownReason } from '../ike/effects.ts';

export class Stats {
  keepalives = 0;
  /** IKE SAs that are established now. */
  authenticated = 0;
  readonly #totals = new Map<string, number>();

  of(key: string): number {
    return this.#totals.get(key) ?? 0;
  }

  count(key: string, by = 1): void {
    this.#totals.set(key, this.of(key) + by);
  }

  /** `--clearstats`: what is now stays. */
  clear(): void {
    this.#totals.clear();
    this.keepalives = 0;
  }

  ikeStarted(): void {
    this.count('total.ikev2.ike.started');
  }

  /** The peer is authentic. */
  ikeUp(suite: IkeSuite | undefined): void {
    this.authenticated++;
    this.count('total.ike.ikev2.established');
    this.count('total.ike.ikev2.completed');
    this.count('total.ikev2.ike.established');
    if (!suite) return;
    this.count(`total.ikev2.encr.${suite.encr.name}`);
    this.count(`total.ikev2.integ.${suite.integ?.name ?? 'NONE'}`);
    this.count(`total.ikev2.group.${suite.group.name}`);
  }

  /** A successor of one that was up. */
  ikeRekeyed(): void {
    this.authenticated++;
    this.count('total.ikev2.ike.established');
  }

  ikeDown(wasUp: boolean): void {
    if (wasUp) this.authenticated--;
    this.count('total.ikev2.ike.finished');
  }

  /** It has failed, and not been deleted. */
  ikeFailed(why: DownReason): void {
    this.count('total.ike.ikev2.failed');
    this.count(`total.ikev2.ike.finished.${why}`);
  }

  /** The data plane has it. */
  childUp({ suite, encapsulated }: { readonly suite: ChildSuite; readonly encapsulated: boolean }): void {
    this.count('total.ikev2.child.established');
    this.count('total.ipsec.type.all');
    this.count(`total.ipsec.type.${suite.protocol}`);
    if (suite.esn) this.count('total.ipsec.type.esn');
    this.count(encapsulated ? 'total.ipsec.type.encap' : 'total.ipsec.type.non_encap');
    if (suite.encr) this.count(`total.ikev2.ipsec.encr.${suite.encr.name}`);
    this.count(`total.ikev2.ipsec.integ.${suite.integ?.name ?? 'NONE'}`);
  }

  /** Octets that a Child SA has carried, at its end. */
  childDown(protocol: 'esp' | 'ah', inBytes: number, outBytes: number): void {
    this.count('total.ikev2.child.finished');
    this.count('total.ipsec.traffic.in', inBytes);
    this.count('total.ipsec.traffic.out', outBytes);
    this.count(`total.ipsec.${protocol}.traffic.in`, inBytes);
    this.count(`total.ipsec.${protocol}.traffic.out`, outBytes);
  }
}
