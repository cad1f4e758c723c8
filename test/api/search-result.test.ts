import type { Bundle, CarePlan, List, Observation, OperationOutcome, Patient, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, outcomeOf, person, send } from './support.ts';

let test: TestGateway;
let kershaw: Patient & { id: string };
let lomax: Patient & { id: string };
let team: Resource & { id: string };
let plans: (CarePlan & { id: string })[];
const numbers = testNhsNumbers(10);

beforeAll(async () => {
  test = await startTestGateway({}, { clients: { ...CLIENTS, planner: ['system/CarePlan.rs', 'system/CareTeam.rs'] } });
  kershaw = await created(test, person(numbers.pop() ?? '', 'Kershaw', { gender: 'female', photo: [{ title: 'a' }] }));
  lomax = await created(test, person(numbers.pop() ?? '', 'Lomax'));
  team = await created(test, {
    resourceType: 'CareTeam',
    status: 'active',
    subject: { reference: `Patient/${kershaw.id}` },
  });
  plans = [];
  for (const subject of [kershaw, kershaw, lomax]) {
    plans.push(
      await created<CarePlan>(test, {
        resourceType: 'CarePlan',
        status: 'active',
        intent: 'plan',
        title: 'Getting home',
        text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Getting home</div>' },
        subject: { reference: `Patient/${subject.id}` },
        careTeam: [{ reference: `CareTeam/${team.id}` }],
        activity: [{ detail: { status: 'not-started', description: 'Stair rail' } }],
      }),
    );
  }
  await created(test, {
    resourceType: 'Provenance',
    target: [{ reference: `CarePlan/${plans[0]?.id}` }],
    recorded: '2026-04-14T09:00:00Z',
    agent: [{ who: { display: 'A nurse' } }],
  });
});
afterAll(() => test.stop());

async function search(path: string, client = 'everything', headers: Record<string, string> = {}): Promise<Bundle> {
  const response = await test.request(client, `/fhir/${path}`, { headers });
  const body = (await response.json()) as Bundle;
  expect([path, response.status], JSON.stringify(body)).toEqual([path, 200]);
  return body;
}

const entriesOf = ({ entry }: Bundle): (string | undefined)[] =>
  (entry ?? []).map(({ search: found, resource }) => `${found?.mode} ${resource?.resourceType}/${resource?.id}`);
const sentence = (bundle: Bundle): string =>
  JSON.stringify((bundle.entry ?? []).filter(({ search: found }) => found?.mode === 'outcome'));

