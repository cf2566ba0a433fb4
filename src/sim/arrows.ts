/** Overheard messages as arrows: who, what, how large, and what is in them by name. */
import { groupById } from '../ike/crypto/algorithms.ts';
import {
  AUTH_METHOD,
  CFG_TYPE_NAMES,
  dump,
  EXCHANGE_NAMES,
  NOTIFY_NAMES,
  nameOf,
  type Payload,
  PROTOCOL_NAMES,
} from '../ike/wire/index.ts';
import { Id } from '../net/id.ts';
import type { Arrow } from './report.ts';
import type { Overheard } from './wiretap.ts';

export function arrowOf({ at, from, header, payloads, ...rest }: Overheard): Arrow {
  const { octets, fragments, repeated, arrives, phase } = rest;
  const readable = payloads ?? [];
  return {
    at: at / 1000,
    from,
    to: from === 'A' ? 'B' : 'A',
    exchange: nameOf(EXCHANGE_NAMES, header.exchange),
    messageId: header.messageId,
    isResponse: header.isResponse,
    octets,
    fragments,
    repeated,
    isLost: !arrives,
    payloads: payloads ? readable.map((p) => summary(p, header.isResponse)) : ['not readable'],
    detail: dump({ header, payloads: [...readable] }).map((line) => line.replaceAll('…', '...')),
    phase,
  };
}

function summary(p: Payload, isResponse: boolean): string {
  switch (p.type) {
    case 'SA':
      return `SA(${p.proposals.length} ${p.proposals.length === 1 ? 'proposal' : 'proposals'})`;
    case 'KE':
      return `KE(${groupById(p.group)?.name ?? p.group})`;
    case 'Nonce':
      return isResponse ? 'Nr' : 'Ni';
    case 'IDi':
    case 'IDr':
      return `${p.type}(${new Id(p.idType, p.data)})`;
    case 'AUTH':
      return p.method === AUTH_METHOD.SHARED_KEY_MIC ? 'AUTH(PSK)' : `AUTH(method ${p.method})`;
    case 'TSi':
    case 'TSr':
      return `${p.type}(${listed(p.selectors)})`;
    case 'N':
      return `N(${nameOf(NOTIFY_NAMES, p.notify)})`;
    case 'D':
      return p.spis.length === 0 ? `D(${nameOf(PROTOCOL_NAMES, p.protocol)})` : `D(${p.spis.length} SPIs)`;
    case 'CP':
      return `CP(${nameOf(CFG_TYPE_NAMES, p.cfgType)})`;
    case 'unknown':
      return `payload ${p.number}`;
    default:
      return p.type;
  }
}

/** A long list is the detail's. */
const listed = (items: readonly unknown[]): string =>
  items.length > 3 ? `${items.slice(0, 3).join(',')},+${items.length - 3}` : items.join(',');
