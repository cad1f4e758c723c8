import type { IssueCode } from '../kernel/errors.ts';

/** A problem at one offset of an expression's source. The compiler turns it into an issue with line and column. */
export interface SourceProblem {
  readonly code: IssueCode;
  readonly text: string;
  /** 0-based offset within the expression. */
  readonly at: number;
}

/** Ends reading an expression; it never leaves this folder. */
export class SourceError extends Error {
  readonly problem: SourceProblem;

  constructor(text: string, at: number, code: IssueCode = 'fhirpath-syntax') {
    super(text);
    this.name = 'SourceError';
    this.problem = { code, text, at };
  }
}

/** Line and column (1-based) of an offset, as text positions count them. */
export function lineAndColumn(source: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let next = source.indexOf('\n'); next !== -1 && next < offset; next = source.indexOf('\n', next + 1)) {
    line += 1;
    start = next + 1;
  }
  return { line, column: offset - start + 1 };
}
