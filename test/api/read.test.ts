import type { CapabilityStatement, Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { loadProfiles } from '../../src/fhir/profiles.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { PROFILES_FOLDER } from '../../src/gateway.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, FHIR_JSON, outcomeOf, person, sendRaw } from './support.ts';

let test: TestGateway;
let iris: Patient & { id: string };
beforeAll(async () => {
  test = await startTestGateway({}, { clients: CLIENTS });
  iris = await created(test, person('9990000018', 'Ashworth'));
});
afterAll(() => test.stop());

describe('capabilities (https://hl7.org/fhir/R4/http.html#capabilities)', () => {
  it('are read without a token and are a valid CapabilityStatement', async () => {
    const response = await fetch(`${test.gateway.baseUrl}/fhir/metadata`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, FHIR_JSON]);
    const statement = (await response.json()) as CapabilityStatement;
    const definitions = openDefinitions();
    const validator = createValidator({ definitions, profiles: loadProfiles(PROFILES_FOLDER, definitions) });
    expect(validator.validate(statement)).toEqual([]);
    expect(statement.fhirVersion).toBe('4.0.1');
    expect(statement.implementation?.url).toBe(`${test.gateway.baseUrl}/fhir`);
  });

  it('tell the interactions there are, the operation, and our profiles', async () => {
    const statement = (await (await fetch(`${test.gateway.baseUrl}/fhir/metadata`)).json()) as CapabilityStatement;
    const patient = statement.rest?.[0]?.resource?.find(({ type }) => type === 'Patient');
    expect(patient?.interaction?.map(({ code }) => code)).toEqual([
      'read',
      'vread',
      'update',
      'patch',
      'delete',
      'history-instance',
      'history-type',
      'create',
      'search-type',
    ]);
    expect(patient).toMatchObject({
      versioning: 'versioned',
      readHistory: true,
      updateCreate: true,
      conditionalCreate: true,
      conditionalRead: 'full-support',
      conditionalUpdate: true,
      conditionalDelete: 'single',
    });
    expect(patient?.searchInclude).toContain('Patient:organization');
    expect(patient?.searchRevInclude).toContain('CarePlan:patient');
    expect(patient?.searchRevInclude).toContain('Provenance:target');
    expect(statement.rest?.[0]?.interaction?.map(({ code }) => code)).toEqual([
      'transaction',
      'batch',
      'history-system',
    ]);
    expect(statement.patchFormat).toEqual([
      'application/json-patch+json',
      'application/fhir+json',
      'application/fhir+xml',
    ]);
    expect(patient?.operation?.map(({ name }) => name)).toEqual([
      'shared-care-plan',
      'everything',
      'match',
      'validate',
    ]);
    expect(patient?.supportedProfile).toContain('https://ginnel.example/fhir/StructureDefinition/GinnelPatient');
    expect(patient?.searchInclude).toContain('*');
    const observation = statement.rest?.[0]?.resource?.find(({ type }) => type === 'Observation');
    expect(observation?.searchParam).toEqual(
      expect.arrayContaining([
        { name: 'patient', type: 'reference' },
        { name: 'value-quantity', type: 'quantity' },
        { name: 'code-value-quantity', type: 'composite' },
        { name: '_profile', type: 'uri' },
      ]),
    );
    expect(patient?.searchParam?.map(({ name }) => name)).toContain('identifier');
  });
});

