import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFhirPath } from '../../src/fhirpath/compile-fhirpath.ts';
import type { Environment } from '../../src/fhirpath/fhirpath.ts';

function compile(source: string, dialect: 'plain' | 'fhir' | 'hl7v2' = 'plain') {
  const place = { file: 'x', line: 1, column: 1 };
  const compiled = compileFhirPath(source, { dialect, variables: new Set(['v']), functions: new Map(), place });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return compiled.value;
}

function environment(variable: readonly unknown[], steps = 1_000_000): Environment {
  return { variables: new Map([['v', variable]]), now: new Date(0), budget: { steps } };
}

/** `evaluate` in the form of `find`. */
function settle(items: readonly unknown[]): unknown {
  return items.length > 1 ? items : items[0];
}

describe('find', () => {
  const names = ['a', 'b', 'c', 'toString', 'constructor', '__proto__'];
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>('x', '', 0, false, null),
      fc.dictionary(fc.constantFrom(...names.slice(0, 5)), tie('node'), { maxKeys: 4 }),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
  })).node;
  const path = fc
    .tuple(fc.constantFrom('', '%v.'), fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }))
    .map(([start, steps]) => start + steps.map((step) => `\`${step}\``).join('.'));

  it('says of every path what evaluate says, in every dialect', () => {
    fc.assert(
      fc.property(tree, path, fc.constantFrom('plain', 'fhir', 'hl7v2'), (input, source, dialect) => {
        // FHIR knows which elements there are.
        if (dialect === 'fhir') return;
        const expression = compile(source, dialect);
        const items = typeof input === 'object' && input !== null && !Array.isArray(input) ? [input] : [];
        const found = expression.find(input, environment(items));
        expect(found).toEqual(settle(expression.evaluate(input, environment(items))));
      }),
      { numRuns: 2000 },
    );
  });

  it('says of every choice over paths what evaluate says, and throws where it throws', () => {
    const value = fc.oneof(path, fc.constantFrom("'yes'", "''"));
    const test = fc.oneof(
      path.map((one) => `${one} = 'x'`),
      path.map((one) => `${one}.exists()`),
    );
    const choice = fc.oneof(
      test,
      fc.tuple(test, value, value).map(([holds, one, other]) => `iif(${holds}, ${one}, ${other})`),
    );
    const outcome = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return String(error);
      }
    };
    fc.assert(
      fc.property(tree, tree, choice, (input, variable, source) => {
        const expression = compile(source);
        const items = [variable].filter((one) => one !== null && !Array.isArray(one));
        const found = outcome(() => expression.find(input, environment(items)));
        expect(found).toEqual(outcome(() => settle(expression.evaluate(input, environment(items)))));
      }),
      { numRuns: 3000 },
    );
  });

  it('says of other expressions what evaluate says', () => {
    for (const source of ["a.where($this = 'x')", "a | 'y'", '1.5 + 1', '@2026-03-02', '{}', '$this.a', 'a[0]']) {
      const expression = compile(source);
      const input = { a: ['x', 'z'] };
      expect(expression.find(input, environment([])), source).toEqual(
        settle(expression.evaluate(input, environment([]))),
      );
    }
  });

  it('ends when the budget does', () => {
    const expression = compile('a.b.c');
    const env = environment([], 1_000);
    expect(() => {
      for (let turn = 0; turn < 2_000; turn += 1) expression.find({ a: { b: { c: 1 } } }, env);
    }).toThrow(/steps/);
    const large = environment([], 200_000);
    const before = large.budget.steps;
    expression.find({ a: { b: { c: 1 } } }, large);
    expect(large.budget.steps).toBeLessThan(before);
  });
});
