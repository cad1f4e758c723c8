import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, CarePlan, Composition, Goal, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { created, NHS_NUMBER, outcomeOf, person } from './support.ts';

const PLAN_SCOPES = ['Patient', 'CarePlan', 'CareTeam', 'ServiceRequest'].map((type) => `system/${type}.rs`);
let test: TestGateway;
let patientId: string;
beforeAll(async () => {
  const clients = { everything: ['system/*.cruds'], 'core-only': PLAN_SCOPES, 'search-only': ['system/*.s'] };
  test = await startTestGateway({}, { clients });
  for (const [channel, file] of [
    ['referrals', '01-heaton-practice-referral.json'],
    ['mdt-outcomes', '06-heaton-practice-mdt-outcome.json'],
  ] as const) {
    const response = await test.request('heaton-practice', `/intake/heaton-practice/${channel}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: readFileSync(join(SAMPLES, file), 'utf8'),
    });
    expect(response.status).toBe(200);
  }
  const [found] = await test.gateway.store.findByIdentifier('Patient', { system: NHS_NUMBER, value: '9990000018' });
  patientId = found ?? '';
  await created<Goal>(test, {
    resourceType: 'Goal',
    lifecycleStatus: 'active',
    description: { text: 'Walk to the shop alone' },
    subject: { reference: `Patient/${patientId}` },
  });
});
afterAll(() => test.stop());

const byIdentifier = `/fhir/Patient/$shared-care-plan?identifier=${encodeURIComponent(`${NHS_NUMBER}|9990000018`)}`;

async function plan(client: string, path: string): Promise<Bundle> {
  const response = await test.request(client, path);
  expect(response.status).toBe(200);
  return (await response.json()) as Bundle;
}

function ofType<T extends Resource>(bundle: Bundle, type: T['resourceType']): T[] {
  return (bundle.entry ?? []).flatMap(({ resource }) => (resource?.resourceType === type ? [resource as T] : []));
}

describe('the operation $shared-care-plan', () => {
  it('answers a document whose first entry is a Composition about the person, valid R4 throughout', async () => {
    const bundle = await plan('neighbourhood-viewer', byIdentifier);
    const validator = createValidator({ definitions: openDefinitions() });
    expect(validator.validate(bundle).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(bundle.type).toBe('document');
    expect(bundle.entry?.[0]?.resource).toMatchObject({
      resourceType: 'Composition',
      subject: { reference: `Patient/${patientId}` },
    });
  });

  it('gives the same by the id, but for its own id and time', async () => {
    const [one, other] = await Promise.all([
      plan('neighbourhood-viewer', byIdentifier),
      plan('neighbourhood-viewer', `/fhir/Patient/${patientId}/$shared-care-plan`),
    ]);
    expect(other.entry?.slice(1)).toEqual(one.entry?.slice(1));
    expect(other.id).not.toBe(one.id);
  });

  it('refers in its sections to resources that are in it', async () => {
    const bundle = await plan('neighbourhood-viewer', byIdentifier);
    const held = new Set((bundle.entry ?? []).map(({ resource }) => `${resource?.resourceType}/${resource?.id}`));
    const [composition] = ofType<Composition>(bundle, 'Composition');
    const named = (composition?.section ?? []).flatMap(({ entry }) => (entry ?? []).map(({ reference }) => reference));
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((reference) => !held.has(reference ?? ''))).toEqual([]);
  });

  it('leaves out what the token may not read, and says so', async () => {
    const bundle = await plan('core-only', byIdentifier);
    expect(ofType<Goal>(bundle, 'Goal')).toEqual([]);
    expect(ofType(bundle, 'Practitioner')).toEqual([]);
    const [outcome] = ofType<OperationOutcome>(bundle, 'OperationOutcome');
    const told = (outcome?.issue ?? []).map(({ diagnostics }) => diagnostics ?? '');
    expect(told.some((text) => text.includes('Goal') && text.includes('left out'))).toBe(true);
    expect(JSON.stringify(bundle)).not.toContain('Walk to the shop');
    const [composition] = ofType<Composition>(bundle, 'Composition');
    const contacts = composition?.section?.find(({ title }) => title === 'Personal contacts');
    expect(contacts?.emptyReason?.coding?.[0]?.code).toBe('withheld');
    expect(ofType<Goal>(await plan('neighbourhood-viewer', byIdentifier), 'Goal').length).toBeGreaterThan(0);
  });

  it('is refused where the token lacks one of the types it is made of, or may search and not read', async () => {
    for (const client of ['search-only']) {
      const answer = await outcomeOf(await test.request(client, byIdentifier));
      expect([answer.status, answer.code]).toEqual([403, 'scope-insufficient']);
    }
    const token = await test.token('core-only', 'system/Patient.rs system/CarePlan.rs');
    const response = await fetch(`${test.gateway.baseUrl}${byIdentifier}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect((await outcomeOf(response)).status).toBe(403);
  });

  it('says of a person without a plan that no active plan is held', async () => {
    const nobody = await created(test, person('9990000107', 'Nuttall'));
    const bundle = await plan('everything', `/fhir/Patient/${nobody.id}/$shared-care-plan`);
    expect(ofType<CarePlan>(bundle, 'CarePlan')).toEqual([]);
    const [outcome] = ofType<OperationOutcome>(bundle, 'OperationOutcome');
    expect(outcome?.issue?.map(({ code }) => code)).toEqual(['not-found']);
  });

  it('answers 404 for who is not held, the same by id and by identifier, and the audit has it', async () => {
    const correlationId = crypto.randomUUID();
    const headers = { 'X-Correlation-Id': correlationId };
    for (const path of [
      `/fhir/Patient/$shared-care-plan?identifier=${NHS_NUMBER}%7C9990000115`,
      '/fhir/Patient/nobody/$shared-care-plan',
    ]) {
      const answer = await outcomeOf(await test.request('everything', path, { headers }));
      expect([answer.status, answer.code]).toEqual([404, 'resource-not-found']);
      expect(answer.text).not.toContain('9990000115');
    }
    const trail = (await test.gateway.store.audit({ limit: 1000 })).filter(({ content }) =>
      content.includes(correlationId),
    );
    expect(trail.length).toBe(2);
    expect(trail.map(({ content }) => content).join()).not.toContain('9990000115');
  });

  it.each([
    '/fhir/Patient/$shared-care-plan',
    '/fhir/Patient/$shared-care-plan?identifier=9990000018',
    '/fhir/Patient/$shared-care-plan?identifier=|9990000018',
    `/fhir/Patient/$shared-care-plan?identifier=${NHS_NUMBER}|`,
    `/fhir/Patient/$shared-care-plan?identifier=${NHS_NUMBER}|9990000018&identifier=${NHS_NUMBER}|9990000018`,
    `/fhir/Patient/$shared-care-plan?identifer=${NHS_NUMBER}|9990000018`,
    '/fhir/Patient/1/$shared-care-plan?identifier=x|9990000018',
    '/fhir/Patient/1/$shared-care-plan?9990000018',
  ])('answers 400 to %s', async (path) => {
    const answer = await outcomeOf(await test.request('everything', path));
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('9990000018');
  });

  it('takes the whole of an identifier, a bar in its value included', async () => {
    const path = `/fhir/Patient/$shared-care-plan?identifier=${NHS_NUMBER}%7C9990000018%7Cjunk`;
    expect((await outcomeOf(await test.request('everything', path))).status).toBe(404);
  });
});
