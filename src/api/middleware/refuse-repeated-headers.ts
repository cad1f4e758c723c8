import type { NextFunction, Request, Response } from 'express';
import { refuse } from '../../kernel/errors.ts';

/**
 * Headers of which two would leave open which one counts (RFC 9110 section 5.3): Node takes the first, and what stands in
 * front of us may have looked at the other.
 */
const ONCE = ['authorization', 'content-type', 'host', 'x-api-key'];

export function refuseRepeatedHeaders(request: Request, _response: Response, next: NextFunction): void {
  const repeated = ONCE.find((name) => (request.headersDistinct[name]?.length ?? 0) > 1);
  if (repeated !== undefined) throw refuse('request-unreadable', `The header ${repeated} is there more than once.`);
  next();
}
