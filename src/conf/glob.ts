/**
 * One part of a glob(7) pattern as a test for names, or undefined if it has no wildcards. A leading dot must be
 * matched by a dot.
 */
export function globPart(part: string): ((name: string) => boolean) | undefined {
  if (!/[*?[]/.test(part)) return undefined;
  // Runs of stars collapse, and each star takes as little as it can: no pattern costs more than linear backtracking.
  const source = part.replace(/\*+/g, '*').replace(/\[(!?)([^\]/]+)\]|[\s\S]/g, (token, not: string, set: string) => {
    if (token === '*') return '[^/]*?';
    if (token === '?') return '[^/]';
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^[\]]/g, '\\$&')}]`;
    return token.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  });
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^${source}$`, 'u');
  } catch {
    return () => false;
  }
  return (name) => (part.startsWith('.') || !name.startsWith('.')) && pattern.test(name);
}
