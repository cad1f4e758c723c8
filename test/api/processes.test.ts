import type { Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, person, send } from './support.ts';

/** Two gateways on one database know nothing of each other's turns. */
describe('two gateways on one PostgreSQL database', () => {
  let postgres: TestPostgres;
  let gateways: TestGateway[];
  beforeAll(async () => {
    postgres = await startTestPostgres();
    const DATABASE_URL = await postgres.takeDatabase();
    gateways = [];
    for (let n = 0; n < 2; n += 1) gateways.push(await startTestGateway({ DATABASE_URL }, { clients: CLIENTS }));
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop();
    await postgres.stop();
  });
  const one = (n: number): TestGateway => gateways[n % 2] as TestGateway;

  it('take fifty updates of one resource at once, each as a version of its own', async () => {
    const before = await created(one(0), person('9990000018', 'Ashworth'));
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, n) => send(one(n), 'PUT', `Patient/${before.id}`, { ...before, active: true })),
    );
    expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    const after = (await (await one(1).request('everything', `/fhir/Patient/${before.id}`)).json()) as Patient;
    expect(after.meta?.versionId).toBe('51');
  });

  it('make one resource of fifty conditional creates at once, and give it to all', async () => {
    const identifier = [{ system: 'https://x.example/plan', value: 'P-1' }];
    const device = { resourceType: 'Device', identifier };
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        send(one(n), 'POST', 'Device', device, { 'If-None-Exist': 'identifier=https://x.example/plan|P-1' }),
      ),
    );
    expect(all.filter(({ status }) => status === 201).length).toBe(1);
    expect(all.every(({ status }) => status === 200 || status === 201)).toBe(true);
    const ids = await Promise.all(all.map(async (response) => ((await response.json()) as { id: string }).id));
    expect(new Set(ids).size).toBe(1);
  });
});
