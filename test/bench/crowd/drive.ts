/**
 * The crowd on its own, against whatever gateway there is, also on another machine:
 *
 *     node dist/test/bench/crowd/drive.js --gateway ADDRESS [OPTIONS]
 *
 *     --profile NAME    psk, modp, rsa, p256, v1-psk, v1-modp, v1-aggressive; the secret and the identities are those of the bench (default psk)
 *     --count N         tunnels (default 1000)
 *     --window N        at most so many handshakes at a time (default 64), or
 *     --rate N          so many begin each second
 *     --acts A,B        of up, rekey, probe, down, one after the other (default up,down)
 *     --first ADDRESS   of the first initiator; each has one, the next after it (default 10.1.0.0)
 *     --subnet NET      what the gateway protects (default 192.168.0.0/24)
 *     --pki DIR         with certificates: root.key and root.pem in there issue those of the initiators
 *
 * The initiators' addresses must be local here (`ip route add local 10.1.0.0/16 dev lo`) and the gateway must have a
 * route to them. Prints one line of JSON for each act.
 */
import { parseArgs } from 'node:util';
import type { Act } from './crowd.ts';
import { startGenerator } from './generator.ts';
import { PROFILES, type ProfileName } from './profiles.ts';

const { values } = parseArgs({
  options: {
    gateway: { type: 'string' },
    profile: { type: 'string', default: 'psk' },
    count: { type: 'string', default: '1000' },
    window: { type: 'string', default: '64' },
    rate: { type: 'string' },
    acts: { type: 'string', default: 'up,down' },
    first: { type: 'string', default: '10.1.0.0' },
    subnet: { type: 'string', default: '192.168.0.0/24' },
    pki: { type: 'string' },
  },
});
const { gateway, subnet, first, pki, profile } = values;
if (gateway === undefined || !(profile in PROFILES)) {
  console.error(`--gateway ADDRESS is missing, or --profile is none of ${Object.keys(PROFILES).join(', ')}`);
  process.exit(2);
}

const generator = await startGenerator(undefined, { profile: profile as ProfileName, gateway, subnet, first, pki });
const pace = values.rate === undefined ? { window: Number(values.window) } : { rate: Number(values.rate) };
let failed = 0;
try {
  for (const act of values.acts.split(',') as Act[]) {
    const outcome = await generator.carryOut({ act, from: 0, count: Number(values.count), ...pace });
    failed += outcome.failed;
    console.log(JSON.stringify({ act, ...outcome }));
  }
} finally {
  await generator.stop();
}
process.exitCode = failed > 0 ? 1 : 0;
