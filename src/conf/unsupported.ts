/** What ipsec.conf(5) can say that has no effect yet: read off the keyword table, so that the list shrinks with it. */
import { KEYWORDS } from './keywords.ts';

export interface Unsupported {
  readonly section: 'setup' | 'conn';
  /** With `{left,right}` before it if it is said of an end. */
  readonly keyword: string;
  /** Absent: none of its values has an effect. */
  readonly value?: string;
  readonly help: string;
}

export function unsupported(): readonly Unsupported[] {
  return KEYWORDS.flatMap(({ section, sided, name, effect, laterValues = [], help }): Unsupported[] => {
    const keyword = sided ? `{left,right}${name}` : name;
    if (effect === 'later') return [{ section, keyword, help }];
    return laterValues.map((value) => ({ section, keyword, value, help }));
  });
}
