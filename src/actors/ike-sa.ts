/**
 * The actor around one IKE SA, or ISAKMP SA: it feeds the protocol's steps from its mailbox and carries out their effects.
 * It decides nothing that RFC 7296 or RFC 2409 has an opinion about.
 */
import type { Answer } from '../control/answer.ts';
import { RC, type ReplyCode } from '../control/reply-codes.ts';
import type { Child } from '../ike/child.ts';
import type { ChildInstall, Command, DownReason, In, Lease, Out, TimerName } from '../ike/effects.ts';
import type { Policy } from '../ike/policy.ts';
import type { Question, Reply } from '../ike/questions.ts';
import { IkeSa } from '../ike/v2/ike-sa.ts';
import { chooser } from '../ike/v2/siblings.ts';
import { adopt } from '../ike/v2/step.ts';
import { HEADER_AT } from '../ike/wire/index.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Id } from '../net/id.ts';
import { ChildSaActor, type ChildSaMessage } from './child-sa.ts';
import type { About } from './lines.ts';
import { excluding, type Few, fewOf, find, including, listOf, NONE } from './lists.ts';
import {
  canRedirect,
  childPolicyOf,
  exchangeName,
  exchangeOf,
  initiatorOf,
  isLeaving,
  type Machine,
  policiesOf,
  stepOf,
  versionOf,
} from './protocol.ts';
import type { RedirectOrder } from './redirecting.ts';
import type { ActorRef, Behavior, Context, EndReason } from './runtime/index.ts';
import { type ArmedTimer, armedTimers, timerNumber, timerOf } from './sa-timers.ts';
import { traceStep } from './sa-trace.ts';
import { childStateOf, quicksOf, stateOf } from './state-names.ts';
import { Watchers, type World } from './world.ts';

export type IkeSaMessage =
  | In
  /** A timer of ours: its `timerNumber`. */
  | number
  /** Whose progress whack wants to see. */
  | { readonly t: 'watch'; readonly answer: Answer }
  /** `ipsec down`: only this connection's children, or the whole if nothing else is left. */
  /** A line of a child's, for who waits. */
  | { readonly t: 'said'; readonly line: string }
  | { readonly t: 'takeDown'; readonly policy: Policy; readonly answer?: Answer }
  | { readonly t: 'rekeyNewest'; readonly what: 'ike' | 'child'; readonly policy: Policy }
  | { readonly t: 'dropNewest'; readonly what: 'ike' | 'child'; readonly policy: Policy }
  /** `deletestate`: this SA, or the child of that serial; the answer ends when it is gone. */
  | { readonly t: 'dropState'; readonly serial: number; readonly answer: Answer }
  /** The peer has made another IKE SA with us, and `uniqueids=yes`. */
  | { readonly t: 'outlived'; readonly by: number }
  /** IKEv1: `heir` is up, with `who` for the same connection, and gets the children if that is who our peer is. */
  | { readonly t: 'superseded'; readonly by: number; readonly who: string; readonly heir: ActorRef<IkeSaMessage> }
  /** IKEv1: `who` has deleted an IPsec SA on another ISAKMP SA, which does not have it. */
  | { readonly t: 'deletedBy'; readonly who: string; readonly command: Extract<Command, { t: 'deleted' }> }
  /**
   * The peer sent INITIAL_CONTACT on another IKE SA; of an EAP user: as this identity. `by`: that one's serial, if it has
   * been up for a while: the peer has forgotten nothing that has come since.
   */
  | { readonly t: 'forgotten'; readonly as?: Id | undefined; readonly by?: number }
  /** The connection has what it had here at another gateway now. */
  | { readonly t: 'leave'; readonly policy: Policy }
  /** Send the peer elsewhere, if it can be sent and `of` says yes to a connection that it has to do with. */
  | RedirectOrder
  /** The actors of inherited children. */
  | { readonly t: 'adoptActors'; readonly kids: readonly Kid[] }
  /** A packet of ours did not arrive, somebody says. */
  | { readonly t: 'networkError'; readonly text: string }
  | { readonly t: 'report'; readonly to: (state: IkeSaReport) => void };

