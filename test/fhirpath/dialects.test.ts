import { describe, expect, it } from 'vitest';
import { evaluate, evaluateFhir } from './evaluate.ts';

describe('plain: a name means exactly the own member of that name', () => {
  it('reads members, flattens lists and leaves null out', () => {
    const input = { needs: [{ code: 'a' }, { code: null }, { codes: ['x', null, ['y']] }], none: null };
    expect(evaluate('needs.code', input)).toEqual(['a']);
    expect(evaluate('needs.codes', input)).toEqual(['x', 'y']);
    expect(evaluate('none', input)).toEqual([]);
    expect(evaluate('needs.code.more', input)).toEqual([]);
  });

  it('does not guess: an absent reason is not reasonCode, nor value valueString', () => {
    expect(evaluate('reason', { reasonCode: 'x' })).toEqual([]);
    expect(evaluate('value', { valueString: 'x' })).toEqual([]);
  });

  it('has no types of FHIR, and no start of path: Patient is a member', () => {
    expect(evaluate('Patient.name', { resourceType: 'Patient', name: 'x' })).toEqual([]);
    expect(evaluate('Patient.name', { Patient: { name: 'x' } })).toEqual(['x']);
  });

  it('reads names in backticks, whatever they are', () => {
    expect(evaluate('`nhs-number` & `odd name`', { 'nhs-number': '1', 'odd name': '2' })).toEqual(['12']);
    expect(evaluate('a.`@code`', { a: { '@code': 'x' } })).toEqual(['x']);
  });

  it('reads words of the language as names after a dot', () => {
    expect(
      evaluate('a.mod & a.contains & a.is & a.div', { a: { mod: '1', contains: '2', is: '3', div: '4' } }),
    ).toEqual(['1234']);
  });

  it('never reads a prototype', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '_proto__']) {
      for (const dialect of ['plain', 'hl7v2'] as const) {
        expect(evaluate(`\`${name}\``, { a: 1 }, { dialect })).toEqual([]);
        expect(evaluate(`a.\`${name}\``, { a: 'text' }, { dialect })).toEqual([]);
        expect(evaluate(`a.\`${name}\``, { a: [1, 2] }, { dialect })).toEqual([]);
      }
      expect(evaluateFhir(`%v.\`${name}\``, {}, { variables: { v: [{}] } })).toEqual([]);
    }
    expect(evaluate('length', 'text')).toEqual([]);
    expect(evaluate('a.length', { a: [1, 2] })).toEqual([]);
    const own = JSON.parse('{"constructor": 1, "__proto__": 2, "toString": 3}') as unknown;
    expect(evaluate('constructor | `__proto__` | `toString`', own)).toEqual([1, 2, 3]);
  });

  it('never reads the inside of its own values', () => {
    const variables = { v: [{ a: 1 }] };
    expect(evaluate('%v.select(today()).parts', {}, { variables, dialect: 'hl7v2' })).toEqual([]);
    expect(evaluate('%v.select(1.5).digits', {}, { variables, dialect: 'hl7v2' })).toEqual([]);
  });
});

describe('hl7v2: a number after a dot is a field, component or subcomponent', () => {
  const message = {
    PID: { '3': [{ '1': 'A', '4': { '1': 'NHS', '2': 'x' } }, 'B'], '5': 'SMITH', '8': 'F' },
    OBX: [{ '5': '1.5' }, { '5': '2' }],
  };
  const hl7v2 = (source: string) => evaluate(source, message, { dialect: 'hl7v2' });

  it('navigates by numbers, which are no decimals there', () => {
    expect(hl7v2('PID.3.4.2')).toEqual(['x']);
    expect(hl7v2('PID.3[0].1')).toEqual(['A']);
    expect(hl7v2("PID.3.where(`4`.`1` = 'NHS').1")).toEqual(['A']);
    expect(hl7v2('OBX.5')).toEqual(['1.5', '2']);
    expect(hl7v2('OBX[1].5')).toEqual(['2']);
  });

  it('still has decimals where a value is expected', () => {
    expect(hl7v2('OBX[0].5.toDecimal() > 1.25')).toEqual([true]);
  });

  it('a field without components is its own first component, and has no second', () => {
    expect(hl7v2('PID.5.1')).toEqual(['SMITH']);
    expect(hl7v2('PID.5.1.1')).toEqual(['SMITH']);
    expect(hl7v2('PID.5.2')).toEqual([]);
    expect(hl7v2('PID.3.1')).toEqual(['A', 'B']);
    expect(hl7v2('PID.3.4.1')).toEqual(['NHS']);
  });

  it('does not take a text apart in the plain dialect', () => {
    expect(evaluate('a.`1`', { a: 'SMITH' })).toEqual([]);
  });
});

