import type { NextFunction, Request, Response } from 'express';
import { REFUSALS } from '../../auth/refusals.ts';

/**
 * A body of the token endpoint that could not be read, as an OAuth error (RFC 6749 section 5.2): its clients do not read
 * OperationOutcomes. A fault of ours goes on to where it is logged.
 */
export function refuseOAuth(fault: unknown, _request: Request, response: Response, next: NextFunction): void {
  const { type, status } = (typeof fault === 'object' && fault !== null ? fault : {}) as {
    type?: string;
    status?: number;
  };
  if (typeof status !== 'number' || status < 400 || status >= 500) {
    next(fault);
    return;
  }
  const refusal = type === 'entity.too.large' ? REFUSALS['body-too-large'] : REFUSALS['body-unreadable'];
  response.status(400).set('Pragma', 'no-cache').json({ error: refusal.error, error_description: refusal.description });
}
