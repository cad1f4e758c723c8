import type { IssueCode } from '../kernel/errors.ts';

/**
 * Data that an expression cannot work on, thrown while it runs. `text` says what was expected and what to do, and
 * never contains the value: that value is a patient's.
 */
export class EvaluationError extends Error {
  readonly code: IssueCode;
  readonly text: string;

  constructor(code: IssueCode, text: string) {
    super(`${code}: ${text}`);
    this.name = 'EvaluationError';
    this.code = code;
    this.text = text;
  }
}
