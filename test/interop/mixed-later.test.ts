/**
 * Multiple key exchanges (RFC 9370) with ML-KEM, which strongSwan knows from 6.0 on, and Debian 12 has not. $PLUTO_PEERS
 * tells where a later one is; libreswan has ML-KEM, and the numbers of RFC 9867, from 5.4 on.
 */
import { test } from 'vitest';
import { rekeyed, story } from './mixed-stories.ts';
import { version } from './peers/prefix.ts';
import type { Story } from './stories.ts';
import { tell, underShim } from './tell.ts';

const FIRST = 6;

const stories: readonly Story[] = [
  story('x25519, and then ML-KEM-768', { ike: ['mlkem768'] }, 1),
  story('ML-KEM-1024, which no packet has room for', { ike: ['mlkem1024'] }, 1),
  story('three more: ML-KEM-768, ECP-384, ML-KEM-512', { ike: ['mlkem768', 'ecp384', 'mlkem512'] }, 3),
  {
    ...story('IKE SA and child are rekeyed with ML-KEM-768', { ike: ['mlkem768'], esp: ['mlkem768'] }),
    tell: rekeyed,
  },
  story(
    'ML-KEM-768, and a PPK with IKE_AUTH',
    { ike: ['mlkem768'], ppk: { mode: 'insist', id: 'ppk-1', secret: 'a secret that both ends have been told' } },
    1,
  ),
];

const have = version('strongswan');
if (have === undefined || Number.parseInt(have, 10) >= FIRST) tell(stories, 'strongswan', underShim);
else
  for (const { title } of stories)
    test(title, (context) =>
      context.skip(true, `strongSwan is ${have}, and ${FIRST}.0 is the first that knows RFC 9370`),
    );