interface Kid {
  readonly serial: number;
  readonly ref: ActorRef<ChildSaMessage>;
}

/** A look at an IKE SA for reports; nothing in it may be kept or changed. */
export interface IkeSaReport {
  readonly sa: Machine;
  /** Armed timers and in how many ms they fire. */
  readonly timers: readonly ArmedTimer[];
}

export class IkeSaActor implements Behavior<IkeSaMessage> {
  readonly #world: World;
  readonly #sa: Machine;
  readonly #isSuccessor: boolean;
  #kids: Few<Kid> = NONE;
  #watchers: Watchers | undefined = undefined;
  /** Who waits for the end of one child; under our own serial, for the peer to hear of another gateway. */
  #awaited: Few<{ readonly serial: number; readonly answer: Pick<Answer, 'end'> }> = NONE;
  /** The exchange that is at hand: its type, for the log. */
  #exchange = 0;
  /** Successors by serial, between their birth and the handing over. */
  #successors: Few<{ readonly serial: number; readonly ref: ActorRef<IkeSaMessage> }> = NONE;
  /** Until the peer is authentic: when it began, and where IKE_SA_INIT came from; a NAT may have moved the peer since. */
  #young: { readonly since: number; readonly peer: Endpoint | undefined } | undefined = undefined;
  #self: ActorRef<IkeSaMessage> | undefined = undefined;
  /** Under which the registry has us, once the peer has proven to be somebody. */
  #peerKey: string | undefined = undefined;
  /** The child that the data plane did not take: it is not up, whatever the protocol says. */
  #refused = 0;
  /** Every retransmission may bring the same one. */
  #lastError: string | undefined = undefined;

  constructor(world: World, sa: Machine, options: { readonly isSuccessor?: boolean; readonly peerKey?: string } = {}) {
    this.#world = world;
    this.#sa = sa;
    this.#isSuccessor = options.isSuccessor ?? false;
    this.#peerKey = options.peerKey;
    if (!this.#isSuccessor) this.#young = { since: world.env.now, peer: sa.role === 'responder' ? sa.peer : undefined };
  }

  /** The peer has proven all that it is to prove. */
  get #isUp(): boolean {
    return this.#young === undefined;
  }

  /** Whoever is not authentic yet comes after those who are. */
  get standsBack(): boolean {
    return this.#young?.peer !== undefined;
  }

