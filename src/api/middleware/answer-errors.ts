import type { ErrorRequestHandler, Request } from 'express';
import { RateLimited } from '../../auth/rate-limits.ts';
import { toOperationOutcome } from '../../fhir/outcome.ts';
import { GinnelError, type Issue, issue, ruleOf } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { describeFault, type Log } from '../../kernel/log.ts';
import { correlationIdOf } from './correlate.ts';
import { type AnswerForm, COMPACT_JSON, FHIR_JSON, FHIR_XML, negotiateFailure } from './negotiate.ts';
import { readQuery } from './read-query.ts';
import { printAs } from './send-fhir.ts';

/** Every failure at the HTTP door is an OperationOutcome (https://hl7.org/fhir/R4/http.html#general-errors). */
export function answerErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (response.headersSent) {
      // Half an answer is out. Express itself would print the exception, and its message may quote what it choked on.
      log.error('answer broken off', { correlationId: correlationIdOf(response), fault: describeFault(error) });
      request.socket.destroy();
      return;
    }
    const issues = issuesOf(error);
    const { httpStatus } = ruleOf(issues);
    if (httpStatus >= 500) {
      log.error('request failed', {
        correlationId: correlationIdOf(response),
        status: httpStatus,
        fault: describeFault(error),
      });
    }
    if (httpStatus === 401) response.setHeader('WWW-Authenticate', challengeOf(issues));
    if (httpStatus === 503) response.setHeader('Retry-After', '1');
    if (error instanceof RateLimited) response.setHeader('Retry-After', String(error.retryAfterSeconds));
    // The rest of a body that nobody wants is read and dropped, or the sender would meet a reset before our answer. One
    // that is longer than anything we take, or does not say how long it is, is not waited for.
    if (!request.complete && !isBounded(request.headers['content-length'])) response.setHeader('Connection', 'close');
    const form = request.url.length > LIMITS.urlCharsMax ? COMPACT_JSON : formOf(request);
    response.setHeader('Content-Type', form.format === 'json' ? FHIR_JSON : FHIR_XML);
    response.status(httpStatus).send(printAs(JSON.stringify(toOperationOutcome(issues)), form));
  };
}

/** A failure is told in the form that was asked for, as far as the address and the headers say it. */
function formOf(request: Request): AnswerForm {
  return negotiateFailure(request.headers.accept, readQuery(request));
}

function isBounded(contentLength: string | undefined): boolean {
  return contentLength !== undefined && Number(contentLength) <= 2 * LIMITS.bodyBytesMax;
}

/** RFC 6750 section 3.1. */
function challengeOf(issues: readonly Issue[]): string {
  return issues[0]?.code === 'token-missing' ? 'Bearer' : 'Bearer error="invalid_token"';
}

function issuesOf(error: unknown): readonly Issue[] {
  if (error instanceof GinnelError) return error.issues;
  // What Express and its body parser throw.
  const { type, status, limit } = (typeof error === 'object' && error !== null ? error : {}) as {
    type?: string;
    status?: number;
    limit?: number;
  };
  if (type === 'entity.too.large') {
    return [
      issue('body-too-large', `The body is larger than ${limit ?? LIMITS.bodyBytesMax} bytes; send it in parts.`),
    ];
  }
  if (type === 'encoding.unsupported')
    return [issue('media-type-unsupported', 'This Content-Encoding is not supported.')];
  if (error instanceof URIError) return [issue('url-invalid', 'The address is not valid percent-encoding.')];
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const text = 'The body could not be read: it ended early, or is not what Content-Length or Content-Encoding say.';
    return [issue('encoding-invalid', text)];
  }
  return [issue('internal-error', 'Something failed on our side; the correlation id leads to it in our log.')];
}
