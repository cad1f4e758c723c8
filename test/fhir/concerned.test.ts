import { describe, expect, it } from 'vitest';
import { concernedBy } from '../../src/fhir/concerned.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import type { Structure } from '../../src/fhir/structure.ts';

const definitions = openDefinitions();

/** Why a type that looks as if it concerned several is not in the table. */
const EXCEPTIONS = new Set([
  // Kept elsewhere; each is about one patient.
  'AuditEvent',
  // The same person under another id.
  'Patient',
  // An example in a guide is nobody's.
  'ImplementationGuide',
]);

/** The elements that a path leads through, and the type at its end. */
function walk(type: string, expression: string): { readonly repeats: boolean; readonly type: string } {
  const path = /^[A-Z][A-Za-z]*\.([A-Za-z.]+?)(?:\.where\(.*)?$/.exec(expression)?.[1] ?? '';
  let structure: Structure | undefined = definitions.structure(type);
  let repeats = false;
  let last = '';
  for (const step of path.split('.')) {
    const property = structure?.properties.get(step);
    if (property === undefined) return { repeats, type: '' };
    repeats ||= property.list;
    last = property.type;
    structure = property.inner?.();
  }
  return { repeats, type: last };
}

describe('types that may concern several patients', () => {
  it('are those whose patient is a list, or that have none and refer to any', () => {
    const missing = [...definitions.resourceTypes].filter((type) => {
      if (EXCEPTIONS.has(type) || concernedBy(type) !== undefined) return false;
      const ofPatients = definitions
        .searchParameters(type)
        .filter((one) => one.type === 'reference' && one.target?.includes('Patient'));
      const own = ofPatients.filter(({ code }) => code === 'patient' || code === 'subject');
      if (own.length > 0) return own.some(({ expression }) => walk(type, expression).repeats);
      return ofPatients.some(({ expression }) => walk(type, expression).type === 'Reference');
    });
    expect(missing).toEqual([]);
  });

  it('are known by parameters that R4 has', () => {
    const unknown = [...definitions.resourceTypes].flatMap((type) =>
      (concernedBy(type) ?? []).filter(
        (param) =>
          !definitions.searchParameters(type).some(({ code, type: kind }) => code === param && kind === 'reference'),
      ),
    );
    expect(unknown).toEqual([]);
  });

  it.each(['CarePlan', 'CareTeam', 'Condition', 'Encounter', 'Goal', 'Observation', 'ServiceRequest', 'Task'])(
    'are not those that every record is full of: %s',
    (type) => {
      expect(concernedBy(type)).toBeUndefined();
    },
  );
});
