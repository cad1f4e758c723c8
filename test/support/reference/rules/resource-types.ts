import { safeName } from '../../../../src/fhir/issue-place.ts';
import { type Issue, issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../../../../src/kernel/json.ts';

/**
 * Members of R4 under which an object may say its `resourceType`: resources proper, and ExampleScenario.instance,
 * which has an element of that name.
 */
const RESOURCE_MEMBERS = new Set(['contained', 'resource', 'outcome', 'instance']);

/** The types of a resource and of those inside it, with an issue for each that R4 does not have. */
export function findResourceTypes(
  resource: unknown,
  known: ReadonlySet<string>,
): { readonly types: ReadonlySet<string>; readonly issues: Issue[] } {
  const types = new Set<string>();
  const issues: Issue[] = [];
  const visit = (value: unknown, member: string, expression: string): void => {
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        visit(item, member, `${expression}[${index}]`);
      });
      return;
    }
    if (!isJsonObject(value)) return;
    const type = value.resourceType;
    if (type !== undefined && !RESOURCE_MEMBERS.has(member)) {
      const text = 'Only a resource may say resourceType. Remove it from this element.';
      issues.push(issue('resource-invalid', text, { expression }));
    } else if (typeof type === 'string' && known.has(type)) {
      types.add(type);
    } else if (type !== undefined) {
      const text = 'This is not the name of a resource type of FHIR R4. Check its spelling.';
      issues.push(issue('resource-type-unknown', text, { expression: `${expression}.resourceType` }));
    } else if (member === 'contained' || (member === 'resource' && isEntry(expression))) {
      const text = 'A resource must say its resourceType.';
      issues.push(issue('resource-type-unknown', text, { expression: `${expression}.resourceType` }));
    }
    visitMembers(value, expression);
  };
  const visitMembers = (value: JsonObject, expression: string): void => {
    for (const [name, item] of Object.entries(value)) {
      // validateResource looks names up with `in`, so these would pass; and an own `toString` trips whatever prints it.
      if (name in Object.prototype) {
        const text = 'There is no element of this name in FHIR R4. Remove it.';
        issues.push(issue('resource-invalid', text, { expression: `${expression}.${safeName(name)}` }));
      }
      visit(item, name, `${expression}.${safeName(name)}`);
    }
  };

  if (!isJsonObject(resource)) {
    return { types, issues: [issue('resource-invalid', 'A FHIR resource is a JSON object; this is none.')] };
  }
  const root = resource.resourceType;
  if (typeof root !== 'string' || !known.has(root)) {
    const text =
      root === undefined
        ? 'A resource must say its resourceType.'
        : 'This is not the name of a resource type of FHIR R4. Check its spelling.';
    return { types, issues: [issue('resource-type-unknown', text, { expression: 'resourceType' })] };
  }
  types.add(root);
  visitMembers(resource, root);
  return { types, issues };
}

/** `resource` is also an ordinary element elsewhere (a canonical, a Reference). */
function isEntry(expression: string): boolean {
  return /^(Bundle|Parameters)\./.test(expression);
}
