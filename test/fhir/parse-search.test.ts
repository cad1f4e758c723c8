import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { CURSOR_PARAMETER, parseCriteria, parseSearch } from '../../src/fhir/parse-search.ts';
import { parseDateRange } from '../../src/fhir/search-dates.ts';
import type { SearchFilter, SearchRequest } from '../../src/fhir/search-request.ts';
import type { Issue } from '../../src/kernel/errors.ts';
import { escapeValue } from '../support/escape-value.ts';

const definitions = openDefinitions();
const BASE = 'https://ginnel.example/fhir';

function parse(type: string, query: string): SearchRequest {
  const parsed = parseSearch(type, new URLSearchParams(query), definitions, { baseUrl: BASE });
  if (!parsed.ok) throw new Error(parsed.issues.map((one) => one.text).join('\n'));
  return parsed.value;
}

function filterOf(type: string, query: string): SearchFilter | undefined {
  return parse(type, query).filters[0];
}

function refusal(type: string, query: string): Issue {
  const parsed = parseSearch(type, new URLSearchParams(query), definitions, { baseUrl: BASE });
  expect(parsed.ok).toBe(false);
  return parsed.issues[0] ?? expect.fail('no issue');
}

describe('a search', () => {
  it('without parameters asks for the first page of everything of its type', () => {
    expect(parse('CarePlan', '')).toEqual({
      type: 'CarePlan',
      filters: [],
      count: 20,
      sort: [],
      total: false,
    });
  });

  it.each<[string, string, SearchFilter]>([
    ['a code', 'status=active', { kind: 'token', param: 'status', not: false, values: [{ code: 'active' }] }],
    [
      'any of several',
      'status=active,draft',
      { kind: 'token', param: 'status', not: false, values: [{ code: 'active' }, { code: 'draft' }] },
    ],
    [
      'system and code',
      'category=http://snomed.info/sct|734163000',
      {
        kind: 'token',
        param: 'category',
        not: false,
        values: [{ system: 'http://snomed.info/sct', code: '734163000' }],
      },
    ],
    [
      'a code without system',
      'category=|x',
      { kind: 'token', param: 'category', not: false, values: [{ system: '', code: 'x' }] },
    ],
    [
      'any code of a system',
      'category=urn:a|',
      { kind: 'token', param: 'category', not: false, values: [{ system: 'urn:a' }] },
    ],
    [
      'none of several',
      'status:not=active,draft',
      { kind: 'token', param: 'status', not: true, values: [{ code: 'active' }, { code: 'draft' }] },
    ],
    [
      'escaped separators',
      String.raw`identifier=urn:a|1\,2\|3\$4\\5`,
      { kind: 'token', param: 'identifier', not: false, values: [{ system: 'urn:a', code: '1,2|3$4\\5' }] },
    ],
    [
      'a reference',
      'patient=Patient/1',
      { kind: 'reference', param: 'patient', values: [{ targetType: 'Patient', target: '1' }] },
    ],
    [
      'an id, where one type is possible',
      'patient=1',
      { kind: 'reference', param: 'patient', values: [{ targetType: 'Patient', target: '1' }] },
    ],
    [
      'an id, where several are',
      'subject=1',
      { kind: 'reference', param: 'subject', values: [{ targetType: undefined, target: '1' }] },
    ],
    [
      'an id with its type',
      'subject:Group=1',
      { kind: 'reference', param: 'subject', values: [{ targetType: 'Group', target: '1' }] },
    ],
    [
      'our own URL',
      `patient=${BASE}/Patient/1`,
      { kind: 'reference', param: 'patient', values: [{ targetType: 'Patient', target: '1' }] },
    ],
    [
      "somebody else's URL",
      'patient=https://x.example/Patient/1',
      { kind: 'reference', param: 'patient', values: [{ targetType: '', target: 'https://x.example/Patient/1' }] },
    ],
    [
      'a urn',
      'patient=urn:uuid:0b',
      { kind: 'reference', param: 'patient', values: [{ targetType: '', target: 'urn:uuid:0b' }] },
    ],
    [
      'a patient by NHS number',
      'patient:identifier=urn:n|9990000018',
      {
        kind: 'any',
        filters: [
          {
            kind: 'chain',
            param: 'patient',
            targetType: 'Patient',
            filter: {
              kind: 'token',
              param: 'identifier',
              not: false,
              values: [{ system: 'urn:n', code: '9990000018' }],
            },
          },
          {
            kind: 'token',
            param: 'patient:identifier',
            not: false,
            values: [{ system: 'urn:n', code: '9990000018' }],
          },
        ],
      },
    ],
    [
      'a chain',
      'patient.identifier=urn:n|9990000018',
      {
        kind: 'chain',
        param: 'patient',
        targetType: 'Patient',
        filter: { kind: 'token', param: 'identifier', not: false, values: [{ system: 'urn:n', code: '9990000018' }] },
      },
    ],
    [
      'a chain that names its type',
      'subject:Patient.family:exact=Khalid',
      {
        kind: 'chain',
        param: 'subject',
        targetType: 'Patient',
        filter: { kind: 'string', param: 'family', match: 'exact', values: ['Khalid'] },
      },
    ],
    ['what is missing', 'date:missing=true', { kind: 'missing', param: 'date', index: 'date', missing: true }],
    ['ids', '_id=a,b', { kind: 'id', values: ['a', 'b'] }],
  ])('understands %s', (_what, query, expected) => {
    expect(filterOf('CarePlan', query)).toEqual(expected);
  });

  it('understands a reference by identifier to what is no patient as the identifier in the reference', () => {
    expect(filterOf('CarePlan', 'care-team:identifier=urn:a|7')).toEqual({
      kind: 'token',
      param: 'care-team:identifier',
      not: false,
      values: [{ system: 'urn:a', code: '7' }],
    });
  });

  it.each<[string, string, string, SearchFilter]>([
    [
      'a quantity, to the precision it is given in',
      'Observation',
      'value-quantity=5.40|http://unitsofmeasure.org|mg',
      {
        kind: 'quantity',
        param: 'value-quantity',
        values: [
          { prefix: 'eq', value: 5.4, low: 5.395, high: 5.405, system: 'http://unitsofmeasure.org', code: 'mg' },
        ],
      },
    ],
    [
      'a quantity by its unit alone',
      'Observation',
      'value-quantity=gt140||mm[Hg]',
      {
        kind: 'quantity',
        param: 'value-quantity',
        values: [{ prefix: 'gt', value: 140, low: 139.5, high: 140.5, code: 'mm[Hg]' }],
      },
    ],
    [
      'about a number',
      'RiskAssessment',
      'probability=ap0.5',
      { kind: 'quantity', param: 'probability', values: [{ prefix: 'ap', value: 0.5, low: 0.45, high: 0.55 }] },
    ],
    [
      'a number with an exponent',
      'RiskAssessment',
      'probability=-1e2',
      { kind: 'quantity', param: 'probability', values: [{ prefix: 'eq', value: -100, low: -150, high: -50 }] },
    ],
    [
      'about a date: as much on each side as it covers',
      'CarePlan',
      'date=ap2026-03',
      {
        kind: 'date',
        param: 'date',
        values: [
          {
            prefix: 'ap',
            // March has an hour less, which is the tolerance too.
            low: Date.parse('2026-01-29T01:00:00Z'),
            high: Date.parse('2026-05-01T22:00:00Z'),
          },
        ],
      },
    ],
    [
      'words beside a code',
      'CarePlan',
      'category:text=Walking%20Frame',
      { kind: 'text', param: 'category', values: ['walking frame'] },
    ],
    [
      'an identifier of a type',
      'Patient',
      'identifier:of-type=urn:t|MR|12\\|3',
      { kind: 'token', param: 'identifier:of-type', not: false, values: [{ system: 'urn:t', code: 'MR|12|3' }] },
    ],
    [
      'an address and what is below it',
      'ValueSet',
      'url:below=http://x.example/fhir/',
      { kind: 'uri', param: 'url', match: 'below', values: ['http://x.example/fhir'] },
    ],
    [
      'an address and what is above it',
      'ValueSet',
      'url:above=http://x.example/a/b',
      {
        kind: 'uri',
        param: 'url',
        match: 'exact',
        values: [
          'http://x.example',
          'http://x.example/',
          'http://x.example/a',
          'http://x.example/a/',
          'http://x.example/a/b',
          'http://x.example/a/b/',
        ],
      },
    ],
    [
      'a code with its value',
      'Observation',
      'code-value-quantity=http://loinc.org|8480-6$gt140',
      {
        kind: 'composite',
        param: 'code-value-quantity',
        values: [
          [
            { kind: 'token', value: { system: 'http://loinc.org', code: '8480-6' } },
            { kind: 'quantity', value: { prefix: 'gt', value: 140, low: 139.5, high: 140.5 } },
          ],
        ],
      },
    ],
    [
      'a chain of two',
      'CarePlan',
      'subject:Patient.general-practitioner:Organization.name=brinnington',
      {
        kind: 'chain',
        param: 'subject',
        targetType: 'Patient',
        filter: {
          kind: 'chain',
          param: 'general-practitioner',
          targetType: 'Organization',
          filter: { kind: 'string', param: 'name', match: 'starts', values: ['brinnington'] },
        },
      },
    ],
    [
      'what refers to it, and a reference from there',
      'Patient',
      '_has:CarePlan:patient:care-team.status=active',
      {
        kind: 'has',
        source: 'CarePlan',
        param: 'patient',
        filter: {
          kind: 'chain',
          param: 'care-team',
          targetType: 'CareTeam',
          filter: { kind: 'token', param: 'status', not: false, values: [{ code: 'active' }] },
        },
      },
    ],
  ])('understands %s', (_what, type, query, expected) => {
    expect(filterOf(type, query)).toEqual(expected);
  });

  it('understands the codes of a value set that R4 binds', () => {
    const found = filterOf('CarePlan', 'status:in=http://hl7.org/fhir/ValueSet/request-status');
    expect(found).toMatchObject({ kind: 'token', param: 'status', not: false });
    expect(found?.kind === 'token' && found.values).toContainEqual({
      system: 'http://hl7.org/fhir/request-status',
      code: 'on-hold',
    });
    expect(filterOf('CarePlan', 'status:not-in=http://hl7.org/fhir/ValueSet/request-status')).toMatchObject({
      not: true,
    });
  });

  it('understands an order by several parameters', () => {
    expect(parse('CarePlan', '_sort=-date,status,_id').sort).toEqual([
      { param: 'date', kind: 'date', descending: true },
      { param: 'status', kind: 'token', descending: false },
      { param: '_id', descending: false },
    ]);
  });

  it('folds strings, unless they are to be exact', () => {
    expect(filterOf('Patient', 'family=%20O%E2%80%99Ne%C3%ADll')).toMatchObject({
      match: 'starts',
      values: ['o’neill'],
    });
    expect(filterOf('Patient', 'family:contains=NE')).toMatchObject({ match: 'contains', values: ['ne'] });
    expect(filterOf('Patient', 'family:exact=Ne%C3%ADll')).toMatchObject({ match: 'exact', values: ['Neíll'] });
  });

  it.each(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'])('understands the prefix %s', (prefix) => {
    const range = parseDateRange('2026-03');
    expect(filterOf('CarePlan', `date=${prefix}2026-03`)).toEqual({
      kind: 'date',
      param: 'date',
      values: [{ prefix, ...range }],
    });
    expect(filterOf('CarePlan', `_lastUpdated=${prefix}2026-03`)).toEqual({
      kind: 'lastUpdated',
      values: [{ prefix, ...range }],
    });
  });

  it('understands an offset whose plus the URL turned into a space', () => {
    expect(filterOf('CarePlan', 'date=ge2026-03-01T10:00:00+01:00')).toMatchObject({
      values: [{ low: Date.parse('2026-03-01T09:00:00Z') }],
    });
  });

  it('understands what the answer is to look like', () => {
    const query = `_count=5&_sort=-_lastUpdated,_id&_total=accurate&_format=json&_pretty=true`;
    expect(parse('CarePlan', query)).toEqual({
      type: 'CarePlan',
      filters: [],
      count: 5,
      sort: [
        { param: '_lastUpdated', descending: true },
        { param: '_id', descending: false },
      ],
      total: true,
    });
    expect(parse('CarePlan', '_count=100000').count).toBe(200);
    expect(parse('CarePlan', '_count=0').count).toBe(0);
  });

  it('names a parameter that does not exist, and the one that was probably meant', () => {
    const found = refusal('CarePlan', 'staus=active');
    expect(found.code).toBe('parameter-unknown');
    expect(found.text).toContain('staus');
    expect(found.text).toContain('Is status meant?');
  });

  it('does not repeat a name that is no name', () => {
    const found = refusal('CarePlan', 'Amina%20Khalid=1');
    expect(found.code).toBe('parameter-unknown');
    expect(found.text).not.toContain('Amina');
  });

  it.each([
    ['parameter-unknown', 'CarePlan', 'family=Khalid'],
    ['parameter-unknown', 'CarePlan', 'Status=active'],
    ['parameter-unknown', 'CarePlan', '__proto__=x'],
    ['parameter-unsupported', 'CarePlan', '_list=x'],
    ['parameter-unsupported', 'CarePlan', '_filter=status eq active'],
    ['parameter-unsupported', 'CarePlan', '_text=x'],
    ['parameter-unsupported', 'CarePlan', '_content=x'],
    ['parameter-unsupported', 'CarePlan', '_query=x'],
    ['parameter-unsupported', 'Location', 'near=53.4|-2.1'],
    ['parameter-unsupported', 'CarePlan', 'category:above=urn:x|1'],
    ['parameter-unsupported', 'Patient', 'phonetic=Khalid'],
    ['parameter-unsupported', 'CarePlan', '_include=CarePlan:subject'],
    ['parameter-unsupported', 'CarePlan', '_summary=true'],
    ['parameter-unsupported', 'Observation', '_sort=code-value-quantity'],
    ['parameter-unsupported', 'CarePlan', 'category:in=urn:x'],
    ['parameter-unsupported', 'CarePlan', 'patient.general-practitioner:Organization.partof.name=x'],
    ['parameter-unsupported', 'Patient', '_has:CarePlan:patient:care-team._has:Task:focus:status=x'],
    ['parameter-unknown', 'CarePlan', '_sort=stauts'],
    ['parameter-unknown', 'Patient', '_has:CarePlan:pateint:status=x'],
    ['parameter-unknown', 'Patient', '_has:CarePlan:patient:staus=x'],
    ['parameter-unsupported', 'Patient', '_has:AuditEvent:patient:action=R'],
    ['parameter-unsupported', 'AuditEvent', 'policy=x'],
    ['parameter-invalid', 'Patient', '_has=x'],
    ['parameter-invalid', 'Patient', '_has:Careplan:patient:status=x'],
    ['parameter-invalid', 'Patient', '_has:CarePlan:care-team:status=x'],
    ['parameter-invalid', 'Patient', '_has:CarePlan:status:status=x'],
    ['parameter-invalid', 'CarePlan', 'patient.general-practitioner.name=x'],
    ['parameter-invalid', 'CarePlan', '_sort=a,b,c,d,e'],
    ['parameter-invalid', 'CarePlan', '_sort=date,-date'],
    ['parameter-invalid', 'CarePlan', `${CURSOR_PARAMETER}=abc`],
    ['parameter-invalid', 'Observation', 'value-quantity=about5'],
    ['parameter-invalid', 'Observation', 'value-quantity=5|urn:x|'],
    ['parameter-invalid', 'Observation', 'value-quantity=1e999'],
    ['parameter-invalid', 'Observation', 'code-value-quantity=8480-6'],
    ['parameter-invalid', 'Observation', 'code-value-quantity=8480-6$'],
    ['parameter-invalid', 'Observation', 'code-value-quantity=8480-6$high'],
    ['parameter-invalid', 'Patient', 'identifier:of-type=urn:x|MR'],
    ['parameter-invalid', 'ValueSet', 'url:below=urn:x'],
    ['parameter-invalid', 'CarePlan', 'status:wrong=active'],
    ['parameter-invalid', 'CarePlan', 'status='],
    ['parameter-invalid', 'CarePlan', 'category=a|b|c'],
    ['parameter-invalid', 'CarePlan', 'category=|'],
    ['parameter-invalid', 'CarePlan', 'date=yesterday'],
    ['parameter-invalid', 'CarePlan', 'date:missing=perhaps'],
    ['parameter-invalid', 'CarePlan', '_id:missing=true'],
    ['parameter-invalid', 'CarePlan', '_id=a/b'],
    ['parameter-invalid', 'CarePlan', 'subject=a/b/c'],
    ['parameter-invalid', 'CarePlan', 'subject:Patient=Group/1'],
    ['parameter-invalid', 'CarePlan', 'subject.identifier=x'],
    ['parameter-invalid', 'CarePlan', 'subject:Task.status=x'],
    ['parameter-invalid', 'CarePlan', 'status.code=x'],
    ['parameter-invalid', 'CarePlan', String.raw`status=a\b`],
    ['parameter-invalid', 'CarePlan', '_count=-1'],
    ['parameter-invalid', 'CarePlan', '_count=5&_count=6'],
    ['parameter-invalid', 'CarePlan', '_total=yes'],
    ['parameter-invalid', 'Patient', 'family=%20'],
    ['parameter-invalid', 'CarePlan', `_id=${'a,'.repeat(60)}a`],
    ['parameter-invalid', 'CarePlan', 'status=active&'.repeat(40)],
    ['resource-type-unknown', 'Careplan', ''],
  ])('answers %s to %s?%s', (code, type, query) => {
    expect(refusal(type, query).code).toBe(code);
  });

  it('names every mistake, not the first alone', () => {
    const parsed = parseSearch('CarePlan', new URLSearchParams('staus=a&date=never&status=active'), definitions);
    expect(parsed.issues.map((one) => one.code)).toEqual(['parameter-unknown', 'parameter-invalid']);
  });

  it('never repeats a value', () => {
    const names = fc.constantFrom(
      'status',
      'date',
      'patient',
      'subject.identifier',
      'category',
      '_id',
      '_count',
      '_sort',
      '_total',
      'nope',
    );
    fc.assert(
      fc.property(names, fc.string({ maxLength: 20 }), (name, tail) => {
        const parsed = parseSearch('CarePlan', [[name, `Zebedee${tail}`]], definitions);
        for (const one of parsed.issues) expect(one.text).not.toContain('Zebedee');
      }),
    );
  });

  it('finds again what was escaped', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 40 }), (code) => {
        const filter = parseSearch('CarePlan', [['identifier', `urn:a|${escapeValue(code)}`]], definitions);
        expect(filter.ok && filter.value.filters[0]).toMatchObject({ values: [{ system: 'urn:a', code }] });
      }),
    );
  });
});

