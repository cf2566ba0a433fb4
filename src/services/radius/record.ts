/** What a RADIUS server is told of sessions: Accounting-Request, RFC 2866 §5, in the terms of those who have them. */
import type { Address } from '../../net/address.ts';
import { type Attribute, attribute, nasAddress } from './attributes.ts';
import { classOctets } from './class-text.ts';

/** One user's tunnel, from its IKE SA to the last of those that have replaced it. */
export interface SessionName {
  /** Acct-Session-Id: no other session has it, not after a restart either. */
  readonly id: string;
  readonly user: string;
  /** As `EapReply` has them. */
  readonly classes: readonly string[];
  readonly peer: Address;
  readonly local: Address;
  readonly conn: string;
}

export interface Traffic {
  /** Octets and packets, from the peer and to it. */
  readonly octetsIn: number;
  readonly octetsOut: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
}

/** Acct-Terminate-Cause, RFC 2866 §5.10. */
export const CAUSES = {
  'User-Request': 1,
  'Lost-Carrier': 2,
  'Session-Timeout': 5,
  'Admin-Reset': 6,
  'Admin-Reboot': 7,
  'NAS-Error': 9,
  'Port-Preempted': 13,
  'Service-Unavailable': 15,
} as const;
export type Cause = keyof typeof CAUSES;

export type Event =
  | { readonly t: 'start' }
  | { readonly t: 'interim'; readonly seconds: number; readonly traffic: Traffic }
  | { readonly t: 'stop'; readonly seconds: number; readonly traffic: Traffic; readonly cause: Cause };

const STATUS = { start: 1, stop: 2, interim: 3, on: 7, off: 8 } as const;
const RADIUS = 1;
const VIRTUAL = 5;

/** All but Acct-Delay-Time, which is another one every time it is sent. `at`: s since 1970. */
export function sessionAttributes(name: SessionName, event: Event, nas: string, at: number): readonly Attribute[] {
  return [
    attribute('Acct-Status-Type', STATUS[event.t]),
    attribute('Acct-Session-Id', name.id),
    attribute('User-Name', name.user),
    ...name.classes.map((text) => attribute('Class', classOctets(text))),
    nasAddress(name.local),
    attribute('NAS-Identifier', nas),
    attribute('NAS-Port-Type', VIRTUAL),
    attribute('NAS-Port-Id', name.conn),
    attribute('Calling-Station-Id', `${name.peer}`),
    attribute('Called-Station-Id', `${name.local}`),
    attribute('Acct-Authentic', RADIUS),
    attribute('Event-Timestamp', at),
    ...(event.t === 'start' ? [] : usage(event)),
    ...(event.t === 'stop' ? [attribute('Acct-Terminate-Cause', CAUSES[event.cause])] : []),
  ];
}

/** The daemon comes, or goes: all sessions that a server knows of are over. RFC 2866 §5.1. */
export const ownAttributes = (what: 'on' | 'off', id: string, nas: string, at: number): readonly Attribute[] => [
  attribute('Acct-Status-Type', STATUS[what]),
  attribute('Acct-Session-Id', id),
  attribute('NAS-Identifier', nas),
  attribute('Event-Timestamp', at),
];

const usage = ({ seconds, traffic }: { readonly seconds: number; readonly traffic: Traffic }): readonly Attribute[] => [
  attribute('Acct-Session-Time', seconds),
  ...large(traffic.octetsIn, 'Acct-Input-Octets', 'Acct-Input-Gigawords'),
  ...large(traffic.octetsOut, 'Acct-Output-Octets', 'Acct-Output-Gigawords'),
  attribute('Acct-Input-Packets', traffic.packetsIn % WORD),
  attribute('Acct-Output-Packets', traffic.packetsOut % WORD),
];

const WORD = 2 ** 32;

/** RFC 2869 §5.1: the gigawords are how often 32 bits have overflown. */
const large = (
  octets: number,
  low: 'Acct-Input-Octets' | 'Acct-Output-Octets',
  high: 'Acct-Input-Gigawords' | 'Acct-Output-Gigawords',
): readonly Attribute[] => [
  attribute(low, octets % WORD),
  ...(octets >= WORD ? [attribute(high, Math.floor(octets / WORD) % WORD)] : []),
];
