import express, { type NextFunction, type Request, type Response } from 'express';
import type { Identity } from '../auth/identity.ts';
import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { answerRoute, auditRefusal } from './answer-route.ts';
import type { App, AppParts } from './api-parts.ts';
import type { FhirRequest } from './exchange.ts';
import { answerCapabilities } from './interactions/capabilities.ts';
import { answerErrors } from './middleware/answer-errors.ts';
import { correlate, correlationIdOf } from './middleware/correlate.ts';
import { type AnswerForm, negotiate, requireFhirBody, requirePatchBody } from './middleware/negotiate.ts';
import { readQuery } from './middleware/read-query.ts';
import { refuseOAuth } from './middleware/refuse-oauth.ts';
import { refuseRepeatedHeaders } from './middleware/refuse-repeated-headers.ts';
import { refuseWhileStopping } from './middleware/refuse-while-stopping.ts';
import { sendFhir } from './middleware/send-fhir.ts';
import { shareOrigins } from './middleware/share-origins.ts';
import { bodyOf, headerOf, paramOf, readFhirRequest } from './read-request.ts';
import { FHIR_ROUTES, type FhirRoute } from './routes.ts';

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
  // Who asks is the other end of the connection, or whom a proxy of ours names; nobody else's word counts.
  app.set('trust proxy', parts.trustedProxies.length === 0 ? false : [...parts.trustedProxies]);
  app.use(correlate);
  app.use(refuseRepeatedHeaders);
  app.use(shareOrigins(parts.corsOrigins));
  app.use(refuseWhileStopping(parts.stopping));
  mountHealth(app, parts);
  mountOpenDocuments(app, parts);
  mountTokenEndpoints(app, parts);
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
  app.get('/fhir/metadata', async (request, response) => {
    const query = readQuery(request);
    const form = negotiate(request.headers.accept, query);
    await sendFhir(request, response, answerCapabilities(query, parts), form);
  });
  const smart = async (_request: Request, response: Response): Promise<void> => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.json(await smartConfiguration());
  };
  app.get('/.well-known/smart-configuration', smart);
  app.get('/fhir/.well-known/smart-configuration', smart);
  app.get('/auth/jwks', async (_request, response) => {
    response.json(await jwks());
  });
  app.get('/openapi.json', (_request, response) => {
    response.json(parts.documents.openApi);
  });
}

/** The OAuth endpoints: forms in, JSON out, each error one of OAuth (RFC 6749 section 5.2). */
function mountTokenEndpoints(app: App, parts: AppParts): void {
  const form = express.raw({ type: () => true, limit: LIMITS.tokenBodyBytesMax, inflate: false });
  const endpoints = {
    '/auth/token': parts.tokenEndpoint,
    '/auth/introspect': parts.tokenStanding.introspect,
    '/auth/revoke': parts.tokenStanding.revoke,
  };
  for (const [path, endpoint] of Object.entries(endpoints)) {
    app.post(path, form, async (request, response) => {
      const answer = await endpoint({
        contentType: request.headers['content-type'],
        body: bodyOf(request).toString('utf8'),
        correlationId: correlationIdOf(response),
        authorization: request.headers.authorization,
        address: request.ip,
      });
      response.status(answer.status).set(answer.headers).send(JSON.stringify(answer.body));
    });
    app.use(path, refuseOAuth);
    app.all(path, (_request, response) => {
      response.setHeader('Allow', 'POST');
      throw refuse('method-not-allowed', 'Tokens are asked for, and asked about, by POST.');
    });
  }
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
        need: { interaction: route.interaction, types: route.types({ type }), stateless: route.stateless },
        correlationId: correlationIdOf(response),
        address: request.ip,
        header: (name) => headerOf(request, name),
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
  let form: AnswerForm;
  try {
    fhirRequest = readFhirRequest(route, request, response, parts);
    form = negotiate(request.headers.accept, fhirRequest.query);
    if (route.body === 'fhir') requireFhirBody(request.headers['content-type']);
    if (route.body === 'patch') requirePatchBody(request.headers['content-type']);
  } catch (fault) {
    const asked = {
      type: paramOf(request, 'type'),
      identity: response.locals.identity as Identity,
      correlationId: correlationIdOf(response),
      address: request.ip,
    };
    await auditRefusal(route, asked, fault, parts);
    throw fault;
  }
  const answer = await answerRoute(route, fhirRequest, parts);
  response.status(answer.status).set(answer.headers);
  if (answer.body === '') response.end();
  else await sendFhir(request, response, answer.body, form);
}
