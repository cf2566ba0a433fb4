import type { Answer, PromptCode, Typed } from '../control/answer.ts';

/** An answer for several, each of whom may end their part more than once; it ends with the last of them. */
export function split(answer: Answer, parts: number): readonly Answer[] {
  if (parts === 1) return [answer];
  let left = parts;
  return Array.from({ length: parts }, () => {
    let isOpen = true;
    return {
      peer: answer.peer,
      whole: answer,
      get isOpen() {
        return isOpen && answer.isOpen;
      },
      get isCongested() {
        return answer.isCongested;
      },
      line: (code, text) => isOpen && answer.line(code, text),
      ...(answer.prompt && {
        prompt: (code: PromptCode, text: string, typed: Typed) => answer.prompt?.(code, text, typed),
      }),
      rows: (rows) => isOpen && answer.rows(rows),
      onRoom: (resume) => answer.onRoom(resume),
      onGone: (gone) => answer.onGone(gone),
      end: () => {
        if (isOpen && --left === 0) answer.end();
        isOpen = false;
      },
    } satisfies Answer;
  });
}
