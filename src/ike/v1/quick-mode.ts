/**
 * Quick Mode, RFC 2409 §5.5: three messages under an ISAKMP SA, as many at once as one likes.
 *
 *     initiator                                              responder
 *     quickI1   HASH, SA, Nonce [, KE] [, ID, ID]      -->
 *                                                      <--   HASH, SA, Nonce [, KE] [, ID, ID]   quickR1
 *     quickDone HASH                                   -->                                       quickDone
 */

import { finishQuick } from './quick-initiator.ts';
import { answerQuick, confirmQuick } from './quick-responder.ts';
import type { Transition } from './transitions.ts';
import { EXCHANGE } from './wire/index.ts';

const QUICK = { exchange: EXCHANGE.QUICK, encrypted: 'always' } as const;

export const QUICK_MODE: readonly Transition[] = [
  {
    ...QUICK,
    story: 'answer Quick Mode',
    from: 'fresh',
    need: ['HASH', 'SA', 'Nonce'],
    run: answerQuick,
    to: ['quickR1'],
  },
  {
    ...QUICK,
    story: 'peer grants the child',
    from: 'quickI1',
    need: ['HASH', 'SA', 'Nonce'],
    run: finishQuick,
    to: ['quickDone'],
  },
  {
    ...QUICK,
    story: 'peer has our answer, child complete',
    from: 'quickR1',
    need: ['HASH'],
    run: confirmQuick,
    to: ['quickDone'],
  },
];
