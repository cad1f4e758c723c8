import { MedplumClient } from '@medplum/core';
import type { Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, NHS_NUMBER, person } from './support.ts';

/** A client that knows nothing of us, as it comes from its makers. */
describe('MedplumClient', () => {
  let test: TestGateway;
  let client: MedplumClient;
  const numbers = testNhsNumbers(10);
  const nextNumber = (): string => numbers.pop() ?? '';
  beforeAll(async () => {
    test = await startTestGateway({}, { clients: CLIENTS });
    client = new MedplumClient({ baseUrl: test.gateway.baseUrl, fhirUrlPath: 'fhir', cacheTime: 0, maxRetries: 0 });
    client.setAccessToken(await test.token('everything'));
  });
  afterAll(() => test.stop());

  it('creates, reads, updates, patches, deletes and reads the history', async () => {
    const made = await client.createResource<Patient>(person(nextNumber(), 'Nuttall'));
    expect(await client.readResource('Patient', made.id)).toEqual(made);
    const updated = await client.updateResource<Patient>({ ...made, active: true });
    expect(updated).toMatchObject({ active: true, meta: { versionId: '2' } });
    const patched = await client.patchResource('Patient', made.id, [{ op: 'replace', path: '/active', value: false }]);
    expect(patched).toMatchObject({ active: false, meta: { versionId: '3' } });
    await client.deleteResource('Patient', made.id);
    await expect(client.readResource('Patient', made.id)).rejects.toThrow('deleted');
    const history = await client.readHistory('Patient', made.id);
    expect(history.entry?.map(({ response }) => response?.etag)).toEqual(['W/"4"', 'W/"3"', 'W/"2"', 'W/"1"']);
    expect(await client.readVersion('Patient', made.id, '2')).toEqual(updated);
  });

  it('creates only what is not there, and updates by condition', async () => {
    const number = nextNumber();
    const query = `identifier=${NHS_NUMBER}|${number}`;
    const first = await client.createResourceIfNoneExist<Patient>(person(number, 'Ogden'), query);
    expect(await client.createResourceIfNoneExist<Patient>(person(number, 'Ogden'), query)).toEqual(first);
    const upserted = await client.upsertResource<Patient>({ ...person(number, 'Ogden'), active: true }, query);
    expect(upserted).toMatchObject({ id: first.id, active: true });
  });

  it('searches, follows pages, and sends batches and transactions', async () => {
    const subject = `urn:uuid:${crypto.randomUUID()}`;
    const answer = await client.executeBatch({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          fullUrl: subject,
          resource: person(nextNumber(), 'Pilling'),
          request: { method: 'POST', url: 'Patient' },
        },
        ...['a', 'b', 'c'].map((title) => ({
          resource: {
            resourceType: 'CarePlan' as const,
            status: 'active' as const,
            intent: 'plan' as const,
            title,
            subject: { reference: subject },
          },
          request: { method: 'POST' as const, url: 'CarePlan' },
        })),
      ],
    });
    expect(answer.entry?.map(({ response }) => response?.status)).toEqual(
      Array.from({ length: 4 }, () => '201 Created'),
    );
    const titles: (string | undefined)[] = [];
    for await (const page of client.searchResourcePages('CarePlan', '_count=2')) {
      titles.push(...page.map(({ title }) => title));
    }
    expect(titles.sort()).toEqual(['a', 'b', 'c']);
    const bundle = await client.search('CarePlan', '_include=CarePlan:subject');
    expect(bundle.entry?.at(-1)?.resource).toMatchObject({ name: [{ family: 'Pilling' }] });
  });
});
