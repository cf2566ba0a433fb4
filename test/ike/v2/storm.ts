/**
 * A run by seed: two hosts that do what they like, over a wire that loses, doubles, reorders and delays; then calm.
 * In the end both have the same SAs, or none, and no effect was ever out of place.
 */
import { expect } from 'vitest';
import { EXITS, edges } from '../../../src/ike/v2/transitions.ts';
import { Dice } from './dice.ts';
import type { Host, Running } from './host.ts';
import { type EndOptions, expectAgreement, type Pair, pair } from './pair.ts';
import { type PolicyChange, policyFor, proposals, selectors } from './policies.ts';

const STORM_MS = 120_000;
/** Enough for every retransmission, liveness check and second thought. */
const CALM_MS = 400_000;

/** Both directions of a second connection between the same ends. */
function policies(end: 'west' | 'east', change: PolicyChange) {
  const [west, east] = [selectors('10.1.1.0/24'), selectors('10.1.2.0/24')];
  const [local, remote] = end === 'west' ? [west, east] : [east, west];
  return [
    policyFor(end, change),
    policyFor(end, { ...change, name: 'second', child: { ...change.child, local, remote, reqid: 16393 } }),
  ];
}

/** `more`: what else the connections of both ends have; `own`: what only one end has. */
export function storm(
  seed: number,
  more: PolicyChange = {},
  own: { readonly west?: EndOptions; readonly east?: EndOptions } = {},
): Pair {
  const dice = new Dice(seed);
  const hasShortLives = dice.next() < 0.3;
  const change: PolicyChange = {
    ...more,
    dpdDelay: 30_000,
    retransmitTimeout: dice.pick([60_000, 20_000, 5_000]),
    ...(hasShortLives ? { ikeLifetime: 100_000, rekeyMargin: 20_000 } : {}),
    child: {
      pfs: dice.next() < 0.7,
      ...(hasShortLives ? { lifetime: 60_000 } : {}),
      ...(dice.next() < 0.3 ? { proposals: proposals('esp', 'aes128-sha2_256;dh31,aes_gcm256-null;dh19') } : {}),
      ...more.child,
    },
  };
  const both = pair({
    seed,
    weather: {
      loss: dice.pick([0, 0.05, 0.2, 0.4]),
      duplication: dice.pick([0, 0.1, 0.3]),
      minDelay: 1,
      maxDelay: dice.pick([1, 50, 400, 1500]),
    },
    west: {
      ...own.west,
      policies: policies('west', { ...change, ...own.west?.policy }),
      jobMs: dice.pick([0, 3, 200, 1_500]),
    },
    east: {
      ...own.east,
      policies: policies('east', { ...change, ...own.east?.policy }),
      jobMs: dice.pick([0, 3, 200, 1_500]),
      cookies: dice.pick(['never', 'always']),
    },
  });
  const { west, east, wire, clock } = both;
  for (const host of [west, east]) host.afterEffect = () => checkTimers(host);
  if (dice.next() < 0.8) west.up();
  else {
    west.up();
    east.up();
  }
  for (let i = dice.below(14); i > 0; i--) {
    const host = dice.pick([west, east]);
    clock.after(dice.below(STORM_MS), () => act(host, dice));
    // Collisions are the rule here, not the exception.
    if (dice.next() < 0.4) clock.after(dice.below(STORM_MS), () => [west, east].map((h) => act(h, new Dice(seed + i))));
  }
  clock.advance(STORM_MS);
  wire.weather = { loss: 0, duplication: 0, minDelay: 1, maxDelay: 20 };
  // Lives as short as these would go on for ever: the last SAs settle, and nothing new begins.
  clock.advance(hasShortLives ? 80_000 : CALM_MS);
  if (hasShortLives) settle(both);
  return both;
}

function act(host: Host, dice: Dice): void {
  const running = dice.pick([...host.sas.values()]) as Running | undefined;
  const child = running && dice.pick(running.sa.children);
  const draw = dice.next();
  if (!running || draw < 0.1) {
    if (host.sas.size < 4) host.up();
  } else if (draw < 0.3) host.addChild('second');
  else if (draw < 0.5) host.command({ t: 'rekeyIke' }, running);
  else if (draw < 0.8 && child) host.command({ t: 'rekeyChild', serial: child.serial }, running);
  else if (draw < 0.9 && child) host.command({ t: 'deleteChild', serial: child.serial }, running);
  else if (draw < 0.97) host.command({ t: 'deleteIke', why: 'storm' }, running);
}

/** An SA without a job or the timer that its state is left by would stay for ever. */
function checkTimers(host: Host): void {
  for (const { sa, timers } of host.sas.values()) {
    if (sa.state === 'dead' || sa.job !== 0 || host.isBusy) continue;
    if (!EXITS[sa.state].some((name) => timers.has(name)))
      throw new Error(`${host.name} #${sa.serial} in state ${sa.state} waits for nothing: ${[...timers.keys()]}`);
  }
}

/** With lifetimes of a minute some rekey is always on its way: the first moment at which both agree will do. */
function settle(both: Pair): void {
  for (let i = 0; i < 2_000; i++) {
    both.clock.advance(37);
    const [west, east] = [both.west.agreed(), both.east.agreed(true)];
    const all = [...both.west.sas.values(), ...both.east.sas.values()];
    const isQuiet = all.every(({ sa }) => sa.state === 'established' && sa.job === 0 && !sa.outstanding);
    if (isQuiet && JSON.stringify(west) === JSON.stringify(east)) return;
  }
}

/** One way, or two: what waited for a helper goes on in the step in which that has answered. */
const EDGES = new Set(
  edges().flatMap(({ from, to }) => [
    `${from} ${to}`,
    ...edges().flatMap((next) => (next.from === to ? [`${from} ${next.to}`] : [])),
  ]),
);

/** What must hold when the storm is over. */
export function checkCalm(both: Pair): void {
  expectAgreement(both);
  for (const host of [both.west, both.east]) {
    expect(host.plane.installed - host.plane.removed, `${host.name}: what was installed and not removed`).toBe(
      host.plane.size,
    );
    expect([...host.plane.reserved], `${host.name}: SPIs that came to nothing`).toEqual([]);
    checkNews(host);
    checkEap(host);
    for (const way of host.ways) expect(EDGES, `${host.name} went where no row leads`).toContain(way);
    for (const { sa } of host.sas.values()) {
      expect(['established'], `${host.name} #${sa.serial}`).toContain(sa.state);
      expect([sa.handshake, sa.reassembly, sa.waiting], `leftovers of ${host.name} #${sa.serial}`).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
  }
}

/** Whoever carries on a conversation is told of its end, once. */
function checkEap(host: Host): void {
  const sessions = new Set(host.questions.flatMap((q) => (q.t === 'eap' || q.t === 'eapPeer' ? [q.session] : [])));
  expect(new Set(host.forgotten).size, `${host.name}: an EAP session forgotten twice`).toBe(host.forgotten.length);
  for (const session of sessions) expect(host.forgotten, `${host.name}: EAP session ${session}`).toContain(session);
}

/** Each child comes up at most once, and goes down at most once; what is installed came up and did not go. */
function checkNews(host: Host): void {
  const ups = host.ups.map((u) => u.serial);
  const downs = host.downs.map((d) => d.serial);
  expect(new Set(ups).size, `${host.name}: a child came up twice`).toBe(ups.length);
  const live = new Set(host.plane.all().map((c) => c.serial));
  for (const serial of ups) {
    const times = downs.filter((d) => d === serial).length;
    expect(times, `${host.name}: childDown of #${serial}`).toBe(live.has(serial) ? 0 : 1);
  }
}
