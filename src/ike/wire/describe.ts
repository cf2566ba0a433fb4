/** Messages as people read them. */
import { hidden, showBody } from './field.ts';
import type { Header } from './header.ts';
import type { Message } from './message.ts';
import { nameOf } from './names.ts';
import { definitionNamed, type Payload } from './payload.ts';
import { CFG_TYPE_NAMES, EXCHANGE_NAMES, PAYLOAD_NAMES } from './registry.ts';
import { NOTIFY_NAMES } from './registry-notify.ts';

/** RFC 7296 §1.2's notation: `IKE_SA_INIT { SA, KE, Ni, N(NAT_DETECTION_SOURCE_IP) }`. */
export function describe(header: Pick<Header, 'exchange' | 'isResponse'>, payloads: readonly Payload[]): string {
  const exchange = EXCHANGE_NAMES.get(header.exchange) ?? `exchange ${header.exchange}`;
  if (payloads.length === 0) return `${exchange} { }`;
  return `${exchange} { ${payloads.map((p) => describePayload(p, header.isResponse)).join(', ')} }`;
}

function describePayload(p: Payload, isResponse: boolean): string {
  switch (p.type) {
    case 'Nonce':
      return isResponse ? 'Nr' : 'Ni';
    case 'N':
      return `N(${nameOf(NOTIFY_NAMES, p.notify)})`;
    case 'CP':
      return `CP(${nameOf(CFG_TYPE_NAMES, p.cfgType)})`;
    case 'SKF':
      return `SKF(${p.number}/${p.total})`;
    case 'unknown':
      return `${PAYLOAD_NAMES.get(p.number) ?? `payload ${p.number}`}${p.critical ? ' critical' : ''}`;
    default:
      return p.type;
  }
}

/** One line for the header and one for each payload, every field by name; what is or may be secret as `<n octets>`. */
export function dump({ header, payloads }: Message): string[] {
  const hexOf = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
  const flags = [header.isInitiator && 'I', header.isResponse && 'R', header.higherVersion && 'V'].filter(Boolean);
  return [
    `${nameOf(EXCHANGE_NAMES, header.exchange)} ${hexOf(header.spiI)}:${hexOf(header.spiR)} ` +
      `version ${header.major}.${header.minor} flags ${flags.join('') || 'none'} message ${header.messageId} ` +
      `length ${header.length}`,
    ...payloads.map(dumpPayload),
  ];
}

function dumpPayload(p: Payload): string {
  const critical = p.critical ? ' critical' : '';
  if (p.type === 'unknown') return `${nameOf(PAYLOAD_NAMES, p.number)}${critical} { ${hidden(p.data)} }`;
  return `${p.type}${critical} { ${showBody(definitionNamed(p.type), { ...p }).join(', ')} }`;
}
