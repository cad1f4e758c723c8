import { rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessRule } from '../../src/config/config.ts';
import { accessRule, clientOf } from './clients.ts';
import { openWorld, seedWorld, WHEREABOUTS, type World } from './world.ts';

/**
 * What concerns several patients, or tells of what is in others' records: each of them counts, not only the one in
 * whose record it is.
 */
let folder: string;
let world: World;

const rule = (over: Partial<AccessRule>): AccessRule =>
  accessRule({ types: ['*', 'Basic', 'Bundle', 'Group', 'List', 'Provenance'], for: 'all', ...over });

beforeAll(async () => {
  folder = await seedWorld();
  world = await openWorld(folder, {
    extra: (config) => {
      const client = (id: string, partner: string, access: readonly AccessRule[]) =>
        clientOf(folder, id, partner, { access });
      const booked = {
        name: 'booked',
        criteria: 'Appointment?status=booked',
        to: [{ partner: 'stockport-equipment', channel: 'orders' }],
        place: 'test',
      };
      return {
        ...config,
        routes: [...config.routes, booked],
        clients: new Map([...config.clients, client('all', 'north', [rule({})])]),
      };
    },
  });
  const provenance = (id: string, target: string): Resource => ({
    resourceType: 'Provenance',
    id,
    target: [{ reference: target }],
    recorded: '2026-03-02T10:00:00Z',
    agent: [
      { type: { coding: [{ code: 'author' }] }, who: { reference: 'Organization/place-one' } },
      { type: { coding: [{ code: 'author' }] }, who: { reference: 'Practitioner/staff-one' } },
    ],
  });
  for (const resource of [
    {
      resourceType: 'Consent',
      id: 'dan-objection',
      status: 'active',
      scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: { reference: 'Patient/dan' },
      policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTOUT' }] },
    } as Resource,
    { resourceType: 'Patient', id: 'dan', name: [{ family: 'Example' }] } as Resource,
    { resourceType: 'Task', id: 'res-gone', status: 'requested', intent: 'order', for: { reference: 'Patient/res' } },
    provenance('of-ada', 'ServiceRequest/ada-request'),
    provenance('of-res', 'ServiceRequest/res-request'),
    provenance('of-res-gone', 'Task/res-gone'),
    provenance('of-both', 'ServiceRequest/ada-request'),
    {
      resourceType: 'List',
      id: 'of-res',
      status: 'current',
      mode: 'working',
      source: { reference: 'Practitioner/staff-one' },
      entry: [{ item: { reference: 'ServiceRequest/res-request' } }],
    },
    {
      resourceType: 'Basic',
      id: 'of-res',
      code: { text: 'mark' },
      author: { reference: 'Practitioner/staff-one' },
      subject: { reference: 'ServiceRequest/res-request' },
    },
    appointment('ada-res', ['ada', 'res'], {
      comment: `At ${WHEREABOUTS.line}`,
      supportingInformation: [{ reference: 'Organization/place-one', display: WHEREABOUTS.practice }],
    }),
    appointment('ada-con', ['ada', 'con']),
    appointment('ada-ben', ['ada', 'ben']),
    group('ada-res', ['ada', 'res'], `People of ${WHEREABOUTS.practice}`),
    group('ada-con', ['ada', 'con'], 'mark-group'),
    group('ada-ben', ['ada', 'ben'], 'mark-group'),
    {
      resourceType: 'Bundle',
      id: 'visits',
      type: 'collection',
      entry: [
        {
          resource: {
            resourceType: 'Encounter',
            status: 'planned',
            class: { code: 'HH' },
            subject: { reference: 'Patient/res' },
            serviceProvider: { display: WHEREABOUTS.practice },
          },
        },
      ],
    },
  ] as Resource[]) {
    const answer = await ask('seeder', 'PUT', `${resource.resourceType}/${resource.id}`, resource);
    expect([resource.id, answer.status, answer.text]).toEqual([resource.id, 201, expect.anything()]);
  }
  expect((await ask('seeder', 'DELETE', 'Task/res-gone')).status).toBe(204);
}, 60_000);
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

function appointment(id: string | undefined, patients: readonly string[], more: object = {}): Resource {
  return {
    resourceType: 'Appointment',
    ...(id === undefined ? {} : { id }),
    status: 'proposed',
    ...more,
    participant: patients.map((patient) => ({
      actor: { reference: `Patient/${patient}` },
      status: 'accepted' as const,
    })),
  };
}

function group(id: string, patients: readonly string[], name: string): Resource {
  const member = patients.map((patient) => ({ entity: { reference: `Patient/${patient}` } }));
  return { resourceType: 'Group', id, type: 'person', actual: true, name, member };
}

const ask = async (client: string, method: string, path: string, body?: unknown) =>
  world.ask(await world.token(client), method, path, body);

