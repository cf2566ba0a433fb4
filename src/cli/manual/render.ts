/**
 * A page of the manual on a terminal: the Markdown that its pages are written in, and no more. Headings stand out in
 * bold, paragraphs are wrapped, a table becomes a list of terms.
 */
export interface Look {
  readonly columns: number;
  readonly isBold: boolean;
}

/** Longer lines are hard to read, however wide the window is. */
const WIDEST = 100;
const NARROWEST = 40;
const BODY = 4;
/** Terms of a table that are longer stand on a line of their own. */
const LONGEST_TERM = 28;

export function rendered(page: string, look: Look): string {
  const width = Math.max(NARROWEST, Math.min(WIDEST, look.columns));
  const bold = look.isBold ? (text: string) => `\x1b[1m${text}\x1b[22m` : (text: string) => text;
  const inline = (text: string) =>
    text
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/`([^`]*)`/g, (_, code: string) => bold(code))
      .replace(/\*\*([^*]*)\*\*/g, (_, strong: string) => bold(strong));
  const paragraph = (text: string, indent: number, first = ' '.repeat(indent)) =>
    wrapped(inline(text), width, indent, first);

  const out: string[] = [];
  for (const block of blocksOf(page)) {
    switch (block.t) {
      case 'heading':
        out.push(`${' '.repeat(block.level === 3 ? 2 : 0)}${bold(block.text)}`);
        break;
      case 'code':
        out.push(block.lines.map((line) => `${' '.repeat(BODY * 2)}${line}`.trimEnd()).join('\n'));
        break;
      case 'item':
        out.push(paragraph(block.text, BODY + 2, `${' '.repeat(BODY)}- `));
        break;
      case 'table':
        out.push(block.rows.map((row) => tableRow(row, block.heads, paragraph, inline)).join('\n'));
        break;
      case 'text':
        out.push(paragraph(block.text, BODY));
    }
  }
  return `${out.join('\n\n').replace(/(^ +- .*(?:\n +\S.*)*)\n\n(?= +- )/gm, '$1\n')}\n`;
}

type Block =
  | { readonly t: 'heading'; readonly level: number; readonly text: string }
  | { readonly t: 'code'; readonly lines: readonly string[] }
  | { readonly t: 'item' | 'text'; readonly text: string }
  | { readonly t: 'table'; readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[] };

function* blocksOf(page: string): Generator<Block> {
  const lines = page.replace(/<!--[\s\S]*?-->/g, '').split('\n');
  const takeWhile = (at: number, belongs: (line: string) => boolean): string[] => {
    let end = at;
    while (end < lines.length && belongs(lines[end])) end++;
    return lines.slice(at, end);
  };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at];
    if (line.trim() === '') {
      at++;
      continue;
    }
    const heading = /^(#{1,3}) (.*)$/.exec(line);
    let taken: readonly string[] = [line];
    if (heading) yield { t: 'heading', level: heading[1].length, text: heading[2] };
    else if (line.startsWith('|')) {
      taken = takeWhile(at, (l) => l.startsWith('|'));
      const [heads, , ...rows] = taken.map(cellsOf);
      yield { t: 'table', heads, rows };
    } else if (line.startsWith('    ')) {
      taken = takeWhile(at, (l) => l.startsWith('    ') || l.trim() === '');
      yield {
        t: 'code',
        lines: taken
          .map((l) => l.slice(4))
          .join('\n')
          .trimEnd()
          .split('\n'),
      };
    } else if (line.startsWith('- ')) {
      taken = [line, ...takeWhile(at + 1, (l) => /^ {2}\S/.test(l))];
      yield { t: 'item', text: joined(taken).slice(2) };
    } else {
      taken = takeWhile(at, (l) => l.trim() !== '' && !/^(#{1,3} |\||- )/.test(l));
      yield { t: 'text', text: joined(taken) };
    }
    at += taken.length;
  }
}

const joined = (lines: readonly string[]): string => lines.map((line) => line.trim()).join(' ');

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

type Paragraph = (text: string, indent: number, first?: string) => string;

/** Two columns side by side; of more, the second is the text and the others are named behind it. */
function tableRow(
  [term, ...cells]: readonly string[],
  heads: readonly string[],
  paragraph: Paragraph,
  inline: (text: string) => string,
): string {
  const shown = inline(term);
  const indent = BODY + LONGEST_TERM + 2;
  if (heads.length <= 2) {
    const first = `${' '.repeat(BODY)}${shown}`;
    if (visible(shown) > LONGEST_TERM) return `${first}\n${paragraph(cells[0] ?? '', indent)}`.trimEnd();
    return paragraph(cells[0] ?? '', indent, first.padEnd(indent + first.length - visible(first)));
  }
  const [text, ...more] = cells;
  const named = more.flatMap((cell, i) => (cell === '' ? [] : [`${heads[i + 2]}: ${cell}`]));
  return `${' '.repeat(BODY)}${shown}\n${paragraph(text, BODY * 2)}\n${named.map((each) => paragraph(each, BODY * 2)).join('\n')}`.trimEnd();
}

/** Without what only changes the looks. */
const visible = (text: string): number => text.replace(/\x1b\[\d+m/g, '').length;

function wrapped(text: string, width: number, indent: number, first: string): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!isEmpty && visible(line) + 1 + visible(word) > width) {
      lines.push(line);
      line = ' '.repeat(indent);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n').trimEnd();
}
