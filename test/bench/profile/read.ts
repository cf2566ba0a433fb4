/** What a CPU profile says, per handshake: by file, by function, and by what stands above them on the stack. */
import { readFile } from 'node:fs/promises';

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface Node {
  readonly id: number;
  readonly callFrame: Frame;
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** µs in all. */
export interface Spent {
  readonly where: string;
  readonly self: number;
  /** Itself and what it called. */
  readonly total: number;
}

export interface Reading {
  /** Without idleness. */
  readonly busy: number;
  readonly files: readonly Spent[];
  readonly functions: readonly Spent[];
}

export async function readProfile(path: string): Promise<Reading> {
  const profile = JSON.parse(await readFile(path, 'utf8')) as CpuProfile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const self = new Map<number, number>();
  profile.samples.forEach((id, i) => {
    self.set(id, (self.get(id) ?? 0) + Math.max(0, profile.timeDeltas[i + 1] ?? 0));
  });
  const [files, functions] = [new Tally(), new Tally()];
  let busy = 0;
  for (const [id, micros] of self) {
    const frame = nodes.get(id)?.callFrame;
    if (!frame || frame.functionName === '(idle)') continue;
    busy += micros;
    const above: Frame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const node = nodes.get(at);
      if (node && node.callFrame.functionName !== '(root)') above.push(node.callFrame);
    }
    files.add(
      above.map((each, i) => fileOf(each, above[i + 1])),
      micros,
    );
    functions.add(
      above.map((each, i) => nameOf(each, above[i + 1])),
      micros,
    );
  }
  return { busy, files: files.list(), functions: functions.list() };
}

class Tally {
  readonly #spent = new Map<string, { self: number; total: number }>();

  /** A stack, the innermost first. */
  add(stack: readonly string[], micros: number): void {
    this.#of(stack[0] ?? '(program)').self += micros;
    for (const where of new Set(stack)) this.#of(where).total += micros;
  }

  list(): readonly Spent[] {
    return [...this.#spent].map(([where, spent]) => ({ where, ...spent })).toSorted((a, b) => b.self - a.self);
  }

  #of(where: string): { self: number; total: number } {
    const known = this.#spent.get(where) ?? { self: 0, total: 0 };
    this.#spent.set(where, known);
    return known;
  }
}

function nameOf(frame: Frame, caller: Frame | undefined): string {
  const { functionName, lineNumber } = frame;
  if (frame.url === '' && !functionName.startsWith('('))
    return `${functionName || 'native code'}, called by ${caller ? nameOf(caller, undefined) : 'nobody'}`;
  return `${functionName || '(anonymous)'} ${fileOf(frame, caller)}:${lineNumber + 1}`;
}

/** Below `src` or `node_modules` by its path there; native code by who calls it. */
function fileOf({ url, functionName }: Frame, caller: Frame | undefined): string {
  const ours = /(?:dist\/)?(src\/.*)$/.exec(url)?.[1];
  if (ours !== undefined) return ours;
  const module = /(node_modules\/.*)$/.exec(url)?.[1];
  if (module !== undefined) return module;
  if (url !== '') return url;
  return functionName.startsWith('(')
    ? functionName
    : `native code, called by ${caller ? fileOf(caller, undefined) : 'nobody'}`;
}
