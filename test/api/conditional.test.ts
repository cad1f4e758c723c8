import type { Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, NHS_NUMBER, outcomeOf, person, send } from './support.ts';

let test: TestGateway;
const numbers = testNhsNumbers(40);
const nextNumber = (): string => numbers.pop() ?? '';
const LOCAL = 'https://stockport.example/Id/local';
const by = (value: string, system = LOCAL): string => `identifier=${encodeURIComponent(`${system}|${value}`)}`;
const organisation = (value: string, more = {}): object => ({
  resourceType: 'Organization',
  identifier: [{ system: LOCAL, value }],
  name: 'A charity',
  ...more,
});
const countOf = async (value: string): Promise<number> =>
  (await test.gateway.store.findByIdentifier('Organization', { system: LOCAL, value })).length;

beforeAll(async () => {
  test = await startTestGateway(
    {},
    {
      clients: {
        ...CLIENTS,
        creator: ['system/Organization.c'],
        'finding-creator': ['system/Organization.cs'],
        updater: ['system/Organization.u', 'system/Patient.u'],
        deleter: ['system/Organization.d'],
      },
    },
  );
});
afterAll(() => test.stop());

describe('conditional create (https://hl7.org/fhir/R4/http.html#ccreate)', () => {
  const post = (value: string, condition: string, client = 'everything'): Promise<Response> =>
    send(test, 'POST', 'Organization', organisation(value), { 'If-None-Exist': condition }, client);

  it('creates where nothing matches, and gives the one match as it is', async () => {
    const first = await post('c1', by('c1'));
    expect(first.status).toBe(201);
    const made = await first.json();
    const second = await post('c1', `?${by('c1')}`);
    expect([second.status, await second.json()]).toEqual([200, made]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    const third = await post('c1', `Organization?${by('c1')}`);
    expect([third.status, third.headers.get('etag')]).toEqual([200, 'W/"1"']);
  });

  it('answers 412 where several match, and creates nothing', async () => {
    for (let time = 0; time < 2; time += 1) await send(test, 'POST', 'Organization', organisation('c2'));
    const answer = await outcomeOf(await post('c2', by('c2')));
    expect([answer.status, answer.code]).toEqual([412, 'multiple-matches']);
    expect(await countOf('c2')).toBe(2);
  });

  it('makes exactly one of fifty at once, and gives it to all of them', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => post('c3', by('c3'))));
    expect(all.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 49 }, () => 200), 201]);
    const ids = await Promise.all(all.map(async (one) => ((await one.json()) as { id: string }).id));
    expect(new Set(ids).size).toBe(1);
    expect(await countOf('c3')).toBe(1);
  });

  it('makes exactly one of fifty people at once', async () => {
    const number = nextNumber();
    const all = await Promise.all(
      Array.from({ length: 50 }, () =>
        send(test, 'POST', 'Patient', person(number, 'Fielden'), { 'If-None-Exist': by(number, NHS_NUMBER) }),
      ),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 49 }, () => 200), 201]);
  });

  it('answers 409 where the condition finds none, but another holds an NHS number of the resource', async () => {
    const number = nextNumber();
    await created(test, person(number, 'Garside'));
    const response = await send(test, 'POST', 'Patient', person(number, 'Other'), { 'If-None-Exist': by('nobody') });
    const answer = await outcomeOf(response);
    expect([answer.status, answer.code]).toEqual([409, 'identifier-conflict']);
  });

  it('refuses a condition that is empty, unknown, or about the answer, and creates nothing', async () => {
    for (const condition of [
      '',
      '?',
      '_format=json',
      'identifer=x',
      '_count=1',
      'identifier=',
      'Patient?identifier=x',
    ]) {
      const answer = await outcomeOf(await post('c4', condition));
      expect([condition, answer.status]).toEqual([condition, 400]);
    }
    expect(await countOf('c4')).toBe(0);
  });

  it('needs the scope s as well, because it tells whether there is one; and r, to be given it', async () => {
    expect((await outcomeOf(await post('c5', by('c5'), 'creator'))).code).toBe('scope-insufficient');
    expect((await post('c5', by('c5'), 'finding-creator')).status).toBe(201);
    const again = await post('c5', by('c5'), 'finding-creator');
    expect([again.status, await again.text()]).toEqual([200, '']);
  });
});

