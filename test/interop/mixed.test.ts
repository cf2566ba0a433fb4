/**
 * Secrets besides the first key exchange, with the peers of Debian 12: PPKs (RFC 8784), and IKE_INTERMEDIATE (RFC 9242)
 * with libreswan. mixed-later.test.ts is for peers that know RFC 9370 too.
 */
import { otherNames, otherNamesRefused, ppkStories, story } from './mixed-stories.ts';
import { tell, tellFrom, underShim } from './tell.ts';

tell(ppkStories, 'strongswan', underShim);
// strongSwan 5.9.8 knows one PPK for a peer, and refuses all others.
tellFrom('west', otherNamesRefused, 'strongswan', underShim);
tellFrom('east', otherNames, 'strongswan', underShim);
tell([...ppkStories, ...otherNames], 'libreswan', underShim);
tell(
  [
    story('IKE_INTERMEDIATE of nothing', { intermediate: true }, 1),
    story('IKE_INTERMEDIATE, and a PPK with IKE_AUTH', {
      intermediate: true,
      ppk: { mode: 'insist', id: 'ppk-1', secret: 'a secret that both ends have been told' },
    }),
  ],
  'libreswan',
  underShim,
);
