/** Messages as people read them. */
import { hidden, showBody } from '../../wire/field.ts';
import { nameOf } from '../../wire/names.ts';
import type { Header } from './message.ts';
import { definitionNamed, type Payload } from './payload.ts';
import { CFG_TYPE_NAMES, EXCHANGE_NAMES, NOTIFY_NAMES, PAYLOAD_NAMES } from './registry.ts';

export const exchangeName = (exchange: number): string => EXCHANGE_NAMES.get(exchange) ?? `exchange ${exchange}`;

/** RFC 2409's notation: `Main Mode { SA, VID }`, with a star behind the header of what is encrypted. */
export function describe(header: Pick<Header, 'exchange' | 'isEncrypted'>, payloads: readonly Payload[]): string {
  const name = `${exchangeName(header.exchange)}${header.isEncrypted ? '*' : ''}`;
  return payloads.length === 0 ? `${name} { }` : `${name} { ${payloads.map(describePayload).join(', ')} }`;
}

function describePayload(p: Payload): string {
  switch (p.type) {
    case 'N':
      return `N(${nameOf(NOTIFY_NAMES, p.notify)})`;
    case 'ATTRIBUTES':
      return `ATTRIBUTES(${nameOf(CFG_TYPE_NAMES, p.cfgType)})`;
    case 'FRAGMENT':
      return `FRAGMENT(${p.number}${(p.flags & 1) !== 0 ? ' last' : ''})`;
    case 'unknown':
      return PAYLOAD_NAMES.get(p.number) ?? `payload ${p.number}`;
    default:
      return p.type;
  }
}

/** One line for the header and one for each payload, every field by name; what is or may be secret as `<n octets>`. */
export function dump(header: Header, payloads: readonly Payload[]): string[] {
  const hexOf = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
  const flags = [header.isEncrypted && 'E', header.isCommit && 'C', header.isAuthOnly && 'A'].filter(Boolean);
  return [
    `${exchangeName(header.exchange)} ${hexOf(header.cookieI)}:${hexOf(header.cookieR)} version 1.${header.minor} ` +
      `flags ${flags.join('') || 'none'} message ${header.messageId.toString(16).padStart(8, '0')} length ${header.length}`,
    ...payloads.map(dumpPayload),
  ];
}

function dumpPayload(p: Payload): string {
  if (p.type === 'unknown') return `${nameOf(PAYLOAD_NAMES, p.number)} { ${hidden(p.data)} }`;
  return `${p.type} { ${showBody(definitionNamed(p.type), { ...p }).join(', ')} }`;
}
