import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refersOnlyTo } from '../../src/access/keep-back.ts';
import { mayHoldBack } from '../../src/access/restricted.ts';
import { securityCodes, securityCodesOf } from '../../src/fhir/security-labels.ts';
import type { JsonObject, JsonValue } from '../../src/kernel/json.ts';

/** Names and values that look like what is looked for, and are not. */
const anyName = fc.constantFrom('preference', 'ference', 'insecurity', 'security', 'category', 'display', 'y', 'text');
const anyText = fc.constantFrom('security', '"security":[{"code":"R"}]', 'Patient', '"reference":"List/1"', 'y', '');
const anyReference = fc.constantFrom(
  'Patient/1',
  'Patient/1/_history/2',
  'https://elsewhere.example/fhir/List/7',
  'Patient/1/List/2',
  'List/1',
  '#contained',
  'urn:uuid:0f0e',
  '/',
  '',
);
const anyTree: fc.Arbitrary<JsonObject> = fc.letrec<{ tree: JsonObject; value: JsonValue }>((tie) => ({
  tree: fc
    .tuple(fc.dictionary(anyName, tie('value'), { maxKeys: 4 }), fc.option(anyReference, { nil: undefined }))
    .map(([members, reference]) => (reference === undefined ? members : { ...members, reference })),
  value: fc.oneof({ depthSize: 'small' }, anyText, fc.array(tie('tree'), { maxLength: 3 }), tie('tree')),
})).tree;

describe('What is looked for in the text of a resource', () => {
  it('is found as in the resource itself: labels', () => {
    const labels = fc.array(fc.record({ code: fc.constantFrom('R', 'V', 'N') }), { maxLength: 2 });
    fc.assert(
      fc.property(anyTree, fc.option(labels, { nil: undefined }), (tree, security) => {
        const resource = { ...tree, meta: { versionId: '1', ...(security === undefined ? {} : { security }) } };
        expect(securityCodesOf(JSON.stringify(resource))).toEqual(securityCodes(resource));
      }),
    );
  });

  it('is found as in the resource itself: references that lead elsewhere', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const isFine = (type: string): boolean => type === 'Patient' || type === '#contained';
        expect(refersOnlyTo(JSON.stringify(tree), isFine)).toBe(typesIn(tree).every(isFine));
      }),
    );
  });

  it('is found as in the resource itself: a copy of a Patient', () => {
    const stored = { type: 'Task', id: 't', version: 1, lastUpdated: '', deleted: false, patient: null };
    fc.assert(
      fc.property(anyTree, fc.boolean(), (tree, holds) => {
        const contained = [{ resourceType: holds ? 'Patient' : 'Practitioner', name: 'Patient' }];
        const content = JSON.stringify({ resourceType: 'Task', ...tree, contained });
        expect(mayHoldBack({ ...stored, content }, false)).toBe(holds);
      }),
    );
  });

  it('is no copy where it is the Patient itself', () => {
    const stored = { type: 'Patient', id: 'p', version: 1, lastUpdated: '', deleted: false, patient: 'p' };
    const content = '{"resourceType":"Patient","id":"p"}';
    expect(mayHoldBack({ ...stored, content }, false)).toBe(false);
    expect(mayHoldBack({ ...stored, content: `${content.slice(0, -1)},"contained":[${content}]}` }, false)).toBe(true);
  });
});

/** Of each reference: the last `Type/id` of it, or what stands before its first slash. */
function typesIn(value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap(typesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'reference' && typeof inner === 'string' ? typeOf(inner) : typesIn(inner as JsonValue),
  );
}

function typeOf(reference: string): string {
  const parts = reference.replace(/\/_history\/[^/]+$/, '').split('/');
  const type = parts.at(-2) ?? '';
  return /^[A-Z]/.test(type) ? type : (parts[0] ?? '');
}
