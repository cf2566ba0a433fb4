/**
 * Questions about the configuration that an authentic peer asks later on, RFC 7296 §2.20, §3.15:
 *
 *     CP(CFG_REQUEST)  ──►
 *                      ◄──  CP(CFG_REPLY)
 *
 * It is told what it asks for and has a right to as one that we lease to: its addresses once more, name servers, domains,
 * subnets, the banner. New addresses are leased in IKE_AUTH only, and of our version we say nothing.
 */
import { type CpAttribute, OF_FAMILY, UNITY_BANNER } from '../cp.ts';
import { CFG_ATTRIBUTE, CFG_TYPE, EXCHANGE, find, type Payload } from '../wire/index.ts';
import { configuration } from './cp.ts';
import { attributesFor } from './cp-server.ts';
import { NONE } from './ike-sa.ts';
import type { Transition } from './transitions.ts';
import type { Incoming, Turn } from './turn.ts';

/** Before the rows of INFORMATIONAL, whose last one takes whatever is left. */
export const CONFIGURATION_NEWS: readonly Transition[] = [
  {
    story: 'answer a question about the configuration',
    exchange: EXCHANGE.INFORMATIONAL,
    request: ['established', 'replaced', 'deleting'],
    need: ['CP'],
    without: ['D', 'N'],
    run: answerConfiguration,
    to: [],
  },
];

function answerConfiguration(turn: Turn, message: Incoming): void {
  const { cfgType, attributes } = find(message.payloads, 'CP')!;
  turn.debug(() => `peer asks about its configuration: CP type ${cfgType} with ${attributes.length} attributes`);
  turn.respond(message, answerTo(turn, cfgType, attributes));
}

/** What is pushed at us is taken note of, and none of it accepted; an answer to nothing gets none. RFC 7296 §3.15. */
function answerTo(turn: Turn, cfgType: number, asked: readonly CpAttribute[]): readonly Payload[] {
  if (cfgType === CFG_TYPE.CFG_SET) return [configuration(CFG_TYPE.CFG_ACK, NONE)];
  if (cfgType !== CFG_TYPE.CFG_REQUEST) return NONE;
  const types = new Set(asked.map(({ type }) => type));
  const about = [APPLICATION, SUPPORTED].filter(({ type }) => types.has(type));
  return [configuration(CFG_TYPE.CFG_REPLY, [...about, ...leasedTo(turn, asked, types)])];
}

function leasedTo({ sa }: Turn, asked: readonly CpAttribute[], types: ReadonlySet<number>): readonly CpAttribute[] {
  const { cp, child } = sa.policy;
  // What a client is told is for its server to say; who has been leased nothing is told nothing.
  if (cp?.role !== 'server' || sa.leases.length === 0) return NONE;
  return attributesFor(asked, cp, sa.leases, child.local).filter(({ type }) => types.has(type));
}

/** An empty one declines, RFC 7296 §2.20: what we have of weaknesses is nobody's business. */
const APPLICATION: CpAttribute = { type: CFG_ATTRIBUTE.APPLICATION_VERSION, value: new Uint8Array() };

/** Two octets each, RFC 7296 §3.15.1. */
const SUPPORTED: CpAttribute = {
  type: CFG_ATTRIBUTE.SUPPORTED_ATTRIBUTES,
  value: Uint8Array.from(
    [
      ...Object.values(OF_FAMILY).flatMap((types) => Object.values(types)),
      ...[CFG_ATTRIBUTE.INTERNAL_DNS_DOMAIN, UNITY_BANNER],
      ...[CFG_ATTRIBUTE.APPLICATION_VERSION, CFG_ATTRIBUTE.SUPPORTED_ATTRIBUTES],
    ]
      .toSorted((a, b) => a - b)
      .flatMap((type) => [type >> 8, type & 0xff]),
  ),
};
