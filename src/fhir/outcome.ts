import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { CATEGORIES, ISSUE_CODES, type Issue } from '../kernel/errors.ts';
import { ISSUE_CODE_SYSTEM } from './canonical.ts';

/** Issues as FHIR says them (https://hl7.org/fhir/R4/operationoutcome.html). */
export function toOperationOutcome(issues: readonly Issue[]): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    // R4 wants at least one issue, also when all is well.
    issue:
      issues.length === 0
        ? [{ severity: 'information', code: 'informational', diagnostics: 'No problems were found.' }]
        : issues.map(toOutcomeIssue),
  };
}

function toOutcomeIssue(one: Issue): OperationOutcomeIssue {
  const line = one.line === undefined ? undefined : `line ${one.line}, column ${one.column ?? 1}`;
  const place = [one.at, line, one.mapping].filter((part) => part !== undefined && part !== '').join(', ');
  return {
    severity: one.severity,
    code: CATEGORIES[ISSUE_CODES[one.code]].issueType as OperationOutcomeIssue['code'],
    details: { coding: [{ system: ISSUE_CODE_SYSTEM, code: one.code }] },
    diagnostics: place === '' ? one.text : `${place}: ${one.text}`,
    ...(one.expression === undefined || one.expression === '' ? {} : { expression: [one.expression] }),
  };
}