describe('conditional update (https://hl7.org/fhir/R4/http.html#cond-update)', () => {
  const put = (value: string, more = {}, headers = {}, client = 'everything'): Promise<Response> =>
    send(test, 'PUT', `Organization?${by(value)}`, organisation(value, more), headers, client);

  it('creates where nothing matches and updates the one match', async () => {
    const first = await put('u1');
    expect(first.status).toBe(201);
    const { id } = (await first.json()) as { id: string };
    const second = await put('u1', { active: true });
    expect([second.status, second.headers.get('etag')]).toEqual([200, 'W/"2"']);
    expect(await second.json()).toMatchObject({ id, active: true });
  });

  it('creates under the id of the body, where there is one and it is free', async () => {
    const first = await put('u2', { id: 'their-charity' });
    expect([first.status, ((await first.json()) as { id: string }).id]).toEqual([201, 'their-charity']);
    const taken = await outcomeOf(await put('u3', { id: 'their-charity' }));
    expect([taken.status, taken.code]).toEqual([400, 'id-mismatch']);
  });

  it('answers 400 where the body has another id than the match, and 412 where several match', async () => {
    await put('u4');
    const other = await outcomeOf(await put('u4', { id: 'another' }));
    expect([other.status, other.code]).toEqual([400, 'id-mismatch']);
    await send(test, 'POST', 'Organization', organisation('u4'));
    const several = await outcomeOf(await put('u4'));
    expect([several.status, several.code]).toEqual([412, 'multiple-matches']);
  });

  it('heeds If-Match', async () => {
    await put('u5');
    expect((await put('u5', {}, { 'If-Match': 'W/"9"' })).status).toBe(412);
    expect((await put('u5', {}, { 'If-Match': 'W/"1"' })).status).toBe(200);
    expect((await put('u6', {}, { 'If-Match': 'W/"1"' })).status).toBe(412);
  });

  it('makes one resource of twenty at once', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => put('u7')));
    expect(all.filter(({ status }) => status === 201).length).toBe(1);
    expect(all.every(({ status }) => [200, 201, 409].includes(status))).toBe(true);
    expect(await countOf('u7')).toBe(1);
  });

  it('without any condition is refused, and so is one without the scope s', async () => {
    const none = await outcomeOf(await send(test, 'PUT', 'Organization', organisation('u8')));
    expect([none.status, none.code]).toEqual([400, 'parameter-invalid']);
    expect((await put('u8', {}, {}, 'updater')).status).toBe(403);
  });
});

describe('conditional delete (https://hl7.org/fhir/R4/http.html#cdelete)', () => {
  const remove = (query: string, client = 'everything'): Promise<Response> =>
    send(test, 'DELETE', `Organization?${query}`, undefined, {}, client);

  it('deletes the one match, and nothing where nothing matches', async () => {
    const made = await send(test, 'POST', 'Organization', organisation('d1'));
    const { id } = (await made.json()) as { id: string };
    expect((await remove(by('d1'))).status).toBe(204);
    expect((await test.gateway.store.read('Organization', id))?.deleted).toBe(true);
    expect((await remove(by('d1'))).status).toBe(204);
  });

  it('answers 412 where several match, and deletes none of them', async () => {
    for (let time = 0; time < 2; time += 1) await send(test, 'POST', 'Organization', organisation('d2'));
    expect((await outcomeOf(await remove(by('d2')))).code).toBe('multiple-matches');
    expect(await countOf('d2')).toBe(2);
  });

  it('without a condition, or with a misspelt one, deletes nothing', async () => {
    await send(test, 'POST', 'Organization', organisation('d3'));
    for (const query of ['', '_format=json', 'identifer=x', '_count=1']) {
      expect([query, (await remove(query)).status]).toEqual([query, 400]);
    }
    expect(await countOf('d3')).toBe(1);
    expect((await remove(by('d3'), 'deleter')).status).toBe(403);
  });

  it('that looks through a reference needs the scope for what it looks into', async () => {
    const response = await send(
      test,
      'PUT',
      'Patient?organization.identifier=x',
      person(nextNumber(), 'X'),
      {},
      'updater',
    );
    expect(response.status).toBe(403);
  });
});

