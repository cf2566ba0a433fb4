/** Asking the peer for inner addresses of ours, and what of its answer we take. RFC 7296 §2.19, §3.15; RFC 8598. */
import { type CpAttribute, OF_FAMILY, serversIn, subnetsIn, takeLeases, textsIn, UNITY_BANNER } from '../cp.ts';
import type { Told } from '../effects.ts';
import type { Policy } from '../policy.ts';
import { CFG_ATTRIBUTE, CFG_TYPE, find, type Payload } from '../wire/index.ts';
import { configuration } from './cp.ts';
import { NONE } from './ike-sa.ts';
import type { Turn } from './turn.ts';

/** The request, for a connection that wants addresses. */
export function configurationRequest({ cp }: Policy): readonly Payload[] {
  if (cp?.role !== 'client') return NONE;
  const ask = (type: number): CpAttribute => ({ type, value: new Uint8Array() });
  const attributes = cp.families.flatMap((family) => Object.values(OF_FAMILY[family]).map(ask));
  return [
    configuration(CFG_TYPE.CFG_REQUEST, [...attributes, ask(CFG_ATTRIBUTE.INTERNAL_DNS_DOMAIN), ask(UNITY_BANNER)]),
  ];
}

/** Takes what the peer leases us into the SA; why not, if it leases nothing that we could use. */
export function hearConfiguration(turn: Turn, payloads: readonly Payload[]): string | undefined {
  const { sa } = turn;
  const { cp } = sa.policy;
  if (cp?.role !== 'client') return undefined;
  const reply = find(payloads, 'CP');
  if (reply?.cfgType !== CFG_TYPE.CFG_REPLY) return 'the peer leases us no address (no CFG_REPLY)';
  const told = takeLeases(turn, cp, { peer: sa.peer.address, attributes: reply.attributes }, toldBy);
  return 'wrong' in told ? told.wrong : undefined;
}

const toldBy = (attributes: readonly CpAttribute[]): Told => ({
  dns: serversIn(attributes),
  domains: textsIn(attributes, CFG_ATTRIBUTE.INTERNAL_DNS_DOMAIN),
  subnets: subnetsIn(attributes),
  banner: textsIn(attributes, UNITY_BANNER)[0],
});
