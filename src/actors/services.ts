/**
 * Who answers the questions of IKE SAs, each kind its own: EAP methods, RADIUS, CRL and OCSP servers, DNS. Every question
 * under way is an actor for as long as it takes, so that a deadline, the end of whoever asked and the daemon's shutdown
 * work as for all others.
 *
 *     ike-sa ─ask─► question ─► answerer (its own thread, sockets, RADIUS servers)
 *        ▲             │ deadline, or ike-sa has ended: what comes later is wiped
 *        └───reply─────┘
 */
import type { In } from '../ike/effects.ts';
import type { Question, Reply } from '../ike/questions.ts';
import type { Answerer } from '../services/answerer.ts';
import type { ActorRef, Behavior, Context, EndReason, Group } from './runtime/index.ts';
import type { Services } from './world.ts';

type Kind = Question['t'];

/** One who keeps conversations, which may end without a last word. */
interface Conversing {
  /** Nobody will ask again in this session. Harmless if there is none. */
  forget(session: number): void;
}

/** Those that are missing are answered for: nobody answers. */
export type Answerers = {
  readonly [T in Kind]?: T extends 'eap' | 'eapPeer' ? Answerer<T> & Conversing : Answerer<T>;
};

export interface ServicesOptions {
  /** Where questions live while they are under way. */
  readonly group: Group;
  readonly answerers: Answerers;
  /** What answerers have to tell of themselves in `--globalstatus`. */
  readonly moreFigures?: () => Iterable<readonly [string, number]>;
  /** In place of `QUESTION_LIMITS`. */
  readonly limits?: Partial<Record<Kind, QuestionLimit>>;
}

export interface QuestionLimit {
  /** Questions of one kind at a time; one more is refused. */
  readonly most: number;
  /** ms. Answerers have deadlines of their own, which are shorter; this is for one that has lost its way. */
  readonly within: number;
}

/** An IKE_AUTH exchange is over after a minute at the latest: an answer must come while somebody still listens. */
export const QUESTION_LIMITS: Readonly<Record<Kind, QuestionLimit>> = {
  eap: { most: 20_000, within: 60_000 },
  eapPeer: { most: 20_000, within: 60_000 },
  revocation: { most: 20_000, within: 30_000 },
  // Nobody needs it: the peer can ask for itself, and shall not wait for long.
  ownOcsp: { most: 20_000, within: 5_000 },
  dnsKeys: { most: 4_000, within: 30_000 },
  // An established SA waits for it: shorter than the peer's patience with a request.
  addresses: { most: 4_000, within: 20_000 },
  // As long as libreswan gives PAM.
  xauth: { most: 20_000, within: 60_000 },
  // A person types; the peer's patience is what ends it as a rule.
  xauthPrompt: { most: 100, within: 120_000 },
};

/** Of one kind of question, since the start. */
export interface QuestionFigures {
  asked: number;
  /** Under way now. */
  waiting: number;
  /** More than `most` at a time. */
  refused: number;
  /** No answer within the deadline. */
  late: number;
  /** Whoever asked had ended by then. */
  dropped: number;
}

