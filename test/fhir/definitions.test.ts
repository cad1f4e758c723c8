import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { GinnelError } from '../../src/kernel/errors.ts';

const VALUE_SETS = 'http://hl7.org/fhir/ValueSet/';
const definitions = openDefinitions();

function codesOf(valueSet: string): string[] {
  return [...(definitions.valueSet(VALUE_SETS + valueSet)?.values() ?? [])].flatMap((codes) => [...codes]);
}

describe('the definitions of R4', () => {
  it('know every resource type that can be stored, and none that is abstract', () => {
    expect(definitions.resourceTypes.size).toBe(146);
    expect(definitions.resourceTypes.has('CarePlan')).toBe(true);
    expect(definitions.resourceTypes.has('DomainResource')).toBe(false);
    expect(definitions.resourceTypes.has('SubscriptionStatus')).toBe(false);
  });

  it('flatten code systems that are trees', () => {
    expect(codesOf('care-plan-activity-status')).toContain('stopped');
    expect(codesOf('request-intent')).toEqual(expect.arrayContaining(['instance-order', 'filler-order']));
    expect(codesOf('goal-status')).toEqual(expect.arrayContaining(['accepted', 'active', 'on-hold', 'completed']));
  });

  it('keep to the codes that a value set lists, where it lists some', () => {
    expect(codesOf('care-plan-intent').sort()).toEqual(['option', 'order', 'plan', 'proposal']);
    expect(codesOf('units-of-time').sort()).toEqual(['a', 'd', 'h', 'min', 'mo', 's', 'wk']);
  });

  it('have no codes for what nobody can list', () => {
    expect(definitions.valueSet(`${VALUE_SETS}mimetypes`)).toBeUndefined();
    expect(definitions.valueSet('constructor')).toBeUndefined();
  });

  it('tell the structure of elements defined in place, by reference, and by choice', () => {
    const plan = definitions.structure('CarePlan');
    const detail = plan?.properties.get('activity')?.inner?.().properties.get('detail')?.inner?.();
    expect(detail?.properties.get('status')).toMatchObject({ type: 'code', list: false });
    expect(detail?.choices.get('scheduled')).toEqual(['scheduledTiming', 'scheduledPeriod', 'scheduledString']);
    const provision = definitions.structure('Consent')?.properties.get('provision');
    const inner = provision?.inner?.().properties.get('provision');
    expect(inner?.list).toBe(true);
    expect(inner?.inner?.().properties.get('period')?.type).toBe('Period');
    expect(plan?.properties.get('subject')?.targets).toEqual(new Set(['Patient', 'Group']));
    expect(definitions.structure('Address')?.properties.get('use')?.valueSet).toBe(`${VALUE_SETS}address-use`);
    expect(definitions.structure('NoSuchType')).toBeUndefined();
    expect(definitions.structure('__proto__')).toBeUndefined();
  });

  it('cut the expression of a search parameter down to the type', () => {
    const byCode = new Map(definitions.searchParameters('CarePlan').map((one) => [one.code, one.expression]));
    expect(byCode.get('patient')).toBe('CarePlan.subject.where(resolve() is Patient)');
    expect(byCode.get('_tag')).toBe('Resource.meta.tag');
    expect(definitions.searchParameters('NoSuchType')).toEqual([]);
  });

  it('say how to make them when they are not there', () => {
    const empty = mkdtempSync(join(tmpdir(), 'ginnel-'));
    expect(() => openDefinitions(empty)).toThrow(GinnelError);
    expect(() => openDefinitions(empty)).toThrow('npm run prepare');
  });
});