async function found(client: string, path: string): Promise<{ total: number | undefined; ids: string[] }> {
  const answer = await ask(client, 'GET', `${path}${path.includes('?') ? '&' : '?'}_total=accurate`);
  expect([path, answer.status]).toEqual([path, 200]);
  const { total, entry = [] } = JSON.parse(answer.text) as Bundle;
  return { total, ids: entry.map(({ resource }) => resource?.id ?? '').sort() };
}

function tells(text: string): string[] {
  return [...Object.values(WHEREABOUTS), 'place-one', 'staff-one'].filter((word) => text.includes(word));
}

describe('what tells of a restricted patient’s record, and is in none', () => {
  it.each([
    ['Provenance?agent=Organization/place-one', ['of-ada', 'of-both']],
    ['Provenance?agent:Organization.name=Willow', ['of-ada', 'of-both']],
    ['Provenance?agent=Practitioner/staff-one&agent-type=author', ['of-ada', 'of-both']],
    ['Provenance?_sort=agent&agent:missing=false', ['of-ada', 'of-both']],
    ['ServiceRequest?_has:Provenance:target:agent=Organization/place-one', ['ada-request']],
    ['ServiceRequest?_has:Provenance:target:agent:Organization.name=Willow', ['ada-request']],
    ['List?source=Practitioner/staff-one', []],
    ['Basic?author=Practitioner/staff-one', []],
  ])('is not found by his practice: %s', async (path, ids) => {
    expect(await found('all', path)).toEqual({ total: ids.length, ids });
  });

  it('is found by what tells nothing, and does not name the practice', async () => {
    expect(await found('all', 'Provenance')).toMatchObject({ total: 4 });
    for (const path of ['Provenance/of-res', 'Provenance/of-res-gone', 'List/of-res', 'Basic/of-res']) {
      const seen = await ask('all', 'GET', path);
      expect([path, seen.status, tells(seen.text)]).toEqual([path, 200, []]);
    }
    expect(tells((await ask('all', 'GET', 'Provenance/of-ada')).text)).toEqual(['place-one', 'staff-one']);
  });
});

