import type { RequestHandler } from 'express';
import { refuse } from '../../kernel/errors.ts';

/**
 * Once the gateway is stopping no door takes more; what is in hand is finished. A connection that is still open is told
 * to end, and whoever asks after our health gets an answer.
 */
export function refuseWhileStopping(stopping: () => boolean): RequestHandler {
  return (request, response, next) => {
    if (!stopping()) {
      next();
      return;
    }
    response.setHeader('Connection', 'close');
    if (!request.path.startsWith('/health/')) {
      throw refuse('shutting-down', 'The gateway is stopping. Nothing was done; send it again in a moment.');
    }
    next();
  };
}
