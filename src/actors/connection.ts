/**
 * A connection: what is wanted of one peer, whether it is wanted now, and what there is of it. It starts IKE
 * SAs and asks them for children; how they come about is theirs.
 *
 *   unrouted ──route──► on demand ──acquire──► negotiating ──childUp──► up
 *       └──────────────────initiate──────────────►│◄──revive───childDown──┘
 */
import type { Answer } from '../control/answer.ts';
import { RC, type ReplyCode } from '../control/reply-codes.ts';
import type { DownReason, LogEvent, Login, Redirects } from '../ike/effects.ts';
import type { Policy } from '../ike/policy.ts';
import type { Address } from '../net/address.ts';
import { Endpoint } from '../net/endpoint.ts';
import type { Selector } from '../net/selector.ts';
import { layersWanted } from './bundle.ts';
import { IkeSaActor, type IkeSaMessage } from './ike-sa.ts';
import { connPrefix } from './lines.ts';
import { excluding, type Few, fewOf, find, including, listOf, NONE } from './lists.ts';
import type { Protection } from './policies.ts';
import { hindranceText } from './policy-of.ts';
import { initiatorOf } from './protocol.ts';
import { type ActorRef, type Behavior, type Context, noTimer, type TimerId } from './runtime/index.ts';
import { split } from './split.ts';
import { Watchers, type World } from './world.ts';

export type ConnectionMessage =
  | {
      readonly t: 'initiate';
      readonly answer?: Answer;
      readonly asynchronous?: boolean;
      /** For XAUTH, of whoever asks; it is the connection's from here on, who wipes it. */
      readonly login?: Login | undefined;
    }
  | { readonly t: 'terminate'; readonly answer?: Answer }
  /** From an IKE SA that others use as well, to `terminate`. */
  | { readonly t: 'awaitDown'; readonly answer: Answer }
  | { readonly t: 'route'; readonly answer?: Answer }
  | { readonly t: 'unroute'; readonly answer?: Answer }
  | { readonly t: 'rekey'; readonly what: 'ike' | 'child'; readonly answer?: Answer }
  | { readonly t: 'drop'; readonly what: 'ike' | 'child'; readonly answer?: Answer }
  /** Take everything down and be gone. */
  | { readonly t: 'delete' }
  /** The data plane has trapped a packet; with `answer`, somebody asks to act as if it had. */
  | {
      readonly t: 'acquire';
      readonly src: Selector;
      readonly dst: Selector;
      readonly answer?: Answer;
      readonly asynchronous?: boolean;
      /** By the template whose trap it was. */
      readonly isPassedOn?: boolean;
    }
  | { readonly t: 'revive' }
  /** `stays`: what it replaces is there for a while yet. */
  | {
      readonly t: 'ikeUp';
      readonly serial: number;
      readonly ike: ActorRef<IkeSaMessage>;
      readonly replaces?: number;
      readonly stays?: boolean;
    }
  | { readonly t: 'ikeDown'; readonly serial: number; readonly why: DownReason; readonly text: string }
  | { readonly t: 'childUp'; readonly serial: number; readonly ike: ActorRef<IkeSaMessage>; readonly replaces?: number }
  | { readonly t: 'childDown'; readonly serial: number; readonly why: DownReason; readonly text: string }
  /** Another IKE SA has it now. */
  | { readonly t: 'rekeyFailed'; readonly text: string }
  /** IKEv1: `ike` is to take the place of one that is ours. */
  | { readonly t: 'renew'; readonly ike: ActorRef<IkeSaMessage> }
  /** The peer sends us from one gateway to another, and `others` with us; `answers` want to see what comes of that. */
  | {
      readonly t: 'redirected';
      readonly to: Address;
      readonly redirects: Redirects;
      readonly from: ActorRef<IkeSaMessage>;
      readonly others: readonly Policy[];
      readonly answers: readonly Answer[];
    }
  /** Of such others: this IKE SA leads there. */
  | { readonly t: 'follow'; readonly ike: ActorRef<IkeSaMessage> }
  | { readonly t: 'childMoved'; readonly serial: number; readonly ike: ActorRef<IkeSaMessage> }
  | { readonly t: 'report'; readonly to: (state: ConnectionReport) => void };

export interface ConnectionReport {
  readonly routing: 'unrouted' | 'routed-ondemand' | 'routed-never-negotiate' | 'routed-tunnel';
  readonly isUp: boolean;
  readonly ike: readonly number[];
  readonly children: readonly number[];
}

