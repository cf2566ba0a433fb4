/**
 * One part of a glob(7) pattern as a test for names, or undefined if it has no wildcards. A leading dot must be
 * matched by a dot. A test costs at most the product of the two lengths, whatever the pattern.
 */
export function globPart(part: string): ((name: string) => boolean) | undefined {
  if (!/[*?[]/.test(part)) return undefined;
  const tokens = tokensOf(part);
  return (name) => (part.startsWith('.') || !name.startsWith('.')) && matches(tokens, [...name]);
}

type Token = '*' | ((char: string) => boolean);

function tokensOf(part: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [text, not, set] of part.matchAll(/\[(!?)([^\]/]+)\]|[\s\S]/gu)) {
    if (text === '*') tokens.push('*');
    else if (text === '?') tokens.push((char) => char !== '/');
    else if (set !== undefined) tokens.push(oneOf([...set], not === '!'));
    else tokens.push((char) => char === text);
  }
  return tokens;
}

/** `a-z` is a range; a `-` at either end is itself. A range that ends before it begins has nothing in it. */
function oneOf(set: readonly string[], isNot: boolean): (char: string) => boolean {
  const ranges: (readonly [from: number, to: number])[] = [];
  for (let i = 0; i < set.length; i++) {
    const isRange = set[i + 1] === '-' && i + 2 < set.length;
    const last = isRange ? set[i + 2] : set[i];
    ranges.push([set[i].codePointAt(0)!, last.codePointAt(0)!]);
    if (isRange) i += 2;
  }
  return (char) => {
    const code = char.codePointAt(0)!;
    return char !== '/' && ranges.some(([from, to]) => from <= code && code <= to) !== isNot;
  };
}

/** When a name does not go on as the pattern does, the last star takes one more: no earlier one could help. */
function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let [at, star, taken] = [0, -1, 0];
  for (let i = 0; i < name.length; ) {
    const token = tokens[at];
    if (token === '*') {
      [star, taken] = [at, i];
      at++;
    } else if (token?.(name[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++taken;
    } else return false;
  }
  while (tokens[at] === '*') at++;
  return at === tokens.length;
}