describe('fhir: choices, primitives with extensions, types', () => {
  const patient = {
    resourceType: 'Patient',
    id: 'p1',
    active: true,
    name: [{ family: 'Ashworth', given: [null, 'May'], _given: [{ extension: [{ url: 'u', valueCode: 'x' }] }, null] }],
    _birthDate: { id: 'b', extension: [{ url: 'urn:absent', valueCode: 'unknown' }] },
    deceasedDateTime: '2026-01-01',
    gender: 'female',
    contained: [{ resourceType: 'Organization', id: 'o', name: 'North' }],
    managingOrganization: { reference: '#o' },
  };

  it('starts a path at the type of the resource, and at those it is built on', () => {
    expect(evaluateFhir('Patient.id', patient)).toEqual(['p1']);
    expect(evaluateFhir('DomainResource.id | Resource.id', patient)).toEqual(['p1']);
    expect(evaluateFhir('Practitioner.name', patient)).toEqual([]);
  });

  it('finds a choice under the name of its type', () => {
    expect(evaluateFhir('deceased', patient)).toEqual(['2026-01-01']);
    expect(evaluateFhir('deceased.ofType(dateTime)', patient)).toEqual(['2026-01-01']);
    expect(evaluateFhir('deceased as dateTime', patient)).toEqual(['2026-01-01']);
    expect(evaluateFhir('deceased.ofType(boolean)', patient)).toEqual([]);
    expect(evaluateFhir('deceased is dateTime', patient)).toEqual([true]);
    expect(evaluateFhir('(deceased as boolean).exists()', patient)).toEqual([false]);
  });

  it('finds no choice where R4 has none', () => {
    const request = { resourceType: 'ServiceRequest', reasonCode: [{ text: 'x' }] };
    expect(evaluateFhir('reason', { reasonCode: [{ text: 'x' }] })).toEqual([]);
    expect(evaluateFhir('reasonCode.text', request)).toEqual(['x']);
  });

  it('sees extensions and ids of primitives, also of one without a value', () => {
    expect(evaluateFhir("birthDate.extension('urn:absent').value", patient)).toEqual(['unknown']);
    expect(evaluateFhir('birthDate.id', patient)).toEqual(['b']);
    expect(evaluateFhir('birthDate.exists()', patient)).toEqual([true]);
    expect(evaluateFhir('birthDate.hasValue()', patient)).toEqual([false]);
    expect(evaluateFhir('birthDate', patient)).toEqual([]);
    expect(evaluateFhir('name.given.count()', patient)).toEqual([2]);
    expect(evaluateFhir('name.given', patient)).toEqual(['May']);
    expect(evaluateFhir("name.given.where(extension('u').exists()).count()", patient)).toEqual([1]);
  });

  it('tells the types of FHIR from those of FHIRPath', () => {
    expect(evaluateFhir('gender is code', patient)).toEqual([true]);
    expect(evaluateFhir('gender is string', patient)).toEqual([true]);
    expect(evaluateFhir('gender is String', patient)).toEqual([false]);
    expect(evaluateFhir("'x' is String", patient)).toEqual([true]);
    expect(evaluateFhir('name is HumanName', patient)).toEqual([true]);
    expect(evaluateFhir('active.type().name', patient)).toEqual(['boolean']);
    expect(evaluateFhir('Patient.type().name', patient)).toEqual(['Patient']);
  });

  it('compares dates of FHIR as dates, whatever type the input says of itself', () => {
    const period = { start: '2026-01-31T23:30:00-05:00', end: '2026-02-01T04:30:00Z' };
    expect(evaluateFhir('start = end', period)).toEqual([true]);
    expect(evaluateFhir('period.start = period.end', { resourceType: 'CarePlan', period })).toEqual([true]);
    expect(evaluateFhir('start <= end', { start: '2026', end: '2026-02-01' })).toEqual([]);
    expect(evaluateFhir('start < end', { start: '2026-01', end: '2026-02-01' })).toEqual([true]);
  });

  it('compares quantities by their units', () => {
    const input = {
      resourceType: 'Observation',
      valueQuantity: { value: 1, unit: 'g', code: 'g', system: 'http://unitsofmeasure.org' },
      referenceRange: [{ low: { value: 500, code: 'mg' }, high: { value: 2, code: 'kg' } }],
    };
    expect(evaluateFhir('value > referenceRange.low and value < referenceRange.high', input)).toEqual([true]);
    expect(evaluateFhir("value = 1000 'mg'", input)).toEqual([true]);
    expect(evaluateFhir("value > 1 'cm'", input)).toEqual([]);
  });

  it('resolves what is contained, and asks the caller for the rest', () => {
    expect(evaluateFhir('managingOrganization.resolve().name', patient)).toEqual(['North']);
    const other = { resourceType: 'Patient', managingOrganization: { reference: 'Organization/7' } };
    const resolve = (reference: string) =>
      reference === 'Organization/7' ? { resourceType: 'Organization', name: 'South' } : undefined;
    expect(evaluateFhir('managingOrganization.resolve().name', other, { resolve })).toEqual(['South']);
    expect(evaluateFhir('managingOrganization.resolve().name', other)).toEqual([]);
    expect(evaluateFhir('managingOrganization.resolve() is Organization', other)).toEqual([true]);
  });

  it('joins elements with what stands beside them in children()', () => {
    expect(evaluateFhir('birthDate.children().count()', patient)).toEqual([2]);
    expect(evaluateFhir('descendants().ofType(Extension).url', patient)).toEqual(['urn:absent', 'u']);
  });
});

