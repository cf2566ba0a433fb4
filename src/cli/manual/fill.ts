/** Tables in a page of the manual: what stands between their markers is made anew. */
import { TABLES, type TableName } from './tables.ts';

const MARKED = /<!-- table: ([a-z ]+) -->\n[\s\S]*?<!-- end -->/g;

/** Throws on a marker of a table that there is not: a mistake in the page, which its test finds. */
export function filled(page: string): string {
  return page.replace(MARKED, (_, name: string) => {
    if (!Object.hasOwn(TABLES, name)) throw new Error(`there is no table "${name}"`);
    return `<!-- table: ${name} -->\n\n${TABLES[name as TableName]()}\n\n<!-- end -->`;
  });
}
