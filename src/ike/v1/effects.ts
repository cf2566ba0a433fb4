/** The protocol's border is `src/ike/effects.ts`, as for IKEv2; here is what IKEv1 has in other forms. */

import type { Child } from '../child.ts';
import type { Command, In, Out } from '../effects.ts';
import type { V1Job, V1JobResult } from './crypto/job.ts';

export type V1Command =
  | Extract<
      Command,
      { t: 'initiate' | 'addChild' | 'rekeyIke' | 'rekeyChild' | 'deleteChild' | 'deleteIke' | 'abandon' }
    >
  /** Begin, for children that are there already: phase 1 alone. */
  | { readonly t: 'renew' }
  /** A newer ISAKMP SA for the same peer is up: it gets the children, and this one ends when its time is over. */
  | { readonly t: 'superseded'; readonly by: number };

export type V1In =
  | Exclude<In, { t: 'job' | 'command' | 'inherit' }>
  | { readonly t: 'job'; readonly id: number; readonly result: V1JobResult }
  | { readonly t: 'command'; readonly command: V1Command }
  | { readonly t: 'inherit'; readonly children: readonly Child[] };

export type V1Out =
  | Exclude<Out, { t: 'submit' | 'successor' | 'handOver' | 'redirected' | 'forgetEap' }>
  | { readonly t: 'submit'; readonly id: number; readonly job: V1Job }
  | { readonly t: 'handOver'; readonly to: number; readonly children: readonly Child[] }
  /** It is time for a new ISAKMP SA with this peer: another, told to `renew`, and this one that it is `superseded`. */
  | { readonly t: 'renew' };
