import { FORMATS } from '../formats/formats.ts';
import { ISSUE_CODES } from '../kernel/errors.ts';
import { VERSION } from '../kernel/version.ts';

const text = (description: string) => ({ type: 'string', description });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object, mediaType = 'application/json') => ({ [mediaType]: { schema } });
const answer = (description: string, content?: object) => ({
  description,
  ...(content === undefined ? {} : { content }),
});
const outcome = (description: string) => answer(description, json(ref('OperationOutcome'), 'application/fhir+json'));
const oauthError = (description: string) => answer(description, json(ref('OAuthError')));
const form = (properties: object, required: readonly string[]) => ({
  required: true,
  content: json({ type: 'object', required, properties }, 'application/x-www-form-urlencoded'),
});

const ASSERTION = {
  client_assertion_type: { const: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
  client_assertion: text('A JWT that the client has signed (SMART App Launch 2.2, Backend Services).'),
};

/**
 * What is not FHIR, as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0): doors for messages, tokens, health. The FHIR
 * API describes itself by its CapabilityStatement.
 */
export function describeOpenApi(baseUrl: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ginnel',
      version: VERSION,
      description: 'What is not FHIR. The FHIR API is below /fhir and described by /fhir/metadata.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: baseUrl }],
    paths: { '/intake/{partner}/{channel}': describeIntake(), ...describeAuth(), ...describeOpen() },
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token from /auth/token.',
        },
      },
      schemas: SCHEMAS,
    },
  };
}

function describeIntake(): object {
  const formats = Object.values(FORMATS).flatMap(({ mediaTypes }) => mediaTypes);
  return {
    post: {
      operationId: 'sendMessage',
      summary: 'A partner’s message, as its system writes it. It is answered when it is durable.',
      security: [{ bearer: [] }],
      parameters: [
        { name: 'partner', in: 'path', required: true, schema: text('The partner’s name in the configuration.') },
        { name: 'channel', in: 'path', required: true, schema: text('The channel’s name in the configuration.') },
        {
          name: 'X-Message-Id',
          in: 'header',
          schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
          description: 'The sender’s own id of the message. The same id with the same content is the same message.',
        },
      ],
      requestBody: {
        required: true,
        content: Object.fromEntries([...new Set(formats)].map((type) => [type, { schema: {} }])),
      },
      responses: {
        200: answer('Accepted: what the message became.', json(ref('MessageAnswer'))),
        401: outcome('No token, or one that is not good.'),
        403: outcome('The token lacks the scope intake, or is another partner’s.'),
        404: outcome('The partner has no such channel.'),
        413: outcome('The body is too large.'),
        415: outcome('The channel takes another media type.'),
        422: outcome('Refused, and kept: the issues say where and why.'),
        429: outcome('Too many requests; Retry-After says when.'),
        503: outcome('Not stored. Send it again.'),
      },
    },
  };
}

function describeAuth(): Record<string, object> {
  return {
    '/auth/token': {
      post: {
        operationId: 'requestToken',
        summary: 'An access token for a client’s signed assertion (SMART Backend Services).',
        requestBody: form(
          { grant_type: { const: 'client_credentials' }, scope: text('Scopes, separated by spaces.'), ...ASSERTION },
          ['grant_type', 'scope', 'client_assertion_type', 'client_assertion'],
        ),
        responses: {
          200: answer('The token.', json(ref('Token'))),
          400: oauthError('The request or the scopes are wrong.'),
          401: oauthError('The client is not known, or its assertion is not good.'),
          429: oauthError('Too many requests; Retry-After says when.'),
        },
      },
    },
    '/auth/introspect': {
      post: {
        operationId: 'introspectToken',
        summary: 'Whether a token of the client is good (RFC 7662).',
        requestBody: form({ token: text('The access token.'), ...ASSERTION }, [
          'token',
          'client_assertion_type',
          'client_assertion',
        ]),
        responses: {
          200: answer('What is known of it.', json(ref('Introspection'))),
          400: oauthError('The request is wrong.'),
          401: oauthError('The client is not known, or its assertion is not good.'),
        },
      },
    },
    '/auth/revoke': {
      post: {
        operationId: 'revokeToken',
        summary: 'Ends a token of the client before its time (RFC 7009).',
        requestBody: form({ token: text('The access token.'), ...ASSERTION }, [
          'token',
          'client_assertion_type',
          'client_assertion',
        ]),
        responses: {
          200: answer('It is no longer good, or never was.'),
          400: oauthError('The request is wrong.'),
          401: oauthError('The client is not known, or its assertion is not good.'),
        },
      },
    },
    '/auth/jwks': {
      get: {
        operationId: 'readKeys',
        summary: 'The public keys that our tokens are signed with (RFC 7517).',
        responses: { 200: answer('A JSON Web Key Set.', json(ref('KeySet'))) },
      },
    },
  };
}

