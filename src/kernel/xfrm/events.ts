/** What the kernel says unasked. */
import { attributeOf, type NetlinkMessage } from '../../native/index.ts';
import { isLittleEndian } from '../../native/netlink-writer.ts';
import { Endpoint } from '../../net/endpoint.ts';
import type { PlaneEvent } from '../port.ts';
import { protocolOf, readAddress, readSaKey } from './sa.ts';
import { readSelectors } from './selector.ts';
import { ACQUIRE, AF, EXPIRE, MAPPING, TMPL, XFRM_MSG, XFRMA } from './uapi.ts';

/** Undefined for messages of other kinds, and for such as are too short to be what they say. */
export function readEvent({ type, body }: NetlinkMessage): PlaneEvent | undefined {
  switch (type) {
    case XFRM_MSG.acquire: {
      if (body.byteLength < ACQUIRE.size) return undefined;
      const tmpl = attributeOf(body, ACQUIRE.size, XFRMA.tmpl);
      const reqid = tmpl && tmpl.byteLength >= TMPL.size ? tmpl.getUint32(TMPL.reqid, isLittleEndian) : 0;
      return { t: 'acquire', reqid, ...readSelectors(body, ACQUIRE.selector) };
    }
    case XFRM_MSG.expire:
      if (body.byteLength < EXPIRE.size) return undefined;
      return { t: 'expire', key: readSaKey(body), hard: body.getUint8(EXPIRE.hard) !== 0 };
    case XFRM_MSG.mapping: {
      if (body.byteLength < MAPPING.size) return undefined;
      const family = body.getUint16(MAPPING.family, isLittleEndian) === AF[6] ? 6 : 4;
      const protocol = protocolOf(body.getUint8(MAPPING.protocol));
      const key = { protocol, dst: readAddress(body, MAPPING.dst, family), spi: body.getUint32(MAPPING.spi) };
      const from = new Endpoint(readAddress(body, MAPPING.newSrc, family), body.getUint16(MAPPING.newSport));
      return { t: 'mapping', key, from };
    }
    default:
      return undefined;
  }
}
