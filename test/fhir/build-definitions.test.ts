import { describe, expect, it } from 'vitest';
import { splitSearchExpression } from '../../scripts/split-search-expression.ts';
import { expandValueSet, indexTerminology } from '../../src/fhir/expand-value-set.ts';

const tree = {
  resourceType: 'CodeSystem',
  url: 'urn:tree',
  content: 'complete',
  concept: [
    {
      code: 'animal',
      property: [{ code: 'notSelectable', valueBoolean: true }],
      concept: [{ code: 'cat' }, { code: 'dog' }],
    },
    { code: 'stone' },
    { code: 'kitten', property: [{ code: 'subsumedBy', valueCode: 'cat' }] },
  ],
};
const partial = { resourceType: 'CodeSystem', url: 'urn:partial', content: 'fragment', concept: [{ code: 'a' }] };
const valueSet = (url: string, compose: object): { resourceType: string; url: string; compose: object } => ({
  resourceType: 'ValueSet',
  url,
  compose,
});
const terminology = indexTerminology([
  tree,
  partial,
  valueSet('urn:all', { include: [{ system: 'urn:tree' }] }),
  valueSet('urn:cats', {
    include: [{ system: 'urn:tree', filter: [{ property: 'concept', op: 'is-a', value: 'cat' }] }],
  }),
  valueSet('urn:listed', { include: [{ system: 'urn:partial', concept: [{ code: 'a' }] }] }),
  valueSet('urn:both', { include: [{ valueSet: ['urn:cats|1.0'] }, { valueSet: ['urn:listed'] }] }),
  valueSet('urn:without', {
    include: [{ system: 'urn:tree' }],
    exclude: [{ system: 'urn:tree', concept: [{ code: 'dog' }] }],
  }),
  valueSet('urn:unknown', { include: [{ system: 'urn:partial' }] }),
  valueSet('urn:regex', {
    include: [{ system: 'urn:tree', filter: [{ property: 'code', op: 'regex', value: '.*' }] }],
  }),
]);

describe('expanding a value set', () => {
  it('takes every level of a tree, and not what may not be chosen', () => {
    expect(expandValueSet('urn:all', terminology)).toEqual({ 'urn:tree': ['cat', 'dog', 'stone', 'kitten'] });
  });

  it('follows is-a through both ways of writing a tree', () => {
    expect(expandValueSet('urn:cats', terminology)).toEqual({ 'urn:tree': ['cat', 'kitten'] });
  });

  it('joins other value sets, and takes out what is excluded', () => {
    expect(expandValueSet('urn:both|4.0.1', terminology)).toEqual({
      'urn:tree': ['cat', 'kitten'],
      'urn:partial': ['a'],
    });
    expect(expandValueSet('urn:without', terminology)).toEqual({ 'urn:tree': ['cat', 'stone', 'kitten'] });
  });

  it('gives none rather than half of one', () => {
    for (const url of ['urn:unknown', 'urn:regex', 'urn:absent'])
      expect(expandValueSet(url, terminology)).toBeUndefined();
  });
});

describe('splitting a search expression', () => {
  it.each([
    ['CarePlan', 'CarePlan.period | Task.period', 'CarePlan.period'],
    [
      'Group',
      '(Group.value as boolean) | (Group.value as CodeableConcept)',
      '(Group.value as boolean) | (Group.value as CodeableConcept)',
    ],
    ['Plan', "Plan.where(kind='a | b').x | PlanB.y", "Plan.where(kind='a | b').x"],
    ['Group', 'Group.(a | b).c | Other.d', 'Group.(a | b).c'],
    ['Any', 'name | alias', 'name | alias'],
    ['None', 'CarePlan.period', undefined],
  ])('for %s', (type, expression, expected) => {
    expect(splitSearchExpression(expression, type)).toBe(expected);
  });
});
