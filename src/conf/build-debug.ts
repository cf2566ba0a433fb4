/** `plutodebug=`, of the daemon and of a conn. */
import { parseDebug } from './debug-classes.ts';
import type { Setting } from './sections.ts';

const NONE: readonly string[] = Object.freeze([]);

/** The words that are debug classes, in order, `no-` before one clears it; the others draw a warning. */
export function knownClasses(
  setting: Setting | undefined,
  warn: (setting: Setting, text: string) => void,
): readonly string[] {
  if (setting === undefined || !Array.isArray(setting.value)) return NONE;
  const words = setting.value as readonly string[];
  const known = words.filter((word) => {
    const parsed = parseDebug([word]);
    if (!('wrong' in parsed)) return true;
    for (const text of parsed.wrong) warn(setting, `${text}, ignored`);
    return false;
  });
  return Object.freeze(known);
}