describe('_include (https://hl7.org/fhir/R4/search.html#include)', () => {
  it('brings what the matches refer to, each once, after the matches', async () => {
    const bundle = await search('CarePlan?_include=CarePlan:subject&_include=CarePlan:care-team:CareTeam');
    expect(entriesOf(bundle).slice(0, 3)).toEqual(plans.map(({ id }) => `match CarePlan/${id}`));
    expect(entriesOf(bundle).slice(3).sort()).toEqual(
      [`CareTeam/${team.id}`, `Patient/${kershaw.id}`, `Patient/${lomax.id}`].map((name) => `include ${name}`).sort(),
    );
    expect(bundle.entry?.map(({ fullUrl }) => fullUrl)).toContain(`${test.gateway.baseUrl}/fhir/Patient/${lomax.id}`);
  });

  it('brings only the type that is named, and counts the matches alone', async () => {
    const bundle = await search('CarePlan?_include=CarePlan:subject:Group&_total=accurate');
    expect([bundle.total, bundle.entry?.length]).toEqual([3, 3]);
  });

  it('brings nothing of a type that the token may not search, and says so', async () => {
    const bundle = await search('CarePlan?_include=CarePlan:subject&_include=CarePlan:care-team', 'planner');
    expect(JSON.stringify(bundle)).not.toContain('Kershaw');
    expect(entriesOf(bundle).filter((one) => one?.startsWith('include'))).toEqual([`include CareTeam/${team.id}`]);
    expect(sentence(bundle)).toContain('Patient is not included. This search needs the scope system/Patient.s.');
  });

  it.each(['_include=CarePlan:*', '_include=*'])('brings by %s whatever the matches refer to', async (query) => {
    const bundle = await search(`CarePlan?_id=${plans[2]?.id}&${query}`);
    expect(entriesOf(bundle).slice(1).sort()).toEqual([`include CareTeam/${team.id}`, `include Patient/${lomax.id}`]);
  });

  it('goes on by :iterate from what it brings, and brings a circle once', async () => {
    const [whole, part] = [crypto.randomUUID(), crypto.randomUUID()];
    const organisation = (id: string, partOf: string): Promise<Response> =>
      send(test, 'PUT', `Organization/${id}`, {
        resourceType: 'Organization',
        id,
        name: 'A practice',
        partOf: { reference: `Organization/${partOf}` },
      });
    await organisation(whole, part);
    await organisation(part, whole);
    const registered = await created(
      test,
      person(numbers.pop() ?? '', 'Nadeem', { generalPractitioner: [{ reference: `Organization/${part}` }] }),
    );
    const plan = await created<CarePlan>(test, {
      resourceType: 'CarePlan',
      status: 'draft',
      intent: 'plan',
      subject: { reference: `Patient/${registered.id}` },
    });
    const one = `CarePlan?_id=${plan.id}&_include=CarePlan:subject`;
    const further = '&_include:iterate=Patient:general-practitioner';
    expect(entriesOf(await search(one + further))).toEqual([
      `match CarePlan/${plan.id}`,
      `include Patient/${registered.id}`,
      `include Organization/${part}`,
    ]);
    const circle = await search(`${one}${further}&_include:iterate=Organization:partof`);
    expect(entriesOf(circle).sort()).toEqual([
      ...[whole, part].map((id) => `include Organization/${id}`).sort(),
      `include Patient/${registered.id}`,
      `match CarePlan/${plan.id}`,
    ]);
    const back = await search(
      `Organization?_id=${whole}&_revinclude:iterate=Organization:partof&_revinclude:iterate=Patient:general-practitioner`,
    );
    expect(entriesOf(back)).toEqual([
      `match Organization/${whole}`,
      `include Organization/${part}`,
      `include Patient/${registered.id}`,
    ]);
    await test.request('everything', `/fhir/CarePlan/${plan.id}`, { method: 'DELETE' });
  });

  it('takes a bounded number of steps by :iterate, and says that there is more', async () => {
    const steps = Array.from({ length: LIMITS.searchIterationsMax + 3 }, (_, step) => `step-${step}`);
    for (const [at, id] of steps.entries()) {
      await send(test, 'PUT', `Organization/${id}`, {
        resourceType: 'Organization',
        id,
        name: 'One above the other',
        ...(at === 0 ? {} : { partOf: { reference: `Organization/${steps[at - 1]}` } }),
      });
    }
    const bundle = await search(`Organization?_id=${steps.at(-1)}&_include:iterate=Organization:partof`);
    expect(entriesOf(bundle).filter((one) => one?.startsWith('include')).length).toBe(LIMITS.searchIterationsMax);
    expect(sentence(bundle)).toContain('fields-too-many');
  });

  it('of what has been deleted brings nothing', async () => {
    const gone = await created(test, person(numbers.pop() ?? '', 'Moss'));
    const plan = await created<CarePlan>(test, {
      resourceType: 'CarePlan',
      status: 'draft',
      intent: 'plan',
      subject: { reference: `Patient/${gone.id}` },
    });
    await test.request('everything', `/fhir/Patient/${gone.id}`, { method: 'DELETE' });
    expect(entriesOf(await search(`CarePlan?_id=${plan.id}&_include=CarePlan:subject`))).toEqual([
      `match CarePlan/${plan.id}`,
    ]);
    await test.request('everything', `/fhir/CarePlan/${plan.id}`, { method: 'DELETE' });
  });

  it('brings no more than its bound, and says that there is more', async () => {
    const people = Array.from({ length: LIMITS.searchIncludesMax + 10 }, (_, index) => ({
      resource: { resourceType: 'Practitioner', id: `p${index}`, active: true },
      request: { method: 'PUT', url: `Practitioner/p${index}` },
    }));
    await send(test, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: people });
    const list = await created<List>(test, {
      resourceType: 'List',
      status: 'current',
      mode: 'working',
      entry: people.map(({ request }) => ({ item: { reference: request.url } })),
    });
    const bundle = await search(`List?_id=${list.id}&_include=List:item`);
    expect(entriesOf(bundle).filter((one) => one?.startsWith('include')).length).toBe(LIMITS.searchIncludesMax);
    expect(sentence(bundle)).toContain('fields-too-many');
    const reversed = await search(`Practitioner?active=true&_count=200&_revinclude=List:item`);
    expect(entriesOf(reversed).at(-1)).toBe(`include List/${list.id}`);
  });

  it.each([
    '_include=CarePlan:title',
    '_include=CarePlan:status',
    '_include=CarePlan:nonsense',
    '_include=CarePlan',
    '_include=Nonsense:subject',
    '_include=Patient:organization',
    '_include=CarePlan:subject:Organization',
    '_include=CarePlan:subject:Patient:more',
    '_include=Patient:*',
    '_include=Nonsense:*',
    '_include:recurse=CarePlan:subject',
    '_include:repeat=CarePlan:subject',
    '_include:iterate=Nonsense:subject',
    '_revinclude=*',
    '_revinclude=Provenance:*',
    '_revinclude=CareTeam:participant',
    '_revinclude=Provenance:recorded',
  ])('refuses %s', async (query) => {
    expect((await outcomeOf(await test.request('everything', `/fhir/CarePlan?${query}`))).status).toBe(400);
  });
});

