/**
 * IKE_AUTH, RFC 7296 §1.2, §2.15: each end proves who it is, and the first Child SA comes with it.
 *
 *     auth-initiator, auth-responder   who says what next
 *     auth-choose                      which connection the peer belongs to
 *     auth-prove, auth-claim           our proof, the peer's
 *     auth-check, auth-signature       whether that holds
 *     auth-certs, eap-peer, eap-server what goes with them
 *     auth-child                       the end of it
 */
import { EXCHANGE, NOTIFY } from '../wire/index.ts';
import { authAnswered, authRefused } from './auth-initiator.ts';
import { answerAuth, answerEap, answerEapProof, answerNextProof, answerNothing } from './auth-responder.ts';
import type { Transition } from './transitions.ts';

const asked = (
  row: Pick<Transition, 'story' | 'need' | 'without' | 'run'>,
  from: 'initAnswered' | 'proving',
): Transition => ({
  ...row,
  exchange: EXCHANGE.IKE_AUTH,
  request: [from],
  to: ['proving', 'established', 'dead'],
});

const answered = (story: string, need: Transition['need'], notify?: number): Transition => ({
  story,
  exchange: EXCHANGE.IKE_AUTH,
  response: 'auth',
  need,
  ...(notify === undefined ? {} : { notify }),
  run: authAnswered,
  to: ['established', 'deleting', 'dead'],
});

export const AUTH: readonly Transition[] = [
  asked(
    { story: 'check the peer, answer IKE_AUTH', need: ['IDi', 'AUTH', 'SA', 'TSi', 'TSr'], run: answerAuth },
    'initAnswered',
  ),
  asked(
    {
      story: 'peer wants to prove itself by EAP',
      need: ['IDi', 'SA', 'TSi', 'TSr'],
      without: ['AUTH'],
      run: answerAuth,
    },
    'initAnswered',
  ),
  asked({ story: 'peer proves itself once more', need: ['IDi', 'AUTH'], run: answerNextProof }, 'proving'),
  asked({ story: 'peer wants to prove itself once more, by EAP', need: ['IDi'], run: answerNextProof }, 'proving'),
  asked({ story: 'peer proves that EAP went well', need: ['AUTH'], run: answerEapProof }, 'proving'),
  asked({ story: 'peer speaks EAP', need: ['EAP'], run: answerEap }, 'proving'),
  asked({ story: 'peer waits for our next proof', need: [], run: answerNothing }, 'proving'),

  answered('peer proves who it is and grants the Child SA', ['IDr', 'AUTH', 'SA', 'TSi', 'TSr']),
  answered('peer has heard our EAP and grants the Child SA', ['AUTH', 'SA', 'TSi', 'TSr']),
  answered('peer believes us once more and grants the Child SA', ['SA', 'TSi', 'TSr']),
  answered('peer proves who it is and wants EAP', ['IDr', 'AUTH', 'EAP']),
  answered('peer proves who it is and will do so once more', ['IDr', 'AUTH', 'N'], NOTIFY.ANOTHER_AUTH_FOLLOWS),
  answered('peer proves who it is and refuses the Child SA', ['IDr', 'AUTH', 'N']),
  answered('peer has heard our EAP and refuses the Child SA', ['AUTH', 'N']),
  answered('peer proves who it is and waits for more', ['IDr', 'AUTH']),
  answered('peer has heard our EAP and waits for more', ['AUTH']),
  answered('peer wants EAP', ['EAP']),
  {
    story: 'peer refuses us',
    exchange: EXCHANGE.IKE_AUTH,
    response: 'auth',
    need: ['N'],
    run: authRefused,
    to: ['dead'],
  },
  answered('peer waits for more', []),
  {
    story: 'peer goes on with EAP',
    exchange: EXCHANGE.IKE_AUTH,
    response: 'eap',
    need: ['EAP'],
    run: authAnswered,
    to: ['deleting', 'dead'],
  },
  {
    story: 'peer ends EAP',
    exchange: EXCHANGE.IKE_AUTH,
    response: 'eap',
    need: ['N'],
    run: authRefused,
    to: ['dead'],
  },
];
