import { rmSync } from 'node:fs';
import type { Bundle, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/test-gateway.ts';
import { isWrite, probesOf, wholeProbes } from './matrix-requests.ts';
import { type Answer, EQUIPMENT_NEED, openWorld, SEEDS, seedWorld, WHEREABOUTS, type World } from './world.ts';

/** A restricted patient, as PDS marks them: where he lives is in no byte that leaves, whoever asks. */
let folder: string;
let world: World;
beforeAll(async () => {
  folder = await seedWorld();
  world = await openWorld(folder);
}, 60_000);
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const plainOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** Address, telecom and practice, as they stand in a text however they are spaced. */
function whereaboutsIn(text: string): string[] {
  const plain = plainOf(text);
  return Object.values(WHEREABOUTS).filter((word) => plain.includes(plainOf(word)));
}

/** Links repeat what was asked; the practice itself may be read by whoever asks for it. */
function tell(answer: Answer): string[] {
  const text = answer.text.replaceAll(/"(?:url|fullUrl)":"[^"]*"/g, '""');
  return text.includes('"resourceType":"Organization"') ? [] : whereaboutsIn(text);
}

async function read<T>(client: string, path: string): Promise<T> {
  const answer = await world.ask(await world.token(client), 'GET', path);
  expect(answer.status).toBe(200);
  return JSON.parse(answer.text) as T;
}

describe('a restricted patient', () => {
  it.each(['seeder', 'everybody', 'related', 'launched'])('is told of nowhere, on no route, to %s', async (client) => {
    const token = await world.token(client);
    const told: string[] = [];
    for (const probe of [...SEEDS.filter(({ patient }) => patient === 'res').flatMap(probesOf), ...wholeProbes()]) {
      if (isWrite(probe)) continue;
      const answer = await world.ask(token, probe.method, probe.path, probe.body, probe.headers);
      for (const word of tell(answer)) told.push(`${probe.method} ${probe.path}: ${word}`);
    }
    expect(told).toEqual([]);
  });

  it('is otherwise there: his name, his care and his other contacts', async () => {
    const patient = await read<Patient>('related', 'Patient/res');
    expect(patient.name?.[0]?.family).toBe('mark-res-family');
    expect(patient.meta?.tag?.[0]?.code).toBe('SUBSETTED');
    const request = await read<ServiceRequest>('related', 'ServiceRequest/res-request');
    expect(request.performer?.[0]?.reference).toBe('Organization/north');
    expect(request.note?.map(({ text }) => text)).toEqual(['Withheld', 'mark-res-request-note']);
    expect([request.requester, request.text]).toEqual([{ display: 'Withheld' }, undefined]);
  });

  it('keeps his address when somebody who is not shown it writes what he was shown', async () => {
    const token = await world.token('related');
    const shown = await read<Patient>('related', 'Patient/res');
    const changed = { ...shown, gender: 'male', address: [{ line: ['99 Elsewhere'] }] };
    const put = await world.ask(token, 'PUT', 'Patient/res', changed);
    const patch = [{ op: 'test', path: '/address/0/postalCode', value: WHEREABOUTS.postcode }];
    const tested = await world.ask(token, 'PATCH', 'Patient/res', patch);
    expect([put.status, tested.status]).toEqual([200, 422]);
    expect(whereaboutsIn(put.text)).toEqual([]);
    const stored = await world.gateway.store.read('Patient', 'res');
    const kept = JSON.parse(stored?.content ?? '{}') as Patient;
    expect([kept.gender, kept.address?.[0]?.postalCode, kept.generalPractitioner?.length]).toEqual([
      'male',
      WHEREABOUTS.postcode,
      1,
    ]);
    expect(kept.meta?.tag).toBeUndefined();
  });

  it('keeps his restriction, which is taken away by those alone who are cleared for it', async () => {
    const unlabel = [{ op: 'remove', path: '/meta/security' }];
    const refused = await world.ask(await world.token('related'), 'PATCH', 'Patient/res', unlabel);
    const deleted = await world.ask(await world.token('related'), 'DELETE', 'Patient/res');
    expect([refused.status, deleted.status]).toEqual([403, 403]);
  });

  it('is in no copy: a Bundle that holds him, a contained Patient', async () => {
    const token = await world.token('seeder');
    const him = JSON.parse((await world.gateway.store.read('Patient', 'res'))?.content ?? '{}') as Patient;
    const bundle: Bundle = { resourceType: 'Bundle', id: 'copy', type: 'collection', entry: [{ resource: him }] };
    const saved = await world.ask(token, 'PUT', 'Bundle/copy', bundle);
    const contained = {
      resourceType: 'ServiceRequest',
      id: 'copy',
      contained: [{ ...him, id: 'inside', meta: undefined }],
      status: 'active',
      intent: 'order',
      subject: { reference: '#inside' },
    };
    const other = await world.ask(token, 'PUT', 'ServiceRequest/copy', contained);
    expect([saved.status, other.status]).toEqual([201, 201]);
    for (const path of ['Bundle/copy', 'ServiceRequest/copy', 'Bundle/copy/_history']) {
      expect(tell(await world.ask(token, 'GET', path))).toEqual([]);
    }
  });

  it('goes to partners without it, and nothing of it is in the log, or in the audit as it is read', async () => {
    const token = await world.token('seeder');
    const answer = await world.ask(token, 'POST', 'ServiceRequest', {
      resourceType: 'ServiceRequest',
      identifier: [{ system: 'https://stockport.example/Id/referral', value: 'res-equipment' }],
      status: 'active',
      intent: 'order',
      category: [{ coding: [EQUIPMENT_NEED] }],
      code: {
        coding: [{ system: 'http://snomed.info/sct', code: '183524004', display: 'Referral' }],
        text: 'Bath board',
      },
      authoredOn: '2026-03-02',
      subject: { reference: 'Patient/res' },
      requester: { reference: 'PractitionerRole/staff-role' },
      note: [{ text: `Deliver to ${WHEREABOUTS.line}` }],
    });
    expect(answer.status).toBe(201);
    const [delivery] = await eventually(async () => {
      await world.gateway.drain();
      const found = await world.gateway.store.deliveries({ partner: 'stockport-equipment' });
      return found.every(({ state }) => state === 'pending') ? undefined : found;
    });
    expect(['delivered', 'dead']).toContain(delivery?.state);
    expect(delivery?.lastIssues.flatMap(({ text }) => whereaboutsIn(text))).toEqual([]);
    expect(whereaboutsIn(world.equipment.received.map(({ body }) => body).join('\n'))).toEqual([]);
    expect(delivery?.state === 'delivered' ? world.equipment.received.length : 1).toBe(1);
    expect(whereaboutsIn(world.logged())).toEqual([]);
    const events = await world.gateway.store.audit({ limit: 1000 });
    expect(events.length).toBeGreaterThan(10);
    expect(whereaboutsIn(events.map(({ content }) => content).join('\n'))).toEqual([]);
  });
});
