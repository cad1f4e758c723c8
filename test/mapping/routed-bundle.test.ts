import type { Bundle, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { expect, it } from 'vitest';
import { readRouted } from '../../src/mapping/cases.ts';

it('a Bundle whose entries refer to each other by urn:uuid is read as the store would give it', () => {
  const uuid = '01a20360-7783-712a-84c8-ccd9f747ddcd';
  const request: ServiceRequest = {
    resourceType: 'ServiceRequest',
    id: 's1',
    status: 'active',
    intent: 'order',
    subject: { reference: `urn:uuid:${uuid}` },
  };
  const patient: Patient = { resourceType: 'Patient' };
  const bundle: Bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ resource: request }, { fullUrl: `urn:uuid:${uuid}`, resource: patient }],
  };
  const { focus, resources } = readRouted(bundle);
  expect((focus as ServiceRequest).subject).toEqual({ reference: `Patient/${uuid}` });
  expect(resources[1]).toEqual({ resourceType: 'Patient', id: uuid });
});

it('a Bundle with references as the store has them is taken as it is', () => {
  const patient: Patient = { resourceType: 'Patient', id: 'p1' };
  const { focus } = readRouted({ resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient }] });
  expect(focus).toBe(patient);
});
