/** A payload of IKEv2 in a few words, RFC 7296's. */
import { groupById } from '../ike/crypto/algorithms.ts';
import { AUTH_METHOD, CFG_TYPE_NAMES, NOTIFY_NAMES, nameOf, type Payload, PROTOCOL_NAMES } from '../ike/wire/index.ts';
import { Id } from '../net/id.ts';
import { listed } from './reader.ts';

export function summary(p: Payload, isResponse: boolean): string {
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
