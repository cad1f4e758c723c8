import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** Doors that applications in a browser come to; the intake and health are not among them. */
const SHARED = /^\/(?:fhir(?:[/?]|$)|auth\/|\.well-known\/)/;
/** What SMART wants any application to find (SMART App Launch 2.2, Conformance). */
const DISCOVERY = /^\/(?:fhir\/)?(?:metadata|\.well-known\/[a-z-]+|auth\/jwks)(?:\?|$)/;

const EXPOSED = 'ETag, Last-Modified, Location, Content-Location, X-Correlation-Id, WWW-Authenticate, Retry-After';
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const HEADERS =
  'Authorization, Accept, Content-Type, Prefer, If-Match, If-None-Match, If-Modified-Since, If-None-Exist, X-Correlation-Id, X-Purpose-Of-Use';
const PREFLIGHT_SECONDS = '600';

/**
 * Lets applications in a browser read our answers (https://fetch.spec.whatwg.org/#http-cors-protocol): from the given
 * origins, from any where `*` is among them, and discovery from any in any case. It gives no access: that is the
 * token's, which a browser never sends of its own accord, and no cookie or other credential is allowed along.
 */
export function shareOrigins(origins: readonly string[]): RequestHandler {
  const listed = new Set(origins);
  return (request: Request, response: Response, next: NextFunction): void => {
    const { origin } = request.headers;
    if (origin === undefined || !SHARED.test(request.url)) {
      next();
      return;
    }
    if (listed.has('*') || DISCOVERY.test(request.url)) response.setHeader('Access-Control-Allow-Origin', '*');
    else {
      response.vary('Origin');
      if (listed.has(origin)) response.setHeader('Access-Control-Allow-Origin', origin);
    }
    response.setHeader('Access-Control-Expose-Headers', EXPOSED);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      next();
      return;
    }
    response.setHeader('Access-Control-Allow-Methods', METHODS);
    response.setHeader('Access-Control-Allow-Headers', HEADERS);
    response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    response.status(204).end();
  };
}
