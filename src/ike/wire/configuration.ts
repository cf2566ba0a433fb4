/** The Configuration payload, RFC 7296 §3.15. */
import { type Field, hex, payload, reserved, uint } from './field.ts';
import { MAX_CP_ATTRIBUTES } from './limits.ts';
import { nameOf } from './names.ts';
import { CFG_ATTRIBUTE_NAMES, CFG_TYPE_NAMES } from './registry.ts';

export interface ConfigurationAttribute {
  /** 15 bits: `CFG_ATTRIBUTE` in registry.ts. */
  readonly type: number;
  readonly value: Uint8Array;
}

const TYPE_BITS = 0x7fff;

const attributes: Field<readonly ConfigurationAttribute[]> = {
  read: (r) => {
    const list: ConfigurationAttribute[] = [];
    while (r.more) {
      if (list.length === MAX_CP_ATTRIBUTES) r.fail(`more than ${MAX_CP_ATTRIBUTES} attributes`);
      const type = r.uint(2) & TYPE_BITS;
      list.push({ type, value: r.octets(r.uint(2)) });
    }
    return list;
  },
  write: (w, list) => {
    for (const { type, value } of list) {
      if (type > TYPE_BITS) throw new RangeError(`${type} does not fit 15 bits`);
      w.uint(2, type);
      w.uint(2, value.length);
      w.octets(value);
    }
  },
  show: (list) => list.map((a) => `${nameOf(CFG_ATTRIBUTE_NAMES, a.type)}=${hex(a.value)}`).join(', '),
};

export const CP = payload(47, 'CP', { cfgType: uint(1, CFG_TYPE_NAMES), _reserved: reserved(3), attributes });
