import { safeName } from '../../../../src/fhir/issue-place.ts';
import { type Issue, issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../../../../src/kernel/json.ts';

/** No empty string, list or object anywhere (https://hl7.org/fhir/R4/json.html: what is empty is left out). */
export function checkEmpties(resource: JsonObject): Issue[] {
  const issues: Issue[] = [];
  const visit = (value: unknown, expression: string): void => {
    if (typeof value === 'string') {
      if (value.trim() === '') report('An empty text', expression);
    } else if (Array.isArray(value)) {
      if (value.length === 0) report('An empty list', expression);
      value.forEach((item, index) => {
        visit(item, `${expression}[${index}]`);
      });
    } else if (isJsonObject(value)) {
      const members = Object.entries(value);
      if (members.length === 0) report('An empty object', expression);
      for (const [name, item] of members) visit(item, `${expression}.${safeName(name)}`);
    }
  };
  const report = (what: string, expression: string): void => {
    issues.push(issue('element-empty', `${what} is not a value. Leave the element out.`, { expression }));
  };
  visit(resource, String(resource.resourceType));
  return issues;
}
