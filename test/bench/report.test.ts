import { expect, test } from 'vitest';
import { beside, held, median, type Result } from './concentrator/result.ts';
import { html } from './report/html.ts';
import { svg } from './report/plot.ts';
import { terminal } from './report/terminal.ts';

const RUNS = { pluto: [5, 3, 4], strongSwan: [8, 9, 7], libreswan: [20, 30, 10] };

test('a bar is held against the median of the better peer', () => {
  const finding = beside('CPU', 'µs', RUNS, 0.5);
  expect(finding).toMatchObject({ figures: { pluto: 4, strongSwan: 8, libreswan: 20 }, value: 0.5 });
  expect(finding.by).toBe('pluto / strongSwan');
  expect(held(finding)).toBe(true);
  expect(held(beside('CPU', 'µs', RUNS, 0.49))).toBe(false);
});

test('without a peer nothing is judged', () => {
  expect(held(beside('CPU', 'µs', { pluto: [4] }, 0.5))).toBeUndefined();
});

test('the median of an even number lies between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

const result: Result = {
  findings: [beside('CPU <each>', 'µs', RUNS, 0.4)],
  tables: [{ title: 'Runs', head: ['daemon', 'µs'], rows: [['pluto', 4]] }],
  plots: [
    {
      title: 'Cost',
      x: 'load',
      y: 'µs',
      lines: [
        {
          name: 'pluto',
          points: [
            [0, 1],
            [10, 100],
          ],
        },
      ],
    },
  ],
  notes: ['a note'],
};

test('the terminal shows bars, tables and notes', () => {
  const text = terminal(result);
  expect(text).toMatch(/CPU <each> +pluto 4, strongSwan 8, libreswan 20 µs +0\.50 +0\.40 +pluto \/ strongSwan +MISSED/);
  expect(text).toContain('note: a note');
});

test('the page needs nothing from elsewhere, and words stay words', () => {
  const page = html({ environment: { kernel: 'Linux' }, results: { responder: result } });
  expect(page).toContain('CPU &lt;each&gt;');
  expect(page).toContain('1 missed');
  expect(page).not.toMatch(/<script|https?:|src=|@import/);
});

test('a plot has a point where the figure is', () => {
  const plot = result.plots?.[0];
  if (!plot) throw new Error('there is a plot');
  // The axes end at the last round number: 10 and 100 are at the right and upper edge.
  expect(svg(plot)).toContain('<circle cx="544.0" cy="36.0"');
  expect(svg({ ...plot, log: true })).toContain('<circle cx="544.0" cy="36.0"');
  expect(svg({ ...plot, lines: [] })).toBe('');
});
