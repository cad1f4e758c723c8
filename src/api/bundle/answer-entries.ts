import { STATUS_CODES } from 'node:http';
import { toOperationOutcome } from '../../fhir/outcome.ts';
import { type GinnelError, type Issue, refuse, ruleOf } from '../../kernel/errors.ts';
import type { FhirAnswer } from '../exchange.ts';

/** The Bundle that answers a batch or transaction: one entry for each, in the order in which they were sent. */
export function bundleAnswer(
  type: 'batch-response' | 'transaction-response',
  entries: readonly string[],
): Pick<FhirAnswer, 'status' | 'body' | 'headers'> {
  const frame = JSON.stringify({ resourceType: 'Bundle', type });
  const body = entries.length === 0 ? frame : `${frame.slice(0, -1)},"entry":[${entries.join(',')}]}`;
  return { status: 200, body, headers: {} };
}

/** What was answered, as JSON text: resources are set in as the text they are stored as. */
export function entryText({ status, body, headers }: FhirAnswer): string {
  const { Location: location, ETag: etag, 'Last-Modified': lastModified } = headers;
  // A stored resource has its id there.
  const isOutcome = body.startsWith('{"resourceType":"OperationOutcome","issue"');
  const response = {
    status: statusLine(status),
    location,
    etag,
    lastModified: lastModified === undefined ? undefined : new Date(lastModified).toISOString(),
  };
  const text = JSON.stringify({ response });
  if (body === '') return text;
  return isOutcome ? `${text.slice(0, -2)},"outcome":${body}}}` : `${text.slice(0, -1)},"resource":${body}}`;
}

/** What a Bundle reads is held until all of it is answered. */
export function answerTooLarge(): GinnelError {
  return refuse('fields-too-many', 'What this Bundle reads is too much for one answer. Read it in parts.');
}

export function failureText(issues: readonly Issue[]): string {
  return JSON.stringify({
    response: { status: statusLine(ruleOf(issues).httpStatus), outcome: toOperationOutcome(issues) },
  });
}

function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trim();
}