describe('_revinclude (https://hl7.org/fhir/R4/search.html#revinclude)', () => {
  it('brings what refers to the matches', async () => {
    const bundle = await search(`CarePlan?_id=${plans[0]?.id},${plans[1]?.id}&_revinclude=Provenance:target`);
    expect(bundle.entry?.map(({ resource, search: found }) => [found?.mode, resource?.resourceType])).toEqual([
      ['match', 'CarePlan'],
      ['match', 'CarePlan'],
      ['include', 'Provenance'],
    ]);
    const people = await search(`Patient?_id=${lomax.id}&_revinclude=CarePlan:patient`);
    expect(entriesOf(people)).toEqual([`match Patient/${lomax.id}`, `include CarePlan/${plans[2]?.id}`]);
  });

  it('brings nothing of a type that the token may not search, and says so', async () => {
    const bundle = await search(`CarePlan?_id=${plans[0]?.id}&_revinclude=Provenance:target`, 'planner');
    expect(JSON.stringify(bundle)).not.toContain('A nurse');
    expect(sentence(bundle)).toContain('system/Provenance.s');
  });

  it('puts whose records it brought into the audit', async () => {
    const correlation = crypto.randomUUID();
    await search('CareTeam?_revinclude=CarePlan:care-team', 'everything', { 'X-Correlation-Id': correlation });
    const about = (await test.gateway.store.audit({ limit: 1000 })).filter(({ content }) =>
      content.includes(correlation),
    );
    const told = about.map(({ content }) => content).join();
    for (const { id } of [kershaw, lomax]) expect(told).toContain(`Patient/${id}`);
  });
});

describe('a chain', () => {
  it('needs the scope for what it looks into', async () => {
    const path = '/fhir/CarePlan?subject:Patient.family=kershaw';
    expect((await outcomeOf(await test.request('planner', path))).code).toBe('scope-insufficient');
    expect((await test.request('everything', path)).status).toBe(200);
  });

  it.each(['_has:Patient:organization:family=k', '_has:List:subject:item:Task.status=draft'])(
    'and %s need the scope for what they look into, and so does every hop of them',
    async (name) => {
      const type = name.includes('organization') ? 'Organization' : 'Patient';
      const path = `/fhir/${type}?${name}`;
      expect((await outcomeOf(await test.request('planner', path))).code).toBe('scope-insufficient');
      expect((await test.request('everything', path)).status).toBe(200);
    },
  );
});

