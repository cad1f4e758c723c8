import type { Request } from 'express';
import { refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';

/** Name and value pairs of the address, decoded, in order. Throws for an address that is too long. */
export function readQuery(request: Request): [string, string][] {
  if (request.url.length > LIMITS.urlCharsMax) {
    throw refuse('url-invalid', `The address is longer than ${LIMITS.urlCharsMax} characters; use POST _search.`);
  }
  const start = request.url.indexOf('?');
  return start === -1 ? [] : [...new URLSearchParams(request.url.slice(start + 1))];
}
