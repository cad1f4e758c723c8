import { applyPatch } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from '../../src/api/patch/apply-json-patch.ts';
import { readPatch } from '../../src/api/patch/read-patch.ts';
import type { JsonValue } from '../../src/kernel/json.ts';

const leaf = fc.oneof(fc.constantFrom('x', 'y', true, null), fc.integer({ min: 0, max: 3 }));
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'e~f'), tie('value'), { maxKeys: 3 }),
  ),
}));
const step = fc.constantFrom('a', 'b', 'c~1d', 'e~0f', '0', '1', '2', '3', '-');
const path = fc.array(step, { minLength: 1, maxLength: 2 }).map((steps) => `/${steps.join('/')}`);
const operation = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path, value }),
  fc.record({ op: fc.constant('remove'), path }),
  fc.record({ op: fc.constantFrom('move', 'copy'), from: path, path }),
);

/** The tree after the operations by @medplum/core, or undefined where one of them failed. */
function theirs(tree: JsonValue, operations: readonly object[]): JsonValue | undefined {
  const copy = structuredClone(tree);
  try {
    const results = applyPatch(copy, structuredClone(operations) as never);
    return results.every((fault) => fault === null) ? copy : undefined;
  } catch {
    return undefined;
  }
}

describe('JSON Patch (https://www.rfc-editor.org/rfc/rfc6902)', () => {
  it('does what @medplum/core does, but where that writes beyond a list or passes over a place', () => {
    let done = 0;
    const same = fc.property(
      fc.dictionary(fc.constantFrom('a', 'b'), value, { minKeys: 1 }),
      fc.array(operation, { minLength: 1, maxLength: 2 }),
      (tree, operations) => {
        fc.pre(
          operations.every(
            ({ op, path: to, ...rest }) => op !== 'move' || !to.startsWith(`${(rest as { from?: string }).from}/`),
          ),
        );
        const ours = applyJsonPatch(structuredClone(tree) as unknown as Resource, readPatch(operations));
        // It takes an index beyond the end of a list, and into texts; RFC 6902 sections 4.1 and A.12 do not.
        if (!ours.ok) return;
        done += 1;
        expect(ours.value).toEqual(theirs(tree, operations));
      },
    );
    fc.assert(same, { numRuns: 10_000 });
    expect(done).toBeGreaterThan(300);
  });

  it.each<[string, JsonValue, object, JsonValue | undefined]>([
    ['adds a member', { a: 1 }, { op: 'add', path: '/b', value: 2 }, { a: 1, b: 2 }],
    ['puts null where null is sent', { a: 1 }, { op: 'add', path: '/b', value: null }, { a: 1, b: null }],
    ['adds to the end of a list', { a: [1] }, { op: 'add', path: '/a/-', value: 2 }, { a: [1, 2] }],
    ['inserts into a list', { a: [1, 3] }, { op: 'add', path: '/a/1', value: 2 }, { a: [1, 2, 3] }],
    ['removes from a list', { a: [1, 2] }, { op: 'remove', path: '/a/0' }, { a: [2] }],
    ['moves within a list', { a: [1, 2, 3] }, { op: 'move', from: '/a/0', path: '/a/2' }, { a: [2, 3, 1] }],
    [
      'tests by value',
      { a: { b: [1, { c: 2 }] } },
      { op: 'test', path: '/a', value: { b: [1, { c: 2 }] } },
      { a: { b: [1, { c: 2 }] } },
    ],
    ['tells a number from its text', { a: 1 }, { op: 'test', path: '/a', value: '1' }, undefined],
    ['reads escapes in order', { 'e~f': 1, 'c/d': 2 }, { op: 'remove', path: '/e~0f' }, { 'c/d': 2 }],
    ['does not add beyond a list', { a: [1] }, { op: 'add', path: '/a/2', value: 2 }, undefined],
    ['does not read beyond a list', { a: [1] }, { op: 'replace', path: '/a/-', value: 2 }, undefined],
    ['does not replace what is not there', { a: 1 }, { op: 'replace', path: '/b', value: 2 }, undefined],
    ['does not go into a text', { a: 'xyz' }, { op: 'add', path: '/a/0', value: 2 }, undefined],
    ['does not take a name for an index', { a: [1] }, { op: 'remove', path: '/a/01' }, undefined],
  ])('%s', (_title, tree, one, wanted) => {
    const result = applyJsonPatch(structuredClone(tree) as unknown as Resource, readPatch([one]));
    expect(result.ok ? result.value : undefined).toEqual(wanted);
  });
});
