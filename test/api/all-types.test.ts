import type { Bundle, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { minimalResource } from '../support/minimal-resource.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created } from './support.ts';

const definitions = openDefinitions();
/** AuditEvents are written by the gateway alone; the API gives them and takes none. */
const TYPES = [...definitions.resourceTypes].filter((type) => type !== 'AuditEvent').sort();

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway({}, { clients: CLIENTS });
});
afterAll(() => test.stop());

const request = (path: string, init: RequestInit = {}): Promise<Response> =>
  test.request('everything', `/fhir/${path}`, init);
const XML = 'application/fhir+xml';

describe('every resource type of R4', () => {
  it('is known', () => {
    expect(TYPES.length).toBe(145);
  });

  it.each(TYPES)('%s is stored, served, searched, and goes through XML and back', async (type) => {
    const sent = minimalResource(type, definitions);
    const made = await created(test, sent);
    const { id, meta, ...content } = made as Resource;
    expect(content).toEqual(sent);
    const path = `${type}/${id}`;
    expect(await (await request(path)).json()).toEqual(made);
    const found = (await (await request(`${type}?_id=${id}`)).json()) as Bundle;
    expect(found.entry?.map(({ resource }) => resource)).toEqual([made]);
    const body = await (await request(path, { headers: { Accept: XML } })).text();
    const put = await request(path, { method: 'PUT', headers: { 'Content-Type': XML }, body });
    const back = (await put.json()) as Resource;
    expect([put.status, { ...back, meta }]).toEqual([200, made]);
    const history = (await (await request(`${type}/_history?_count=2`)).json()) as Bundle;
    expect(history.entry?.map(({ response }) => response?.etag)).toEqual(['W/"2"', 'W/"1"']);
  });
});
