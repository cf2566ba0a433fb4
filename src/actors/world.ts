/**
 * What every actor of the daemon may use: ports and indexes, all of them instant. In tests the same actors run
 * on a virtual clock, an in-memory wire and the `none` plane.
 */
import type { SecretRow } from '../conf/secret-store.ts';
import type { Answer, PromptCode, Typed } from '../control/answer.ts';
import type { ReplyCode } from '../control/reply-codes.ts';
import type { Job } from '../ike/crypto/job.ts';
import type { Env, In } from '../ike/effects.ts';
import type { Question } from '../ike/questions.ts';
import type { InnerAddresses } from '../kernel/inner-addresses.ts';
import type { DataPlane } from '../kernel/port.ts';
import type { Leases } from '../services/leases/leases.ts';
import type { FamilyStats } from '../workers/figures.ts';
import type { Accounting } from './accounting.ts';
import type { BareShunts } from './bare-shunts.ts';
import type { Debugging } from './debugging.ts';
import type { Impairments } from './impairments.ts';
import type { About } from './lines.ts';
import type { Policies } from './policies.ts';
import type { PublicKeys } from './public-keys.ts';
import type { Registry } from './registry.ts';
import type { ActorName, ActorRef, Behavior } from './runtime/index.ts';
import type { SaIndex } from './sa-index.ts';
import type { Seldom } from './seldom.ts';
import type { Standing } from './standing.ts';
import type { Stats } from './stats.ts';
import type { Switchboard } from './switchboard.ts';

export type LogLevel = 'info' | 'warn' | 'debug';

export interface World {
  /** A line of the log; returns it as it reads there, for who else is to see it. */
  log(level: LogLevel, text: string, about?: About): string;
  /** Asked before a debug line is put together. */
  readonly debugging: Debugging;
  readonly impairments: Impairments;
  readonly publicKeys: PublicKeys;
  readonly standing: Standing;
  /** Time of day: ms since 1970. */
  wall(): number;
  /** The next `#n` of a state. */
  serial(): number;
  /** A new IKE SA of a peer takes the place of its old one (`uniqueids=`). */
  readonly uniqueIds: boolean;
  readonly helpers: Helpers;
  readonly services: Services;
  /** The sessions of RADIUS users. */
  readonly accounting: Accounting;
  readonly plane: DataPlane;
  readonly policies: Policies;
  readonly shunts: BareShunts;
  /** Inner addresses that peers have of us; those that we have of them, on our interfaces. */
  readonly leases: Leases;
  readonly innerAddresses: InnerAddresses;
  readonly registry: Registry;
  readonly switchboard: Switchboard;
  readonly sas: SaIndex;
  /** The protocol's view of all this, one for every SA. */
  readonly env: Env;
  /** An actor that is nobody's child: what must outlive its maker. */
  spawn<M>(group: 'states' | 'connections', name: ActorName, behavior: Behavior<M>): ActorRef<M>;
  readonly stats: Stats;
  /** For lines that a packet of anybody's can provoke. */
  readonly strangers: Seldom;
  /** What ipsec.secrets(5) has entries for, without the secrets. */
  secretRows(): Iterable<SecretRow>;
}

/** The pool as actors see it: results come back as messages to `owner`. */
export interface Helpers {
  nextId(): number;
  /** One that can wait is done after all others. */
  submit(id: number, job: Job, owner: ActorRef<In>, canWait: boolean): void;
  /** How long the oldest job waits or runs by now, ms. */
  readonly behind: number;
  /** How many wait or run. */
  readonly queued: number;
  /** By family of jobs. */
  stats(): ReadonlyMap<string, FamilyStats>;
}

/** Whoever answers questions: DNS, CRL and OCSP servers, EAP methods, RADIUS. Replies come back as messages to `owner`. */
export interface Services {
  ask(id: number, question: Question, owner: ActorRef<In>): void;
  forgetEap(session: number): void;
  /** For `--globalstatus`: names and values. */
  figures(): Iterable<readonly [string, number]>;
}

/** Nobody answers. */
export const NO_SERVICES: Services = {
  ask: (id, { t }, owner) => owner.tell({ t: 'reply', id, reply: { t: 'none', why: `nobody answers ${t} here` } }),
  forgetEap: () => {},
  figures: () => [],
};

/** Where progress lines go besides the log: the whacks that wait for an outcome. */
export class Watchers {
  #answers: readonly Answer[] = NOBODY;

  add(answer: Answer | undefined): void {
    if (answer?.isOpen) this.#answers = [...this.#answers.filter((a) => a.isOpen), answer];
  }

  line(code: ReplyCode, text: string): void {
    if (this.#answers.length === 1) return this.#answers[0].line(code, text);
    const told = new Set<Answer>();
    for (const answer of this.#answers) {
      const { isOpen, whole = answer } = answer;
      if (isOpen && !told.has(whole)) answer.line(code, text);
      if (isOpen) told.add(whole);
    }
  }

  /** Asks the first of them who can be asked; false: nobody can. */
  prompt(code: PromptCode, text: string, typed: Typed): boolean {
    const asked = this.#answers.find((answer) => answer.isOpen && answer.prompt);
    asked?.prompt?.(code, text, typed);
    return asked !== undefined;
  }

  /** Everybody has waited long enough. */
  end(): void {
    for (const answer of this.#answers) answer.end();
    this.#answers = NOBODY;
  }

  /** Hands those who wait to somebody else's charge. */
  take(): readonly Answer[] {
    const answers = this.#answers;
    this.#answers = NOBODY;
    return answers;
  }

  get isEmpty(): boolean {
    return this.#answers.length === 0;
  }
}

const NOBODY: readonly Answer[] = Object.freeze([]);