describe('the criteria of a route', () => {
  it('are a search', () => {
    const parsed = parseCriteria('ServiceRequest?category=http://snomed.info/sct|306167008&status=active', definitions);
    expect(parsed.ok && parsed.value.filters).toEqual([
      {
        kind: 'token',
        param: 'category',
        not: false,
        values: [{ system: 'http://snomed.info/sct', code: '306167008' }],
      },
      { kind: 'token', param: 'status', not: false, values: [{ code: 'active' }] },
    ]);
  });

  it('look at the identifier in a reference, and at the resource alone', () => {
    const parsed = parseCriteria(
      'CarePlan?patient:identifier=urn:n|1&status:not-in=http://hl7.org/fhir/ValueSet/request-status',
      definitions,
    );
    expect(parsed.ok && parsed.value.filters).toMatchObject([
      { kind: 'token', param: 'patient:identifier', values: [{ system: 'urn:n', code: '1' }] },
      { kind: 'token', param: 'status', not: true },
    ]);
  });

  it('may be every resource of a type', () => {
    expect(parseCriteria('CareTeam', definitions)).toMatchObject({
      ok: true,
      value: { type: 'CareTeam', filters: [] },
    });
  });

  it.each([
    ['parameter-unsupported', 'CarePlan?patient.identifier=urn:n|1'],
    ['parameter-unsupported', 'Patient?_has:CarePlan:patient:status=active'],
    ['parameter-unsupported', 'CarePlan?_sort=date'],
    ['parameter-unsupported', 'CarePlan?_count=5'],
    ['parameter-unknown', 'CarePlan?staus=active'],
    ['resource-type-unknown', 'Plan?status=active'],
    ['resource-type-unknown', ''],
  ])('are refused with %s: %s', (code, text) => {
    expect(parseCriteria(text, definitions)).toMatchObject({ ok: false, issues: [{ code }] });
  });
});
