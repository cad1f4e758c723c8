import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Environment } from '../../src/fhirpath/fhirpath.ts';
import type { Part } from '../../src/mapping/leaf.ts';
import { createLiteral, LITERALS } from '../../src/mapping/literal.ts';

const environment = (): Environment => ({ variables: new Map(), now: new Date(0), budget: { steps: 10 } });

const partOf = (value: unknown): Part => ({
  constant: undefined,
  kept: undefined,
  find: undefined,
  render: () => value,
  isList: false,
});

describe('objects written out beforehand', () => {
  test.each(LITERALS)('%s has its values under its names, in their order, and none that is missing', (key) => {
    const names = key.split(',');
    const values = fc.array(fc.option(fc.string(), { nil: undefined }), {
      minLength: names.length,
      maxLength: names.length,
    });
    fc.assert(
      fc.property(values, (given) => {
        const present = names.map((name, at) => [name, given[at]] as const).filter(([, value]) => value !== undefined);
        const made = createLiteral(names, given.map(partOf))?.(undefined, environment());
        expect(JSON.stringify(made)).toBe(
          present.length === 0 ? undefined : JSON.stringify(Object.fromEntries(present)),
        );
      }),
    );
  });

  test('an object that is not in the table is made otherwise', () => {
    expect(createLiteral(['value', 'system'], [partOf('a'), partOf('b')])).toBeUndefined();
  });

  test('an object costs one step', () => {
    const env = environment();
    createLiteral(['text'], [partOf('a')])?.(undefined, env);
    expect(env.budget.steps).toBe(9);
  });
});
