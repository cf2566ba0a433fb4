/** What can go wrong between two peers, and whose fault it is. Peers cause values; only our own bugs throw. */
import { type Malformed, NOTIFY } from './wire/index.ts';

export type Fault =
  | Malformed
  /** A critical payload of a type we do not know. RFC 7296 §2.5. */
  | { readonly kind: 'critical'; readonly payload: number }
  /** Parses, and breaks a MUST; `rule` names it. */
  | { readonly kind: 'misbehaved'; readonly rule: string }
  /** Both are right and there is no overlap. */
  | {
      readonly kind: 'incompatible';
      readonly what: 'proposal' | 'selectors';
      readonly offered: string;
      readonly wanted: string;
    }
  | { readonly kind: 'unauthentic'; readonly why: string }
  /** A collision that will pass: ask again later. RFC 7296 §2.25. */
  | { readonly kind: 'busy'; readonly why: string }
  | { readonly kind: 'noSuchChild'; readonly spi: number; readonly protocol: number }
  | { readonly kind: 'local'; readonly what: 'config' | 'kernel' | 'limit' | 'crypto'; readonly why: string };

/** The only place where a fault becomes a notification; undefined means silence. RFC 7296 §2.21, §3.10.1. */
export function answerFor(fault: Fault, channel: 'clear' | 'protected'): number | undefined {
  switch (fault.kind) {
    case 'malformed':
    case 'misbehaved':
      return channel === 'protected' ? NOTIFY.INVALID_SYNTAX : undefined;
    case 'critical':
      return NOTIFY.UNSUPPORTED_CRITICAL_PAYLOAD;
    case 'incompatible':
      return fault.what === 'selectors' ? NOTIFY.TS_UNACCEPTABLE : NOTIFY.NO_PROPOSAL_CHOSEN;
    case 'unauthentic':
      return channel === 'protected' ? NOTIFY.AUTHENTICATION_FAILED : undefined;
    case 'busy':
      return NOTIFY.TEMPORARY_FAILURE;
    case 'noSuchChild':
      return NOTIFY.CHILD_SA_NOT_FOUND;
    case 'local':
      return fault.what === 'limit' ? NOTIFY.NO_ADDITIONAL_SAS : NOTIFY.NO_PROPOSAL_CHOSEN;
    default:
      return fault satisfies never;
  }
}

/** One line for the log: what came, what was expected. */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'malformed':
      return `malformed ${fault.where} at octet ${fault.offset}: ${fault.why}`;
    case 'critical':
      return `critical payload of unknown type ${fault.payload}`;
    case 'misbehaved':
      return `peer broke ${fault.rule}`;
    case 'incompatible':
      return `no ${fault.what} in common; peer offered ${fault.offered}; we accept ${fault.wanted}`;
    case 'unauthentic':
    case 'busy':
      return fault.why;
    case 'noSuchChild':
      return `no Child SA with SPI 0x${fault.spi.toString(16).padStart(8, '0')}`;
    case 'local':
      return `${fault.what}: ${fault.why}`;
    default:
      return fault satisfies never;
  }
}
