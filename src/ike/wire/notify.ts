/** Notify and Delete, RFC 7296 §3.10 and §3.11. */
import { type Field, hex, hidden, lengthOf, measured, payload, rest, uint } from './field.ts';
import { MAX_SPIS } from './limits.ts';
import { PROTOCOL_NAMES } from './registry.ts';
import { NOTIFY, NOTIFY_NAMES } from './registry-notify.ts';

/** AUTH data under another name (RFC 8784 §3), and keys to resume an SA by (RFC 5723 §7). */
const CONFIDENTIAL: ReadonlySet<unknown> = new Set([NOTIFY.NO_PPK_AUTH, NOTIFY.TICKET_LT_OPAQUE, NOTIFY.TICKET_OPAQUE]);

/** §3.10. `protocol` means something only beside an SPI. */
export const N = payload(41, 'N', {
  protocol: uint(1, PROTOCOL_NAMES),
  _spiSize: lengthOf(1, 'spi'),
  notify: uint(2, NOTIFY_NAMES),
  spi: measured(),
  data: rest(0, 0xffff, (data, body) => (CONFIDENTIAL.has(body.notify) ? hidden(data) : hex(data))),
});

/** Remembers the size for the SPIs that follow; kept as a value because it is there even when they are not. */
const spiSize: Field<number> = {
  read: (r) => {
    r.measure = r.uint(1);
    return r.measure;
  },
  write: (w, size) => w.uint(1, size),
};

/** Their number, then the SPIs, each of the size just read. */
const spis: Field<readonly Uint8Array[]> = {
  read: (r) => {
    const size = r.measure;
    const at = r.at;
    const count = r.uint(2);
    const list: Uint8Array[] = [];
    if (count > MAX_SPIS) r.fail(`more than ${MAX_SPIS} SPIs`, at);
    else if (count * size !== r.left) r.fail(`${count} SPIs of ${size} octets in ${r.left} octets`, at);
    else if (count > 0 && size === 0) r.fail(`${count} SPIs without octets`, at);
    else for (let i = 0; i < count; i++) list.push(r.octets(size));
    return list;
  },
  write: (w, list, body) => {
    w.uint(2, list.length);
    for (const spi of list) {
      if (spi.length !== body.spiSize) throw new RangeError(`an SPI of ${spi.length} octets, not ${body.spiSize}`);
      w.octets(spi);
    }
  },
  show: (list) => list.map(hex).join(','),
};

/** §3.11. For IKE `spiSize` is 0 and no SPI follows; for AH and ESP it is 4. */
export const D = payload(42, 'D', { protocol: uint(1, PROTOCOL_NAMES), spiSize, spis });