  started(self: Context<IkeSaMessage>): void {
    const { switchboard, stats } = this.#world;
    this.#self = self;
    switchboard.register(this.#sa.ourSpi, self);
    stats.ikeState(undefined, stateOf(this.#sa));
    if (this.#isSuccessor) stats.ikeRekeyed(versionOf(this.#sa));
    else stats.ikeStarted(versionOf(this.#sa), this.#sa.role);
    if (this.#isSuccessor && this.#sa instanceof IkeSa) this.#carryOut(adopt(this.#sa, this.#world.env), self);
  }

  receive(message: IkeSaMessage, self: Context<IkeSaMessage>): void {
    if (typeof message === 'number') return this.#fired(message, self);
    switch (message.t) {
      case 'watch':
        return this.#watch(message.answer);
      case 'said':
        return this.#watchers?.line(RC.LOG, message.line);
      case 'takeDown':
        return this.#takeDown(message.policy, message.answer, self);
      case 'rekeyNewest':
      case 'dropNewest':
        return this.#toNewest(message, self);
      case 'dropState':
        return this.#dropState(message.serial, message.answer, self);
      case 'forgotten':
        if (message.as && !this.#sa.peerId?.equals(message.as)) return;
        if (message.by !== undefined && message.by < this.#sa.serial) return;
        return this.#command({ t: 'abandon', why: 'peer sent INITIAL_CONTACT' }, self);
      case 'outlived':
        return this.#outlived(message, self);
      case 'superseded':
        return this.#superseded(message, self);
      case 'deletedBy':
        return message.who === this.#who ? this.#command(message.command, self) : undefined;
      case 'leave':
        return this.#leave(message.policy, self);
      case 'redirect':
        return this.#redirect(message, self);
      case 'adoptActors':
        this.#kids = fewOf(listOf(this.#kids).concat(message.kids));
        for (const { ref } of message.kids) ref.tell({ t: 'parent', ike: self });
        return;
      case 'networkError':
        if (message.text !== this.#lastError) this.#say({ t: 'say', level: 'info', text: message.text });
        this.#lastError = message.text;
        return;
      case 'report':
        return message.to({
          sa: this.#sa,
          timers: armedTimers(self.timers()),
        });
      case 'job':
        if (!message.result.ok) this.#world.stats.jobFailures.count(message.result.why);
        return this.#carryOut(this.#step(message), self);
      default:
        return this.#carryOut(this.#step(message), self);
    }
  }

  /** The daemon goes, or the connection is deleted: say goodbye first. */
  stopping(self: Context<IkeSaMessage>): void {
    this.#command({ t: 'deleteIke', why: 'shutting down' }, self);
  }

  stopped(why: EndReason): void {
    const { switchboard, registry, stats } = this.#world;
    switchboard.unregister(this.#sa.ourSpi);
    stats.ikeState(stateOf(this.#sa), undefined);
    stats.ikeDown(versionOf(this.#sa), this.#isUp);
    this.#world.accounting.down(this.#sa.serial, 'local');
    this.#leaveHalfOpen(false);
    for (const { serial, ref } of listOf(this.#kids)) {
      ref.tell({ t: 'remove', lingers: false });
      registry.chosenNets.remove(serial);
    }
    if (why === 'crashed') {
      this.#sa.keys?.wipe();
      this.#dropLeases();
      const down = { t: 'ikeDown', why: 'local', text: 'internal error', serial: this.#sa.serial } as const;
      if (!this.#isStrangers) for (const policy of policiesOf(this.#sa)) this.#tellOwner(policy, down);
    }
    if (this.#self && this.#peerKey !== undefined) registry.forgetPeer(this.#peerKey, this.#self);
    if (this.#self) registry.unregisterIkeSa(this.#sa.policy, this.#self);
    this.#watchers?.end();
  }

  #takeDown(policy: Policy, answer: Answer | undefined, self: Context<IkeSaMessage>): void {
    if (answer) this.#watch(answer);
    const own = this.#sa.children.filter((c) => c.policy === policy);
    const isShared = own.length < this.#sa.children.length || this.#sa.policy !== policy;
    if (isShared && own.length > 0) {
      for (const child of own) this.#command({ t: 'deleteChild', serial: child.serial }, self);
      if (answer) this.#tellOwner(policy, { t: 'awaitDown', answer });
      return;
    }
    // Nothing of this connection is here any more, and others are.
    if (this.#sa.children.length > own.length) return answer?.end();
    this.#command({ t: 'deleteIke', why: 'terminated' }, self);
  }

  /** Others that share this IKE SA stay for as long as they like. */
  #leave(policy: Policy, self: Context<IkeSaMessage>): void {
    const own = this.#sa.children.filter((c) => c.policy === policy);
    if (own.length === this.#sa.children.length)
      return this.#command({ t: 'deleteIke', why: 'with another gateway now', reason: 'replaced' }, self);
    for (const { serial } of own) this.#command({ t: 'deleteChild', serial, reason: 'replaced' }, self);
  }

  #redirect(order: RedirectOrder, self: Context<IkeSaMessage>): void {
    const { serial, state } = this.#sa;
    const heir = state === 'replaced' ? listOf(this.#successors).at(-1) : undefined;
    if (heir && !heir.ref.hasEnded) return heir.ref.tell(order);
    if (state !== 'established' || ![...policiesOf(this.#sa)].some(order.of)) return order.over('other');
    if (!canRedirect(this.#sa)) return order.over('unable');
    this.#awaited = including(this.#awaited, { serial, answer: { end: () => order.over('told') } });
    this.#command({ t: 'redirect', to: order.to() }, self);
  }

  #toNewest(message: Extract<IkeSaMessage, { t: 'rekeyNewest' | 'dropNewest' }>, self: Context<IkeSaMessage>): void {
    const isRekey = message.t === 'rekeyNewest';
    if (message.what === 'ike')
      return this.#command(isRekey ? { t: 'rekeyIke' } : { t: 'deleteIke', why: 'terminated' }, self);
    const newest = this.#sa.children.findLast((c) => c.policy === message.policy && c.state === 'up');
    if (newest) this.#command({ t: isRekey ? 'rekeyChild' : 'deleteChild', serial: newest.serial }, self);
  }

  #command(command: Extract<In, { t: 'command' }>['command'], self: Context<IkeSaMessage>): void {
    this.#carryOut(this.#step({ t: 'command', command }), self);
  }

  #dropState(serial: number, answer: Answer, self: Context<IkeSaMessage>): void {
    this.#watch(answer);
    if (serial === this.#sa.serial) return this.#command({ t: 'deleteIke', why: 'terminated' }, self);
    if (!this.#sa.child(serial) && !quicksOf(this.#sa).some((q) => q.serial === serial)) return answer.end();
    this.#awaited = including(this.#awaited, { serial, answer });
    this.#command({ t: 'deleteChild', serial }, self);
  }

  /** The watchers go when this SA does, and with them what they were asked. */
  #prompt(id: number, { what, text }: Extract<Question, { t: 'xauthPrompt' }>, self: ActorRef<In>): void {
    const reply = (octets: Uint8Array | undefined): Reply =>
      octets ? { t: 'xauthPrompt', typed: octets } : { t: 'none', why: 'nobody has typed anything' };
    const code = what === 'password' ? RC.ENTERSECRET : RC.USERPROMPT;
    const isAsked = this.#watchers?.prompt(code, text, (octets) => {
      if (self.hasEnded) octets?.fill(0);
      else self.tell({ t: 'reply', id, reply: reply(octets) });
    });
    if (!isAsked) self.tell({ t: 'reply', id, reply: { t: 'none', why: 'nobody is there to type it' } });
  }

  #watch(answer: Answer): void {
    this.#watchers ??= new Watchers();
    this.#watchers.add(answer);
  }

  #step(input: In): readonly Out[] {
    const { env, debugging } = this.#world;
    if (input.t === 'packet') this.#exchange = input.datagram.bytes[HEADER_AT.exchange];
    else if (input.t !== 'job') this.#exchange = exchangeOf(this.#sa);
    const before = stateOf(this.#sa);
    const after = debugging.any ? traceStep(this.#world, this.#sa, input) : undefined;
    try {
      const outs = stepOf(this.#sa, input, env);
      after?.(outs);
      if (this.#self && isLeaving(this.#sa)) this.#world.registry.leaves(this.#self);
      return outs;
    } finally {
      const now = stateOf(this.#sa);
      if (now !== before) this.#world.stats.ikeState(before, now);
    }
  }

  // --- effects -----------------------------------------------------------------------------------------------

  #carryOut(outs: readonly Out[], self: Context<IkeSaMessage>): void {
    for (const out of outs) this.#do(out, self);
  }

  #do(out: Out, self: Context<IkeSaMessage>): void {
    const { switchboard, helpers, services, stats, innerAddresses } = this.#world;
    switch (out.t) {
      case 'send':
        this.#exchange = out.bytes[HEADER_AT.exchange];
        return switchboard.send(out.local, out.peer, out.bytes);
      case 'keepalive':
        stats.keepalives.inc();
        return switchboard.sendKeepalive(out.local, out.peer);
      case 'arm':
        return this.#arm(out.name, out.serial, out.after, self);
      case 'disarm':
        return self.forget(timerNumber(out.name, out.serial));
      case 'submit':
        return helpers.submit(out.id, out.job, self, this.standsBack);
      case 'ask':
        if (out.question.t === 'xauthPrompt') return this.#prompt(out.id, out.question, self);
        return services.ask(out.id, out.question, self);
      case 'forgetEap':
        return services.forgetEap(out.session);
      case 'install':
        return this.#install(out.child, out.halves, self);
      case 'installOutbound':
        return this.#kid(out.serial)?.tell({ t: 'installOutbound' });
      case 'remove':
        this.#kid(out.serial)?.tell({ t: 'remove', lingers: out.lingers });
        this.#kids = excluding(this.#kids, (k) => k.serial === out.serial);
        this.#world.registry.chosenNets.remove(out.serial);
        return;
      case 'assigned':
        for (const { address } of out.leases) this.#noteAddress(innerAddresses.add(address, this.#sa.peer.address));
        return;
      case 'unassigned':
        return this.#unassign(out.leases);
      case 'moved':
        for (const serial of out.serials) this.#kid(serial)?.tell({ t: 'moved', local: out.local, peer: out.peer });
        return;
      case 'say':
        return this.#say(out);
      case 'authenticated':
        return this.#authenticated(out, self);
      case 'childUp':
        if (out.serial === this.#refused) return;
        return this.#tellOwner(childPolicyOf(this.#sa, out.serial), {
          t: 'childUp',
          serial: out.serial,
          ike: self,
          ...(out.replaces === undefined ? {} : { replaces: out.replaces }),
        });
      case 'childDown':
        this.#released(out.serial);
        stats.childEnded(versionOf(this.#sa), out.why);
        return this.#tellOwner(out.policy, { t: 'childDown', serial: out.serial, why: out.why, text: out.text });
      case 'rekeyFailed':
        return this.#tellOwner(this.#sa.policy, { t: 'rekeyFailed', text: out.text });
      case 'successor':
        return this.#succeed(out.sa);
      case 'renew':
        return this.#renew();
      case 'deletedElsewhere':
        return this.#deletedElsewhere(out, self);
      case 'redirected': {
        const { to, redirects } = out;
        const [first, ...others] = this.#movers();
        const answers = this.#watchers?.take() ?? [];
        return this.#tellOwner(first, { t: 'redirected', to, redirects, from: self, others, answers });
      }
      case 'sentAway':
        return this.#released(this.#sa.serial);
      case 'handOver':
        return this.#handOver(out.to, out.children, {
          t: 'inherit',
          children: out.children,
          tasks: out.tasks,
          leases: out.leases,
        });
      case 'end':
        this.#ended(out.why, out.text);
        return self.stop();
      default:
        return out satisfies never;
    }
  }

  #arm(name: TimerName, serial: number | undefined, after: number, self: Context<IkeSaMessage>): void {
    const number = timerNumber(name, serial);
    self.forget(number);
    self.after(after, number);
  }

  #fired(number: number, self: Context<IkeSaMessage>): void {
    const timer = timerOf(number);
    const outs = this.#step({ t: 'timer', ...timer });
    const isSilent = timer.name === 'retransmit' && this.#world.impairments.on('suppress-retransmits');
    const counter = COUNTED[timer.name];
    if (counter !== undefined && !isSilent && outs.some((out) => out.t === 'send')) this.#world.stats[counter].inc();
    this.#carryOut(isSilent ? outs.filter((out) => out.t !== 'send') : outs, self);
  }

  #install(child: ChildInstall, halves: 'both' | 'inbound', self: Context<IkeSaMessage>): void {
    const { serial } = child;
    if (child.policy.child.peerChooses)
      this.#world.registry.chosenNets.add(serial, chooser(this.#sa), child.selectorsRemote);
    const actor = new ChildSaActor(this.#world, self, child);
    const fault = actor.enter(halves, self.wall());
    const ref = this.#world.spawn('states', serial, actor);
    this.#kids = including(this.#kids, { serial, ref });
    this.#world.accounting.childUp(this.#sa.serial, serial, ref);
    if (!fault) return this.#world.stats.childUp(child, childStateOf(this.#sa, this.#sa.child(serial)));
    this.#refused = serial;
    self.tell({ t: 'installFailed', serial, why: `${fault.why} (${fault.errno})` });
  }

  #unassign(leases: readonly Lease[]): void {
    for (const { address } of leases) {
      const text = this.#world.innerAddresses.remove(address);
      if (text !== undefined) this.#noteAddress(text);
    }
  }

  #noteAddress(text: string): void {
    this.#say({ t: 'say', level: 'info', text });
  }

  /** Of one that crashed: the peer knows nothing of it. */
  #dropLeases(): void {
    const { leases, policy } = this.#sa;
    this.#sa.leases = NONE;
    if (policy.cp?.role === 'client') return this.#unassign(leases);
    for (const lease of leases) this.#world.env.release(lease, false);
  }

  #kid(serial: number): ActorRef<ChildSaMessage> | undefined {
    return find(this.#kids, (k) => k.serial === serial)?.ref;
  }

  /** Of those the ones that are to go where this SA is sent: who has a child here, or is about to have one, first. */
  #movers(): readonly Policy[] {
    const all = [...policiesOf(this.#sa)];
    const { policy, children } = this.#sa;
    const isIdle = children.length > 0 && children.every((c) => c.policy !== policy);
    return isIdle ? all.filter((one) => one !== policy) : all;
  }

  #tellOwner(
    policy: Policy,
    message: Parameters<NonNullable<ReturnType<World['registry']['owner']>>['ref']['tell']>[0],
  ): void {
    this.#world.registry.owner(policy)?.ref.tell(message);
  }

  #released(serial: number): void {
    if (this.#awaited === NONE) return;
    for (const waiting of listOf(this.#awaited)) if (waiting.serial === serial) waiting.answer.end();
    this.#awaited = excluding(this.#awaited, (waiting) => waiting.serial === serial);
  }

  #say({ level, text, serial, code, event, policy: child }: Extract<Out, { t: 'say' }>): void {
    const policy = child ?? (serial === undefined ? this.#sa.policy : childPolicyOf(this.#sa, serial));
    const about = this.#about(policy, serial ?? this.#sa.serial, event);
    // Explanations have a bound of their own.
    const isBounded = this.#isStrangers && level !== 'debug' && event !== 'explained';
    if (isBounded) return this.#world.strangers.say(level, text, about);
    const line = this.#world.log(level, text, about);
    if (level !== 'debug') this.#watchers?.line((code ?? RC.LOG) as ReplyCode, line);
  }

  #about(policy: Policy, serial: number, event: About['event']): About {
    const exchange = exchangeName(this.#exchange);
    return { policy, peer: this.#sa.peer.address, serial, exchange, event };
  }

  #authenticated(
    { initialContact, isNameless, userContact = false }: Extract<Out, { t: 'authenticated' }>,
    self: Context<IkeSaMessage>,
  ): void {
    // IKEv1's INITIAL-CONTACT may come later, by itself.
    if (!this.#young) return this.#supersede({ initialContact, isNameless, userContact }, self, this.#sa.serial);
    const { registry, stats } = this.#world;
    const { role, suite } = this.#sa;
    stats.ikeUp(versionOf(this.#sa), role, suite, self.now() - this.#young.since);
    this.#world.accounting.up(this.#sa, self);
    this.#leaveHalfOpen(true);
    registry.registerIkeSa(this.#sa.policy, self);
    this.#tellOwner(this.#sa.policy, { t: 'ikeUp', serial: this.#sa.serial, ike: self });
    if (!initialContact) this.#takeOver(self);
    this.#supersede({ initialContact, isNameless, userContact }, self);
  }

  /** What the same peer had with us before. RFC 7296 §2.4: `initialContact` says that it has forgotten all of that. */
  #supersede(
    { initialContact, isNameless, userContact }: Omit<Extract<Out, { t: 'authenticated' }>, 't'>,
    self: Context<IkeSaMessage>,
    by?: number,
  ): void {
    const { registry, uniqueIds } = this.#world;
    const { peerId, eapUser, policy, role, serial } = this.#sa;
    const user = eapUser?.isHearsay ? undefined : eapUser?.name;
    const key = peerId && registry.peerOf(policy, { peerId, user, isNameless });
    if (key === undefined) return;
    if (initialContact || (uniqueIds && role === 'responder')) {
      const news = initialContact
        ? ({ t: 'forgotten', ...(by !== undefined && { by }) } as const)
        : ({ t: 'outlived', by: serial } as const);
      for (const other of registry.samePeer(key)) if (other !== self) other.tell(news);
    } else if (userContact && user !== undefined)
      for (const other of registry.samePeer(key)) other.tell({ t: 'forgotten', as: peerId });
    this.#peerKey = key;
    registry.registerPeer(key, self);
  }

  #outlived({ by }: Extract<IkeSaMessage, { t: 'outlived' }>, self: Context<IkeSaMessage>): void {
    // Both ends at once: one that is on its way is nothing that the peer has given up.
    if (this.#sa.state !== 'established' || isLeaving(this.#sa)) return;
    this.#say({ t: 'say', level: 'info', text: `replaced by #${by}: the peer has come again (uniqueids=yes)` });
    this.#command({ t: 'deleteIke', why: 'replaced' }, self);
  }

  /**
   * IKEv1: an ISAKMP SA that is up has the children of those before it, whichever end has begun it: phase 2 does not go
   * with the phase 1 that it came of.
   */
  #takeOver(self: Context<IkeSaMessage>): void {
    if (versionOf(this.#sa) !== 1) return;
    const { policy, serial } = this.#sa;
    for (const other of this.#world.registry.ikeSasOf(policy))
      if (other !== self) other.tell({ t: 'superseded', by: serial, who: this.#who, heir: self });
  }

  /** Users of one group at one address, one after the other, share an instance: they differ by their names alone. */
  get #who(): string {
    const { peerId, eapUser } = this.#sa;
    return JSON.stringify([peerId?.key, eapUser?.name, eapUser?.isHearsay]);
  }

  #superseded({ by, who, heir }: Extract<IkeSaMessage, { t: 'superseded' }>, self: Context<IkeSaMessage>): void {
    const { state, serial } = this.#sa;
    const isUp = state === 'established' || state === 'lapsed';
    if (!isUp || serial > by || who !== this.#who || heir.hasEnded) return;
    this.#successors = including(this.#successors, { serial: by, ref: heir });
    this.#command({ t: 'superseded', by }, self);
  }

  #deletedElsewhere({ protocol, spi }: Extract<Out, { t: 'deletedElsewhere' }>, self: Context<IkeSaMessage>): void {
    const command = { t: 'deleted', protocol, spi } as const;
    for (const other of this.#world.registry.ikeSasOf(this.#sa.policy))
      if (other !== self) other.tell({ t: 'deletedBy', who: this.#who, command });
  }

  /** IKEv1: a new ISAKMP SA with the peer where it is now; once it is up, this one hears of it. */
  #renew(): void {
    const { policy, local, peer } = this.#sa;
    const { env, serial } = this.#world;
    const sa = initiatorOf({ serial: serial(), policy, local, peer }, env);
    const ref = this.#world.spawn('states', sa.serial, new IkeSaActor(this.#world, sa));
    for (const answer of this.#watchers?.take() ?? []) ref.tell({ t: 'watch', answer });
    const owner = this.#world.registry.owner(policy)?.ref;
    if (owner) owner.tell({ t: 'renew', ike: ref });
    else ref.tell({ t: 'command', command: { t: 'renew' } });
  }

  #leaveHalfOpen(isUp: boolean): void {
    if (this.#young?.peer) this.#world.switchboard.unregisterHalfOpen(this.#sa.spiI, this.#young.peer, isUp);
    this.#young = undefined;
  }

  #succeed(sa: IkeSa): void {
    const peerKey = this.#peerKey;
    const heir = new IkeSaActor(this.#world, sa, { isSuccessor: true, ...(peerKey === undefined ? {} : { peerKey }) });
    const ref = this.#world.spawn('states', sa.serial, heir);
    this.#successors = including(this.#successors, { serial: sa.serial, ref });
  }

  #handOver(to: number, children: readonly Child[], inheritance: Extract<In, { t: 'inherit' }>): void {
    const heir = find(this.#successors, (s) => s.serial === to);
    if (!heir) throw new Error(`#${this.#sa.serial} hands over to #${to}, which it did not make`);
    // Nobody is left to take them.
    if (heir.ref.hasEnded) return this.#self?.tell(inheritance);
    const moving = listOf(this.#kids).filter((k) => children.some((c) => c.serial === k.serial));
    this.#kids = excluding(this.#kids, (k) => moving.includes(k));
    heir.ref.tell(inheritance);
    if (moving.length > 0) heir.ref.tell({ t: 'adoptActors', kids: moving });
    for (const { policy, serial } of children) this.#tellOwner(policy, { t: 'childMoved', serial, ike: heir.ref });
    for (const answer of this.#watchers?.take() ?? []) heir.ref.tell({ t: 'watch', answer });
    if (children.length > 0 || inheritance.tasks.every((t) => t.t !== 'deleteIke')) {
      this.#world.registry.registerIkeSa(this.#sa.policy, heir.ref);
      if (this.#peerKey !== undefined) this.#world.registry.registerPeer(this.#peerKey, heir.ref);
      this.#world.accounting.moved(this.#sa.serial, to, heir.ref);
      const { policy, serial } = this.#sa;
      // In IKEv1 the old one stays beside it for what is still on the way.
      const stays = versionOf(this.#sa) === 1;
      this.#tellOwner(policy, { t: 'ikeUp', serial: to, ike: heir.ref, replaces: serial, ...(stays && { stays }) });
    }
  }

  #ended(why: DownReason, text: string): void {
    const { policy, serial } = this.#sa;
    // One that goes has heard of where to, if its answer was lost.
    if (why === 'peer') this.#released(serial);
    this.#world.accounting.down(serial, why);
    this.#world.stats.ikeEnded(versionOf(this.#sa), this.#isUp, why);
    const name = versionOf(this.#sa) === 1 ? 'ISAKMP SA' : 'IKE SA';
    const [gist, about] = [`deleting ${name} (${text})`, this.#about(policy, serial, 'deleted')];
    const neverCameUp = this.#sa.peerId === undefined && why !== 'asked';
    if (this.#isStrangers && why !== 'asked') this.#world.strangers.say('info', gist, about);
    else {
      const line = this.#world.log('info', gist, about);
      this.#watchers?.line(
        why === 'refused' || why === 'denied' || why === 'local' || neverCameUp ? RC.FATAL : RC.LOG,
        line,
      );
    }
    if (!this.#isStrangers) this.#tellOwner(policy, { t: 'ikeDown', serial, why, text });
  }

  /** Anybody can begin one: what becomes of it is no business of the connection that might have been meant. */
  get #isStrangers(): boolean {
    return this.#sa.role === 'responder' && this.#sa.peerId === undefined;
  }
}

/** Timers that make us send what nobody has asked for, and where that is counted. */
const COUNTED: { readonly [name in TimerName]?: 'retransmits' | 'liveness' } = {
  retransmit: 'retransmits',
  liveness: 'liveness',
};
