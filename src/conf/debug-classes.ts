/** The classes of debug lines: those of libreswan 5.2, and what FreeS/WAN called them. One table for help, checks and daemon. */
import { nearest } from './nearest.ts';
import { shown } from './printable.ts';

/** In the order in which they are listed. */
export const DEBUG_CLASSES = {
  base: 'what is decided, and why: connections chosen, states entered',
  routing: 'policies and traps in the data plane',
  'cpu-usage': 'how long each step takes',
  refcnt: 'who comes into being, and who holds what',
  tmi: 'every message, field by field',
  updown: 'the updown command and what it says',
  crypt: 'algorithms and key lengths agreed, jobs of the helpers',
  private: 'keys, for all to see',
  whackwatch: 'what whack asks, and how that ends',
  'add-prefix': 'nothing: debug lines always say whom they are about',
} as const;

export type DebugClass = keyof typeof DEBUG_CLASSES;

export const DEBUG_NAMES = Object.keys(DEBUG_CLASSES) as readonly DebugClass[];

const BASE = ['base', 'routing'] as const;
const ALL = [...BASE, 'cpu-usage', 'refcnt'] as const;

/** Words that stand for others: libreswan's sums, then FreeS/WAN's classes. */
export const DEBUG_ALIASES: Readonly<Record<string, readonly DebugClass[]>> = {
  base: BASE,
  all: ALL,
  tmi: [...ALL, 'tmi'],
  raw: ['tmi'],
  parsing: ['tmi'],
  emitting: ['tmi'],
  control: ['base'],
  lifecycle: ['base'],
  dns: ['base'],
  klips: ['routing'],
  oppo: ['routing'],
};

/** What some words come to, in their order: classes to add, and classes to take away. */
export interface DebugChange {
  readonly set: ReadonlySet<DebugClass>;
  readonly clear: ReadonlySet<DebugClass>;
}

/** `no-x` takes x away, `none` everything before it. Otherwise which words are none, with the nearest that are. */
export function parseDebug(words: readonly string[]): DebugChange | { readonly wrong: readonly string[] } {
  const set = new Set<DebugClass>();
  const clear = new Set<DebugClass>();
  const wrong: string[] = [];
  for (const word of words) {
    const isNo = word.startsWith('no-');
    const classes = classesOf(isNo ? word.slice(3) : word);
    if (word === 'none' || word === 'no-all') {
      set.clear();
      for (const each of DEBUG_NAMES) clear.add(each);
    } else if (!classes) wrong.push(unknown(word));
    else
      for (const each of classes) {
        (isNo ? clear : set).add(each);
        (isNo ? set : clear).delete(each);
      }
  }
  return wrong.length > 0 ? { wrong } : { set, clear };
}

function classesOf(word: string): readonly DebugClass[] | undefined {
  const name = word.replaceAll('_', '-');
  if (Object.hasOwn(DEBUG_ALIASES, name)) return DEBUG_ALIASES[name];
  return Object.hasOwn(DEBUG_CLASSES, name) ? [name as DebugClass] : undefined;
}

function unknown(word: string): string {
  const meant = nearest(word.replace(/^no-/, ''), [...DEBUG_NAMES, ...Object.keys(DEBUG_ALIASES), 'none']);
  return `unknown debug class ${shown(word)}${meant === undefined ? '' : `; did you mean ${shown(meant)}?`}`;
}