describe('a resource that concerns several patients', () => {
  it.each(['related', 'everybody', 'all', 'seeder'])('keeps back the whereabouts of each: %s', async (client) => {
    const seen = await ask(client, 'GET', 'Appointment/ada-res');
    const searched = await ask(client, 'GET', 'Appointment?_id=ada-res');
    expect([seen.status, seen.text.includes('Patient/res'), tells(seen.text)]).toEqual([200, true, []]);
    expect([searched.text.includes('Patient/res'), tells(searched.text)]).toEqual([true, []]);
  });

  it('keeps them back in a Group and in a Bundle', async () => {
    for (const path of ['Group/ada-res', 'Bundle/visits', 'Group/ada-res/_history']) {
      const seen = await ask('all', 'GET', path);
      expect([path, seen.status, tells(seen.text)]).toEqual([path, 200, []]);
    }
  });

  it('is not found by them', async () => {
    expect(await found('all', 'Appointment?supporting-info=Organization/place-one')).toMatchObject({ total: 0 });
    expect(await found('all', 'Appointment?_id=ada-res')).toMatchObject({ total: 1 });
  });

  it('does not let them go by taking the patient out of it', async () => {
    const out = [{ op: 'remove', path: '/participant/1' }];
    expect((await ask('seeder', 'PATCH', 'Appointment/ada-res', out)).status).toBe(403);
    expect(
      (await ask('seeder', 'PATCH', 'Appointment/ada-ben', [{ op: 'test', path: '/id', value: 'ada-ben' }])).status,
    ).toBe(200);
  });

  it.each(['related', 'everybody', 'all'])('is closed where one of them objects: %s', async (client) => {
    const paths = ['Appointment/ada-con', 'Appointment/ada-con/_history', 'Appointment/ada-con/_history/1'];
    for (const path of paths) expect([path, (await ask(client, 'GET', path)).status]).toEqual([path, 404]);
    expect((await found(client, 'Appointment')).ids).not.toContain('ada-con');
    expect(await found(client, 'Appointment?patient=con')).toEqual({ total: 0, ids: [] });
    expect(await found(client, 'Appointment?_id=ada-con')).toEqual({ total: 0, ids: [] });
    expect(await found(client, 'Patient?_id=ada&_has:Appointment:patient:_id=ada-con')).toEqual({ total: 0, ids: [] });
    const everything = await ask(client, 'GET', 'Patient/ada/$everything');
    expect([everything.text.includes('ada-res'), everything.text.includes('ada-con')]).toEqual([true, false]);
  });

  it('is closed where one of them objects, when it is in nobody’s record', async () => {
    expect((await ask('all', 'GET', 'Group/ada-con')).status).toBe(404);
    expect(await found('all', 'Group')).toEqual({ total: 2, ids: ['ada-ben', 'ada-res'] });
    expect(await found('all', 'Group?member=Patient/ada')).toEqual({ total: 2, ids: ['ada-ben', 'ada-res'] });
  });

  it('is open to those who are related to each of them', async () => {
    expect((await ask('related', 'GET', 'Appointment/ada-ben')).status).toBe(404);
    expect(await found('related', 'Appointment')).toEqual({ total: 1, ids: ['ada-res'] });
    expect(await found('everybody', 'Appointment')).toEqual({ total: 2, ids: ['ada-ben', 'ada-res'] });
  });

  it('is not opened by a token for one of them', async () => {
    expect((await ask('launched', 'GET', 'Appointment/ada-ben')).status).toBe(404);
    expect(await found('launched', 'Appointment')).toEqual({ total: 0, ids: [] });
  });

  it('is written by those who are related to each of them', async () => {
    const made = (...patients: string[]) => ask('related', 'POST', 'Appointment', appointment(undefined, patients));
    expect([(await made('ada', 'ben')).status, (await made('ada', 'res')).status]).toEqual([403, 201]);
  });

  it('is as closed where it refers to what is not there as to what is in a closed record', async () => {
    for (const client of ['related', 'launched']) {
      const statusOf = async (id: string): Promise<number> =>
        (await ask(client, 'POST', 'Composition', about(`ServiceRequest/${id}`))).status;
      expect([await statusOf('ben-request'), await statusOf('not-there')]).toEqual([403, 403]);
      expect(await statusOf('ada-request')).toBe(201);
      const made = { ...about('Organization/not-there'), id: undefined };
      expect((await ask(client, 'POST', 'Composition', made)).status).toBe(201);
    }
    for (const [id, reference] of [
      ['of-ben', 'ServiceRequest/ben-request'],
      ['of-none', 'ServiceRequest/not-there'],
    ] as const) {
      expect((await ask('seeder', 'PUT', `Composition/${id}`, { ...about(reference), id })).status).toBe(201);
      expect((await ask('related', 'GET', `Composition/${id}`)).status).toBe(404);
      expect(await found('related', `Composition?_id=${id}`)).toEqual({ total: 0, ids: [] });
    }
  });

  it('is open with what the same transaction writes', async () => {
    const entry = [
      {
        fullUrl: 'urn:uuid:0b6f1c7e-3f43-4f0e-9a0e-000000000001',
        resource: {
          resourceType: 'ServiceRequest',
          status: 'active',
          intent: 'order',
          subject: { reference: 'Patient/ada' },
        },
        request: { method: 'POST', url: 'ServiceRequest' },
      },
      {
        resource: about('urn:uuid:0b6f1c7e-3f43-4f0e-9a0e-000000000001'),
        request: { method: 'POST', url: 'Composition' },
      },
    ];
    const answer = await ask('related', 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('Composition/')]);
  });

  it('is sent to nobody whom one of them keeps it from', async () => {
    const sent = async (patients: readonly string[]): Promise<number> => {
      const before = await world.gateway.store.deliveries({ partner: 'stockport-equipment' });
      const body = appointment(undefined, patients, { status: 'booked', start: NOW, end: NOW });
      expect((await ask('seeder', 'POST', 'Appointment', body)).status).toBe(201);
      const after = await world.gateway.store.deliveries({ partner: 'stockport-equipment' });
      return after.length - before.length;
    };
    expect([await sent(['ada']), await sent(['ada', 'dan'])]).toEqual([1, 0]);
  });
});

const NOW = '2026-03-02T10:00:00Z';

/** A document about Ada that lists something else. */
const about = (reference: string): Resource => ({
  resourceType: 'Composition',
  status: 'final',
  type: { text: 'summary' },
  subject: { reference: 'Patient/ada' },
  date: NOW,
  author: [{ display: 'somebody' }],
  title: 'summary',
  section: [{ title: 'requests', entry: [{ reference }] }],
});

describe('the audit of what concerned several patients', () => {
  it('names of the resources of each patient those alone, and nobody’s', async () => {
    await ask('all', 'GET', 'ServiceRequest/_history');
    await ask('all', 'GET', '_history?_count=200');
    await ask('all', 'POST', 'Patient/$match', {
      resourceType: 'Parameters',
      parameter: [
        { name: 'resource', resource: { resourceType: 'Patient', birthDate: '1950-02-03', gender: 'female' } },
      ],
    });
    // An access is in the audit within 100 ms of its answer.
    await setTimeout(300);
    const events = await world.gateway.store.audit({ limit: 1000 });
    let looked = 0;
    for (const { content, patient } of events) {
      const { entity = [], action } = JSON.parse(content) as {
        entity?: { what?: { reference?: string } }[];
        action: string;
      };
      if (patient === null || action === 'C' || action === 'U') continue;
      for (const { what } of entity) {
        const [type = '', id = ''] = what?.reference?.split('/') ?? [];
        const stored = id === '' ? undefined : await world.gateway.store.read(type, id);
        if (stored === undefined) continue;
        looked += 1;
        expect([type, id, stored.patient ?? patient]).toEqual([type, id, patient]);
      }
    }
    expect(looked).toBeGreaterThan(20);
  });
});