describe('variables and functions of the caller', () => {
  it('a declared variable is read as JSON', () => {
    const variables = { list: [[1, 2], 3, null], name: ['x'], none: [] };
    expect(evaluate('%list', {}, { variables })).toEqual([1, 2, 3]);
    expect(evaluate('%name | %none', {}, { variables })).toEqual(['x']);
  });

  it('%context and %resource are the input of the whole expression', () => {
    expect(evaluate('a.where(b = %context.wanted).c', { wanted: 1, a: [{ b: 1, c: 'x' }] })).toEqual(['x']);
    expect(evaluateFhir('name.select(%resource.id)', { resourceType: 'Patient', id: 'p', name: [{}, {}] })).toEqual([
      'p',
      'p',
    ]);
  });

  it('%ucum, %sct and %loinc are the addresses of the systems', () => {
    expect(evaluateFhir('%ucum | %sct | %loinc')).toEqual([
      'http://unitsofmeasure.org',
      'http://snomed.info/sct',
      'http://loinc.org',
    ]);
  });

  it('a function of the caller gets JSON values, and its result goes on', () => {
    const seen: unknown[] = [];
    const twice = {
      name: 'twice',
      signature: 'twice(x)',
      sentence: '',
      minArguments: 1,
      maxArguments: 1,
      apply: (input: readonly unknown[], args: readonly (readonly unknown[])[]) => {
        seen.push(input, args);
        return [...input, ...input];
      },
    };
    expect(evaluate('a.twice(today()).count()', { a: [1.5, 2] }, { functions: [twice] })).toEqual([4]);
    expect(seen).toEqual([[1.5, 2], [['2026-01-05']]]);
    expect(evaluate("(0.1 + 0.2).twice(1 'mg')", {}, { functions: [twice] })).toEqual([0.3, 0.3]);
    expect(seen.at(-1)).toEqual([[{ value: 1, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' }]]);
  });
});

describe('tracking reports every member that is read', () => {
  const read = (source: string, input: object, dialect: 'plain' | 'fhir' = 'plain'): string[] => {
    const names: string[] = [];
    evaluate(source, input, { dialect, track: true, onRead: (_parent, name) => names.push(name) });
    return names;
  };

  it('reports members that are there, and only those', () => {
    expect(read('a.b', { a: [{ b: 1 }, { c: 2 }] })).toEqual(['a', 'b']);
    expect(read('x.y', { a: 1 })).toEqual([]);
    expect(read('n', { n: null })).toEqual(['n']);
    expect(read("a.where(k = 'x').v", { a: [{ k: 'x', v: 1 }] })).toEqual(['a', 'k', 'v']);
  });

  it('reports a choice by the name it is written under, and what a function reads itself', () => {
    expect(read('value', { resourceType: 'Observation', valueString: 'x' }, 'fhir')).toEqual(['valueString']);
    expect(read('value.ofType(string)', { resourceType: 'Observation', valueString: 'x' }, 'fhir')).toEqual([
      'valueString',
    ]);
    const extended = { resourceType: 'Patient', extension: [{ url: 'u', valueString: 'x' }] };
    expect(read("extension('u').value", extended, 'fhir')).toEqual(['extension', 'url', 'valueString']);
    const plan = { resourceType: 'CarePlan', subject: { reference: 'Patient/1' } };
    expect(read('subject.resolve()', plan, 'fhir')).toEqual(['subject', 'reference']);
  });

  it('reports what children() and descendants() go through', () => {
    expect(read('descendants()', { a: { b: 1 }, c: [{ d: 2 }] }).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives the parent with the name', () => {
    const inner = { b: 1 };
    const parents: object[] = [];
    evaluate('a.b', { a: inner }, { track: true, onRead: (parent) => parents.push(parent) });
    expect(parents[1]).toBe(inner);
  });

  it('changes no answer', () => {
    const input = { a: [{ b: 1 }, { b: 2 }] };
    expect(evaluate('a.where(b > 1).b', input, { track: true })).toEqual(evaluate('a.where(b > 1).b', input));
  });
});
