/**
 * `ipsec tune`: measures what the connections of ipsec.conf ask of this machine, and says what to set. It changes
 * nothing, and needs neither a daemon nor root.
 */
import { loadConfig } from '../../conf/load.ts';
import { nodeFileSystem } from '../../conf/node-file-system.ts';
import { formatProblem, hasErrors } from '../../conf/problem.ts';
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';
import { type Advice, adviceText, advise, type Measured } from '../tune/advice.ts';
import { measureKeys, measureOffload, measureProof, measureProtocol, QUICK, THOROUGH } from '../tune/measure.ts';
import { mainWork } from '../tune/model.ts';
import { keysBelow } from '../tune/own-keys.ts';
import { type Profile, profilesOf, proofText, USUAL } from '../tune/profiles.ts';
import { machine, ownAddresses } from '../tune/system.ts';

/** Peers that come at once, as after a power failure. */
const BURST = 5_000;
const MOST_BURST = 1_000_000;

export async function run({ options }: IpsecLine, output: Output): Promise<number> {
  const said = options.get('burst');
  const burst = said === undefined ? BURST : Number(said);
  if (!Number.isSafeInteger(burst) || burst < 1 || burst > MOST_BURST) {
    output.err(`ipsec: --burst ${said}: expected 1 to ${MOST_BURST}`);
    return 2;
  }
  const profiles = wanted(options.get('config'), output);
  if (!profiles) return 1;
  const pace = options.has('quick') ? QUICK : THOROUGH;
  const isWatched = output.screen !== undefined && !options.has('json');
  const step = (text: string) => isWatched && output.err(`measuring ${text}...`);

  step('what the main thread does');
  const protocol = await measureProtocol(pace);
  const main = mainWork(protocol);
  step('the way to a helper and back');
  const offload = await measureOffload(profiles[0], pace);
  const measured: Measured[] = [];
  for (const profile of profiles) {
    step(profile.name);
    const keys = await measureKeys(profile, pace);
    const proof = await measureProof(profile.proof, pace);
    const costs = { main, crypto: keys + proof, offload, jobs: proof === 0 ? 1 : 2 };
    measured.push({ profile, keys, proof, costs });
  }
  const advice = advise(measured, machine(), burst, protocol);
  await output.out(options.has('json') ? `${JSON.stringify(plain(advice), brief, 2)}\n` : adviceText(advice));
  return 0;
}

/** Those of the file; the usual ones where there is none. Undefined, and said why, if it is wrong. */
function wanted(config: string | undefined, output: Output): readonly Profile[] | undefined {
  const path = config ?? DEFAULT_CONFIG;
  if (config === undefined && !('text' in nodeFileSystem.read(path))) {
    output.err(`ipsec: there is no ${path}: measuring what is usual`);
    return USUAL;
  }
  const { conns, setup, problems } = loadConfig(path, nodeFileSystem);
  if (!hasErrors(problems)) return profilesOf(conns, { addresses: ownAddresses(), keyOf: keysBelow(setup.ipsecdir) });
  for (const problem of problems) output.err(formatProblem(problem));
  return undefined;
}

/** What JSON has of it: names in place of tables of algorithms. µs, handshakes a second, octets. */
function plain({ profiles, ...rest }: Advice): object {
  return {
    ...rest,
    profiles: profiles.map(({ profile, ...figures }) => ({
      ...{ name: profile.name, keyExchange: profile.group.name, proofKind: proofText(profile.proof) },
      ...{ assumed: profile.assumed, connections: profile.conns },
      ...figures,
    })),
  };
}

/** Four digits: nobody knows more. */
const brief = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
