/** A payload of IKEv1 in a few words, those of RFC 2408 and 2409. */
import { selectorOf } from '../ike/v1/quick-ids.ts';
import { VENDOR } from '../ike/v1/vendor-ids.ts';
import {
  CFG_TYPE_NAMES,
  EXCHANGE,
  NOTIFY_NAMES,
  nameOf,
  type Payload,
  type PayloadNamed,
  PROTOCOL_NAMES,
} from '../ike/v1/wire/index.ts';
import { Id } from '../net/id.ts';

export function summary(p: Payload, exchange: number, isResponse: boolean): string {
  switch (p.type) {
    case 'SA': {
      const count = p.proposals.reduce((sum, { transforms }) => sum + transforms.length, 0);
      return `SA(${count} ${count === 1 ? 'transform' : 'transforms'})`;
    }
    case 'Nonce':
      return isResponse ? 'Nr' : 'Ni';
    case 'ID':
      return `ID(${idText(p, exchange)})`;
    case 'N':
      return `N(${nameOf(NOTIFY_NAMES, p.notify)})`;
    case 'D':
      return p.spiSize === COOKIES_OCTETS ? 'D(ISAKMP)' : `D(${nameOf(PROTOCOL_NAMES, p.protocol)})`;
    case 'VID':
      return `VID(${vendorText(p.data)})`;
    case 'ATTRIBUTES':
      return `ATTRIBUTES(${nameOf(CFG_TYPE_NAMES, p.cfgType)})`;
    case 'NAT_D':
    case 'NAT_D_DRAFT':
      return 'NAT-D';
    case 'NAT_OA':
    case 'NAT_OA_DRAFT':
      return `NAT-OA(${new Id(p.idType, p.data)})`;
    case 'unknown':
      return `payload ${p.number}`;
    default:
      return p.type;
  }
}

const COOKIES_OCTETS = 16;

/** In Quick Mode whose traffic it is, else who it is. */
function idText(id: PayloadNamed<'ID'>, exchange: number): string {
  const net = exchange === EXCHANGE.QUICK ? selectorOf(id) : undefined;
  return `${net ?? new Id(id.idType, id.data)}`;
}

function vendorText(data: Uint8Array): string {
  const known = Object.entries(VENDOR).find(
    ([, vendor]) => Buffer.compare(data.subarray(0, vendor.length), vendor) === 0,
  );
  return known ? known[0] : `${data.length} octets`;
}
