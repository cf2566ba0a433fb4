import type { Answer } from '../../src/control/answer.ts';
import { exitAfter, type ReplyCode } from '../../src/control/reply-codes.ts';
import type { Rows } from '../../src/control/status/rows.ts';

/** An answer that remembers what it was told; the client may go, or read slowly. */
export class Heard implements Answer {
  readonly peer = { pid: 1, uid: 0, gid: 0 };
  readonly lines: { readonly code: ReplyCode; readonly text: string }[] = [];
  readonly frames: Rows[] = [];
  /** Told after its end; nobody may. */
  late = 0;
  /** Undefined until the end. */
  exit: number | undefined = undefined;
  isCongested = false;
  #isGone = false;
  #exit = 0;
  #resume: (() => void) | undefined = undefined;
  readonly #onGone: (() => void)[] = [];

  get isOpen(): boolean {
    return this.exit === undefined && !this.#isGone;
  }

  get codes(): readonly ReplyCode[] {
    return this.lines.map((l) => l.code);
  }

  get text(): string {
    return this.lines.map((l) => l.text).join('\n');
  }

  line(code: ReplyCode, text: string): void {
    if (!this.isOpen) {
      this.late++;
      return;
    }
    this.lines.push({ code, text });
    this.#exit = exitAfter(this.#exit, code);
  }

  rows(rows: Rows): void {
    if (this.isOpen) this.frames.push(rows);
  }

  onRoom(resume: () => void): void {
    this.#resume = resume;
  }

  onGone(gone: () => void): void {
    this.#onGone.push(gone);
  }

  end(): void {
    if (this.isOpen) this.exit = this.#exit;
  }

  /** The client has read what there was. */
  catchUp(): void {
    this.isCongested = false;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** The client hangs up. */
  go(): void {
    this.#isGone = true;
    for (const gone of this.#onGone.splice(0)) gone();
  }

  /** All rows of one kind. */
  rowsOf<K extends Rows['of']>(of: K): readonly RowOf<K>[] {
    return this.frames.flatMap((f) => (f.of === of ? (f.rows as readonly RowOf<K>[]) : []));
  }
}

type RowOf<K extends Rows['of']> = Extract<Rows, { of: K }>['rows'][number];