describe('_summary and _elements (https://hl7.org/fhir/R4/search.html#summary)', () => {
  const only = async (query: string): Promise<CarePlan> => {
    const bundle = await search(`CarePlan?_id=${plans[0]?.id}&${query}`);
    return bundle.entry?.[0]?.resource as CarePlan;
  };
  const mandatory = ['resourceType', 'id', 'meta', 'status', 'intent', 'subject'];

  it('count gives the total and no entries', async () => {
    expect(await search('CarePlan?_summary=count')).toMatchObject({ total: 3 });
    expect((await search('CarePlan?_summary=count')).entry).toBeUndefined();
  });

  it.each([
    ['_summary=true', [...mandatory, 'title']],
    ['_summary=text', [...mandatory, 'text']],
    ['_summary=data', [...mandatory, 'title', 'careTeam', 'activity']],
    ['_summary=false', [...mandatory, 'title', 'text', 'careTeam', 'activity']],
    ['_elements=activity', [...mandatory, 'activity']],
    ['_elements=id,title', [...mandatory, 'title']],
  ])('%s gives these elements, and a valid resource', async (query, elements) => {
    const resource = await only(query);
    expect(Object.keys(resource).sort()).toEqual([...elements].sort());
    const tags = resource.meta?.tag?.map(({ code }) => code);
    expect(tags).toEqual(query === '_summary=false' ? undefined : ['SUBSETTED']);
    expect(createValidator({ definitions: openDefinitions() }).validate(resource)).toEqual([]);
  });

  it('names a choice without its type, and takes what belongs to an element with it', async () => {
    const made = await created<Observation>(test, {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'Weight' },
      valueQuantity: { value: 71.5, unit: 'kg' },
      note: [{ text: 'x' }],
    });
    const bundle = await search(`Observation?_id=${made.id}&_elements=value`);
    expect(Object.keys(bundle.entry?.[0]?.resource ?? {}).sort()).toEqual(
      ['resourceType', 'id', 'meta', 'status', 'code', 'valueQuantity'].sort(),
    );
  });

  it('leaves what is included whole', async () => {
    const bundle = await search(`CarePlan?_id=${plans[0]?.id}&_include=CarePlan:subject&_elements=title`);
    expect(bundle.entry?.[1]?.resource).toEqual(kershaw);
  });

  it.each([
    '_summary=yes',
    '_elements=nonsense',
    '_elements=',
    '_summary=true&_elements=id',
    '_summary=true&_summary=text',
  ])('refuses %s', async (query) => {
    expect((await outcomeOf(await test.request('everything', `/fhir/CarePlan?${query}`))).status).toBe(400);
  });
});

describe('handling (https://hl7.org/fhir/R4/search.html#errors)', () => {
  const lenient = { Prefer: 'handling=lenient' };

  it('is strict unless lenient is asked for', async () => {
    for (const headers of [{}, { Prefer: 'handling=strict' }, { Prefer: 'handling=whatever' }]) {
      const response = await test.request('everything', '/fhir/CarePlan?pateint=x', {
        headers: headers as Record<string, string>,
      });
      expect((await outcomeOf(response)).code).toBe('parameter-unknown');
    }
  });

  it('lenient passes over what is unknown or not available, and says so in the answer and in the self link', async () => {
    const bundle = await search(`CarePlan?pateint=x&_text=y&_revinclude=*&_id=${plans[0]?.id}`, 'everything', lenient);
    expect(entriesOf(bundle).slice(0, 1)).toEqual([`match CarePlan/${plans[0]?.id}`]);
    const outcome = bundle.entry?.[1];
    expect(outcome?.search?.mode).toBe('outcome');
    const issues = (outcome?.resource as OperationOutcome | undefined)?.issue ?? [];
    expect(issues.map(({ severity, details }) => [severity, details?.coding?.[0]?.code])).toEqual([
      ['warning', 'parameter-unknown'],
      ['warning', 'parameter-unsupported'],
      ['warning', 'parameter-unsupported'],
    ]);
    expect(issues[0]?.diagnostics).toContain('Is patient meant?');
    expect(bundle.link?.[0]?.url).toBe(`${test.gateway.baseUrl}/fhir/CarePlan?_id=${plans[0]?.id}`);
  });

  it('lenient takes no wrong value, and what it passed over is not in the audit', async () => {
    const wrong = await test.request('everything', '/fhir/CarePlan?date=yesterday', { headers: lenient });
    expect((await outcomeOf(wrong)).code).toBe('parameter-invalid');
    const correlation = crypto.randomUUID();
    await search('CarePlan?Kershaw=1', 'everything', { ...lenient, 'X-Correlation-Id': correlation });
    const trail = (await test.gateway.store.audit({ limit: 1000 })).find(({ content }) =>
      content.includes(correlation),
    );
    const event = JSON.parse(trail?.content ?? '{}') as { entity: { query?: string }[] };
    const query = event.entity.map((one) => Buffer.from(one.query ?? '', 'base64').toString()).join('');
    expect(query).toBe('CarePlan?');
  });
});
