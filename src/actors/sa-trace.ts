/**
 * What debugging says of one step of an IKE SA. It looks at the SA and at what goes in and comes out, and touches
 * neither; where nothing is debugged nobody comes here.
 */
import type { DebugClass } from '../conf/debug-classes.ts';
import { encrKeyOctets } from '../ike/crypto/algorithms.ts';
import type { IkeKeys } from '../ike/crypto/keys.ts';
import { open } from '../ike/crypto/protect.ts';
import type { ChildInstall, In, Out } from '../ike/effects.ts';
import type { IkeSa } from '../ike/v2/ike-sa.ts';
import { decodeChain, decodeMessage, dump } from '../ike/wire/index.ts';
import type { World } from './world.ts';

/** Before the step; call what it returns with its effects. */
export function traceStep(world: World, sa: IkeSa, input: In): (outs: readonly Out[]) => void {
  const { debugging, env } = world;
  const { state, keys, suite, policy } = sa;
  const wants = (klass: DebugClass) => debugging.on(klass, sa.policy.name);
  const say = (text: string, serial = sa.serial) =>
    world.log('debug', text, { policy: sa.policy, peer: sa.peer.address, serial });

  if (input.t === 'packet' && wants('tmi')) {
    const { peer, local, bytes } = input.datagram;
    for (const line of dumped(sa, bytes, false)) say(`received from ${peer} at ${local}: ${line}`);
  }
  if (input.t === 'job' && wants('crypt'))
    say(`job ${input.id} is answered: ${input.result.ok ? input.result.op : input.result.why}`);
  const start = env.now;
  return (outs) => {
    if (wants('cpu-usage')) say(`${inputName(input)} took ${((env.now - start) * 1000).toFixed(0)} microseconds`);
    if (wants('base')) {
      if (sa.policy !== policy) say(`began as "${policy.name}", and is this connection: the peer is ${sa.peerId}`);
      if (sa.state !== state) say(`state ${state} -> ${sa.state}, by ${inputName(input)}`);
    }
    const isKeyed = sa.keys !== undefined && sa.keys !== keys;
    if (wants('crypt')) {
      if (sa.suite && sa.suite !== suite) say(`IKE proposal chosen: ${suiteName(sa)}`);
      if (isKeyed && sa.keys) say(`keys of the IKE SA: ${keyLengths(sa.keys)}`);
      for (const out of outs) {
        if (out.t === 'submit') say(`job ${out.id} goes to the helpers: ${out.job.op}`);
        if (out.t === 'install') say(childAlgorithms(out.child), out.child.serial);
      }
    }
    if (wants('private')) {
      if (isKeyed && sa.keys) say(ikeSecrets(sa, sa.keys));
      for (const out of outs) if (out.t === 'install') say(childSecrets(out.child), out.child.serial);
    }
    if (wants('tmi'))
      for (const out of outs)
        if (out.t === 'send')
          for (const line of dumped(sa, out.bytes, true)) say(`sent from ${out.local} to ${out.peer}: ${line}`);
  };
}

function inputName(input: In): string {
  switch (input.t) {
    case 'timer':
      return `timer ${input.name}`;
    case 'command':
      return `command ${input.command.t}`;
    default:
      return input.t;
  }
}

/** The message, and what is sealed in it as far as the SA's keys open it. A fragment is left as it is. */
function dumped(sa: IkeSa, bytes: Uint8Array, isOurs: boolean): readonly string[] {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) return [`malformed ${decoded.fault.where}: ${decoded.fault.why}`];
  const lines = dump(decoded.value);
  const envelope = decoded.value.payloads.at(-1);
  if (envelope?.type !== 'SK' || !sa.suite || !sa.keys) return lines;
  const isInitiators = isOurs === (sa.role === 'initiator');
  const [encr, integ] = isInitiators ? [sa.keys.skEi, sa.keys.skAi] : [sa.keys.skEr, sa.keys.skAr];
  const opened = open(sa.suite, encr, integ, bytes, envelope.aadOctets);
  const inner = opened.ok ? decodeChain(envelope.nextPayload, opened.plaintext) : undefined;
  if (!inner?.ok) return lines;
  return [...lines, ...dump({ ...decoded.value, payloads: inner.value }).slice(1)];
}

function suiteName({ suite }: IkeSa): string {
  if (!suite) return 'none';
  const { encr, encrBits, integ, prf, group } = suite;
  const bits = encrKeyOctets(encr, encrBits) * 8;
  return `cipher ${encr.name} with ${bits} bits of key, integrity ${integ?.name ?? 'by the cipher'}, PRF ${prf.name}, group ${group.name}`;
}

const bitsOf = (key: Uint8Array) => `${key.length * 8} bits`;
const hexOf = (key: Uint8Array) => Buffer.from(key).toString('hex') || 'none';

const keyLengths = (keys: IkeKeys): string =>
  `SK_d and SK_p ${bitsOf(keys.skD)}, SK_a ${bitsOf(keys.skAi)}, SK_e ${bitsOf(keys.skEi)}`;

function childAlgorithms({ suite, keysIn, spiIn, spiOut }: ChildInstall): string {
  const encr = suite.encr ? `${suite.encr.name} with ${bitsOf(keysIn.encr)} of key` : 'no encryption';
  const integ = suite.integ ? `${suite.integ.name} with ${bitsOf(keysIn.integ)} of key` : 'integrity by the cipher';
  const pfs = suite.group ? `PFS by ${suite.group.name}` : 'no PFS';
  return `Child SA's proposal chosen: ${suite.protocol} ${encr}, ${integ}, ${pfs}; SPIs ${spiIn.toString(16)} in, ${spiOut.toString(16)} out`;
}

/** In the order of Wireshark's table of IKEv2 keys. */
const ikeSecrets = (sa: IkeSa, keys: IkeKeys): string =>
  `SPIi ${hexOf(sa.spiI)} SPIr ${hexOf(sa.spiR)} SK_ei ${hexOf(keys.skEi)} SK_er ${hexOf(keys.skEr)} SK_ai ${hexOf(keys.skAi)} SK_ar ${hexOf(keys.skAr)}`;

const childSecrets = ({ keysIn, keysOut }: ChildInstall): string =>
  `keys in: encryption ${hexOf(keysIn.encr)} integrity ${hexOf(keysIn.integ)}; out: encryption ${hexOf(keysOut.encr)} integrity ${hexOf(keysOut.integ)}`;