describe('read (https://hl7.org/fhir/R4/http.html#read)', () => {
  it('gives the resource with ETag and Last-Modified', async () => {
    const response = await test.request('everything', `/fhir/Patient/${iris.id}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(iris);
    expect(response.headers.get('etag')).toBe('W/"1"');
    const updated = Date.parse(iris.meta?.lastUpdated ?? '');
    expect(Date.parse(response.headers.get('last-modified') ?? '')).toBe(Math.floor(updated / 1000) * 1000);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-powered-by')).toBeNull();
  });

  it('gives a part of it, marked as one, where _summary or _elements ask for that', async () => {
    const response = await test.request('everything', `/fhir/Patient/${iris.id}?_elements=birthDate`);
    const { meta, ...rest } = (await response.json()) as Patient;
    expect(rest).toEqual({ resourceType: 'Patient', id: iris.id, birthDate: iris.birthDate });
    expect(meta?.tag?.map(({ code }) => code)).toEqual(['SUBSETTED']);
    expect((await test.request('everything', `/fhir/Patient/${iris.id}?_summary=count`)).status).toBe(400);
  });

  it('answers HEAD with the same headers and no body', async () => {
    const response = await test.request('everything', `/fhir/Patient/${iris.id}`, { method: 'HEAD' });
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([200, 'W/"1"', '']);
  });

  it('answers 304 to who has this version already', async () => {
    // fetch adds Cache-Control: no-cache to such a request.
    const token = await test.token('everything');
    const heard = await sendRaw(
      test,
      `GET /fhir/Patient/${iris.id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
        'If-None-Match: W/"1"\r\nConnection: close\r\n\r\n',
    );
    expect(heard).toMatch(/^HTTP\/1\.1 304 /);
    expect(heard).not.toContain('Ashworth');
  });

  it('answers 404 for an id that was never given, and for what is no id', async () => {
    for (const id of ['never', 'a_b', '$everything', '%E2%82%AC', 'x'.repeat(65)]) {
      const answer = await outcomeOf(await test.request('everything', `/fhir/Patient/${id}`));
      expect([id, answer.status, answer.code]).toEqual([id, 404, 'resource-not-found']);
    }
  });

  it('answers 410 for what has been deleted', async () => {
    const gone = await created(test, person('9990000026', 'Bleasdale'));
    const stored = await test.gateway.store.read('Patient', gone.id);
    if (stored === undefined) throw new Error('it was not stored');
    const deletion = { ...stored, version: 2, deleted: true, content: '', index: [], claims: [], organisations: [] };
    await test.gateway.store.commit({ writes: [{ ...deletion, messageId: null }], deliveries: [], audit: [] });
    const answer = await outcomeOf(await test.request('everything', `/fhir/Patient/${gone.id}`));
    expect([answer.status, answer.code]).toEqual([410, 'resource-gone']);
    const version = await outcomeOf(await test.request('everything', `/fhir/Patient/${gone.id}/_history/2`));
    expect(version.status).toBe(410);
    expect((await test.request('everything', `/fhir/Patient/${gone.id}/_history/1`)).status).toBe(200);
  });
});

describe('vread (https://hl7.org/fhir/R4/http.html#vread)', () => {
  it('gives one version', async () => {
    const response = await test.request('everything', `/fhir/Patient/${iris.id}/_history/1`);
    expect([response.status, await response.json()]).toEqual([200, iris]);
  });

  it('answers 404 for a version that there is not, or that is no version', async () => {
    for (const version of ['2', '0', '01', '-1', '1.0', 'one', '99999999999']) {
      const answer = await outcomeOf(await test.request('everything', `/fhir/Patient/${iris.id}/_history/${version}`));
      expect([version, answer.status]).toEqual([version, 404]);
    }
  });
});

describe('the audit of a read', () => {
  it('says who read whose record, and also that somebody looked and found nothing', async () => {
    const correlations = [crypto.randomUUID(), crypto.randomUUID()];
    await test.request('everything', `/fhir/Patient/${iris.id}`, {
      headers: { 'X-Correlation-Id': correlations[0] ?? '' },
    });
    await test.request('everything', '/fhir/Patient/nobody', {
      headers: { 'X-Correlation-Id': correlations[1] ?? '' },
    });
    const trail = await test.gateway.store.audit({ limit: 1000 });
    const [found, missed] = correlations.map((id) => trail.filter(({ content }) => content.includes(id)));
    expect(found?.map(({ patient }) => patient)).toEqual([iris.id]);
    expect(JSON.parse(found?.[0]?.content ?? '')).toMatchObject({ outcome: '0', agent: [{ requestor: true }, {}, {}] });
    expect(found?.[0]?.content).toContain('127.0.0.1');
    expect(JSON.parse(missed?.[0]?.content ?? '')).toMatchObject({ outcome: '4', outcomeDesc: 'resource-not-found' });
    expect(missed?.length).toBe(1);
  });

  it('holds nothing of what a caller wrote into the address', async () => {
    await test.request('everything', `/fhir/Patient/${iris.id}?Ashworth&9990000018=x`);
    await test.request('everything', '/fhir/Patient/9990000018');
    await test.request('everything', '/fhir/9990000018/1');
    const trail = (await test.gateway.store.audit({ limit: 1000 })).map(({ content }) => content).join('\n');
    const decoded = trail.replaceAll(/"query":"([^"]*)"/g, (_all, text: string) =>
      Buffer.from(text, 'base64').toString(),
    );
    expect(decoded).not.toContain('9990000018');
    expect(decoded).not.toContain('Ashworth');
  });
});
