import express, { type NextFunction, type Request, type Response } from 'express';
import type { Identity } from '../auth/identity.ts';
import { FORMATS } from '../formats/formats.ts';
import { GinnelError, refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { answerRoute, auditRefusal } from './answer-route.ts';
import type { App, AppParts } from './api-parts.ts';
import type { FhirRequest } from './exchange.ts';
import { answerErrors } from './middleware/answer-errors.ts';
import { correlate, correlationIdOf } from './middleware/correlate.ts';
import { FHIR_JSON, negotiate, requireFhirBody, requireJsonPatch } from './middleware/negotiate.ts';
import { refuseOAuth } from './middleware/refuse-oauth.ts';
import { refuseWhileStopping } from './middleware/refuse-while-stopping.ts';
import { FHIR_ROUTES, type FhirRoute } from './routes.ts';

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/**
 * The HTTP door. Order matters and is the same for every route: correlate, admit (token, then decision), only then read
 * the body, run the interaction, put the access into the audit, answer.
 */
export function createApp(parts: AppParts): App {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.use(correlate);
  app.use(refuseWhileStopping(parts.stopping));
  mountHealth(app, parts);
  mountOpenDocuments(app, parts);
  mountTokenEndpoint(app, parts);
  app.use('/intake', parts.intake);
  mountFhir(app, parts);
  app.use(() => {
    throw refuse(
      'route-unknown',
      'There is nothing at this address. The FHIR API is below /fhir, its description at /fhir/metadata.',
    );
  });
  app.use(answerErrors(parts.log));
  return app;
}

function mountHealth(app: App, parts: AppParts): void {
  app.get('/health/live', (_request, response) => {
    response.json({ status: 'live' });
  });
  app.get('/health/ready', async (_request, response) => {
    try {
      await parts.ready();
      response.json({ status: 'ready' });
    } catch {
      response.status(503).json({ status: 'not ready' });
    }
  });
}

function mountOpenDocuments(app: App, parts: AppParts): void {
  const { smartConfiguration, jwks } = parts.documents;
  const capabilities = JSON.stringify(parts.documents.capabilities);
  app.get('/fhir/metadata', (request, response) => {
    negotiate(request.headers.accept, readQuery(request));
    response.type(FHIR_JSON).send(capabilities);
  });
  const smart = (_request: Request, response: Response): void => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.json(smartConfiguration);
  };
  app.get('/.well-known/smart-configuration', smart);
  app.get('/fhir/.well-known/smart-configuration', smart);
  app.get('/auth/jwks', (_request, response) => {
    response.json(jwks());
  });
}

function mountTokenEndpoint(app: App, parts: AppParts): void {
  const form = express.raw({ type: () => true, limit: LIMITS.tokenBodyBytesMax, inflate: false });
  app.post('/auth/token', form, async (request, response) => {
    const answer = await parts.tokenEndpoint({
      contentType: request.headers['content-type'],
      body: bodyOf(request).toString('utf8'),
      correlationId: correlationIdOf(response),
      authorization: request.headers.authorization,
      address: request.socket.remoteAddress,
    });
    response.status(answer.status).set(answer.headers).send(JSON.stringify(answer.body));
  });
  app.use('/auth/token', refuseOAuth);
  app.all('/auth/token', (_request, response) => {
    response.setHeader('Allow', 'POST');
    throw refuse('method-not-allowed', 'Tokens are asked for by POST.');
  });
}

function mountFhir(app: App, parts: AppParts): void {
  const raw = express.raw({ type: () => true, limit: LIMITS.bodyBytesMax });
  const rawForm = express.raw({ type: () => true, limit: LIMITS.searchFormBytesMax });
  const methodsByPath = new Map<string, string[]>();
  for (const route of FHIR_ROUTES) {
    const path = `/fhir${route.path.replace('$', '\\$')}`;
    const methods = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];
    methodsByPath.set(path, [...(methodsByPath.get(path) ?? []), ...methods]);
    const admit = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
      const type = paramOf(request, 'type');
      // Checked first, so that whatever a stranger writes into an address reaches neither answer nor audit.
      if (type !== '' && !parts.definitions.resourceTypes.has(type)) {
        throw refuse('route-unknown', 'There is no FHIR R4 resource type of this name.');
      }
      response.locals.identity = await parts.admission({
        authorization: request.headers.authorization,
        need: { interaction: route.interaction, types: route.types({ type }) },
        correlationId: correlationIdOf(response),
        address: request.socket.remoteAddress,
      });
      next();
    };
    const run = (request: Request, response: Response): Promise<void> => answerHttp(route, request, response, parts);
    const readers = route.body === undefined ? [] : [route.body === 'form' ? rawForm : raw];
    app[METHODS[route.method]](path, admit, ...readers, run);
  }
  for (const [path, methods] of methodsByPath) {
    app.all(path, (_request, response) => {
      response.setHeader('Allow', methods.join(', '));
      throw refuse('method-not-allowed', `This address takes ${methods.join(', ')}.`);
    });
  }
}

const METHODS = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;

async function answerHttp(route: FhirRoute, request: Request, response: Response, parts: AppParts): Promise<void> {
  let fhirRequest: FhirRequest;
  try {
    fhirRequest = readFhirRequest(route, request, response);
    negotiate(request.headers.accept, fhirRequest.query);
    if (route.body === 'fhir') requireFhirBody(request.headers['content-type']);
    if (route.body === 'json-patch') requireJsonPatch(request.headers['content-type']);
  } catch (fault) {
    const asked = {
      type: paramOf(request, 'type'),
      identity: response.locals.identity as Identity,
      correlationId: correlationIdOf(response),
      address: request.socket.remoteAddress,
    };
    await auditRefusal(route, asked, fault, parts);
    throw fault;
  }
  const answer = await answerRoute(route, fhirRequest, parts);
  response.status(answer.status).set(answer.headers);
  if (answer.body === '') response.end();
  else response.type(FHIR_JSON).send(answer.body);
}

function readFhirRequest(route: FhirRoute, request: Request, response: Response): FhirRequest {
  const id = paramOf(request, 'id');
  if (id !== '' && !ID.test(id)) throw refuse('resource-not-found', 'This is not the form of a FHIR id.');
  const body = bodyOf(request);
  return {
    type: paramOf(request, 'type'),
    id,
    version: paramOf(request, 'version'),
    query: route.body === 'form' ? [...readQuery(request), ...readForm(request, body)] : readQuery(request),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    readBody: (format) => {
      const parsed = FORMATS[format].parse(body);
      if (!parsed.ok) throw new GinnelError(parsed.issues);
      return parsed.value.tree;
    },
    identity: response.locals.identity as Identity,
    correlationId: correlationIdOf(response),
    address: request.socket.remoteAddress,
  };
}

function readForm(request: Request, body: Buffer): URLSearchParams {
  if (body.length > 0 && request.is('application/x-www-form-urlencoded') === false) {
    throw refuse('media-type-unsupported', 'A _search takes its parameters as application/x-www-form-urlencoded.');
  }
  return new URLSearchParams(body.toString('utf8'));
}

function readQuery(request: Request): [string, string][] {
  if (request.url.length > LIMITS.urlCharsMax) {
    throw refuse('url-invalid', `The address is longer than ${LIMITS.urlCharsMax} characters; use POST _search.`);
  }
  const start = request.url.indexOf('?');
  return start === -1 ? [] : [...new URLSearchParams(request.url.slice(start + 1))];
}

function paramOf(request: Request, name: string): string {
  const value = (request.params as Record<string, string | undefined>)[name];
  return value ?? '';
}

function bodyOf(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
