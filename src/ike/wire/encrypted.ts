/**
 * The Encrypted payload (RFC 7296 §3.14) and Encrypted Fragment (RFC 7383 §2.5), as they look from outside:
 * `data` is IV, ciphertext and ICV, whose lengths only the negotiated algorithms know. Both stand last in their
 * message, and their Next Payload speaks of what is inside; message.ts sees to that.
 */
import { type Field, hidden, payload, rest, uint } from './field.ts';

export const SK = payload(46, 'SK', { data: rest(0, 0xffff, hidden) });

const total: Field<number> = {
  read: (r) => {
    const at = r.at;
    const value = r.uint(2);
    if (value === 0) r.fail('no fragments in total', at);
    return value;
  },
  write: (w, value) => w.uint(2, value),
};

/** `number` counts from 1 to `total`. RFC 7383 §2.6. */
export const SKF = payload(53, 'SKF', { number: uint(2), total, data: rest(0, 0xffff, hidden) });
