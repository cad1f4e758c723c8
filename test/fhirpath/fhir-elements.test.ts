import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { printFhirElements } from '../../scripts/build-fhir-elements.ts';
import { choiceKeys, elementTypes, isKindOf, typesByElementName } from '../../src/fhirpath/fhir-types.ts';

describe('the table of FHIR R4 types', () => {
  it('is what the script makes of the definitions', () => {
    const file = join(import.meta.dirname, '../../src/fhirpath/fhir-elements.ts');
    expect(readFileSync(file, 'utf8')).toBe(printFhirElements());
  });

  it('knows elements, those defined in place and those that refer to others', () => {
    expect(elementTypes('Patient', 'name')?.types).toEqual(['HumanName']);
    expect(elementTypes('Patient', 'contact')?.types).toEqual(['Patient.contact']);
    expect(elementTypes('Patient.contact', 'telecom')?.types).toEqual(['ContactPoint']);
    expect(elementTypes('Questionnaire.item', 'item')?.types).toEqual(['Questionnaire.item']);
    expect(elementTypes('Patient', 'meta')?.types).toEqual(['Meta']);
    expect(elementTypes('Patient', 'constructor')).toBeUndefined();
  });

  it('knows real choices only', () => {
    expect(choiceKeys('deceased')?.map(({ key }) => key)).toContain('deceasedBoolean');
    expect(choiceKeys('reason')).toBeUndefined();
    expect(choiceKeys('status')).toBeUndefined();
  });

  it('knows what a type is built on', () => {
    expect(isKindOf('Age', 'Quantity')).toBe(true);
    expect(isKindOf('code', 'string')).toBe(true);
    expect(isKindOf('Patient', 'DomainResource')).toBe(true);
    expect(isKindOf('string', 'code')).toBe(false);
  });

  it('gathers the types that a name has anywhere', () => {
    expect([...(typesByElementName('birthDate') ?? [])]).toEqual(['date']);
    expect(typesByElementName('given1')).toBeUndefined();
  });
});
