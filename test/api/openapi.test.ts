import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileJsonSchema } from '../../src/kernel/json-schema.ts';
import { SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
}
interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

let test: TestGateway;
let document: Document;
beforeAll(async () => {
  test = await startTestGateway();
  document = (await (await fetch(`${test.gateway.baseUrl}/openapi.json`)).json()) as Document;
});
afterAll(() => test.stop());

/** What the document says an answer looks like, as a schema that stands for itself. */
function schemaOf(path: string, method: string, response: Response): object {
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const content = document.paths[path]?.[method]?.responses[String(response.status)]?.content;
  const schema = content?.[type]?.schema;
  expect([path, response.status, type, schema !== undefined]).toEqual([path, response.status, type, true]);
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref: name } = value as { $ref?: string };
    if (name !== undefined) return inline(document.components.schemas[name.replace('#/components/schemas/', '')]);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inline(one)]));
  };
  return inline(schema) as object;
}

async function expectAsDescribed(path: string, method: string, response: Response): Promise<void> {
  const schema = schemaOf(path, method, response);
  expect(compileJsonSchema(schema)(await response.json())).toEqual([]);
}

describe('the OpenAPI description', () => {
  it('is of version 3.1, names this server, and every reference in it leads somewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: test.gateway.baseUrl }]);
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(new Set(names)).toEqual(new Set(Object.keys(document.components.schemas)));
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((one) => one.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names addresses that are there', async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const url = `${test.gateway.baseUrl}${path.replace('{partner}', 'heaton-practice').replace('{channel}', 'referrals')}`;
        const { status } = await fetch(url, { method: method.toUpperCase() });
        expect([path, [404, 405, 500].includes(status)]).toEqual([path, false]);
      }
    }
  });

  it.each(['/.well-known/smart-configuration', '/health/live', '/health/ready', '/openapi.json', '/auth/jwks'])(
    'describes what GET %s answers',
    async (path) => {
      await expectAsDescribed(path, 'get', await fetch(`${test.gateway.baseUrl}${path}`));
    },
  );

  it('describes what a message is answered, accepted, refused and without a token', async () => {
    const path = '/intake/{partner}/{channel}';
    const send = (body: string) =>
      test.request('heaton-practice', '/intake/heaton-practice/referrals', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
      });
    const body = readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8');
    await expectAsDescribed(path, 'post', await send(body));
    await expectAsDescribed(path, 'post', await send('{}'));
    const stranger = await fetch(`${test.gateway.baseUrl}/intake/heaton-practice/referrals`, { method: 'POST', body });
    expect(stranger.status).toBe(401);
    await expectAsDescribed(path, 'post', stranger);
  });

  it('describes what a wrong token request is answered', async () => {
    const response = await fetch(`${test.gateway.baseUrl}/auth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password' }),
    });
    await expectAsDescribed('/auth/token', 'post', response);
  });
});
