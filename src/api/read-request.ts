import type { Request, Response } from 'express';
import type { Identity } from '../auth/identity.ts';
import { FORMATS } from '../formats/formats.ts';
import { GinnelError, refuse } from '../kernel/errors.ts';
import type { AppParts } from './api-parts.ts';
import type { FhirRequest } from './exchange.ts';
import { correlationIdOf } from './middleware/correlate.ts';
import { requireFhirBody, requirePatchBody } from './middleware/negotiate.ts';
import { readQuery } from './middleware/read-query.ts';
import type { FhirRoute } from './routes.ts';

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** An HTTP request that was admitted, as an interaction sees it. Its body is parsed when it is asked for. */
export function readFhirRequest(
  route: FhirRoute,
  request: Request,
  response: Response,
  parts: Pick<AppParts, 'readerFor'>,
): FhirRequest {
  const identity = response.locals.identity as Identity;
  const id = paramOf(request, 'id');
  if (id !== '' && !ID.test(id)) throw refuse('resource-not-found', 'This is not the form of a FHIR id.');
  const body = bodyOf(request);
  return {
    type: paramOf(request, 'type'),
    id,
    version: paramOf(request, 'version'),
    query: route.body === 'form' ? [...readQuery(request), ...readForm(request, body)] : readQuery(request),
    header: (name) => headerOf(request, name),
    readBody: () => parseBody(body, requireFhirBody(request.headers['content-type'])),
    readPatch: () => {
      const format = requirePatchBody(request.headers['content-type']);
      return format === 'json-patch'
        ? { kind: 'json', tree: parseBody(body, 'json') }
        : { kind: 'fhirpath', tree: parseBody(body, format) };
    },
    bytes: () => body,
    identity,
    reader: parts.readerFor(identity),
    correlationId: correlationIdOf(response),
    address: request.ip,
  };
}

function parseBody(body: Buffer, format: 'fhir' | 'fhir-xml' | 'json'): unknown {
  const parsed = FORMATS[format].parse(body, { exactNumbers: true });
  if (!parsed.ok) throw new GinnelError(parsed.issues);
  return parsed.value.tree;
}

function readForm(request: Request, body: Buffer): URLSearchParams {
  if (body.length > 0 && request.is('application/x-www-form-urlencoded') === false) {
    throw refuse('media-type-unsupported', 'A _search takes its parameters as application/x-www-form-urlencoded.');
  }
  return new URLSearchParams(body.toString('utf8'));
}

export function paramOf(request: Request, name: string): string {
  const value = (request.params as Record<string, string | undefined>)[name];
  return value ?? '';
}

export function headerOf(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export function bodyOf(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
