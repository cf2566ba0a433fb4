/**
 * The Encrypted payload (RFC 7296 §3.14) and Encrypted Fragment (RFC 7383 §2.5), as they look from outside:
 * `data` is IV, ciphertext and ICV, whose lengths only the negotiated algorithms know. Both stand last in their
 * message, and their Next Payload speaks of what is inside; message.ts sees to that.
 */
import { type Field, hidden, payload, rest } from './field.ts';

export const SK = payload(46, 'SK', { data: rest(0, 0xffff, hidden) });

/** The two say the same thing twice: a number beyond its total would be a fragment of nothing. */
const number: Field<number> = {
  read: (r) => {
    r.measure = r.uint(2);
    return r.measure;
  },
  write: (w, value) => w.uint(2, value),
};

const total: Field<number> = {
  read: (r) => {
    const at = r.at;
    const value = r.uint(2);
    if (r.measure === 0 || r.measure > value) r.fail(`fragment ${r.measure} of ${value}`, at - 2);
    return value;
  },
  write: (w, value) => w.uint(2, value),
};

/** `number` counts from 1 to `total`. RFC 7383 §2.6. */
export const SKF = payload(53, 'SKF', { number, total, data: rest(0, 0xffff, hidden) });
