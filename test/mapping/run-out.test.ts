import type { Resource } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { mustLoad, outMapping, places } from './support.ts';

const PATIENT: Resource = {
  resourceType: 'Patient',
  id: 'p1',
  birthDate: '1941-05',
  name: [{ family: 'Booth' }],
  identifier: [{ system: 'urn:nhs', value: '9990000018' }],
};
const REQUEST: Resource = {
  resourceType: 'ServiceRequest',
  id: 'r1',
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/p1/_history/3' },
  requester: { reference: 'Practitioner/gone' },
  authoredOn: '2026-03-02T09:30:00Z',
};

function run(body: string, head = '') {
  const { mapping } = mustLoad(outMapping(body, head));
  if (mapping.direction !== 'out') throw new Error('The mapping goes out.');
  return mapping.run(REQUEST, [REQUEST, PATIENT], CASE_CONTEXT);
}

describe('a map out of FHIR', () => {
  it('reads the routed resource, what it refers to, all resources and the receiver', () => {
    const result = run(`
name: "{{ subject.resolve().name.family }}"
nhs: "{{ subject.resolve().identifier.where(system = 'urn:nhs').value.formatNhsNumber() }}"
written: "{{ authoredOn.formatDate('dd/MM/yyyy HH:mm') }}"
gone: "{{ requester.resolve().name }}"
types: "{[ %resources.select(resourceType) ]}"
to: "{{ %partner.title }}"`);
    expect(result.ok && result.value.tree).toEqual({
      name: 'Booth',
      nhs: '999 000 0018',
      written: '02/03/2026 09:30',
      types: ['ServiceRequest', 'Patient'],
      to: 'Sending partner',
    });
  });

  it('tells every error with its place in the mapping', () => {
    const result = run(`
born: "{{ subject.resolve().birthDate.formatDate('dd/MM/yyyy') }}"
id: "{{ id.formatNhsNumber() }}"`);
    expect(places(result.issues)).toEqual([
      ['date-invalid', undefined, '6:13'],
      ['nhs-number-invalid', undefined, '7:11'],
    ]);
  });

  it('refuses by its rules, and refuses to send nothing', () => {
    const head = `refuse:\n  - when: "{{ status = 'active' }}"\n    text: Active ones are not sent.\n`;
    expect(run('a: 1', head).issues.map(({ text }) => text)).toEqual(['Active ones are not sent.']);
    expect(run('a: "{{ note }}"').issues.map(({ code }) => code)).toEqual(['mapping-failed']);
  });

  it('has no entries to refer to', () => {
    expect(() => run(`a: "{{ ref('patient') }}"`)).toThrow(/No entry of this mapping/);
  });

  it('is sent as its format says unless it names a media type', () => {
    const media = (output: string) => {
      const { mapping } = mustLoad(`mapping: 1\ndirection: out\noutput: ${output}\nbody: { a: 1 }\n`);
      return mapping.direction === 'out' ? mapping.output.mediaType : undefined;
    };
    expect(media('{ format: xml }')).toBe('application/xml');
    expect(media('{ format: xml, mediaType: application/vnd.council+xml }')).toBe('application/vnd.council+xml');
  });
});
