import type { Bundle, Parameters, Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { created, NHS_NUMBER, outcomeOf, person, send } from './support.ts';

let test: TestGateway;
const numbers = testNhsNumbers(20);
beforeAll(async () => {
  const clients = { everything: ['system/*.cruds'], updater: ['system/Patient.u'] };
  test = await startTestGateway({}, { clients });
});
afterAll(() => test.stop());

const iris = (): Promise<Patient & { id: string }> => created(test, person(numbers.pop() ?? '', 'Ashworth'));

/** Operations as Parameters; the rest of `value` is its value[x]. */
function fhirPathPatch(...operations: { type: string; path: string; name?: string; value?: object }[]): Parameters {
  return {
    resourceType: 'Parameters',
    parameter: operations.map(({ type, path, name, value }) => ({
      name: 'operation',
      part: [
        { name: 'type', valueCode: type },
        { name: 'path', valueString: path },
        ...(name === undefined ? [] : [{ name: 'name', valueString: name }]),
        ...(value === undefined ? [] : [{ name: 'value', ...value }]),
      ],
    })),
  };
}

const replaceFamily = fhirPathPatch({
  type: 'replace',
  path: "Patient.name.where(family = 'Ashworth').family",
  value: { valueString: 'Barlow' },
});

describe('FHIRPath Patch over HTTP (https://hl7.org/fhir/R4/http.html#patch)', () => {
  it('changes what it names, as a new version', async () => {
    const before = await iris();
    const response = await send(test, 'PATCH', `Patient/${before.id}`, replaceFamily);
    expect([response.status, response.headers.get('etag')]).toEqual([200, 'W/"2"']);
    expect(await response.json()).toMatchObject({
      name: [{ family: 'Barlow', given: ['Iris'] }],
      birthDate: before.birthDate,
      meta: { versionId: '2' },
    });
  });

  it('heeds If-Match, and a condition in place of an id', async () => {
    const before = await iris();
    const mismatch = await send(test, 'PATCH', `Patient/${before.id}`, replaceFamily, { 'If-Match': 'W/"7"' });
    expect(mismatch.status).toBe(412);
    const condition = `identifier=${NHS_NUMBER}|${before.identifier?.[0]?.value}`;
    const response = await send(test, 'PATCH', `Patient?${condition}`, replaceFamily, { 'If-Match': 'W/"1"' });
    expect(await response.json()).toMatchObject({ id: before.id, meta: { versionId: '2' } });
    expect((await send(test, 'PATCH', 'Patient?identifier=x|none', replaceFamily)).status).toBe(404);
  });

  it('is all or nothing, and what comes of it must be valid', async () => {
    const before = await iris();
    const half = fhirPathPatch(
      { type: 'delete', path: 'Patient.birthDate' },
      { type: 'replace', path: 'Patient.photo', value: { valueAttachment: { title: 'x' } } },
    );
    const failed = await outcomeOf(await send(test, 'PATCH', `Patient/${before.id}`, half));
    expect([failed.status, failed.code]).toEqual([422, 'patch-failed']);
    const invalid = fhirPathPatch({ type: 'add', path: 'Patient', name: 'gender', value: { valueCode: 'nonsense' } });
    const refused = await outcomeOf(await send(test, 'PATCH', `Patient/${before.id}`, invalid));
    expect([refused.status, refused.code]).toEqual([422, 'code-invalid']);
    for (const path of ['Patient.id', 'Patient.resourceType']) {
      const other = fhirPathPatch({ type: 'replace', path, value: { valueId: 'other' } });
      const status = (await send(test, 'PATCH', `Patient/${before.id}`, other)).status;
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
    }
    expect((await test.gateway.store.read('Patient', before.id))?.version).toBe(1);
  });

  it('is refused where it is none', async () => {
    const before = await iris();
    for (const body of [{ resourceType: 'Patient' }, { resourceType: 'Parameters' }]) {
      const answer = await outcomeOf(await send(test, 'PATCH', `Patient/${before.id}`, body));
      expect([answer.status, answer.code]).toEqual([400, 'patch-invalid']);
    }
  });

  it('needs the scope r too, because whether a path finds something tells what is there', async () => {
    const before = await iris();
    const answer = await outcomeOf(await send(test, 'PATCH', `Patient/${before.id}`, replaceFamily, {}, 'updater'));
    expect([answer.status, answer.code]).toEqual([403, 'scope-insufficient']);
  });

  it('is an entry of a batch and of a transaction as Parameters, beside a JSON Patch in a Binary', async () => {
    const [one, other] = [await iris(), await iris()];
    const data = Buffer.from(JSON.stringify([{ op: 'add', path: '/active', value: true }])).toString('base64');
    for (const type of ['batch', 'transaction'] as const) {
      const answer = await send(test, 'POST', '', {
        resourceType: 'Bundle',
        type,
        entry: [
          {
            request: { method: 'PATCH', url: `Patient/${one.id}` },
            resource: fhirPathPatch({ type: 'delete', path: 'Patient.birthDate' }),
          },
          {
            request: { method: 'PATCH', url: `Patient/${other.id}` },
            resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
          },
        ],
      });
      const { entry } = (await answer.json()) as Bundle;
      expect(entry?.map(({ response }) => response?.status)).toEqual(['200 OK', '200 OK']);
    }
    const after = (await (await test.request('everything', `/fhir/Patient/${one.id}`)).json()) as Patient;
    expect([after.birthDate, after.meta?.versionId]).toEqual([undefined, '3']);
  });

  it('fifty at once are fifty versions', async () => {
    const before = await iris();
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        send(
          test,
          'PATCH',
          `Patient/${before.id}`,
          fhirPathPatch({ type: 'add', path: 'Patient.name[0]', name: 'given', value: { valueString: `g${n}` } }),
        ),
      ),
    );
    expect(all.every(({ status }) => status === 200)).toBe(true);
    const after = (await (await test.request('everything', `/fhir/Patient/${before.id}`)).json()) as Patient;
    expect([after.name?.[0]?.given?.length, after.meta?.versionId]).toEqual([51, '51']);
  });
});
