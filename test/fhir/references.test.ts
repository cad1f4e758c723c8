import type { CarePlan } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { parseReference, referencesOf, rewriteReferences } from '../../src/fhir/references.ts';
import { parseExact, printExact } from '../../src/kernel/exact-json.ts';

const { resourceTypes } = openDefinitions();

describe('reading a reference', () => {
  it.each<[string, object | undefined]>([
    ['Patient/1', { base: undefined, type: 'Patient', id: '1', version: undefined }],
    ['Patient/1/_history/2', { base: undefined, type: 'Patient', id: '1', version: '2' }],
    [
      'https://x.example/fhir/Patient/1',
      { base: 'https://x.example/fhir/', type: 'Patient', id: '1', version: undefined },
    ],
    ['https://x.example/Patient/1/_history/2', { base: 'https://x.example/', type: 'Patient', id: '1', version: '2' }],
    ['#p', undefined],
    ['urn:uuid:0198f3c4-7000-7000-8000-000000000000', undefined],
    ['Patient?identifier=x', undefined],
    ['Pateint/1', undefined],
    ['Patient/', undefined],
    ['Patient/a b', undefined],
    ['x/Patient/1', undefined],
    ['Patient', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(parseReference(text, resourceTypes)).toEqual(expected);
  });
});

describe('rewriting references', () => {
  const plan = {
    resourceType: 'CarePlan',
    status: 'active',
    intent: 'plan',
    subject: { reference: 'urn:uuid:a', display: 'urn:uuid:a' },
    identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:uuid:a' }],
    instantiatesUri: ['urn:uuid:a'],
    contained: [{ resourceType: 'Task', id: 't', status: 'ready', intent: 'plan', for: { reference: 'urn:uuid:a' } }],
    extension: [
      { url: 'urn:x', valueReference: { reference: 'urn:uuid:b' } },
      { url: 'urn:y', valueExpression: { language: 'text/fhirpath', reference: 'urn:uuid:a' } },
    ],
    activity: [{ reference: { reference: '#t' } }],
  } as unknown as CarePlan;

  it('changes each Reference, and nothing that only looks like one', () => {
    const rewritten = rewriteReferences(plan, (reference) => (reference === 'urn:uuid:a' ? 'Patient/1' : undefined));
    expect(rewritten).toEqual({
      ...plan,
      subject: { reference: 'Patient/1', display: 'urn:uuid:a' },
      contained: [{ resourceType: 'Task', id: 't', status: 'ready', intent: 'plan', for: { reference: 'Patient/1' } }],
    });
  });

  it('leaves elements called reference that hold an address', () => {
    const issue = { resourceType: 'DetectedIssue', status: 'final', reference: 'urn:uuid:a' } as const;
    const immunization = { resourceType: 'Immunization', education: [{ reference: 'urn:uuid:a' }] };
    expect(rewriteReferences(issue, () => 'Patient/1')).toEqual(issue);
    expect(rewriteReferences(immunization as never, () => 'Patient/1')).toEqual(immunization);
  });

  it('leaves the resource it was given as it was', () => {
    const before = structuredClone(plan);
    rewriteReferences(plan, () => 'Patient/1');
    expect(plan).toEqual(before);
  });

  it('copies what holds a reference that is another, and shares the rest', () => {
    const rewritten = rewriteReferences(plan, (reference) => (reference === 'urn:uuid:b' ? 'Patient/1' : undefined));
    expect(rewritten.extension?.[0]).toEqual({ url: 'urn:x', valueReference: { reference: 'Patient/1' } });
    expect(rewritten.extension?.[1]).toBe(plan.extension?.[1]);
    expect(rewritten.contained).toBe(plan.contained);
    expect(rewriteReferences(plan, (reference) => reference)).toBe(plan);
  });

  it('keeps how numbers are spelt beside a reference that is another', () => {
    const text =
      '{"resourceType":"Basic","extension":[{"valueDecimal":1.00},{"list":[1.0,{"subject":{"reference":"urn:uuid:a"}}]}]}';
    const rewritten = rewriteReferences(parseExact(text) as unknown as CarePlan, () => 'Patient/1');
    expect(printExact(rewritten)).toBe(text.replace('urn:uuid:a', 'Patient/1'));
  });

  it('keeps the order of members, so that the text of a resource stays comparable', () => {
    expect(JSON.stringify(rewriteReferences(plan, () => undefined))).toBe(JSON.stringify(plan));
  });

  it('can also just list them', () => {
    expect(referencesOf(plan)).toEqual(['urn:uuid:a', 'urn:uuid:a', 'urn:uuid:b', '#t']);
  });
});
