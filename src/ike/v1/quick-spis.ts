/** The SPIs of a child in the data plane: one for each of its protocols, reserved before they are told, given back unused. */
import type { Policy } from '../policy.ts';
import type { Spis } from './quick-groups.ts';
import type { Turn } from './turn.ts';

/** Which ones besides that of ESP, or of AH where there is no ESP. */
export interface Further {
  readonly ah: boolean;
  readonly ipcomp: boolean;
}

/** The text of the refusal, if there is none for what must be; a data plane without IPComp has no CPI. */
export function reserveSpis(turn: Turn, policy: Policy, { ah, ipcomp }: Further): Spis | string {
  const main = reserve(turn, policy, mainOf(policy));
  if (typeof main === 'string') return main;
  const around = ah ? reserve(turn, policy, 'ah') : undefined;
  if (typeof around === 'string') {
    releaseSpis(turn, { policy, spis: { main, ah: undefined, cpi: undefined } });
    return around;
  }
  const cpi = ipcomp ? reserve(turn, policy, 'ipcomp') : undefined;
  if (typeof cpi === 'string') turn.debug(() => `no IPComp: ${cpi}`);
  return { main, ah: around, cpi: typeof cpi === 'string' ? undefined : cpi };
}

export function releaseSpis(turn: Turn, of: { readonly policy: Policy; readonly spis: Spis }): void {
  const { policy, spis } = of;
  const { main, ah, cpi } = spis;
  release(turn, mainOf(policy), main);
  if (ah !== undefined) release(turn, 'ah', ah);
  releaseCpi(turn, cpi);
}

/** Of IPComp alone, which the peer does without. */
export function releaseCpi(turn: Turn, cpi: number | undefined): void {
  if (cpi !== undefined) release(turn, 'ipcomp', cpi);
}

type Protocol = 'esp' | 'ah' | 'ipcomp';

const mainOf = ({ child }: Policy): 'esp' | 'ah' => (child.proposals[0]?.protocol === 'ah' ? 'ah' : 'esp');

function reserve({ sa, env }: Turn, { child: { reqid } }: Policy, protocol: Protocol): number | string {
  return env.childSpi({ protocol, local: sa.local.address, peer: sa.peer.address, reqid });
}

function release({ sa, env }: Turn, protocol: Protocol, spi: number): void {
  env.releaseSpi({ protocol, local: sa.local.address, spi });
}