export class DaemonServices implements Services {
  readonly #group: Group;
  readonly #answerers: Answerers;
  readonly #moreFigures: () => Iterable<readonly [string, number]>;
  readonly #limits: Readonly<Record<Kind, QuestionLimit>>;
  readonly #figures: Record<Kind, QuestionFigures> = {
    eap: none(),
    eapPeer: none(),
    revocation: none(),
    ownOcsp: none(),
    dnsKeys: none(),
    addresses: none(),
    xauth: none(),
    xauthPrompt: none(),
  };

  constructor({ group, answerers, limits, moreFigures = () => [] }: ServicesOptions) {
    this.#group = group;
    this.#answerers = answerers;
    this.#moreFigures = moreFigures;
    this.#limits = { ...QUESTION_LIMITS, ...limits };
  }

  ask(id: number, question: Question, owner: ActorRef<In>): void {
    const { t } = question;
    const answerer = this.#answerers[t] as Answerer<Kind> | undefined;
    const figures = this.#figures[t];
    const limit = this.#limits[t];
    figures.asked++;
    const reject = (why: string) => owner.tell({ t: 'reply', id, reply: { t: 'none', why } });
    if (!answerer) return reject(`nobody answers ${t} here`);
    if (figures.waiting >= limit.most) {
      figures.refused++;
      return reject(`${limit.most} questions of the kind ${t} wait already`);
    }
    this.#group.spawn(t, new Asked({ id, question, owner, answerer, figures, within: limit.within }));
  }

  forgetEap(session: number): void {
    this.#answerers.eap?.forget(session);
    this.#answerers.eapPeer?.forget(session);
  }

  /** Names and values for `--globalstatus`. */
  *figures(): Generator<readonly [string, number]> {
    for (const [kind, figures] of Object.entries(this.#figures))
      for (const [name, value] of Object.entries(figures)) yield [`questions.${kind}.${name}`, value];
    yield* this.#moreFigures();
  }
}

const none = (): QuestionFigures => ({ asked: 0, waiting: 0, refused: 0, late: 0, dropped: 0 });

interface Asking {
  readonly id: number;
  readonly question: Question;
  readonly owner: ActorRef<In>;
  readonly answerer: Answerer<Kind>;
  readonly figures: QuestionFigures;
  readonly within: number;
}

type AskedMessage = 'answered' | 'delivered' | 'late' | 'ownerEnded';
const ownerEnded = () => 'ownerEnded' as const;

class Asked implements Behavior<AskedMessage> {
  readonly #asking: Asking;
  /** Come, and not told yet. */
  #reply: Reply | undefined = undefined;
  #isOver = false;

  constructor(asking: Asking) {
    this.#asking = asking;
    asking.figures.waiting++;
  }

  started(self: Context<AskedMessage>): void {
    const { answerer, question, owner, within } = this.#asking;
    self.after(within, 'late');
    self.watch(owner, ownerEnded);
    answerer.answer(question).then(
      (reply) => this.#answered(reply, self),
      (error: unknown) => this.#answered({ t: 'none', why: `internal error: ${text(error)}` }, self),
    );
  }

  receive(message: AskedMessage, self: Context<AskedMessage>): void {
    const { id, figures, within, question, owner } = this.#asking;
    switch (message) {
      case 'answered':
        if (!this.#reply || owner.hasEnded) break;
        owner.tell({ t: 'reply', id, reply: this.#reply });
        // One that ends with the reply still in its mailbox does not wipe it.
        return self.soon('delivered');
      case 'delivered':
        if (!owner.hasEnded) this.#reply = undefined;
        break;
      case 'late':
        if (this.#reply) return;
        figures.late++;
        this.#giveUp(`no answer to ${question.t} within ${within / 1000} s`);
        break;
      case 'ownerEnded':
        break;
      default:
        message satisfies never;
    }
    self.stop();
  }

  stopped(why: EndReason): void {
    this.#isOver = true;
    this.#asking.figures.waiting--;
    if (why === 'crashed') this.#giveUp('internal error');
    if (this.#reply) this.#drop(this.#reply);
  }

  #answered(reply: Reply, self: ActorRef<AskedMessage>): void {
    if (this.#isOver) return this.#drop(reply);
    this.#reply = reply;
    self.tell('answered');
  }

  #giveUp(why: string): void {
    this.#asking.owner.tell({ t: 'reply', id: this.#asking.id, reply: { t: 'none', why } });
  }

  /** Nobody awaits it any more: its secrets go with it. */
  #drop(reply: Reply): void {
    this.#asking.figures.dropped++;
    if (reply.t === 'eap') reply.msk?.fill(0);
    else if (reply.t === 'xauthPrompt') reply.typed.fill(0);
  }
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