describe('JSON Patch (https://hl7.org/fhir/R4/http.html#patch)', () => {
  const TYPE = { 'Content-Type': 'application/json-patch+json' };
  const iris = (): Promise<Patient & { id: string }> => created(test, person(nextNumber(), 'Ashworth'));
  const patch = (id: string, operations: unknown, headers = {}, client = 'everything'): Promise<Response> =>
    send(test, 'PATCH', `Patient/${id}`, operations, { ...TYPE, ...headers }, client);

  it('changes what it names, as a new version', async () => {
    const before = await iris();
    const response = await patch(before.id, [
      { op: 'test', path: '/name/0/family', value: 'Ashworth' },
      { op: 'replace', path: '/name/0/family', value: 'Bleasdale' },
      { op: 'add', path: '/active', value: true },
      { op: 'add', path: '/name/0/given/-', value: 'May' },
      { op: 'remove', path: '/birthDate' },
    ]);
    expect([response.status, response.headers.get('etag')]).toEqual([200, 'W/"2"']);
    const { birthDate: _gone, meta: _meta, ...rest } = before;
    const { meta: _after, ...after } = (await response.json()) as Patient;
    expect(after).toEqual({ ...rest, active: true, name: [{ family: 'Bleasdale', given: ['Iris', 'May'] }] });
  });

  it('is all or nothing', async () => {
    const before = await iris();
    const answer = await outcomeOf(
      await patch(before.id, [
        { op: 'add', path: '/active', value: true },
        { op: 'test', path: '/name/0/family', value: 'Somebody' },
      ]),
    );
    expect([answer.status, answer.code]).toEqual([422, 'patch-failed']);
    expect(answer.text).toContain('operation 2');
    expect(answer.text).not.toContain('Ashworth');
    expect((await test.gateway.store.read('Patient', before.id))?.version).toBe(1);
  });

  it.each([
    ['that leads nowhere', { op: 'remove', path: '/telecom/0' }, 422],
    ['beyond the end of a list', { op: 'add', path: '/name/5', value: {} }, 422],
    ['at no index of a list', { op: 'add', path: '/name/first', value: {} }, 422],
    ['into a text', { op: 'add', path: '/birthDate/0', value: 'x' }, 422],
    ['of the whole', { op: 'replace', path: '', value: { resourceType: 'Patient' } }, 422],
    ['of the type', { op: 'replace', path: '/resourceType', value: 'Group' }, 400],
    ['of the id', { op: 'replace', path: '/id', value: 'another' }, 400],
    ['into JavaScript', { op: 'add', path: '/__proto__/polluted', value: true }, 422],
    ['of a constructor', { op: 'add', path: '/constructor/prototype/polluted', value: true }, 422],
    ['that makes it invalid', { op: 'replace', path: '/gender', value: 'lady' }, 422],
    ['into itself', { op: 'move', from: '/name', path: '/name/0/x' }, 400],
    ['without a value', { op: 'add', path: '/active' }, 400],
    ['without from', { op: 'copy', path: '/active' }, 400],
    ['of no kind', { op: 'merge', path: '/active', value: true }, 400],
    ['with no pointer', { op: 'remove', path: 'active' }, 400],
    ['that is none', 7, 400],
  ])('refuses an operation %s', async (_what, operation, status) => {
    const before = await iris();
    expect((await patch(before.id, [operation])).status).toBe(status);
    expect((await test.gateway.store.read('Patient', before.id))?.version).toBe(1);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('cannot be made to grow without bound', async () => {
    const before = await iris();
    const double = Array.from({ length: 60 }, () => ({ op: 'copy', from: '/name', path: '/name/-' }));
    const answer = await outcomeOf(await patch(before.id, double));
    expect([answer.status, answer.code]).toEqual([422, 'patch-failed']);
  });

  it('takes nothing else for a JSON Patch', async () => {
    const before = await iris();
    for (const body of [{}, [], 'x', null]) expect((await patch(before.id, body)).status).toBe(400);
    const operations = [{ op: 'remove', path: '/birthDate' }];
    for (const [type, status] of [
      ['application/fhir+json', 422],
      ['application/xml-patch+xml', 415],
      ['text/plain', 415],
    ] as const) {
      const wrong = await outcomeOf(await patch(before.id, operations, { 'Content-Type': type }));
      expect([type, wrong.status]).toEqual([type, status]);
    }
  });

  it('answers 404, 410 and 412 as an update does, and takes a condition', async () => {
    const before = await iris();
    const operations = [{ op: 'add', path: '/active', value: true }];
    expect((await patch('never', operations)).status).toBe(404);
    expect((await patch(before.id, operations, { 'If-Match': 'W/"3"' })).status).toBe(412);
    expect((await patch(before.id, operations, { 'If-Match': 'W/"1"' })).status).toBe(200);
    const number = before.identifier?.[0]?.value ?? '';
    expect((await send(test, 'PATCH', `Patient?${by(number, NHS_NUMBER)}`, operations, TYPE)).status).toBe(200);
    await send(test, 'DELETE', `Patient/${before.id}`);
    expect((await patch(before.id, operations)).status).toBe(410);
    expect((await send(test, 'PATCH', `Patient?${by(number, NHS_NUMBER)}`, operations, TYPE)).status).toBe(404);
  });

  it('with the scope u alone changes, but neither tests nor shows', async () => {
    const before = await iris();
    const blind = await patch(before.id, [{ op: 'add', path: '/active', value: true }], {}, 'updater');
    expect([blind.status, await blind.text()]).toEqual([200, '']);
    const probe = await patch(before.id, [{ op: 'test', path: '/name/0/family', value: 'Ashworth' }], {}, 'updater');
    expect((await outcomeOf(probe)).code).toBe('scope-insufficient');
  });
});
