/** Reads what Prometheus reads, strictly: its text format, version 0.0.4. */
export interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Parsed {
  readonly lines: readonly Line[];
  readonly types: ReadonlyMap<string, string>;
  /** The value of that series; undefined if there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

export function parse(text: string): Parsed {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const types = new Map<string, string>();
  const lines: Line[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type) {
      if (types.has(type[1])) throw new Error(`twice: ${line}`);
      types.set(type[1], type[2]);
      continue;
    }
    const match = /^([a-zA-Z_:][\w:]*)(?:\{([^\n]*)\})? (\S+)$/.exec(line);
    if (!match) throw new Error(`not a line: ${JSON.stringify(line)}`);
    const [, name, inner = '', number] = match;
    const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
    if (Number.isNaN(value)) throw new Error(`no number: ${line}`);
    if (seen.has(name + inner)) throw new Error(`twice: ${line}`);
    seen.add(name + inner);
    lines.push({ name, labels: labelsOf(inner, line), value });
  }
  const value = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    lines.find(
      (line) =>
        line.name === name &&
        Object.keys(line.labels).length === Object.keys(labels).length &&
        Object.entries(labels).every(([label, wanted]) => line.labels[label] === wanted),
    )?.value;
  return { lines, types, value };
}

function labelsOf(inner: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = inner;
  while (rest !== '') {
    const match = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/.exec(rest);
    if (!match) throw new Error(`labels: ${line}`);
    labels[match[1]] = match[2].replace(/\\([\\"n])/g, (_, c: string) => (c === 'n' ? '\n' : c));
    rest = rest.slice(match[0].length);
  }
  return labels;
}
