/**
 * What debugging says of one step of an IKE SA. It looks at the SA and at what goes in and comes out, and touches
 * neither; where nothing is debugged nobody comes here.
 */
import type { DebugClass } from '../conf/debug-classes.ts';
import type { ChildInstall, In, Out } from '../ike/effects.ts';
import { IsakmpSa } from '../ike/v1/isakmp-sa.ts';
import type { Machine } from './protocol.ts';
import { stateOf } from './state-names.ts';
import { bitsOf, hexOf, type MessageReader } from './trace-text.ts';
import { V1Reader } from './trace-v1.ts';
import { V2Reader } from './trace-v2.ts';
import type { World } from './world.ts';

/** Before the step; call what it returns with its effects. */
export function traceStep(world: World, sa: Machine, input: In): (outs: readonly Out[]) => void {
  const { debugging, env } = world;
  const { keys, suite, policy } = sa;
  const state = stateOf(sa);
  const wants = (klass: DebugClass) => debugging.on(klass, sa.policy.name);
  const say = (text: string, serial = sa.serial) =>
    world.log('debug', text, { policy: sa.policy, peer: sa.peer.address, serial });

  const reader: MessageReader = sa instanceof IsakmpSa ? new V1Reader(sa) : new V2Reader(sa);
  if (input.t === 'packet' && wants('tmi')) {
    const { peer, local, bytes } = input.datagram;
    for (const line of reader.received(bytes)) say(`received from ${peer} at ${local}: ${line}`);
  }
  if (input.t === 'job' && wants('crypt'))
    say(`job ${input.id} is answered: ${input.result.ok ? input.result.op : input.result.why}`);
  const start = env.now;
  return (outs) => {
    if (wants('cpu-usage')) say(`${inputName(input)} took ${((env.now - start) * 1000).toFixed(0)} microseconds`);
    if (wants('base')) {
      if (sa.policy !== policy) say(`began as "${policy.name}", and is this connection: the peer is ${sa.peerId}`);
      const now = stateOf(sa);
      if (now !== state) say(`state ${state.state} -> ${now.state}, by ${inputName(input)}`);
    }
    const isKeyed = sa.keys !== undefined && sa.keys !== keys;
    if (wants('crypt')) {
      if (sa.suite && sa.suite !== suite) say(`IKE proposal chosen: ${reader.suite()}`);
      if (isKeyed) say(`keys of the IKE SA: ${reader.keyLengths()}`);
      for (const out of outs) {
        if (out.t === 'submit') say(`job ${out.id} goes to the helpers: ${out.job.op}`);
        if (out.t === 'install') say(childAlgorithms(out.child), out.child.serial);
      }
    }
    if (wants('private')) {
      if (isKeyed) say(reader.secrets());
      for (const out of outs) if (out.t === 'install') say(childSecrets(out.child), out.child.serial);
    }
    if (wants('tmi'))
      for (const out of outs)
        if (out.t === 'send')
          for (const line of reader.sent(out.bytes)) say(`sent from ${out.local} to ${out.peer}: ${line}`);
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

function childAlgorithms({ suite, keysIn, spiIn, spiOut, ah, ipcomp }: ChildInstall): string {
  const encr = suite.encr ? `${suite.encr.name} with ${bitsOf(keysIn.encr)} of key` : 'no encryption';
  const integ = suite.integ ? `${suite.integ.name} with ${bitsOf(keysIn.integ)} of key` : 'integrity by the cipher';
  const pfs = suite.group ? `PFS by ${suite.group.name}` : 'no PFS';
  const more = [
    ...(ah ? [`around it ah ${suite.ah?.name} with ${bitsOf(ah.keyIn)} of key, ${pair(ah.spiIn, ah.spiOut)}`] : []),
    ...(ipcomp ? [`within it ipcomp, ${pair(ipcomp.cpiIn, ipcomp.cpiOut)}`] : []),
  ];
  const main = `${suite.protocol} ${encr}, ${integ}, ${pfs}; SPIs ${pair(spiIn, spiOut)}`;
  return `Child SA's proposal chosen: ${[main, ...more].join('; ')}`;
}

const pair = (inbound: number, outbound: number): string => `${inbound.toString(16)} in, ${outbound.toString(16)} out`;

const childSecrets = ({ keysIn, keysOut, ah }: ChildInstall): string =>
  `keys in: encryption ${hexOf(keysIn.encr)} integrity ${hexOf(keysIn.integ)}; out: encryption ${hexOf(keysOut.encr)} integrity ${hexOf(keysOut.integ)}` +
  (ah ? `; of AH: in ${hexOf(ah.keyIn)}, out ${hexOf(ah.keyOut)}` : '');
