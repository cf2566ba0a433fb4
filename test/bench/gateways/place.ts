/** Where a gateway stands, and what starts it. */
import type { Host } from '../../support/netns.ts';
import type { Profile } from '../crowd/profiles.ts';

export const GATEWAY = '192.0.2.1';
export const PROTECTED = '192.168.0.0/24';

export type Implementation = 'pluto' | 'strongSwan' | 'libreswan';

export interface Daemon {
  readonly pid: number;
  /** What it says in its log, for when it does not do what it should. */
  readonly log: () => Promise<string>;
  readonly stop: () => Promise<unknown>;
}

export interface Place {
  readonly host: Host;
  /** Its own, and there. */
  readonly directory: string;
  readonly profile: Profile;
  /** `root.pem`, `gw.pem`, `gw.key`; undefined with a PSK. */
  readonly pki: string | undefined;
  readonly tuning: Tuning;
}

/** Of our own daemon. */
export interface Tuning {
  readonly nhelpers?: number;
  /** `none` installs nothing; `shim` takes every SA and policy, as the peers have it. Default `shim`. */
  readonly plane?: 'none' | 'shim';
  /** Lines for `config setup`, lines for the conn. */
  readonly setup?: readonly string[];
  readonly conn?: readonly string[];
  /** Whole conns beside it. */
  readonly also?: string;
  readonly env?: Readonly<Record<string, string>>;
}