interface Known {
  readonly serial: number;
  readonly ike: ActorRef<IkeSaMessage>;
}

/** libreswan's steps: at once, then 5 s more each time, 5 min at most. */
const REVIVAL_STEP = 5_000;
const REVIVAL_MAX = 300_000;
/** A tunnel that stood for so long has made good for all attempts before it. */
const STABLE_AFTER = 60_000;

/** Said to whoever wants to initiate while nobody could be heard. */
export const DEAF = 'need --listen before --initiate';

export class ConnectionActor implements Behavior<ConnectionMessage> {
  /** What it asks for that is not built; such a connection has no policy. */
  hindrance: string | undefined = undefined;
  readonly #world: World;
  readonly #name: string;
  readonly #policy: Policy | undefined;
  readonly #ikePort: number;
  /** `keyingtries=`: attempts in a row; 0: for ever. */
  readonly #tries: number;
  /** Supposed to be up: what goes down by itself is brought up again. */
  #wanted = false;
  #trap: Protection | undefined = undefined;
  /** What we asked for last and has neither come nor failed; 0 for nothing. */
  #negotiating = 0;
  /** The IKE SA with the gateway that we are sent to, until we have a child there: then we leave the others. */
  #moving: ActorRef<IkeSaMessage> | undefined = undefined;
  /** What we had asked the former gateway for, as `#negotiating`. */
  #leftBehind = 0;
  #ike: Few<Known> = NONE;
  #children: Few<Known> = NONE;
  /** Until it is taken down: what goes down by itself is brought up again as whom it was. */
  #login: Login | undefined = undefined;
  #revivals = 0;
  /** When the last child came up, on the actors' clock; 0 once it has been down. */
  #upSince = 0;
  #revival: TimerId = noTimer;
  #forChild: Watchers | undefined = undefined;
  #forRekey: Watchers | undefined = undefined;
  #forIke: Watchers | undefined = undefined;
  #forDown: Watchers | undefined = undefined;

  constructor(world: World, name: string, policy: Policy | undefined, ikePort: number, tries = 0) {
    this.#world = world;
    this.#name = name;
    this.#policy = policy;
    this.#ikePort = ikePort;
    this.#tries = tries;
  }

