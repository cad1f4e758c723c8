import type { Issue } from '../../kernel/errors.ts';

/** Ends the reading of an XML text; it never leaves this folder. */
export class XmlFault extends Error {
  readonly issue: Issue;

  constructor(problem: Issue) {
    super(problem.code);
    this.issue = problem;
  }
}
