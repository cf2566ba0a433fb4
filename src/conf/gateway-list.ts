import { parseGateways } from '../net/gateways.ts';
import { shown } from './printable.ts';
import type { Setting } from './sections.ts';

/** Of `global-redirect-to=` and its like. What is no gateway is complained of, and nothing is left. */
export function gateways(
  setting: Setting | undefined,
  complain: (setting: Setting, text: string) => void,
): readonly string[] {
  if (!setting || setting.raw === '%any') return NONE;
  const parsed = parseGateways(setting.raw);
  if ('to' in parsed) return Object.freeze(parsed.to);
  complain(setting, `expected addresses and names of gateways, got ${shown(parsed.bad)}`);
  return NONE;
}

const NONE: readonly string[] = Object.freeze([]);