  receive(message: ConnectionMessage, self: Context<ConnectionMessage>): void {
    switch (message.t) {
      case 'initiate':
        if (message.login) this.#keepLogin(message.login);
        return this.#initiate(message.answer, message.asynchronous ?? false, self);
      case 'terminate':
        return this.#terminate(message.answer, self);
      case 'awaitDown':
        return this.#awaitDown(message.answer);
      case 'route':
        return this.#route(message.answer);
      case 'unroute':
        return this.#unroute(message.answer);
      case 'rekey':
      case 'drop':
        return this.#change(message);
      case 'delete':
        this.#terminate(undefined, self);
        this.#unroute(undefined);
        return self.stop();
      case 'acquire':
        return this.#acquired(message);
      case 'revive':
        this.#revival = noTimer;
        return this.#wanted && this.#children === NONE ? this.#negotiate(undefined) : undefined;
      case 'ikeUp':
        return this.#ikeUp(message, self);
      case 'ikeDown':
        return this.#ikeDown(message, self);
      case 'childUp':
        return this.#childUp(message.serial, message.ike, message.replaces, self);
      case 'childDown':
        return this.#childDown(message, self);
      case 'renew':
        return void message.ike.tell({ t: 'command', command: { t: 'renew', login: this.#login } });
      case 'rekeyFailed':
        this.#forIke?.line(RC.FATAL, `${this.#prefix}: ${message.text}`);
        return this.#forIke?.end();
      case 'redirected':
        return this.#redirected(message, self);
      case 'follow':
        return this.#follow(message.ike, self);
      case 'childMoved':
        this.#children = fewOf(
          listOf(this.#children).map((k) => (k.serial === message.serial ? { serial: k.serial, ike: message.ike } : k)),
        );
        return;
      case 'report':
        return message.to({
          routing: this.#children !== NONE ? 'routed-tunnel' : this.#trap ? 'routed-ondemand' : 'unrouted',
          isUp: this.#wanted,
          ike: listOf(this.#ike).map((k) => k.serial),
          children: listOf(this.#children).map((k) => k.serial),
        });
      default:
        return message satisfies never;
    }
  }

  stopped(): void {
    for (const watchers of [this.#forChild, this.#forRekey, this.#forIke, this.#forDown]) watchers?.end();
    if (this.#trap) this.#world.policies.release(this.#trap);
    this.#keepLogin(undefined);
  }

  #keepLogin(login: Login | undefined): void {
    this.#login?.password?.fill(0);
    this.#login = login;
  }

  // --- up ------------------------------------------------------------------------------------------------------

  #initiate(answer: Answer | undefined, asynchronous: boolean, self: Context<ConnectionMessage>): void {
    const policy = this.#policy;
    const refuse = (code: ReplyCode, text: string) => {
      answer?.line(code, text);
      answer?.end();
    };
    const { hindrance } = this;
    if (hindrance !== undefined)
      return refuse(RC.FATAL, `"${this.#name}": cannot initiate: ${hindranceText(hindrance)}`);
    if (!policy)
      return refuse(RC.ORIENT, `"${this.#name}": we cannot identify ourselves with either end of this connection`);
    if (!this.#world.switchboard.listens) return refuse(RC.DEAF, DEAF);
    if (!policy.remoteHost)
      return refuse(RC.NOPEERIP, `"${this.#name}": cannot initiate connection without knowing peer IP address`);
    this.#wanted = true;
    // Nobody waits for it, and it is up: `auto=start` has been met.
    if (!answer && this.#children !== NONE) return;
    this.#forgetRevival(self);
    if (asynchronous) answer?.end();
    this.#negotiate(asynchronous ? undefined : answer);
  }

  #negotiate(answer: Answer | undefined): void {
    const policy = this.#policy;
    if (!policy?.remoteHost || !policy.localHost) return;
    if (answer) {
      this.#forChild ??= new Watchers();
      this.#forChild.add(answer);
    }
    const existing = this.#world.registry.ikeSa(policy);
    if (existing) {
      if (answer) existing.tell({ t: 'watch', answer });
      if (this.#negotiating !== 0) return;
      if (policy.v1?.isAlone) {
        answer?.line(RC.LOG, `${this.#prefix}: the ISAKMP SA is up already`);
        return this.#forChild?.end();
      }
      this.#negotiating = this.#world.serial();
      return existing.tell({ t: 'command', command: { t: 'addChild', policy, serial: this.#negotiating } });
    }
    const ike = this.#spawnIke(policy, policy.localHost, policy.remoteHost);
    this.#negotiating = ike.serial;
    this.#ike = including(this.#ike, ike);
    if (answer) ike.ike.tell({ t: 'watch', answer });
    ike.ike.tell({ t: 'command', command: { t: 'initiate', login: this.#login } });
  }

  /** The old SAs stay until there are new ones: RFC 5685 §5. In IKE_AUTH (§6) there are none, and `from` ends by itself. */
  #redirected(message: Extract<ConnectionMessage, { t: 'redirected' }>, self: Context<ConnectionMessage>): void {
    const { to, redirects, from, others, answers } = message;
    if (!this.#policy?.localHost || this.#isOnTheWay(from)) return answers.forEach((answer) => void answer.end());
    const ike = this.#spawnIke(this.#policy, this.#policy.localHost, to);
    this.#ike = including(this.#ike, ike);
    this.#moveTo(ike.ike, ike.serial, self);
    for (const answer of answers) ike.ike.tell({ t: 'watch', answer });
    ike.ike.tell({ t: 'command', command: { t: 'initiate', redirects } });
    for (const other of others) this.#world.registry.owner(other)?.ref.tell({ t: 'follow', ike: ike.ike });
  }

  #follow(ike: ActorRef<IkeSaMessage>, self: Context<ConnectionMessage>): void {
    if (!this.#policy || this.#isOnTheWay(undefined)) return;
    const serial = this.#world.serial();
    this.#moveTo(ike, serial, self);
    ike.tell({ t: 'command', command: { t: 'addChild', policy: this.#policy, serial } });
  }

  #moveTo(ike: ActorRef<IkeSaMessage>, negotiating: number, self: Context<ConnectionMessage>): void {
    this.#forgetRevival(self);
    this.#moving = ike;
    this.#leftBehind = this.#negotiating;
    this.#negotiating = negotiating;
  }

  /** Where another gateway than `from` sends us has to wait. */
  #isOnTheWay(from: ActorRef<IkeSaMessage> | undefined): boolean {
    const isMoving = this.#moving !== undefined && !this.#moving.hasEnded && this.#moving !== from;
    if (isMoving) this.#log('we are on the way to another gateway already');
    return isMoving;
  }

  /** There is a child with the other gateway: what we have with the former ones is over. */
  #arrived(policy: Policy | undefined): void {
    const there = this.#moving;
    this.#moving = undefined;
    if (!policy) return;
    const left = [...listOf(this.#children), ...listOf(this.#ike)].map((k) => k.ike);
    for (const ike of new Set(left)) if (ike !== there && !ike.hasEnded) ike.tell({ t: 'leave', policy });
  }

  /** We do not get to the other gateway. The one that sends us there may bear with us for a while. */
  #cannotMove(text: string): void {
    const there = this.#moving;
    this.#moving = undefined;
    if (this.#policy && !there?.hasEnded) there?.tell({ t: 'takeDown', policy: this.#policy });
    if (this.#children !== NONE) this.#log(`staying with the gateway that sends us away (${text})`, 'failed');
  }

  #spawnIke(policy: Policy, localHost: Address, remoteHost: Address): Known {
    const world = this.#world;
    const serial = world.serial();
    const local = new Endpoint(localHost, this.#ikePort);
    const peer = new Endpoint(remoteHost, policy.remotePort);
    const sa = initiatorOf({ serial, policy, local, peer }, world.env);
    const ike = world.spawn('states', serial, new IkeSaActor(world, sa));
    // At once, for the next connection to the same peer may be in this very slice.
    world.registry.registerIkeSa(policy, ike);
    return { serial, ike };
  }

  #acquired({ src, dst, answer, asynchronous, isPassedOn }: Extract<ConnectionMessage, { t: 'acquire' }>): void {
    // A policy that an SA has just left behind is no trap of ours.
    if (!answer && !this.#trap && !this.#wanted && !isPassedOn) return;
    if (!answer && (this.#negotiating !== 0 || this.#revival !== noTimer)) return;
    if (answer && !this.#world.switchboard.listens) {
      answer.line(RC.DEAF, 'need --listen before --initiate');
      return answer.end();
    }
    const line = this.#log(`initiate on-demand for packet ${src.start} to ${dst.start}`, 'initiated');
    answer?.line(RC.LOG, line);
    if (asynchronous) answer?.end();
    this.#negotiate(asynchronous ? undefined : answer);
  }

  #ikeUp(message: Extract<ConnectionMessage, { t: 'ikeUp' }>, self: Context<ConnectionMessage>): void {
    const { serial, ike, replaces, stays } = message;
    const isOver = (k: Known) => k.serial === serial || (k.serial === replaces && !stays);
    this.#ike = including(excluding(this.#ike, isOver), { serial, ike });
    if (replaces !== undefined) return this.#forIke?.end();
    if (!this.#policy?.v1?.isAlone) return;
    // There will be no child to wait for.
    this.#negotiating = 0;
    this.#upSince = self.now();
    this.#forgetRevival(self);
    this.#forChild?.end();
  }

  #childUp(
    serial: number,
    ike: ActorRef<IkeSaMessage>,
    replaces: number | undefined,
    self: Context<ConnectionMessage>,
  ): void {
    this.#children = including(
      excluding(this.#children, (k) => k.serial === replaces),
      { serial, ike },
    );
    if (replaces !== undefined) return this.#forRekey?.end();
    if (ike === this.#moving) this.#arrived(this.#policy);
    else if (this.#moving) return;
    this.#negotiating = 0;
    this.#upSince = self.now();
    this.#forgetRevival(self);
    this.#forChild?.end();
  }

  // --- down ----------------------------------------------------------------------------------------------------

  #terminate(answer: Answer | undefined, self: Context<ConnectionMessage>): void {
    this.#wanted = false;
    this.#moving = undefined;
    this.#forgetRevival(self);
    this.#keepLogin(undefined);
    const policy = this.#policy;
    const targets = [...new Set([...listOf(this.#children), ...listOf(this.#ike)].map((k) => k.ike))].filter(
      (ref) => !ref.hasEnded,
    );
    if (!policy || targets.length === 0) return answer?.end();
    const line = this.#log(`initiating delete of connection's ${whatEnds(listOf(this.#ike), listOf(this.#children))}`);
    answer?.line(RC.LOG, line);
    const parts = answer && split(answer, targets.length);
    targets.forEach((ref, i) => void ref.tell({ t: 'takeDown', policy, ...(parts ? { answer: parts[i] } : {}) }));
  }

  /** The IKE SA stays, for others: whoever waits has seen it all when our children are gone. */
  #awaitDown(answer: Answer): void {
    if (this.#children === NONE) return answer.end();
    this.#forDown = watching(this.#forDown, answer);
  }

  #ikeDown(
    { serial, why, text }: Extract<ConnectionMessage, { t: 'ikeDown' }>,
    self: Context<ConnectionMessage>,
  ): void {
    const known = find(this.#ike, (k) => k.serial === serial);
    this.#ike = excluding(this.#ike, (k) => k === known);
    // One that crashed took its children along without a word.
    this.#children = excluding(this.#children, (k) => k.ike.hasEnded);
    if (this.#moving && this.#moving === known?.ike) this.#cannotMove(text);
    if (!this.#moving) this.#settle(this.#isInVain(why, serial) ? 'local' : why, text, self);
  }

  #childDown(message: Extract<ConnectionMessage, { t: 'childDown' }>, self: Context<ConnectionMessage>): void {
    const { serial, why, text } = message;
    const known = find(this.#children, (k) => k.serial === serial);
    const wasUp = known !== undefined;
    this.#children = excluding(this.#children, (k) => k === known);
    // What ends at the gateway that we leave is no reason to begin anything.
    if (this.#moving && (wasUp ? known.ike !== this.#moving : serial === this.#leftBehind)) return;
    if (this.#moving && !wasUp && why !== 'replaced') this.#cannotMove(text);
    // A replacement that did not come leaves the old child where it is.
    const waiting = why === 'replaced' ? this.#forRekey : this.#forChild;
    if (!wasUp) {
      waiting?.line(why === 'timeout' ? RC.NORETRANSMISSION : RC.FATAL, `${this.#prefix}: ${text}`);
      waiting?.end();
    }
    if (wasUp && why === 'timeout') this.#peerIsDead();
    // Somebody had asked for the end of the IKE SA, and we came too late with our wish for a child: not of ours.
    const isLost = !wasUp && (why === 'asked' || this.#isInVain(why, serial));
    this.#settle(isLost ? 'local' : why, text, self);
  }

  /** What the peer has forgotten, or has made anew, takes with it what we have asked for there: nobody goes on with that. */
  #isInVain(why: DownReason, serial: number): boolean {
    return why === 'replaced' && serial === this.#negotiating;
  }

  /** `dpdaction=`. An instance has nobody to wait for. */
  #peerIsDead(): void {
    const action = this.#policy?.v1?.dpdAction;
    if (action === undefined || this.#policy?.instance !== undefined) return;
    this.#log(`peer is dead: dpdaction=${action}`, 'explained');
    this.#wanted = action === 'restart';
    if (action === 'hold') this.#route(undefined);
    if (action === 'clear') this.#unroute(undefined);
  }

  /** Something has ended: who waited for it, and does it come again? */
  #settle(why: DownReason, text: string, self: Context<ConnectionMessage>): void {
    if (why === 'replaced') return;
    this.#negotiating = 0;
    for (const waiting of [this.#forChild, this.#forRekey, this.#forIke]) waiting?.end();
    if (this.#children !== NONE) return;
    this.#forDown?.end();
    if (why === 'asked') return;
    if (why === 'denied') return this.#giveUp(text);
    if (this.#wanted && this.#revival === noTimer) this.#scheduleRevival(text, self);
  }

  /** Who is told no as who it says it is, is not helped by saying it again. */
  #giveUp(text: string): void {
    this.#wanted = false;
    this.#keepLogin(undefined);
    this.#log(`not trying again by itself (${text})`, 'failed');
  }

  #scheduleRevival(text: string, self: Context<ConnectionMessage>): void {
    // A peer that lets us in and throws us out at once is asked as seldom as one that does not answer.
    if (this.#upSince !== 0 && self.now() - this.#upSince > STABLE_AFTER) this.#revivals = 0;
    this.#upSince = 0;
    if (this.#tries > 0 && this.#revivals + 1 >= this.#tries) {
      this.#wanted = false;
      return void this.#log(
        `giving up after ${this.#revivals + 1} attempts (keyingtries=${this.#tries}; ${text})`,
        'failed',
      );
    }
    const delay = Math.min(this.#revivals * REVIVAL_STEP, REVIVAL_MAX);
    this.#revivals++;
    this.#log(
      `connection is supposed to remain up; revival attempt ${this.#revivals} scheduled in ${delay / 1000} seconds (${text})`,
      'reviving',
    );
    this.#revival = self.after(delay, { t: 'revive' });
  }

  #forgetRevival(self: Context<ConnectionMessage>): void {
    if (this.#revival !== noTimer) self.cancel(this.#revival);
    this.#revival = noTimer;
  }

  // --- between -------------------------------------------------------------------------------------------------

  #route(answer: Answer | undefined): void {
    const policy = this.#policy;
    if (this.hindrance !== undefined) {
      answer?.line(RC.ROUTE, `"${this.#name}": cannot route: ${hindranceText(this.hindrance)}`);
      return answer?.end();
    }
    if (!policy?.localHost || !policy.remoteHost) {
      answer?.line(
        policy ? RC.ROUTE : RC.ORIENT,
        `"${this.#name}": cannot route: ${policy ? 'the peer may be anybody' : 'we cannot identify ourselves with either end of this connection'}`,
      );
      return answer?.end();
    }
    if (!this.#trap) {
      const { child } = policy;
      const trap: Protection = {
        protocol: child.proposals[0]?.protocol === 'ah' ? 'ah' : 'esp',
        mode: child.mode,
        reqid: child.reqid,
        localHost: policy.localHost,
        remoteHost: policy.remoteHost,
        local: child.local,
        remote: child.remote,
        priority: child.priority,
        layers: layersWanted(child),
        isTrap: true,
      };
      const fault = this.#world.policies.hold(trap);
      if (fault) answer?.line(RC.ROUTE, `${this.#prefix}: could not route: ${fault.why} (${fault.errno})`);
      else {
        this.#trap = trap;
        this.#traceRouting(() => `trap laid for ${trap.local.join(',')} === ${trap.remote.join(',')}`);
      }
    }
    answer?.end();
  }

  #unroute(answer: Answer | undefined): void {
    if (this.#trap) {
      this.#world.policies.release(this.#trap);
      this.#traceRouting(() => 'trap taken up');
    }
    this.#trap = undefined;
    answer?.end();
  }

  #change({ t, what, answer }: Extract<ConnectionMessage, { t: 'rekey' | 'drop' }>): void {
    const policy = this.#policy;
    const target = listOf(what === 'ike' ? this.#ike : this.#children).at(-1);
    if (!policy || !target) {
      answer?.line(
        RC.UNKNOWN_NAME,
        `${this.#prefix}: connection has no established ${what === 'ike' ? 'IKE' : 'Child'} SA`,
      );
      return answer?.end();
    }
    if (answer) {
      target.ike.tell({ t: 'watch', answer });
      if (t === 'drop') this.#forDown = watching(this.#forDown, answer);
      else if (what === 'ike') this.#forIke = watching(this.#forIke, answer);
      else this.#forRekey = watching(this.#forRekey, answer);
    }
    if (t === 'drop') this.#wanted = false;
    // In IKEv1 the peer might use one of those before it instead.
    if (t === 'drop' && what === 'ike')
      for (const { ike } of listOf(this.#ike)) if (ike !== target.ike) ike.tell({ t: 'dropNewest', what, policy });
    target.ike.tell({ t: t === 'rekey' ? 'rekeyNewest' : 'dropNewest', what, policy });
  }

  get #prefix(): string {
    return this.#policy ? connPrefix(this.#policy, this.#policy.remoteHost) : `"${this.#name}"`;
  }

  #traceRouting(text: () => string): void {
    if (!this.#world.debugging.on('routing', this.#name)) return;
    this.#world.log('debug', text(), { policy: this.#policy ?? { name: this.#name } });
  }

  #log(text: string, event?: LogEvent): string {
    const policy = this.#policy ?? { name: this.#name };
    return this.#world.log('info', text, { policy, peer: this.#policy?.remoteHost, event });
  }
}

function watching(watchers: Watchers | undefined, answer: Answer): Watchers {
  const result = watchers ?? new Watchers();
  result.add(answer);
  return result;
}

/** `IKE SA #1 (and Child SA #2)`. */
function whatEnds(ike: readonly Known[], children: readonly Known[]): string {
  const all = (what: string, known: readonly Known[]) =>
    `${what}${known.length > 1 ? 's' : ''} ${known.map((k) => `#${k.serial}`).join(', ')}`;
  if (ike.length === 0) return all('Child SA', children);
  return all('IKE SA', ike) + (children.length > 0 ? ` (and ${all('Child SA', children)})` : '');
}
