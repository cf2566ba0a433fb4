/** One plot as SVG, drawn by hand: the page needs no script, and nothing from anywhere else. */
import type { Plot } from '../concentrator/result.ts';
import { figure } from './words.ts';

const [WIDTH, HEIGHT] = [560, 320];
const EDGE = { left: 64, right: 16, top: 36, bottom: 44 } as const;
const COLOURS = ['#0b6e99', '#d9480f', '#2b8a3e', '#862e9c', '#a61e4d', '#5c940d', '#364fc7', '#846358'];
const TICKS = 5;

export function svg({ title, x, y, lines, log = false }: Plot): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return '';
  const across = scale(ticks(0, Math.max(...points.map(([at]) => at))), EDGE.left, WIDTH - EDGE.right, false);
  const values = points.map(([, value]) => value);
  const steps = log ? decades(Math.min(...values), Math.max(...values)) : ticks(0, Math.max(...values));
  const up = scale(steps, HEIGHT - EDGE.bottom, EDGE.top, log);
  const grid = [
    ...across.ticks.map((at) => mark(across.of(at), HEIGHT - EDGE.bottom + 16, 'middle', figure(at))),
    ...up.ticks.flatMap((at) => [
      `<line x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${px(up.of(at))}" y2="${px(up.of(at))}" class="grid"/>`,
      mark(EDGE.left - 6, up.of(at) + 4, 'end', figure(at)),
    ]),
  ];
  const drawn = lines.map(({ points: own }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = own.map(([a, b]) => `${px(across.of(a))},${px(up.of(b))}`).join(' ');
    const dots = own.map(
      ([a, b]) => `<circle cx="${px(across.of(a))}" cy="${px(up.of(b))}" r="2.5" fill="${colour}"/>`,
    );
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8"/>${dots.join('')}`;
  });
  const legend = lines.map(
    ({ name }, i) => `<span style="color:${COLOURS[i % COLOURS.length]}">&#9632;</span> ${escaped(name)}`,
  );
  return [
    `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<text x="${EDGE.left}" y="20" class="title">${escaped(title)}</text>`,
    ...grid,
    mark((EDGE.left + WIDTH - EDGE.right) / 2, HEIGHT - 8, 'middle', x),
    `<text transform="translate(14 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>`,
    ...drawn,
    `</svg><figcaption>${legend.join(' &nbsp; ')}</figcaption></figure>`,
  ].join('\n');
}

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c);

interface Scale {
  readonly ticks: readonly number[];
  readonly of: (value: number) => number;
}

/** From the first tick at `from` to the last at `to`. */
function scale(marks: readonly number[], from: number, to: number, log: boolean): Scale {
  const at = (value: number) => (log ? Math.log10(Math.max(value, marks[0])) : value);
  const [low, high] = [at(marks[0]), at(marks[marks.length - 1])];
  return { ticks: marks, of: (value) => from + ((at(value) - low) / (high - low)) * (to - from) };
}

/** About `TICKS` round numbers, the last not below `high`. */
function ticks(low: number, high: number): readonly number[] {
  const raw = Math.max((high - low) / TICKS, Number.MIN_VALUE);
  const decade = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * decade >= raw) ?? 10) * decade;
  return Array.from({ length: Math.max(1, Math.ceil((high - low) / step)) + 1 }, (_, i) => low + i * step);
}

function decades(low: number, high: number): readonly number[] {
  const first = Math.floor(Math.log10(Math.max(low, 1e-3)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(high, 1e-3))));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

const px = (value: number): string => value.toFixed(1);

const mark = (x: number, y: number, anchor: string, text: string): string =>
  `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;
