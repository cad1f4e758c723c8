import type { NextFunction, Request, Response } from 'express';
import { newId } from '../../kernel/ids.ts';

/** UUIDs only: anything else a caller writes here could be somebody's number, and it goes into logs and audit. */
const CORRELATION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Takes the caller's `X-Correlation-Id`, or gives one, and sends it back, so that one id leads through every log. */
export function correlate(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-correlation-id'];
  const id = typeof given === 'string' && CORRELATION_ID.test(given) ? given : newId();
  response.locals.correlationId = id;
  response.setHeader('X-Correlation-Id', id);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-store');
  next();
}

export function correlationIdOf(response: Response): string {
  return String(response.locals.correlationId);
}
