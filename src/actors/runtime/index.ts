/**
 * The actor runtime: typed mailboxes, fair turns, supervision, timers, shutdown. It knows nothing of what runs on it.
 *
 *   tell, offer ─► mailbox ─► run queue ─► a turn of up to 16 steps ─► next actor … ─► end of slice: sockets
 *   after ──► timer wheel ──────┘               │
 *                                          a throw: report, end this actor and its children, tell watchers
 *
 *   type Msg = { t: 'packet'; bytes: Uint8Array } | { t: 'resend' } | { t: 'status'; reply: Reply<number> };
 *   const RESEND: Msg = { t: 'resend' };
 *   class Exchange implements Behavior<Msg> {
 *     #resends = 0;
 *     #timer = noTimer;
 *     started(self: Context<Msg>) { this.#timer = self.after(500, RESEND); }
 *     receive(message: Msg, self: Context<Msg>) {
 *       switch (message.t) {
 *         case 'packet': self.cancel(this.#timer); break;
 *         case 'resend': this.#timer = self.after(500 * 2 ** ++this.#resends, RESEND); break;
 *         case 'status': message.reply(this.#resends);
 *       }
 *     }
 *     stopped() { wipe the keys }
 *   }
 *   const system = new ActorSystem({ clock: realClock(), report: (crash) => log(crash.path, crash.error) });
 *   const exchange = system.spawn('exchange', new Exchange());           // a child: self.spawn(...)
 *   exchange.offer({ t: 'packet', bytes });                              // may be dropped; tell() never is
 *   const status = await system.ask(exchange, (reply: Reply<number>) => ({ t: 'status', reply }), 1000);
 *   await system.shutdown(5000);
 *
 * In a test the clock is `new TestClock()` and nothing happens but by its `settle()` and `advance(ms)`.
 */
export type {
  ActorName,
  ActorRef,
  Behavior,
  Context,
  Crash,
  Ended,
  EndReason,
  SystemCounters,
} from './actor.ts';
export type { AskResult, Reply } from './ask.ts';
export { type Clock, realClock } from './clock.ts';
export { LIMITS, type Limits } from './run-queue.ts';
export { ActorSystem, FORCED_PATHS, type Group, type ShutdownReport, type SystemPorts } from './system.ts';
export { TestClock } from './test-clock.ts';
export { noTimer, type TimerId } from './timers.ts';
