import type { Definitions } from '../../../../src/fhir/definitions.ts';
import { type Issue, issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject } from '../../../../src/kernel/json.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

/** Of an element with several possible types, one is given (https://hl7.org/fhir/R4/formats.html#choice). */
export function singleChoices(definitions: Definitions): ElementRule {
  return ({ value, property, expression }) => {
    if (!isJsonObject(value)) return NO_ISSUES;
    const type = property.type === 'Resource' ? String(value.resourceType) : property.type;
    const structure = property.inner?.() ?? definitions.structure(type);
    if (structure === undefined || structure.choices.size === 0) return NO_ISSUES;
    const given = new Map<string, string>();
    const issues: Issue[] = [];
    for (const key of Object.keys(value)) {
      const name = key.startsWith('_') ? key.slice(1) : key;
      const choice = structure.properties.get(name)?.choice;
      if (choice === undefined) continue;
      const other = given.get(choice);
      if (other === undefined) given.set(choice, name);
      else if (other !== name) {
        const text = `Only one of ${other} and ${name} may be given.`;
        issues.push(issue('resource-invalid', text, { expression: `${expression()}.${name}` }));
      }
    }
    return issues;
  };
}
