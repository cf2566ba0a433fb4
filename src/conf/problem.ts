/** What is wrong with a configuration file, and where. */
import { harmless } from './printable.ts';

export interface Problem {
  /** An error keeps the whole file from being loaded; a warning does not. */
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1; 0 when the problem is the file itself. */
  readonly line: number;
  /** `config setup` or `conn NAME`. */
  readonly section?: string | undefined;
  readonly keyword?: string | undefined;
  /** The known keyword that an unknown one is most like. */
  readonly meant?: string;
  /** One line, without file, line and section; never a secret's text. */
  readonly text: string;
}

/** `FILE:LINE: [conn west] text`; warnings say so after the section. */
export function formatProblem({ severity, file, line, section, text }: Problem): string {
  const where = line > 0 ? `${file}:${line}` : file;
  const label = severity === 'warning' ? 'warning: ' : '';
  return harmless(`${where}: ${section === undefined ? '' : `[${section}] `}${label}${text}`);
}

export const hasErrors = (problems: readonly Problem[]): boolean => problems.some((p) => p.severity === 'error');
