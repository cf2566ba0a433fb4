/** Overheard messages as arrows: who, what, how large, and what is in them by name. */
import type { Arrow } from './report.ts';
import type { Overheard } from './wiretap.ts';

export function arrowOf({ at, from, said, ...rest }: Overheard): Arrow {
  const { octets, fragments, repeated, arrives, phase } = rest;
  const { version, exchange, messageId, isResponse, payloads, detail } = said;
  return {
    at: at / 1000,
    from,
    to: from === 'A' ? 'B' : 'A',
    ...{ version, exchange, messageId, isResponse, octets, fragments, repeated },
    isLost: !arrives,
    payloads: payloads ?? ['not readable'],
    detail,
    phase,
  };
}
