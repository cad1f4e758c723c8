import { describe, expect, it } from 'vitest';
import { buildCapabilityStatement } from '../../src/fhir/capability.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { toOperationOutcome } from '../../src/fhir/outcome.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { ISSUE_CODES, type IssueCode, issue } from '../../src/kernel/errors.ts';

const definitions = openDefinitions();
const validator = createValidator({ definitions });

describe('an OperationOutcome', () => {
  it('says what, where, and which code of ours', () => {
    const one = issue('code-invalid', 'Not in the value set.', {
      at: '$.status',
      line: 3,
      column: 7,
      mapping: 'mapping.yaml:4:2',
      expression: 'CarePlan.status',
    });
    expect(toOperationOutcome([one])).toEqual({
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'error',
          code: 'code-invalid',
          details: { coding: [{ system: 'https://ginnel.example/fhir/CodeSystem/issue', code: 'code-invalid' }] },
          diagnostics: '$.status, line 3, column 7, mapping.yaml:4:2: Not in the value set.',
          expression: ['CarePlan.status'],
        },
      ],
    });
  });

  it('is valid R4 for every code there is, and for none', () => {
    for (const code of Object.keys(ISSUE_CODES) as IssueCode[]) {
      expect(validator.validate(toOperationOutcome([issue(code, 'Text.')]))).toEqual([]);
    }
    expect(validator.validate(toOperationOutcome([]))).toEqual([]);
  });
});

describe('the CapabilityStatement', () => {
  const statement = buildCapabilityStatement({
    baseUrl: 'https://ginnel.example/fhir',
    version: '0.1.0',
    date: new Date('2026-01-05T10:00:00Z'),
    definitions,
    interactions: ['read', 'search-type'],
    operations: [
      {
        on: 'Patient',
        name: 'shared-care-plan',
        definition: 'https://ginnel.example/fhir/OperationDefinition/shared-care-plan',
      },
    ],
  });
  const typeOf = (type: string) => statement.rest?.[0]?.resource?.find((one) => one.type === type);

  it('is valid R4', () => {
    expect(validator.validate(statement)).toEqual([]);
  });

  it('names the interactions, the searches that work, and the operations of the type', () => {
    expect(typeOf('CarePlan')?.interaction).toEqual([{ code: 'read' }, { code: 'search-type' }]);
    const params = typeOf('CarePlan')?.searchParam?.map((one) => one.name);
    expect(params).toEqual(expect.arrayContaining(['patient', 'status', 'category', 'date', 'identifier', '_id']));
    expect(params).toContain('instantiates-uri');
    expect(typeOf('Location')?.searchParam?.map((one) => one.name)).not.toContain('near');
    expect(typeOf('CarePlan')?.operation).toBeUndefined();
    expect(typeOf('Patient')?.operation?.[0]?.name).toBe('shared-care-plan');
  });

  it('may be about some types only', () => {
    const some = buildCapabilityStatement({
      baseUrl: 'https://ginnel.example/fhir',
      version: '0.1.0',
      date: new Date(0),
      definitions,
      interactions: ['read'],
      operations: [],
      types: ['Patient'],
    });
    expect(some.rest?.[0]?.resource).toEqual([
      {
        type: 'Patient',
        interaction: [{ code: 'read' }],
        versioning: 'versioned',
        referencePolicy: ['literal', 'logical'],
      },
    ]);
  });
});
