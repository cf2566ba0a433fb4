/** Files of two hosts that speak IKEv1 to each other. */
import type { SimulationOptions } from '../../src/sim/simulate.ts';
import { conn } from '../actors/town.ts';
import { type Changes, type Setting, simulated } from './two-files.ts';

export const V1: Changes = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };

export const v1File = (changes: Changes = {}, policy = 'accept'): string =>
  `config setup\n  ikev1-policy=${policy}\n\n${conn('w-e', { ...V1, ...changes })}`;

/** Those that both have, and those that one of them has besides. */
export interface V1Setting extends Omit<Setting, 'a' | 'b'> {
  readonly both?: Changes;
  readonly a?: Changes;
  readonly b?: Changes;
  readonly policyA?: string;
  readonly policyB?: string;
}

export function simulatedV1(setting: V1Setting = {}, options: Partial<SimulationOptions> = {}) {
  const { both, a, b, policyA, policyB, ...more } = setting;
  const files = { a: v1File({ ...both, ...a }, policyA), b: v1File({ ...both, ...b }, policyB) };
  return simulated({ ...more, ...files }, options);
}
