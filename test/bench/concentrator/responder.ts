/** What a handshake costs the responder: IKE_SA_INIT, IKE_AUTH and the first Child SA; in IKEv1, phase 1 and Quick Mode. */
import { PROFILES, type ProfileName } from '../crowd/profiles.ts';
import { accounted, type Bench, inTurns, isWanted, present, scaled, withGateways } from './bench.ts';
import { beside, type Result } from './result.ts';

/** `most`: of the better peer. `warm`: handshakes of ours before the first that counts; `count`: in each run. */
const BARS: readonly { profile: ProfileName; most: number; warm: number; count: number }[] = [
  { profile: 'psk', most: 0.65, warm: 6_000, count: 1_000 },
  { profile: 'modp', most: 0.55, warm: 2_500, count: 400 },
  { profile: 'rsa', most: 0.75, warm: 3_000, count: 300 },
  { profile: 'p256', most: 0.75, warm: 3_000, count: 300 },
  { profile: 'v1-psk', most: 1, warm: 4_000, count: 600 },
  { profile: 'v1-modp', most: 1, warm: 2_500, count: 400 },
  { profile: 'v1-aggressive', most: 1, warm: 4_000, count: 600 },
];
/** What the peers need of that, where V8 wants thousands until all is compiled: they have nothing to compile, and libreswan gets slower with each certificate. */
const PEERS_WARM = 0.1;
const WINDOW = 64;

export async function responder(bench: Bench): Promise<Result> {
  const findings = [];
  const rows: (string | number)[][] = [];
  for (const { profile, most, warm, count } of BARS) {
    if (!isWanted(profile, bench)) continue;
    const size = scaled(count, bench);
    const wishes = present(bench).map((implementation) => ({ implementation, profile }));
    const runs: Record<string, number[]> = {};
    await withGateways(bench, wishes, async (gateways) => {
      let from = 0;
      for (const gateway of gateways) {
        const share = gateway.name === 'pluto' ? 1 : PEERS_WARM;
        const warming = { from, count: scaled(warm * share, bench), window: WINDOW };
        await accounted(gateway, { act: 'up', ...warming });
        await accounted(gateway, { act: 'down', ...warming });
      }
      from += scaled(warm, bench);
      await inTurns(bench.rounds, gateways, async (gateway, round) => {
        const order = { from: from + round * size, count: size, window: WINDOW };
        const { micros, latency, took, done, retransmitted, cpu } = await accounted(gateway, { act: 'up', ...order });
        await accounted(gateway, { act: 'down', ...order });
        runs[gateway.name] = [...(runs[gateway.name] ?? []), micros];
        const perSecond = Math.round((done / took) * 1000);
        const times = [latency.p50, latency.p99].map((ms) => ms.toFixed(1));
        const generator = Math.round((cpu / done) * 1000);
        rows.push([profile, gateway.name, Math.round(micros), perSecond, ...times, retransmitted, generator]);
        bench.say(`${profile} ${gateway.name} round ${round}: ${micros.toFixed(0)} µs`);
      });
    });
    findings.push(beside(`CPU per handshake, ${PROFILES[profile].title}`, 'µs', runs, most));
  }
  const head = ['profile', 'daemon', 'CPU µs', 'a second', 'p50 ms', 'p99 ms', 'retransmitted', 'generator µs'];
  return { findings, tables: [{ title: `Handshakes, ${WINDOW} at a time`, head, rows }] };
}