function describeOpen(): Record<string, object> {
  const health = (status: string) =>
    json({ type: 'object', required: ['status'], properties: { status: { const: status } } });
  return {
    '/.well-known/smart-configuration': {
      get: {
        operationId: 'readSmartConfiguration',
        summary: 'What SMART clients need to know (SMART App Launch 2.2, Conformance).',
        responses: { 200: answer('The configuration.', json({ type: 'object', required: ['token_endpoint'] })) },
      },
    },
    '/health/live': {
      get: {
        operationId: 'isLive',
        summary: 'The process answers.',
        responses: { 200: answer('It does.', health('live')) },
      },
    },
    '/health/ready': {
      get: {
        operationId: 'isReady',
        summary: 'The store answers and the gateway is not stopping.',
        responses: { 200: answer('Send.', health('ready')), 503: answer('Send elsewhere.', health('not ready')) },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'readOpenApi',
        summary: 'This description.',
        responses: { 200: answer('OpenAPI 3.1.', json({ type: 'object', required: ['openapi'] })) },
      },
    },
  };
}

const list = (items: object) => ({ type: 'array', items });

const SCHEMAS = {
  MessageAnswer: {
    type: 'object',
    required: ['messageId', 'state', 'created', 'updated', 'routed', 'issues'],
    additionalProperties: false,
    properties: {
      messageId: text('Ours; operators find the message by it.'),
      state: { const: 'accepted' },
      created: list(text('A reference such as `ServiceRequest/…`.')),
      updated: list(text('A reference such as `Patient/…`.')),
      routed: list({
        type: 'object',
        required: ['route', 'partner'],
        additionalProperties: false,
        properties: { route: text('A route of the configuration.'), partner: text('Whom it goes to.') },
      }),
      issues: list(ref('Issue')),
    },
  },
  Issue: {
    type: 'object',
    required: ['severity', 'code', 'text'],
    properties: {
      severity: { enum: ['error', 'warning', 'information'] },
      code: { enum: Object.keys(ISSUE_CODES), description: 'It does not change.' },
      text: text('What is wrong and what to do. Never a value of the message.'),
      at: text('Where in the message: `PID-3[2].4`, `$.needs[3].code`.'),
      line: { type: 'integer', minimum: 1 },
      column: { type: 'integer', minimum: 1 },
      mapping: text('Where in the mapping: `mapping.yaml:41:7`.'),
      expression: text('Where in the FHIR resource.'),
    },
  },
  OperationOutcome: {
    type: 'object',
    required: ['resourceType', 'issue'],
    properties: { resourceType: { const: 'OperationOutcome' }, issue: { type: 'array', minItems: 1 } },
  },
  Token: {
    type: 'object',
    required: ['access_token', 'token_type', 'expires_in', 'scope'],
    properties: {
      access_token: text('A JWT.'),
      token_type: { const: 'bearer' },
      expires_in: { type: 'integer', minimum: 1, maximum: 300, description: 'Seconds.' },
      scope: text('What was granted.'),
    },
  },
  Introspection: {
    type: 'object',
    required: ['active'],
    properties: { active: { type: 'boolean' }, scope: text('Its scopes.'), client_id: text('Whose it is.') },
  },
  OAuthError: {
    type: 'object',
    required: ['error'],
    properties: { error: text('A code of RFC 6749 section 5.2.'), error_description: text('For people.') },
  },
  KeySet: {
    type: 'object',
    required: ['keys'],
    properties: { keys: { type: 'array', items: { type: 'object', required: ['kty', 'kid'] } } },
  },
};
