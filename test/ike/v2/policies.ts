/** Connections for two hosts, west (192.0.2.1, 10.0.1.0/24) and east (192.0.2.2, 10.0.2.0/24), seen from each end. */
import { type Proposal, parseProposals } from '../../../src/ike/crypto/proposal.ts';
import type { ChildPolicy, Policy } from '../../../src/ike/policy.ts';
import { Address } from '../../../src/net/address.ts';
import { Id } from '../../../src/net/id.ts';
import { Selector } from '../../../src/net/selector.ts';
import { Subnet } from '../../../src/net/subnet.ts';

/** What a test changes of one end's connection, `undefined` leaving out; the rest is as below. */
export type PolicyChange = { readonly [K in keyof Omit<Policy, 'child'>]?: Policy[K] | undefined } & {
  readonly child?: Partial<ChildPolicy>;
};

export const WEST = Address.parse('192.0.2.1')!;
export const EAST = Address.parse('192.0.2.2')!;

export function proposals(protocol: 'ike' | 'esp' | 'ah', text: string): readonly Proposal[] {
  const parsed = parseProposals(text, { protocol, version: 2 });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.proposals;
}

export const selectors = (...subnets: string[]): Selector[] =>
  subnets.map((text) => {
    const subnet = Subnet.parse(text);
    if (!subnet) throw new Error(`${text} is no subnet`);
    return Selector.ofSubnet(subnet);
  });

const IKE = proposals('ike', 'aes_gcm256-sha2_256-dh31');
const ESP = proposals('esp', 'aes_gcm256');

const SECRET: Policy['ours'] = [
  { ways: ['secret'], id: undefined, key: undefined, ca: undefined, sendCert: 'always', keysFromDns: false },
];

export function policyFor(end: 'west' | 'east', change: PolicyChange = {}): Policy {
  const isWest = end === 'west';
  const { child, ...rest } = change;
  const all = {
    name: 'w-e',
    localHost: isWest ? WEST : EAST,
    remoteHost: isWest ? EAST : WEST,
    remotePort: 500,
    localId: Id.parse(isWest ? '@west' : '@east')!,
    remoteId: Id.parse(isWest ? '@east' : '@west')!,
    ours: SECRET,
    theirs: SECRET,
    sha1: false,
    idOnCertificate: true,
    sendCa: 'none',
    ppk: 'no',
    ppkIds: [],
    intermediate: false,
    ike: IKE,
    fragmentation: true,
    encapsulation: 'auto',
    natKeepalive: 20_000,
    initialContact: false,
    ikeLifetime: 28_800_000,
    rekey: true,
    rekeyMargin: 540_000,
    rekeyFuzz: 1,
    retransmitInterval: 500,
    retransmitTimeout: 60_000,
    dpdDelay: 0,
    ...rest,
    child: Object.freeze({
      proposals: ESP,
      mode: 'tunnel',
      local: selectors(isWest ? '10.0.1.0/24' : '10.0.2.0/24'),
      remote: selectors(isWest ? '10.0.2.0/24' : '10.0.1.0/24'),
      narrowing: false,
      pfs: true,
      esn: 'no',
      replayWindow: 128,
      lifetime: 28_800_000,
      reqid: 16389,
      priority: 0,
      ...child,
    }),
  };
  return Object.freeze(
    Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  ) as unknown as Policy;
}
